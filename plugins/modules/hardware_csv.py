#!/usr/bin/python
# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module hardware_csv."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hardware_csv
short_description: Check and write the hardware.csv of EKS Anywhere
version_added: 1.0.0
author:
  - eks_anywhere.network contributors (@eks-anywhere-network)
description:
  - Checks the machines of a bare-metal cluster, and writes them as the C(hardware.csv) that EKS Anywhere reads.
  - What EKS Anywhere refuses is refused here too. So is what it takes and what then fails on the hardware, hours later.
    That is a netmask that is none, a gateway outside the subnet, a nameserver that is no address, IPv6, a MAC address
    not written with colons, a partition in place of a disk, a column whose name is misspelt, and a hostname, MAC
    address or IP address that is there twice, be it that of a machine, of its BMC or of a gateway.
  - All that is wrong is returned at once, each with its line, hostname and column. Nothing is written then.
  - The same machines always give the same bytes. MAC addresses are written in small letters and labels are sorted.
    Columns that no machine uses are left out.
  - The file is only for its owner (C(0600)), as it holds passwords. It is replaced as a whole.
options:
  machines:
    description:
      - The machines. Each has the columns of C(hardware.csv) by name. Beside C(bmc_ip), C(bmc_username),
        C(bmc_password), C(vlan_id), C(labels) and C(interfaces) it needs all of them.
      - Either this or O(src) is needed.
      - Ansible never logs or shows it.
    type: list
    elements: dict
    suboptions:
      hostname:
        description: Name of the machine, and of its node.
        type: str
        required: true
      mac:
        description: MAC address of the NIC that boots.
        type: str
        required: true
      ip_address:
        description: IPv4 address of the machine.
        type: str
        required: true
      netmask:
        description: Netmask of its subnet, as V(255.255.255.0).
        type: str
        required: true
      gateway:
        description: Gateway of the machine, in the same subnet.
        type: str
        required: true
      nameservers:
        description: IPv4 addresses of its nameservers, as a list or joined by C(|).
        type: raw
        required: true
      disk:
        description: The disk for the operating system, as V(/dev/sda) or V(/dev/nvme0n1).
        type: str
        required: true
      labels:
        description: Labels that select the machine, as a mapping or as C(key=value) joined by C(|).
        type: raw
      bmc_ip:
        description: IPv4 address of the BMC. With it, user and password are needed too.
        type: str
      bmc_username:
        description: User of the BMC.
        type: str
      bmc_password:
        description: Password of the user. It is never returned.
        type: str
      vlan_id:
        description: VLAN in which the machine boots, from 1 to 4094.
        type: raw
      interfaces:
        description:
          - The NICs beside the one that boots. The file has no columns for them. They are returned as they are given.
          - Their C(mac) and C(ip_address) are checked against those of all machines.
        type: list
        elements: dict
  src:
    description:
      - Path of a C(hardware.csv) to check, on the machine where the module runs.
      - It may be the same as O(path), which is then brought into its one form.
    type: path
  path:
    description: Path of the file to write, with O(state=present).
    type: path
  groups:
    description:
      - The machine groups of the cluster, as its file has them. A machine whose labels satisfy the selectors of several
        groups is an error, and so is a group with too few machines.
      - Groups with the same selector share its machines, and need them together.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the group, for messages.
        type: str
        required: true
      selector:
        description: The one label of C(hardwareSelector).
        type: dict
        required: true
      count:
        description: How many machines the group needs. An upgrade that rolls needs one more.
        type: int
        required: true
  state:
    description:
      - V(present) writes the file.
      - V(validated) only checks, and takes no O(path).
    type: str
    choices: [present, validated]
    default: present
extends_documentation_fragment:
  - eks_anywhere.network.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Passwords are hidden. Whether one changes is shown.
notes:
  - A column that EKS Anywhere does not know is refused, as it ignores it without a word, and with it what was meant.
seealso:
  - plugin: eks_anywhere.network.hardware_csv
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Write the hardware.csv of a cluster
  eks_anywhere.network.hardware_csv:
    path: /home/eksa/hardware.csv
    machines:
      - hostname: eksa-cp01
        bmc_ip: 10.10.44.1
        bmc_username: root
        bmc_password: "{{ bmc_passwords['eksa-cp01'] }}"
        mac: CC:48:3A:00:00:01
        ip_address: 10.10.50.2
        netmask: 255.255.254.0
        gateway: 10.10.50.1
        nameservers: [8.8.8.8, 8.8.4.4]
        labels: {type: cp}
        disk: /dev/sda
      - hostname: eksa-wk01
        bmc_ip: 10.10.44.4
        bmc_username: root
        bmc_password: "{{ bmc_passwords['eksa-wk01'] }}"
        mac: CC:48:3A:00:00:04
        ip_address: 10.10.50.5
        netmask: 255.255.254.0
        gateway: 10.10.50.1
        nameservers: [8.8.8.8, 8.8.4.4]
        labels: {type: worker}
        disk: /dev/nvme0n1
    groups:
      - name: control plane
        selector: {type: cp}
        count: 1
      - name: workers
        selector: {type: worker}
        count: 1

- name: Check a file that is there
  eks_anywhere.network.hardware_csv:
    src: /home/eksa/hardware.csv
    state: validated
"""

RETURN = r"""
machines:
  description:
    - The machines in their order, each with all columns but C(bmc_password), and C(interfaces). What a machine does not
      have is an empty string.
  returned: success
  type: list
  elements: dict
  contains:
    nameservers:
      description: Addresses of its nameservers.
      type: list
      elements: str
    labels:
      description: Its labels.
      type: dict
    interfaces:
      description: What O(machines[].interfaces) has.
      type: list
      elements: dict
  sample:
    - hostname: eksa-cp01
      bmc_ip: 10.10.44.1
      bmc_username: root
      mac: cc:48:3a:00:00:01
      ip_address: 10.10.50.2
      netmask: 255.255.254.0
      gateway: 10.10.50.1
      nameservers: [8.8.8.8, 8.8.4.4]
      labels: {type: cp}
      disk: /dev/sda
      vlan_id: ""
      interfaces: []
errors:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: Where it is, for example C(machines[3].mac) or V(hardware.csv:5 (eksa-wk01\) mac).
      type: str
    message:
      description: What is wrong.
      type: str
    hint:
      description: What to do.
      type: str
    line:
      description: Line of O(src). Null where the machines are an option.
      type: int
    hostname:
      description: Hostname of the machine, empty where it is not known.
      type: str
    column:
      description: Name of the column, empty where all of a line is wrong.
      type: str
  sample:
    - path: hardware.csv:5 (eksa-wk01) mac
      message: it is no MAC address as Tinkerbell takes it (got cc-48-3a-00-00-04)
      hint: Write it as cc:48:3a:00:00:04
      line: 5
      hostname: eksa-wk01
      column: mac
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_file import Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_file import run as check_and_write
from ansible_collections.eks_anywhere.network.plugins.module_utils.module import run

GROUP = {
    "name": {"type": "str", "required": True},
    "selector": {"type": "dict", "required": True},
    "count": {"type": "int", "required": True},
}


def main() -> None:
    """Read the options, check, write, answer."""
    # The machines' own fields are checked by the core, which says all that is wrong at once and where. Hidden as a
    # whole, a password under a misspelt name is in no log either.
    module = AnsibleModule(
        argument_spec={
            "machines": {"type": "list", "elements": "dict", "no_log": True},
            "src": {"type": "path"},
            "path": {"type": "path"},
            "groups": {"type": "list", "elements": "dict", "options": GROUP, "default": []},
            "state": {"type": "str", "choices": ["present", "validated"], "default": "present"},
        },
        mutually_exclusive=[("machines", "src")],
        required_one_of=[("machines", "src")],
        required_if=[("state", "present", ["path"])],
        supports_check_mode=True,
    )
    options = module.params
    groups = [
        Group(entry["name"], {str(key): str(value) for key, value in entry["selector"].items()}, entry["count"])
        for entry in options["groups"]
    ]
    request = Request(options["state"], options["machines"], options["src"], options["path"], groups)
    # Ansible blanks out in the answer every text that an option with no_log holds, so all hostnames and labels. The
    # core returns no password. What is left to hide is the option itself.
    module.no_log_values.clear()
    options["machines"] = options["machines"] and "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    run(module, lambda: check_and_write(request, module.check_mode))


if __name__ == "__main__":
    main()
