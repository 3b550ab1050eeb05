#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module multus_plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multus_plan
short_description: Say what it takes to get from the Multus that runs to the one that is wanted
version_added: 1.0.0
description:
  - Compares the wanted manifests of Multus with what lives in the cluster. It never changes anything.
  - Fails where Multus would fail silently, because Cilium moves its configuration away (C(cni-exclusive) in the live
    C(cilium-config)), or where EKS Anywhere does not support it.
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
    description: Whether Multus is to be there.
    type: str
    choices: [present, absent]
    default: present
  manifests:
    description: The objects of Multus, its DaemonSet among them.
    type: list
    elements: dict
    required: true
  cilium_namespace:
    description: Namespace of Cilium.
    type: str
    default: kube-system
  primary_dir:
    description:
      - Directory of nodes in which Cilium's configuration has to lie. Outside of kubelet's directory, pods cannot start
        while Multus is away.
    type: str
    default: /etc/cni/net.d
  configure_cilium:
    description: Plan a change of Cilium instead of failing where it is in the way, see RV(cilium_values).
    type: bool
    default: false
  remove_crd:
    description: With O(state=absent), plan the removal of NetworkAttachmentDefinitions, all networks included.
    type: bool
    default: false
  allow_in_use:
    description: Consent to O(state=absent) while running pods have networks.
    type: bool
    default: false
  cluster_name:
    description: Name of the EKS Anywhere Cluster, for finding it where there are several.
    type: str
  management_kubeconfig:
    description: Kubeconfig of the management cluster, if the Cluster is there. Default is the cluster itself.
    type: path
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
seealso:
  - module: eks_anywhere.network.multus_info
  - module: eks_anywhere.network.network_attachments
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
"""

EXAMPLES = r"""
- name: Plan Multus
  eks_anywhere.network.multus_plan:
    manifests: "{{ lookup('ansible.builtin.template', 'multus.yml.j2') | from_yaml_all }}"
  register: multus_change
"""

RETURN = r"""
action:
  description:
    - What has to be done. V(install), V(upgrade), V(replace), V(remove) or V(none).
    - V(replace) is an upgrade of a DaemonSet that someone else made. Its parts that are not wanted would stay.
  type: str
  returned: success
changes:
  description: The objects that differ.
  type: list
  elements: str
  returned: success
nodes:
  description: The nodes of the cluster, each with C(name) and C(labels).
  type: list
  elements: dict
  returned: success
cilium_values:
  description: Values that Cilium has to get first, empty when there are none. Only with O(configure_cilium).
  type: dict
  returned: success
  sample: {cni: {exclusive: false}}
refusals:
  description: Dangerous changes without consent, each with C(key), C(before), C(after) and the role's C(variable).
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
from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, multus_plan
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "manifests": {"type": "list", "elements": "dict", "required": True},
            "cilium_namespace": {"type": "str", "default": "kube-system"},
            "primary_dir": {"type": "str", "default": multus_plan.KUBELET_DIR},
            "configure_cilium": {"type": "bool", "default": False},
            "remove_crd": {"type": "bool", "default": False},
            "allow_in_use": {"type": "bool", "default": False},
            "cluster_name": {"type": "str"},
            "management_kubeconfig": {"type": "path"},
        },
        supports_check_mode=True,
    )
    given = module.params

    def plan() -> dict[str, object]:
        cluster = Cluster(given["kubeconfig"], given["context"])
        elsewhere = given["management_kubeconfig"]
        management = Cluster(elsewhere, None) if elsewhere else cluster
        said = eks_anywhere.read(management, given["cluster_name"], elsewhere=bool(elsewhere))
        current = multus_plan.read(cluster, given["manifests"], given["cilium_namespace"], said)
        if given["state"] == "present":
            found = multus_plan.present(
                current, given["manifests"], given["configure_cilium"], given["primary_dir"].rstrip("/")
            )
        else:
            found = multus_plan.absent(
                current,
                given["manifests"],
                given["remove_crd"],
                given["allow_in_use"],
                given["configure_cilium"],
            )
        if found.problems:
            raise NetworkError(found.problems)
        for warning in found.warnings:
            module.warn(warning)
        return {
            "changed": found.plan.changed or bool(found.cilium_values),
            "action": found.action,
            "changes": list(found.changes),
            "cilium_values": dict(found.cilium_values),
            "nodes": [{"name": name, "labels": labels} for name, labels in sorted(current.nodes.items())],
            "refusals": [refusal.as_dict() for refusal in found.plan.refusals],
            "diff": found.plan.diff(),
        }

    run(module, plan)


if __name__ == "__main__":
    main()
