#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module host_network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_network
short_description: NICs, bonds, bridges, VLANs, routes and rules of a host, for netplan or NetworkManager
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Checks a configuration in netplan's words together with the files that are on the host already, and makes it work
    there. What the back end would read is compared; where it is the same, nothing is applied. Only interfaces whose
    files differ are touched. A virtual device whose entry is gone is removed.
  - A change undoes itself, also when the host restarts meanwhile, unless the action plugin reaches the host over a new
    connection within O(confirm_timeout) seconds and every one of O(probes) answers. The task fails then.
  - Before the first change networkd or NetworkManager is told to leave rules, routes and interfaces of others alone.
    These settings stay, also when the change is undone.
  - All that is wrong is returned at once, each with the path of the option. Refused is what netplan, networkd or
    NetworkManager refuse, and what they take although it cuts the host off or breaks Cilium.
  - The name of an entry of C(ethernets) is the name of the interface, unless C(set-name) gives another one. An entry
    that matches by MAC address gets C(set-name). One without C(match) is matched by its permanent MAC address where
    O(node_network) knows one, else by its name.
  - An entry with the name of one in another file of netplan only adds to that. NetworkManager merges nothing - there an
    entry takes the NIC from the other file.
options:
  config:
    description:
      - What stands under netplan's C(network:) key. Known are C(ethernets), C(bonds), C(bridges) and C(vlans) with
        addresses, C(routes) and C(routing-policy), up to netplan 0.106.
      - An empty mapping stands for no configuration of ours.
    type: dict
    required: true
  backend:
    description:
      - What configures the interfaces of the host.
      - V(auto) takes netplan where that is installed or has files, else NetworkManager where that runs or has files.
    type: str
    choices: [auto, netplan, networkmanager]
    default: auto
  existing:
    description:
      - With O(state=rendered), files that are on the host, by path, as texts. For netplan those below C(/run/netplan),
        C(/etc/netplan), C(/usr/lib/netplan) and C(/lib/netplan); for NetworkManager the C(.nmconnection) files of
        C(/etc), C(/run) and C(/usr/lib). Other paths are ignored, except C(.link) files of ours.
      - A file that an earlier run wrote belongs to them. What it has and O(config) lacks is removed.
    type: dict
    default: {}
  node_network:
    description:
      - With O(state=rendered), what RV(eks_anywhere.network.node_network_info#module:node_network) says of the host.
        Without it nothing that depends on the host is judged.
    type: dict
  management_addresses:
    description:
      - Addresses that must not move. Give the node's InternalIP. That of the ssh connection is always one of them.
      - Where no interface is known to have one of them, the interface with the default route of the main table counts.
    type: list
    elements: str
    default: []
  allow_management_nic:
    description: Consent to renaming, bonding or re-addressing the NIC with one of O(management_addresses).
    type: bool
    default: false
  state:
    description:
      - V(applied) makes it work on the host on which the module runs.
      - V(rendered) checks O(config) against O(existing) and returns what would be written. It connects to nothing.
    type: str
    choices: [applied, rendered]
    default: applied
extends_documentation_fragment:
  - eks_anywhere.network.attributes
  - eks_anywhere.network.guard
  - eks_anywhere.network.guard.begin
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
requirements:
  - python >= 3.9
  - The Python library C(PyYAML) where the module runs, to read files of netplan. Every host with netplan has it.
  - root, for O(state=applied)
seealso:
  - module: eks_anywhere.network.node_network_info
  - module: eks_anywhere.network.host_network_info
  - module: eks_anywhere.network.guarded_change
"""

EXAMPLES = r"""
- name: A second NIC, if the API server is still reached afterwards
  eks_anywhere.network.host_network:
    config:
      ethernets:
        eth1:
          mtu: 9000
          addresses: [10.10.0.21/24]
    probes:
      - {type: tcp, host: 10.0.0.10, port: 6443}
  become: true

- name: See what would be written for a second NIC
  eks_anywhere.network.host_network:
    state: rendered
    backend: netplan
    existing:
      /etc/netplan/config.yaml: "{{ lookup('ansible.builtin.file', 'config.yaml') }}"
    config:
      ethernets:
        eth1:
          match:
            macaddress: "52:54:00:12:34:51"
          mtu: 9000
          addresses: [10.10.0.21/24]
          routes:
            - to: default
              via: 10.10.0.1
              table: 1000
          routing-policy:
            - from: 10.10.0.21
              table: 1000
              priority: 1000

- name: Keyfiles of a bond with a VLAN, for a host with RHEL
  eks_anywhere.network.host_network:
    state: rendered
    backend: networkmanager
    config:
      ethernets:
        eth1: {}
        eth2: {}
      bonds:
        bond0:
          interfaces: [eth1, eth2]
          parameters:
            mode: 802.3ad
            mii-monitor-interval: 100
      vlans:
        storage:
          id: 100
          link: bond0
          addresses: [10.10.0.21/24]
"""

RETURN = r"""
backend:
  description: What the files are for, V(netplan) or V(networkmanager).
  returned: success
  type: str
  sample: netplan
files:
  description: The files that are to be there.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Path of the file.
      type: str
    mode:
      description: Its permission bits.
      type: str
    content:
      description: What it says.
      type: str
  sample:
    - path: /etc/netplan/zz-eks-anywhere.yaml
      mode: "0600"
      content: "network:\n  version: 2\n"
removed_files:
  description: Files of O(existing) that were ours and are not to be there.
  returned: success
  type: list
  elements: str
  sample: []
removed_devices:
  description: Virtual interfaces that were ours and are not to be there, those that sit on others first.
  returned: success
  type: list
  elements: str
  sample: [storage, bond0]
before:
  description: The files that differ, as they are, texts by path. Secrets are hidden.
  returned: with O(state=applied)
  type: dict
after:
  description: The same as they are to be.
  returned: with O(state=applied)
  type: dict
commands:
  description: What makes the files work on the host.
  returned: with O(state=applied)
  type: list
  elements: str
  sample: [networkctl reload]
reverted:
  description: Whether the change was undone because it could not be confirmed. The task has failed then.
  returned: with O(state=applied)
  type: bool
guard:
  description: How a change ended that was undone, as M(eks_anywhere.network.guarded_change) says it.
  returned: when RV(reverted)
  type: dict
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
      description: The option that is wrong, for example C(config.ethernets.eth1.addresses[0]).
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network, host_network_node
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import BEGIN, Guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run

REQUEST = ("config", "backend", "existing", "node_network", "management_addresses", "allow_management_nic")


def main() -> None:
    """Read the options, check, apply or render, answer."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "dict", "required": True},
            "backend": {"type": "str", "choices": ["auto", "netplan", "networkmanager"], "default": "auto"},
            "existing": {"type": "dict", "default": {}},
            "node_network": {"type": "dict"},
            "management_addresses": {"type": "list", "elements": "str", "default": []},
            "allow_management_nic": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["applied", "rendered"], "default": "applied"},
            **BEGIN,
        },
        supports_check_mode=True,
    )
    request = host_network.Request(**{name: module.params[name] for name in REQUEST})

    def applied() -> tuple[dict[str, Any], tuple[str, ...]]:
        guard = Guard()
        guard.refuse_while_pending(host_network_node.OWNER)
        node = host_network_node.Node()
        plan = node.plan(request, module.params["confirm_timeout"])
        result = plan.as_dict()
        if plan.change is not None and not module.check_mode:
            node.begin(plan)
            result["pending"] = guard.start(plan.change)
        return result, plan.rendered.warnings

    def rendered() -> tuple[dict[str, Any], tuple[str, ...]]:
        found = host_network.render(request)
        return found.as_dict(), found.warnings

    def work() -> dict[str, Any]:
        try:
            result, warnings = applied() if module.params["state"] == "applied" else rendered()
        except NetworkError as error:
            for warning in error.result.pop("warnings", ()):
                module.warn(warning)
            raise
        for warning in warnings:
            module.warn(warning)
        return result

    run(module, work)


if __name__ == "__main__":
    main()
