#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module probe_pods."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe_pods
short_description: Pods that measure something, in a namespace of their own
version_added: 1.0.0
description:
  - Makes a namespace with pods and what they need, waits until they are as far as they should be, and removes it all.
  - They are a measuring instrument, not a part of the cluster. So the module reports no change.
  - A namespace of the same name that is not one of these is never touched.
attributes:
  check_mode:
    support: full
    details: Nothing is made, and RV(resources) is empty.
  diff_mode:
    support: none
    details: There is nothing that would stay.
  platform:
    support: full
    platforms: posix
options:
  namespace:
    description: Name of the namespace.
    type: str
    required: true
  state:
    description:
      - V(fresh) removes what an earlier run left, makes the namespace anew, and then does what V(present) does.
      - V(present) creates O(objects) and waits for O(pods).
      - V(absent) removes the namespace and waits until it is gone.
    type: str
    choices: [fresh, present, absent]
    default: present
  objects:
    description: Manifests of ConfigMaps, NetworkPolicies, Services and Pods. What is there already stays as it is.
    type: list
    elements: dict
    default: []
  pods:
    description: Names of the pods to wait for.
    type: list
    elements: str
    default: []
  phases:
    description: Phases that a pod may be in at the end of the wait. V(Running) means that its startup probe succeeded.
    type: list
    elements: str
    default: [Running]
  timeout:
    description: How many seconds pods may take to come, and to go.
    type: int
    default: 120
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
seealso:
  - module: eks_anywhere.network.probe_run
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Remove the pods of the check
  eks_anywhere.network.probe_pods:
    namespace: eks-anywhere-network-check
    state: absent
"""

RETURN = r"""
resources:
  description: The pods of O(pods), in that order, as the API has them.
  type: list
  elements: dict
  returned: success
services:
  description: The namespace's Services.
  type: list
  elements: dict
  returned: success
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run
from ansible_collections.eks_anywhere.network.plugins.module_utils.probe_pods import Probe


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "namespace": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["fresh", "present", "absent"], "default": "present"},
            "objects": {"type": "list", "elements": "dict", "default": []},
            "pods": {"type": "list", "elements": "str", "default": []},
            "phases": {"type": "list", "elements": "str", "default": ["Running"]},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    given = module.params

    def work() -> dict[str, object]:
        probe = Probe(Cluster(given["kubeconfig"], given["context"]), given["namespace"], given["timeout"])
        if module.check_mode:
            return {"resources": [], "services": []}
        if given["state"] == "absent":
            probe.remove()
            return {"resources": [], "services": []}
        if given["state"] == "fresh":
            probe.fresh()
        probe.create(given["objects"])
        return {"resources": probe.wait(given["pods"], given["phases"]), "services": probe.services()}

    run(module, work)


if __name__ == "__main__":
    main()
