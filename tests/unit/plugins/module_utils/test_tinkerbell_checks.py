# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a group makes a template that never renders, or a machine without its network, is refused."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_checks import layouts
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import stack
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import bare, checked, machine, nic


def judged(*machines, network=None, version="v0.24.1", family="ubuntu"):
    report = Report()
    group = Group("workers", "groups[0]", {"type": "worker"}, 1, "workers", "http://x/i.gz", network or {})
    found = layouts([group], checked(*machines), family, stack(version), report)
    return found, report


def errors(*machines, **options):
    return [str(problem) for problem in sorted(judged(*machines, **options)[1].errors)]


def test_a_layout():
    (layout,), report = judged(machine(), machine(2), machine(3, "cp"))
    assert not report.errors
    assert not report.warnings
    assert [one.hostname for one in layout.machines] == ["eksa-worker01", "eksa-worker02"]
    assert [(slot.name, slot.prefix) for slot in layout.slots] == [("boot", 23), ("eth1", 24)]


def test_a_group_without_machines_has_no_layout():
    assert judged(machine(1, "cp")) == ([], Report())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": ""}, 'interfaces[0].name: an interface needs it (got ""). Give the name it shall have.'),
        ({"name": "boot"}, "interfaces[0].name: boot is the NIC that boots. Give another name."),
        ({"ipaddress": "x"}, "interfaces[0].ipaddress: an interface has no such field. Use ip_address"),
        ({"vlan_id": 5}, "interfaces[0].vlan_id: only the NIC that boots has one."),
        ({"netmask": "255.255.0.255"}, "interfaces[0].netmask: it is no netmask (got 255.255.0.255). Give"),
        ({"netmask": None}, "interfaces[0].netmask: it is no netmask (got ). Give a mask such as 255.255.255.0"),
        ({"netmask": "/24"}, "interfaces[0].netmask: it is no netmask (got /24). Write it as 255.255.255.0."),
        ({"ip_address": "10.99.0.255"}, "interfaces[0].ip_address: it is the first or last address of 10.99.0.0/24."),
        ({"ip_address": "127.0.0.2"}, "interfaces[0].ip_address: it is no address of a machine: a loopback"),
        ({"ip_address": "fd00::2"}, "interfaces[0].ip_address: it is no address of a machine (got fd00::2)."),
        ({"gateway": "10.98.0.1"}, "interfaces[0].gateway: it is no gateway of the interface (got 10.98.0.1). Give"),
        ({"ip_address": None}, "interfaces[0].netmask: it has no ip_address. Give ip_address, or leave it out."),
        ({"ip_address": None, "netmask": None, "mac": None}, "interfaces[0]: it has neither mac nor ip_address."),
    ],
)  # fmt: skip
def test_interfaces(entry, message):
    (found,) = errors(machine(interfaces=[nic(1, **entry)]))
    assert found.startswith(f"machines[0].{message}")


def test_an_interface_twice():
    (found,) = errors(machine(interfaces=[nic(1), nic(1, 2, name="eth1")]))
    assert found == "machines[0].interfaces[1].name: the machine has it twice (got eth1). Give each name once."


def test_a_second_gateway_is_a_warning():
    report = judged(machine(interfaces=[nic(1, gateway="10.99.0.1")]))[1]
    assert not report.errors
    assert "HookOS, which provisions the machine, gets a second default route by it" in str(report.warnings[0])


HINT = "Give the machines of a group the same interfaces, or make two groups."


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ([], f"eksa-worker02 has no eth1, as eksa-worker01 of group workers has. {HINT}"),
        ([nic(2), nic(2, 2)], f"eksa-worker01 has no eth2, as eksa-worker02 of group workers has. {HINT}"),
        ([bare(2, 1)], f"eth1 of eksa-worker02 has no ip_address, and that of eksa-worker01 has. {HINT}"),
        ([nic(2, gateway="10.99.0.1")], f"eth1 of eksa-worker01 has no gateway, and that of eksa-worker02 has. {HINT}"),
    ],
)
def test_machines_that_are_not_alike(second, message):
    (found,) = errors(machine(), machine(2, interfaces=second))
    assert found == f"groups[0].name: {message}"


def test_some_machines_in_a_vlan():
    (found,) = errors(machine(vlan_id=5), machine(2))
    assert "only some machines of group workers boot in a VLAN: eksa-worker01" in found


def test_a_vlan_and_a_bond():
    network = {"bonds": {"bond0": {"interfaces": ["boot"]}}}
    assert "the NIC that boots has a VLAN, and cannot be in bond0 too" in errors(machine(vlan_id=5), network=network)[0]


def test_several_netmasks_need_a_function():
    machines = machine(), machine(2, interfaces=[nic(2, netmask="255.255.0.0")])
    assert errors(*machines) == []
    assert judged(*machines)[0][0].slots[1].prefix is None
    (found,) = errors(*machines, version="v0.23.3")
    assert "templates of EKS Anywhere v0.23.3 know no netmasks, and eth1 has several: /16, /24." in found


def test_disks_that_old_versions_do_not_know():
    assert errors(machine(disk="/dev/mmcblk0"), version="v0.25.0") == []
    (found,) = errors(machine(disk="/dev/mmcblk0"))
    assert "does not find the partitions of /dev/mmcblk0 (eksa-worker01), and would write over the whole disk" in found


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"ethernets": []}, "groups[0].network.ethernets: it must be a mapping (got [])."),
        ({"ethernets": {"eth1": 5}}, "groups[0].network.ethernets.eth1: it must be a mapping (got 5)."),
        ({"bonds": {"boot": {}}}, "groups[0].network.bonds.boot: boot is the NIC that boots. Give another name."),
        ({"ethernets": {"eth9": {}}},
         "groups[0].network.ethernets.eth9: nothing says which NIC it is. Give each machine "
         "of group workers an interface eth9 with mac, or match by name here."),
        ({"ethernets": {"eth1": {"match": {"name": "e*"}}}},
         "groups[0].network.ethernets.eth1.match: the machine's MAC address is the match. Remove it."),
        ({"ethernets": {"eth1": {"mtuu": 1}}}, "groups[0].network.ethernets.eth1.mtuu: "),
        ({"vlans": {"v": {"id": 5, "link": "eth7"}}}, "groups[0].network.vlans.v.link: "),
    ],
)  # fmt: skip
def test_networks(network, message):
    assert any(found.startswith(message) for found in errors(machine(), network=network))


def test_an_address_without_a_device():
    lonely = {"name": "bond0", "ip_address": "10.7.0.2", "netmask": "255.255.0.0"}
    (found,) = errors(machine(interfaces=[lonely]))
    assert found.startswith(
        "groups[0].network: no device of the group's network has the address of bond0. Define bond0"
    )


def test_a_nic_by_name():
    network = {"ethernets": {"eth9": {"match": {"name": "ens9"}, "mtu": 1400}}}
    assert errors(machine(), network=network, family="redhat") == []


def test_a_problem_of_one_machine_names_it():
    network = {"ethernets": {"eth1": {"routes": [{"to": "10.7.0.0/16", "via": "10.99.0.1"}]}}}
    assert errors(machine(), machine(2), network=network) == []
    far = machine(2, interfaces=[nic(2, ip_address="10.99.7.3")])
    (found,) = errors(machine(), far, network=network)
    assert found.startswith("groups[0].network.ethernets.eth1.routes[0].via: ")
    assert " on eksa-worker02" in found
    (found,) = errors(far, network=network)
    assert " on eksa-worker02" not in found


def test_warnings_of_the_network_name_the_machines():
    near = machine(interfaces=[nic(1, ip_address="10.10.50.99", netmask="255.255.254.0")])
    (warning,) = judged(near)[1].warnings
    assert str(warning).startswith("groups[0].network.ethernets.eth1.addresses[0]: its subnet is on another interface")
    assert " on eksa-worker01. Give each interface" in str(warning)
