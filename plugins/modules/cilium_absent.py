#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cilium_absent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_absent
short_description: Remove Cilium's API objects, with or without a Helm release
version_added: 1.0.0
description:
  - Removes the operator, then the agents, and when their pods are gone everything else that Cilium's chart makes, what
    the agents noted of themselves, the taint and annotations on nodes, and last the revisions of the Helm release.
  - Works without Helm and without Cilium's command line, whoever installed Cilium. A run that was broken off is
    finished by the next one.
  - Refuses where EKS Anywhere would install its own Cilium at once, and while pods are connected.
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
    description: Name of the Helm release, if there is one.
    type: str
    default: cilium
  namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  remove_crds:
    description:
      - Whether Cilium's CRDs go too, and with them every object of their kinds, policies of users included.
    type: bool
    default: false
  allow_in_use:
    description: Removes Cilium while pods are connected by it. They have no network afterwards.
    type: bool
    default: false
  backup:
    description:
      - Whether what is removed is kept in the Secret C(eks-anywhere-network-cilium-backup), from which
        M(eks_anywhere.network.cilium_restore) puts it back. Policies and other objects of users are not in it.
    type: bool
    default: true
  wait_timeout:
    description: Seconds in which the pods have to end.
    type: int
    default: 120
  cluster_name:
    description: Name of the EKS Anywhere Cluster. Needed where the management cluster has several.
    type: str
  management_kubeconfig:
    description: Kubeconfig of the management cluster, if the Cluster is there. Default is the cluster itself.
    type: path
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
notes:
  - What stays on the nodes is for M(eks_anywhere.network.cilium_node_cleanup).
seealso:
  - module: eks_anywhere.network.cilium_node_cleanup
  - module: eks_anywhere.network.cilium_restore
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Remove Cilium while pods run
  eks_anywhere.network.cilium_absent:
    allow_in_use: true
"""

RETURN = r"""
removed:
  description: What was removed, or in check mode would be, in order.
  type: list
  elements: str
  returned: success
  sample: [Deployment kube-system/cilium-operator, DaemonSet kube-system/cilium]
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_absent, cilium_backup, eks_anywhere
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "remove_crds": {"type": "bool", "default": False},
            "allow_in_use": {"type": "bool", "default": False},
            "backup": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 120},
            "cluster_name": {"type": "str"},
            "management_kubeconfig": {"type": "path"},
        },
        supports_check_mode=True,
    )
    given = module.params
    request = cilium_absent.Request(
        given["release_name"], given["namespace"], given["remove_crds"], given["allow_in_use"], given["wait_timeout"]
    )

    def work() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"])
        elsewhere = given["management_kubeconfig"]
        management = Cluster(elsewhere, None) if elsewhere else cluster
        found = cilium_absent.find(cluster, request)
        names = found.names()
        if names:
            said = eks_anywhere.read(management, given["cluster_name"], elsewhere=bool(elsewhere))
            undone = eks_anywhere.problems(said, removal=True)
            if undone:
                raise NetworkError(undone)
            if said.warning:
                module.warn(said.warning)
        cilium_absent.check(cluster, request, found)
        if names and not module.check_mode:
            if given["backup"] and found.items:
                cilium_backup.save(cluster, request.namespace, found)
            cilium_absent.remove(cluster, request, found)
        diff = {"before": "".join(f"{name}\n" for name in names), "after": ""}
        return {"changed": bool(names), "removed": names, "diff": diff}

    run(module, work)


if __name__ == "__main__":
    main()
