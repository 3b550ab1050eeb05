#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cilium_restore."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_restore
short_description: Put back what cilium_absent removed
version_added: 1.0.0
description:
  - Makes the objects again that M(eks_anywhere.network.cilium_absent) kept in the Secret
    C(eks-anywhere-network-cilium-backup), as far as they are missing. A Helm release is a release again, with its
    newest deployed revision.
  - With O(state=absent) the Secret is deleted and nothing is put back.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: posix
options:
  state:
    description: Whether Cilium is put back, or what was kept of it is forgotten.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
notes:
  - Pods that lost their network get it back when they are restarted.
seealso:
  - module: eks_anywhere.network.cilium_absent
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Put Cilium back
  eks_anywhere.network.cilium_restore:
"""

RETURN = r"""
restored:
  description: Paths of the objects that were made again, or in check mode would be.
  type: list
  elements: str
  returned: success
  sample: [/apis/apps/v1/namespaces/kube-system/daemonsets/cilium]
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_backup
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "namespace": {"type": "str", "default": "kube-system"},
        },
        supports_check_mode=True,
    )
    given = module.params

    def work() -> dict[str, object]:
        cluster, namespace = Cluster(given["kubeconfig"], given["context"]), given["namespace"]
        if given["state"] == "absent":
            kept = bool(cilium_backup.read(cluster, namespace))
            if kept and not module.check_mode:
                cilium_backup.forget(cluster, namespace)
            return {"changed": kept, "restored": []}
        objects = cilium_backup.missing(cluster, namespace)
        if not module.check_mode:
            cilium_backup.restore(cluster, objects)
        diff = {"before": "", "after": "".join(f"{path}\n" for path in objects)}
        return {"changed": bool(objects), "restored": list(objects), "diff": diff}

    run(module, work)


if __name__ == "__main__":
    main()
