#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module node_firewall_rules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_firewall_rules
short_description: Derive the firewall rules of nodes from what really runs
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Says what has to be open on the nodes of a cluster, to whom, why, and where that is written. Nothing is changed.
  - The rules follow from the roles of the nodes, from the version of EKS Anywhere, and from the ConfigMap
    C(cilium-config) of the running cluster. That is its tunnel protocol and port, or native routing, cilium-health,
    Hubble, metrics, WireGuard, IPsec, mutual authentication, BGP, VXLAN endpoints, and Ingresses on the nodes.
  - Nodes are let in by the addresses that machines have or get when they join, not by those of the nodes of today.
    EKS Anywhere replaces machines, and a new one has to get through before any play runs.
  - All that is wrong is returned at once, each with the path of the option.
options:
  roles:
    description: Roles of the nodes. Only their rules are returned.
    type: list
    elements: str
    choices: [control_plane, worker, tinkerbell]
    default: [control_plane, worker, tinkerbell]
  node_cidrs:
    description:
      - CIDRs or addresses of all machines, those that have not yet joined included.
      - Either this or O(machines) is needed, unless O(allow_present_nodes_only=true). Both count together.
      - A node of the cluster with an address in none of them is an error.
    type: list
    elements: str
    default: []
  machines:
    description:
      - The hardware inventory, each machine as RV(eks_anywhere.network.hardware_csv#module:machines) has it. Used are
        C(ip_address), the C(ip_address) of each of its C(interfaces), and C(bmc_ip).
      - Ansible never logs or shows it.
    type: list
    elements: dict
    default: []
  allow_present_nodes_only:
    description:
      - Consent to letting in only the nodes that the cluster has now, by their C(InternalIP), where neither
        O(node_cidrs) nor O(machines) is given.
      - A machine that joins later does not get through before the firewalls of all others are changed.
    type: bool
    default: false
  control_plane_cidrs:
    description: CIDRs or addresses of machines that can be control planes. By default all machines can.
    type: list
    elements: str
    default: []
  pod_cidrs:
    description:
      - CIDRs of the pods.
      - By default those of Cilium's pool with IPAM mode C(cluster-pool), else those of the ConfigMap C(kubeadm-config).
    type: list
    elements: str
    default: []
  admin_sources:
    description: CIDRs or addresses from which ssh is let in. Without them it is open to all, with a warning.
    type: list
    elements: str
    default: []
  extra_rules:
    description:
      - Rules of the caller, in the shape of RV(rules) without C(sources).
      - One with the name of a derived rule stands in its place. With an empty C(from) it closes it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the rule, at most 63 small letters, digits, C(-), C(_) and C(.).
        type: str
        required: true
      proto:
        description:
          - Protocol. One of V(tcp), V(udp), V(sctp), V(icmp), V(icmpv6), V(esp), V(ah), V(gre), V(ipip), V(vrrp) and
            V(any), which is all of them.
        type: str
        required: true
      ports:
        description: Ports, and ranges such as V(30000-32767). V(tcp), V(udp) and V(sctp) need them.
        type: list
        elements: raw
      from:
        description:
          - Who is let in. One of V(nodes), V(pods), V(control_plane), V(admin), V(any), or a list of CIDRs, which may
            have these words in it too.
        type: raw
        required: true
      "on":
        description:
          - Roles of the nodes that have the rule. By default all.
          - YAML takes C(on) without quotes for V(true). Both are understood.
        type: list
        elements: str
        choices: [control_plane, worker, tinkerbell]
      icmp_types:
        description: Types of V(icmp) or V(icmpv6), with a code or without, as V(8/0) or V(8). By default all.
        type: list
        elements: raw
      destination:
        description: Addresses of the node that are meant. By default all.
        type: list
        elements: str
      reason:
        description: Why it is open.
        type: str
      source:
        description: Where that is written.
        type: str
  eks_anywhere_version:
    description:
      - Version of EKS Anywhere, such as V(v0.25.0). The ports of Tinkerbell follow from it.
      - By default it is read from the Cluster object, where the API server has one.
    type: str
  tunnel_change:
    description: The other side of a change of Cilium's tunnel. Until it has ended, both ports have to be open.
    type: dict
    suboptions:
      protocol:
        description: Tunnel protocol on the other side.
        type: str
        choices: [geneve, vxlan]
        required: true
      port:
        description: Its port. V(0) is the protocol's own.
        type: int
        default: 0
  node_port_range:
    description: Range of the NodePorts. By default that of C(cilium-config), else V(30000-32767).
    type: str
  cilium_config:
    description:
      - The data of C(cilium-config). With it the module connects nowhere.
      - O(pod_cidrs) is needed then, and present nodes are not checked.
    type: dict
  cilium_namespace:
    description: Namespace of C(cilium-config).
    type: str
    default: kube-system
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: It changes nothing.
requirements:
  - The Python library C(PyYAML) where the module runs.
notes:
  - The user needs to get ConfigMaps in C(kube-system), to list nodes, and, with the role C(tinkerbell) and without
    O(eks_anywhere_version), to list the Clusters of EKS Anywhere.
"""

EXAMPLES = r"""
- name: Derive the rules of workers
  eks_anywhere.network.node_firewall_rules:
    roles: [worker]
    node_cidrs: [10.10.50.0/23]
    admin_sources: [10.10.8.0/24]
    extra_rules:
      - name: node-exporter
        proto: tcp
        ports: [9100]
        from: [10.10.9.7]
        "on": [control_plane, worker]
        reason: the monitoring of the site
      - name: node-ports-tcp
        proto: tcp
        ports: [30000-32767]
        from: [10.10.0.0/16]
        reason: Services are for the site alone
  register: firewall

- name: Show them
  ansible.builtin.debug:
    var: firewall.table

- name: Derive the rules of a cluster before it moves from VXLAN to Geneve, without a connection
  eks_anywhere.network.node_firewall_rules:
    cilium_config: {routing-mode: tunnel, tunnel-protocol: vxlan}
    tunnel_change: {protocol: geneve}
    machines: "{{ hardware.machines }}"
    pod_cidrs: [192.168.0.0/16]
    eks_anywhere_version: v0.25.0
"""

RETURN = r"""
rules:
  description: The rules, those that most packets meet first, then those of the caller.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the rule.
      type: str
    proto:
      description: Protocol.
      type: str
    ports:
      description: Ports, and ranges as texts. Empty for a protocol without ports.
      type: list
      elements: raw
    from:
      description: A word, or a list of CIDRs and words.
      type: raw
    "on":
      description: Roles of the nodes that have it.
      type: list
      elements: str
    reason:
      description: Why it is open.
      type: str
    source:
      description: Where that is written.
      type: str
    sources:
      description: The CIDRs that C(from) means.
      type: list
      elements: str
    icmp_types:
      description: Types of ICMP, as V(8/0).
      type: list
      elements: str
      returned: where there are some
    destination:
      description: Addresses of the node.
      type: list
      elements: str
      returned: where there are some
  sample:
    - name: cilium-tunnel
      proto: udp
      ports: [6081]
      from: nodes
      "on": [control_plane, worker]
      reason: packets between pods of different nodes
      source: CI Documentation/operations/system_requirements.rst, Firewall Rules
      sources: [10.10.50.0/23]
table:
  description: The rules as lines of a table for people.
  returned: success
  type: list
  elements: str
  sample:
    - name           on                     from   protocol  ports  reason
    - cilium-tunnel  control_plane, worker  nodes  udp       6081   packets between pods of different nodes
notes:
  description: What becomes of NodePorts, which are filtered elsewhere than the rest, or not at all.
  returned: success
  type: list
  elements: str
  sample: []
replaced:
  description: Names of derived rules in whose place there is one of O(extra_rules).
  returned: success
  type: list
  elements: str
  sample: [node-ports-tcp]
node_port_range:
  description: Range of the NodePorts.
  returned: success
  type: str
  sample: 30000-32767
kube_proxy_replacement:
  description: Whether Cilium serves NodePorts itself, before netfilter sees a packet.
  returned: success
  type: bool
  sample: false
errors:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: The option that is wrong, for example C(extra_rules[2].ports[0]).
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import firewall_rules
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import ROLES
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import CLUSTER_ARGUMENT_SPEC, run

TUNNEL = {
    "protocol": {"type": "str", "choices": ["geneve", "vxlan"], "required": True},
    "port": {"type": "int", "default": 0},
}
LISTS = ("node_cidrs", "control_plane_cidrs", "pod_cidrs", "admin_sources")
OPTIONS = (*LISTS, "roles", "extra_rules", "allow_present_nodes_only", "tunnel_change")


def main() -> None:
    """Read the options, derive, answer."""
    # The rules' own fields are checked by the core, which says all that is wrong at once and where.
    module = AnsibleModule(
        argument_spec={
            **CLUSTER_ARGUMENT_SPEC,
            **{name: {"type": "list", "elements": "str", "default": []} for name in LISTS},
            "roles": {"type": "list", "elements": "str", "choices": list(ROLES), "default": list(ROLES)},
            "machines": {"type": "list", "elements": "dict", "no_log": True, "default": []},
            "allow_present_nodes_only": {"type": "bool", "default": False},
            "extra_rules": {"type": "list", "elements": "dict", "default": []},
            "eks_anywhere_version": {"type": "str"},
            "tunnel_change": {"type": "dict", "options": TUNNEL},
            "node_port_range": {"type": "str"},
            "cilium_config": {"type": "dict"},
            "cilium_namespace": {"type": "str", "default": "kube-system"},
        },
        supports_check_mode=True,
    )
    given = module.params
    request = firewall_rules.Request(
        **{name: given[name] for name in OPTIONS},
        machines=given["machines"],
        eks_anywhere_version=given["eks_anywhere_version"],
        node_port_range=given["node_port_range"],
    )
    # Ansible blanks out in the answer every text that an option with no_log holds, so all addresses. The core returns
    # no password. What is left to hide is the option itself.
    module.no_log_values.clear()
    given["machines"] = given["machines"] and "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

    def derive() -> dict[str, object]:
        if given["cilium_config"] is None:
            cluster = Cluster(given["kubeconfig"], given["context"])
            seen = firewall_rules.live(cluster, given["cilium_namespace"], given["roles"])
        else:
            seen = firewall_rules.Live({str(key): str(value) for key, value in given["cilium_config"].items()})
        found = firewall_rules.rules(request, seen)
        for warning in found.warnings:
            module.warn(warning)
        return {
            "rules": [rule.as_dict() for rule in found.rules],
            "table": firewall_rules.table(found.rules),
            "notes": found.notes,
            "replaced": found.replaced,
            "node_port_range": "-".join(map(str, found.node_ports)),
            "kube_proxy_replacement": found.replaces_kube_proxy,
        }

    run(module, derive)


if __name__ == "__main__":
    main()
