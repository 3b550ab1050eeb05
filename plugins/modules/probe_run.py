#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module probe_run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe_run
short_description: Run a command in several measuring pods at the same time
version_added: 1.0.0
description:
  - Runs one command in each of the pods and returns what each wrote. Fails where the command fails in any of them.
  - The command is to read a measurement or to end it. So the module reports no change.
attributes:
  check_mode:
    support: full
    details: Nothing is run, and RV(results) is empty.
  diff_mode:
    support: none
  platform:
    support: full
    platforms: posix
options:
  namespace:
    description: Namespace of the pods.
    type: str
    required: true
  pods:
    description: Names of the pods.
    type: list
    elements: str
    required: true
  container:
    description: The container.
    type: str
    default: prober
  command:
    description: The command and its arguments.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
seealso:
  - module: eks_anywhere.network.probe_pods
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Ask the servers what arrived
  eks_anywhere.network.probe_run:
    namespace: eks-anywhere-network-check-flows
    pods: [server-0, server-1]
    command: [python3, -B, /prober/prober.py, report]
"""

RETURN = r"""
results:
  description: What each pod's command wrote, with C(pod) and C(stdout), in the order of O(pods).
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
            "pods": {"type": "list", "elements": "str", "required": True},
            "container": {"type": "str", "default": "prober"},
            "command": {"type": "list", "elements": "str", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params

    def work() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"], timeout=60)
        if module.check_mode:
            return {"results": []}
        said = Probe(cluster, given["namespace"], 0).run(given["pods"], given["container"], given["command"])
        return {"results": [{"pod": pod, "stdout": text} for pod, text in zip(given["pods"], said, strict=True)]}

    run(module, work)


if __name__ == "__main__":
    main()
