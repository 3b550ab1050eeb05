#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module helm_release_unlock."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_unlock
short_description: Mark a pending revision of a Helm release as failed
version_added: 1.0.0
description:
  - A Helm that is killed leaves the newest revision of its release pending, and Helm then refuses every upgrade. This
    module marks that revision as failed, in the label and in the content of its secret. Helm then goes on from the
    newest revision that is deployed.
  - Nothing else of the revision is changed, and nothing else in the cluster.
  - The module fails when O(revision) is not the newest, when it ended meanwhile, and when its secret changes at that
    moment. A revision that is failed already stays as it is.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
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
    description: The pending revision, as RV(eks_anywhere.network.cilium_plan#module:unlock) names it.
    type: int
    required: true
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
notes:
  - Make sure that no Helm still works on the release. It would go on, and fail when it wants to note its end.
  - The user needs to list, get and patch Secrets in O(namespace).
seealso:
  - module: eks_anywhere.network.cilium_plan
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Unlock the release after its Helm was killed
  eks_anywhere.network.helm_release_unlock:
    revision: "{{ cilium_change.unlock.revision }}"
  when: cilium_change.unlock is mapping
"""

RETURN = r"""
before:
  description: Status of the revision before.
  type: str
  returned: success
  sample: pending-upgrade
after:
  description: Status of the revision after.
  type: str
  returned: success
  sample: failed
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import unlock
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "revision": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params

    def mark() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"])
        return unlock(cluster, given["release_name"], given["namespace"], given["revision"], module.check_mode)

    run(module, mark)


if __name__ == "__main__":
    main()
