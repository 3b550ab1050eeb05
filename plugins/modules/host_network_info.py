#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module host_network_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_network_info
short_description: Say whether the interfaces of a host are as configured, and whether large packets get through
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Holds what C(ip) prints on the host against a configuration in netplan's words - interfaces, MTUs, addresses, ports
    of bonds and bridges, VLANs, routes and rules. What the configuration does not name is not judged.
  - Sends echo requests that fill the MTU and must not be fragmented. Changes nothing.
options:
  config:
    description: As O(eks_anywhere.network.host_network#module:config).
    type: dict
    required: true
  kept:
    description:
      - What has to be there still, as RV(foreign) named it before a change.
    type: list
    elements: str
    default: []
  paths:
    description: Where echo requests have to be answered.
    type: list
    elements: dict
    default: []
    suboptions:
      source:
        description: An address of this host.
        type: str
        required: true
      target:
        description: The address to ask.
        type: str
        required: true
      mtu:
        description: Length of the packets, with their headers.
        type: int
        required: true
  timeout:
    description: Seconds that what is missing has to come.
    type: int
    default: 30
requirements:
  - python >= 3.9, on the host; nothing beside its standard library
  - iproute2 >= 4.19 and, for O(paths), ping of iputils
extends_documentation_fragment:
  - eks_anywhere.network.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing changes.
seealso:
  - module: eks_anywhere.network.host_network
"""

EXAMPLES = r"""
- name: The second NIC is as configured, and reaches the other node with packets of 9000 bytes
  eks_anywhere.network.host_network_info:
    config:
      ethernets:
        eth1: {mtu: 9000, addresses: [10.10.0.21/24]}
    paths:
      - {source: 10.10.0.21, target: 10.10.0.22, mtu: 9000}
  become: true
  register: seen
  failed_when: seen.problems | length > 0
"""

RETURN = r"""
problems:
  description: Everything that is not as it should be.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The option that is not in force, for example C(config.ethernets.eth1.addresses[0]).
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
foreign:
  description: Rules that neither networkd nor NetworkManager has made, and Cilium's routes.
  returned: success
  type: list
  elements: str
  sample: ["ipv4 rule 0 table 255 action lookup", "ipv4 route 10.244.1.0/24 dev cilium_host table 254"]
addresses:
  description: The configured addresses that the host has, with the MTU of their interface.
  returned: success
  type: list
  elements: dict
  sample: [{interface: eth1, address: 10.10.0.21, network: 10.10.0.0/24, mtu: 9000}]
paths:
  description: O(paths), each with C(answered) - V(full) packets of that length, V(small) ones only, or V(none).
  returned: success
  type: list
  elements: dict
  sample: [{source: 10.10.0.21, target: 10.10.0.22, mtu: 9000, answered: full}]
errors:
  description: Everything that is wrong with the options.
  returned: failure
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_check import Request, check
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run

PATH = {
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "mtu": {"type": "int", "required": True},
}


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "dict", "required": True},
            "kept": {"type": "list", "elements": "str", "default": []},
            "paths": {"type": "list", "elements": "dict", "default": [], "options": PATH},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    run(module, lambda: check(Request(**module.params)))


if __name__ == "__main__":
    main()
