#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module network_attachments."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_attachments
short_description: Check and apply all networks that pods can have beside their first one
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Takes all wanted NetworkAttachmentDefinitions (networks, in short) at once, checks them, compares them with those of
    the cluster by what they mean, and applies only those that differ, by server-side apply.
  - All that is wrong is returned at once, each with the path of the option. Nothing is changed then.
    What a CNI plugin refuses is an error, what it takes and fails on later is an error, what may be meant is a warning.
  - Known are the plugins ipvlan, macvlan, bridge, host-device, vlan, ptp, dummy, tap, bond and sriov, the chained ones
    tuning, sbr, vrf, bandwidth, portmap and firewall, and the IPAM plugins host-local, static, dhcp and whereabouts.
    Another plugin is a warning, and its own fields are not checked.
  - Networks may not give out the same addresses, nor those of nodes, pods and services. Two networks may share a range
    where one store of addresses serves both.
options:
  attachments:
    description:
      - The wanted networks.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the network.
        type: str
        required: true
      namespace:
        description: Namespace of the network.
        type: str
        default: default
      config:
        description:
          - The CNI configuration, a single plugin or a list, as a mapping or as JSON.
          - Needed unless O(state=absent).
        type: raw
      labels:
        description:
          - Labels of the object. Labels that others set are kept.
          - C(app.kubernetes.io/managed-by) is set by the module. O(prune) knows its own by it.
        type: dict
        default: {}
      annotations:
        description: Annotations of the object. Annotations that others set are kept.
        type: dict
        default: {}
      resource_name:
        description:
          - Resource of the device plugin that gives the network its devices, as V(vendor.com/name).
            The annotation C(k8s.v1.cni.cncf.io/resourceName).
        type: str
      node_selector:
        description:
          - Labels of the nodes that can run pods of the network. Other nodes are not judged.
          - Multus itself does not look at it. The annotation C(k8s.v1.cni.cncf.io/nodeSelector) tells the network
            resources injector, where there is one.
        type: dict
        default: {}
      ipam_per_node:
        description:
          - Gives each node a part of its own of the ranges of host-local, which on one node does not know of another.
          - V(true) or an empty mapping splits the ranges here. A mapping of nodes to C(rangeStart) and C(rangeEnd) is
            the caller's own split of one range.
          - The object then has no configuration. Multus reads it on each node from the file in RV(node_files).
          - An annotation of the object remembers which part is whose. A node that joins moves no other as long as there
            are parts. When there are none, each node keeps half of its own, with a warning. A part of a node that is
            gone is given to a new one.
        type: raw
        default: false
  nodes:
    description:
      - What RV(eks_anywhere.network.node_network_info#module:node_network) says of each node, with its C(name) and its
        C(labels).
      - Without it nothing that depends on nodes is judged. A fact that is missing is not judged either, and a node
        without C(labels) counts as one that O(attachments[].node_selector) selects.
    type: list
    elements: dict
  cluster_cidrs:
    description: CIDRs of the cluster's pods and services.
    type: list
    elements: str
    default: []
  prune:
    description:
      - Remove networks that this module made and that are not in O(attachments).
      - With O(state=absent) remove all that this module made.
    type: bool
    default: false
  allow_in_use:
    description: Consent to removing or renaming networks that running pods use.
    type: bool
    default: false
  state:
    description:
      - V(present) makes the networks, V(absent) removes those with these names.
      - V(rendered) checks as far as that goes without a cluster, connects nowhere and returns what would be applied.
    type: str
    choices: [present, absent, rendered]
    default: present
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
requirements:
  - The Python library C(PyYAML) where the module runs.
notes:
  - The user needs to list networks and pods in the whole cluster, to get namespaces, and to create, patch and delete
    networks where they change.
  - The module is the field manager C(eks_anywhere.network). It takes nothing from another manager, but names it.
  - A changed network counts for pods that start after the change. A warning names those that keep the earlier one.
seealso:
  - module: eks_anywhere.network.node_network_info
"""

EXAMPLES = r"""
- name: Make two networks and remove those that are no longer wanted
  eks_anywhere.network.network_attachments:
    attachments:
      - name: storage
        config:
          cniVersion: "0.3.1"
          type: macvlan
          master: eth1
          ipam:
            type: whereabouts
            range: 10.10.0.0/24
      - name: radio
        namespace: ran
        ipam_per_node: true
        node_selector:
          node-role.example.com/radio: "true"
        config:
          cniVersion: "0.3.1"
          type: ipvlan
          mode: l3
          master: eth2
          ipam:
            type: host-local
            subnet: 198.17.0.0/24
            rangeStart: 198.17.0.200
            rangeEnd: 198.17.0.216
    nodes: "{{ nodes }}"
    cluster_cidrs: [192.168.0.0/16, 10.96.0.0/12]
    prune: true

- name: Check a list of networks without a cluster
  eks_anywhere.network.network_attachments:
    attachments: "{{ multus_networks }}"
    state: rendered

- name: Remove all networks that this module made
  eks_anywhere.network.network_attachments:
    attachments: []
    prune: true
    state: absent
"""

RETURN = r"""
attachments:
  description: Every network of O(attachments) and what happens to it, then those that are pruned.
  returned: always, on failure only those that were changed
  type: list
  elements: dict
  contains:
    name:
      description: Name of the network.
      type: str
    namespace:
      description: Namespace of the network.
      type: str
    action:
      description: One of V(create), V(update), V(delete) and V(none), or V(render) with O(state=rendered).
      type: str
  sample:
    - name: storage
      namespace: default
      action: create
node_files:
  description:
    - For each node the files for C(/etc/cni/multus/net.d), by name. Nodes of O(nodes) without files are there too, so
      that files of networks that are gone can be removed.
  returned: success
  type: dict
  sample: {w1: {radio.conflist: "{}\n"}, cp1: {}}
manifests:
  description: The objects that would be applied.
  returned: success, with O(state=rendered)
  type: list
  elements: dict
  sample: []
warnings:
  description: Doubts, each with the path of the option. Ansible prints them too.
  returned: when there are any
  type: list
  elements: str
errors:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: The option that is wrong, for example C(attachments[2].config.ipam.rangeEnd).
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run
from ansible_collections.eks_anywhere.network.plugins.module_utils.network_attachments import (
    NetworkAttachments,
    Request,
)


def main() -> None:
    """Read the options, check, apply, answer."""
    # The networks' own fields are checked by the core, which says all that is wrong at once and where.
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            "attachments": {"type": "list", "elements": "dict", "required": True},
            "nodes": {"type": "list", "elements": "dict"},
            "cluster_cidrs": {"type": "list", "elements": "str", "default": []},
            "prune": {"type": "bool", "default": False},
            "allow_in_use": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent", "rendered"], "default": "present"},
        },
        supports_check_mode=True,
    )
    options = module.params
    request = Request(
        **{name: options[name] for name in ("attachments", "nodes", "cluster_cidrs", "prune", "allow_in_use", "state")}
    )

    def connect() -> Cluster:
        return Cluster(options["kubeconfig"], options["context"])

    work = NetworkAttachments(request, connect, module.warn)
    run(module, lambda: work.run(module.check_mode))


if __name__ == "__main__":
    main()
