#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module cilium_adopt."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_adopt
short_description: Hand EKS Anywhere's Cilium over to a Helm release, without changing what runs
version_added: 1.0.0
description:
  - EKS Anywhere renders Cilium's chart and applies it, so there is no release. The module renders the same chart with
    the same values, and what the Cluster says of them, and compares the result with what runs, every key of
    C(cilium-config) and every image.
  - Only where nothing is left unexplained it marks the objects as the release's own. C(helm upgrade --install) with
    RV(values) then makes the release and leaves them as they are.
  - With a release it changes nothing.
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
    description: Name of the Helm release to be.
    type: str
    default: cilium
  namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  chart_ref:
    description: The chart, as Helm takes it.
    type: str
    default: oci://public.ecr.aws/eks/cilium/cilium
  chart_version:
    description: Its version. Default is the one that belongs to the image of the running agents.
    type: str
  chart_plain_http:
    description: Whether the registry speaks plain HTTP.
    type: bool
    default: false
  chart_ca_file:
    description: The CA that signed the registry's certificate.
    type: path
  helm_binary:
    description: Helm, 3.13 or newer.
    type: str
    default: helm
  values:
    description: Values that explain what EKS Anywhere's own do not.
    type: dict
    default: {}
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
  - The Cluster has to say C(skipUpgrade), or EKS Anywhere goes on applying its own.
seealso:
  - module: eks_anywhere.network.eksa_cluster_cni
  - module: eks_anywhere.network.cilium_plan
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Take EKS Anywhere's Cilium over
  eks_anywhere.network.cilium_adopt:
  register: adoption

- name: Make the release
  kubernetes.core.helm:
    release_name: cilium
    release_namespace: kube-system
    chart_ref: oci://public.ecr.aws/eks/cilium/cilium
    chart_version: "{{ adoption.chart_version }}"
    values: "{{ adoption['values'] }}"
  when: adoption.install
"""

RETURN = r"""
install:
  description: Whether the release is still to be made.
  type: bool
  returned: success
chart_version:
  description: Version of the chart that runs.
  type: str
  returned: success
  sample: 1.17.6-0
values:
  description: The full values of the release.
  type: dict
  returned: success
adopted:
  description: Paths of the objects that were marked, or in check mode would be.
  type: list
  elements: str
  returned: success
  sample: [/apis/apps/v1/namespaces/kube-system/daemonsets/cilium]
errors:
  description: Everything that is wrong or unexplained, each with C(path), C(message) and C(hint).
  type: list
  elements: dict
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_adoption, eks_anywhere, eksa_cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "release_name": {"type": "str", "default": "cilium"},
            "namespace": {"type": "str", "default": "kube-system"},
            "chart_ref": {"type": "str", "default": "oci://public.ecr.aws/eks/cilium/cilium"},
            "chart_version": {"type": "str"},
            "chart_plain_http": {"type": "bool", "default": False},
            "chart_ca_file": {"type": "path"},
            "helm_binary": {"type": "str", "default": "helm"},
            "values": {"type": "dict", "default": {}},
            "cluster_name": {"type": "str"},
            "management_kubeconfig": {"type": "path"},
        },
        supports_check_mode=True,
    )
    given = module.params
    request = cilium_adoption.Request(
        given["release_name"], given["namespace"], given["chart_ref"], given["chart_version"], given["values"]
    )

    def work() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"])
        elsewhere = given["management_kubeconfig"]
        management = Cluster(elsewhere, None) if elsewhere else cluster
        eksa = eksa_cluster.find(management, given["cluster_name"], bool(elsewhere), eksa_cluster.Wanted())
        cilium_adoption.check_access(cluster, request)
        helm = Helm(given["helm_binary"], given["chart_plain_http"], given["chart_ca_file"])
        found = cilium_adoption.find(cluster, helm, request, eksa)
        if found.install:
            undone = eks_anywhere.problems(eks_anywhere.read(management, given["cluster_name"], bool(elsewhere)))
            # In check mode the Cluster need not say it yet: the play that does it for real lets it say so first.
            if undone and not module.check_mode:
                raise NetworkError(undone)
        if not module.check_mode:
            cilium_adoption.adopt(cluster, request, found)
        return {
            "changed": bool(found.patches),
            "install": found.install,
            "chart_version": found.chart_version,
            "values": found.values,
            "adopted": list(found.patches),
            "diff": {"before": "", "after": "".join(f"{path}: Helm's\n" for path in found.patches)},
        }

    run(module, work)


if __name__ == "__main__":
    main()
