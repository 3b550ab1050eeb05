#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module helm_release_rollback."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_rollback
short_description: Bring a Helm release back to an earlier revision
version_added: 1.0.0
description:
  - Runs C(helm rollback), which makes a new revision with the chart, values and manifest of an earlier one.
  - Whether to go back is not decided here. The module goes back each time it is run, as the plan says; see
    M(eks_anywhere.network.cilium_plan).
  - It does not wait for pods.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The plan shows the difference.
  platform:
    support: full
    platforms: posix
options:
  release_name:
    description: Name of the Helm release.
    type: str
    default: cilium
  namespace:
    description: Namespace of the Helm release.
    type: str
    default: kube-system
  revision:
    description: The revision to go back to.
    type: int
    required: true
  helm_binary:
    description: The helm binary, by name or path. Helm 3.13 or newer.
    type: str
    default: helm
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
requirements:
  - Helm 3.13 or newer where the module runs.
seealso:
  - module: eks_anywhere.network.cilium_plan
  - module: eks_anywhere.network.helm_release_unlock
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Plan the way back
  eks_anywhere.network.cilium_plan:
    rollback_to: recorded
  register: cilium_change

- name: Go back
  eks_anywhere.network.helm_release_rollback:
    revision: "{{ cilium_change.target.revision }}"
  when: cilium_change.action == 'rollback'
"""

RETURN = r"""
message:
  description: What Helm said, empty in check mode.
  type: str
  returned: success
  sample: Rollback was a success! Happy Helming!
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "revision": {"type": "int", "required": True},
            "helm_binary": {"type": "str", "default": "helm"},
        },
        supports_check_mode=True,
    )
    given = module.params

    def go_back() -> dict[str, object]:
        where = (given["release_name"], given["namespace"], given["revision"], given["kubeconfig"], given["context"])
        return {"changed": True, "message": "" if module.check_mode else Helm(given["helm_binary"]).rollback(*where)}

    run(module, go_back)


if __name__ == "__main__":
    main()
