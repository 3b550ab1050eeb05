#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module eksa_cluster_cni."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eksa_cluster_cni
short_description: What EKS Anywhere's Cluster says of its CNI, and whether it is paused
version_added: 1.0.0
description:
  - Changes a Cluster of EKS Anywhere in place and waits until EKS Anywhere has reconciled it.
  - A pause is the annotation C(anywhere.eks.amazonaws.com/paused) on EKS Anywhere's Cluster and C(spec.paused) on the
    one of Cluster API. The annotation C(cluster.x-k8s.io/paused) leaves machine health checks running, which replace
    nodes that are not Ready for five minutes.
  - The order is resume, annotation, fields, wait, pause.
  - A Cluster that is managed by GitOps is changed back from there. Change its file instead.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: posix
options:
  management_kubeconfig:
    description:
      - Kubeconfig of the management cluster, where the Cluster is. Default is the cluster itself.
    type: path
  management_context:
    description: Context of O(management_kubeconfig).
    type: str
  cluster_name:
    description: Name of the Cluster. Needed where the management cluster has several.
    type: str
  skip_upgrade:
    description:
      - What C(spec.clusterNetwork.cniConfig.cilium.skipUpgrade) shall be. V(absent) removes it, which means V(false).
      - V(true) needs EKS Anywhere v0.15, going back from it v0.24.
    type: str
    choices: ["true", "false", absent]
  helm_values:
    description:
      - What C(helmValues) shall be as a whole. They replace EKS Anywhere's own values, so a warning names those that
        are missing here. Needs EKS Anywhere v0.24.
      - EKS Anywhere applies them when it installs or upgrades Cilium, not when they change.
    type: dict
  annotation:
    description:
      - Whether the Cluster has the annotation C(anywhere.eks.amazonaws.com/eksa-cilium). Without it EKS Anywhere
        installs its Cilium where it finds none, whatever O(skip_upgrade) is.
    type: bool
  paused:
    description:
      - V(true) pauses EKS Anywhere and Cluster API. V(false) resumes what this module paused, and leaves a pause alone
        that was there before.
    type: bool
  wait:
    description: Whether to wait until EKS Anywhere has reconciled O(skip_upgrade) and O(helm_values).
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
notes:
  - The user needs to list and patch Clusters of C(anywhere.eks.amazonaws.com), and for O(paused) to get and patch those
    of C(cluster.x-k8s.io) in C(eksa-system).
seealso:
  - module: eks_anywhere.network.cilium_plan
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Keep EKS Anywhere's hands off Cilium
  eks_anywhere.network.eksa_cluster_cni:
    skip_upgrade: "true"
    annotation: true

- name: Pause while there is no pod network
  eks_anywhere.network.eksa_cluster_cni:
    paused: true
"""

RETURN = r"""
before:
  description:
    - What the Cluster said, with C(skip_upgrade), C(helm_values), C(annotation), and with O(paused) also C(paused) of
      C(eks_anywhere) and C(cluster_api).
  type: dict
  returned: success
  sample:
    skip_upgrade: absent
    helm_values: null
    annotation: true
    paused: {eks_anywhere: false, cluster_api: false}
after:
  description: The same of what it says now, or in check mode would say.
  type: dict
  returned: success
errors:
  description: Everything that is wrong, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
conditions:
  description: The Cluster's last conditions.
  type: list
  elements: dict
  returned: when it was not reconciled in time
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import eksa_reconcile
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "management_kubeconfig": {"type": "path"},
            "management_context": {"type": "str"},
            "cluster_name": {"type": "str"},
            "skip_upgrade": {"type": "str", "choices": ["true", "false", "absent"]},
            "helm_values": {"type": "dict"},
            "annotation": {"type": "bool"},
            "paused": {"type": "bool"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    given = module.params

    def change() -> dict[str, object]:
        elsewhere = given["management_kubeconfig"]
        management = (
            Cluster(elsewhere, given["management_context"])
            if elsewhere
            else Cluster(given["kubeconfig"], given["context"])
        )
        wanted = Wanted(given["skip_upgrade"], given["helm_values"], given["annotation"], given["paused"])
        timeout = given["wait_timeout"] if given["wait"] else 0
        target = eksa_reconcile.Target(management, given["cluster_name"], bool(elsewhere))
        return eksa_reconcile.change(target, wanted, timeout, module.check_mode, module.warn)

    run(module, change)


if __name__ == "__main__":
    main()
