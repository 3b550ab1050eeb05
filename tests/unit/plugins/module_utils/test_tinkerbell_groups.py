# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group's network with the values of a machine, and what bonds and names do to the boot NIC."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import (
    Group,
    carrier,
    filled,
    names_boot,
    renamed,
    slots,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_network import of_machine
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import bare, checked, machine, nic


def fill(network, *interfaces, **columns):
    (found,) = checked(machine(interfaces=list(interfaces), **columns))
    given = slots(found, {})
    return filled(network, given, of_machine(found, given))


def test_slots_are_in_the_order_of_names():
    (found,) = checked(machine(interfaces=[nic(1, 2), bare(1, 1), {"name": "bond0", "ip_address": "10.1.0.1"}]))
    given = slots(found, {"eth2": 24})
    assert [(slot.name, slot.place, slot.mac, slot.address, slot.gateway, slot.prefix) for slot in given] == [
        ("boot", 0, True, True, True, None),
        ("bond0", 1, False, True, False, None),
        ("eth1", 2, True, False, False, None),
        ("eth2", 3, True, True, False, 24),
    ]


def test_a_nic_is_there_without_being_named():
    assert fill({}, nic(1)) == {
        "ethernets": {
            "eth1": {
                "match": {"macaddress": "cc:48:3a:00:01:01"},
                "set-name": "eth1",
                "addresses": ["10.99.0.2/24"],
            }
        }
    }


def test_what_the_group_says_is_kept_and_not_changed():
    network = {"ethernets": {"eth1": {"mtu": 9000, "set-name": "storage", "addresses": ["fd00::1/64"]}}}
    assert fill(network, nic(1))["ethernets"]["eth1"] == {
        "match": {"macaddress": "cc:48:3a:00:01:01"},
        "set-name": "storage",
        "mtu": 9000,
        "addresses": ["10.99.0.2/24", "fd00::1/64"],
    }
    assert network == {"ethernets": {"eth1": {"mtu": 9000, "set-name": "storage", "addresses": ["fd00::1/64"]}}}


def test_addresses_go_to_the_device_of_their_name():
    network = {"bonds": {"bond0": {"interfaces": ["eth1", "eth2"]}}, "vlans": {"storage": {"id": 7, "link": "bond0"}}}
    address = {"name": "storage", "ip_address": "10.7.0.2", "netmask": "255.255.0.0"}
    found = fill(network, bare(1, 1), bare(1, 2), address)
    assert found["vlans"]["storage"] == {"id": 7, "link": "bond0", "addresses": ["10.7.0.2/16"]}
    assert "addresses" not in found["bonds"]["bond0"]
    assert list(found["ethernets"]) == ["eth1", "eth2"]


def test_the_word_hardware():
    network = {
        "ethernets": {
            "eth1": {
                "routes": [{"to": "default", "via": "hardware", "from": "hardware", "table": 7}, {"to": "10.1.0.0/16"}],
                "routing-policy": [{"from": "hardware", "table": 7, "priority": 1000}],
            }
        }
    }
    eth1 = fill(network, nic(1, gateway="10.99.0.1"))["ethernets"]["eth1"]
    assert eth1["routes"] == [
        {"to": "default", "via": "10.99.0.1", "from": "10.99.0.2", "table": 7},
        {"to": "10.1.0.0/16"},
    ]
    assert eth1["routing-policy"] == [{"from": "10.99.0.2", "table": 7, "priority": 1000}]
    assert fill(network, nic(1))["ethernets"]["eth1"]["routes"][0]["via"] == "hardware"


def test_a_bond_takes_over_from_the_boot_nic():
    network = {"bonds": {"bond0": {"interfaces": ["boot", "eth1"], "addresses": ["fd00::1/64"]}}}
    assert (carrier(network), names_boot(network)) == ("bond0", True)
    assert fill(network, bare(1, 1))["bonds"]["bond0"] == {
        "interfaces": ["boot", "eth1"],
        "addresses": ["10.10.50.2/23", "fd00::1/64"],
        "nameservers": {"addresses": ["8.8.8.8", "8.8.4.4"]},
        "routes": [{"to": "default", "via": "10.10.50.1"}],
    }


def test_who_names_the_boot_nic():
    for network in (
        {"ethernets": {"boot": {}}},
        {"bridges": {"br0": {"interfaces": ["boot"]}}},
        {"vlans": {"v": {"link": "boot"}}},
    ):
        assert names_boot(network)
    assert not names_boot({"ethernets": {"eth1": {}}, "bonds": {"bond0": {"interfaces": ["eth1"]}}})
    assert carrier({"vlans": {"v": {"link": "boot"}}}) == ""


def test_another_id_wherever_it_stands():
    network = {
        "ethernets": {"boot": {"mtu": 9000}, "eth1": {}},
        "bonds": {"bond0": {"interfaces": ["boot", "eth1"], "parameters": {"primary": "boot"}}},
        "bridges": {"br0": {"interfaces": ["bond0"], "parameters": {"path-cost": {"boot": 3}}}},
        "vlans": {"v": {"link": "boot"}},
    }
    assert renamed(network, "boot", "id0") == {
        "ethernets": {"id0": {"mtu": 9000}, "eth1": {}},
        "bonds": {"bond0": {"interfaces": ["id0", "eth1"], "parameters": {"primary": "id0"}}},
        "bridges": {"br0": {"interfaces": ["bond0"], "parameters": {"path-cost": {"id0": 3}}}},
        "vlans": {"v": {"link": "id0"}},
    }


def test_a_group_selects_by_its_label():
    (found,) = checked(machine(labels={"type": "worker", "rack": "1"}))
    assert Group("g", "groups[0]", {"type": "worker"}, 1, "g", "").has(found)
    assert not Group("g", "groups[0]", {"type": "cp"}, 1, "g", "").has(found)
    assert not Group("g", "groups[0]", {}, 1, "g", "").has(found)
