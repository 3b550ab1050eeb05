# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is as configured has no problem; take one thing away and just that is named."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_proof as proof
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_proof import Seen
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import address, mac, nic

CONFIG = {
    "ethernets": {
        "eth1": {
            "match": {"macaddress": mac(1)},
            "mtu": 9000,
            "addresses": ["10.1.0.2/24", "fd00:1::2/64"],
            "routes": [
                {"to": "default", "via": "10.1.0.1", "table": 1001},
                {"to": "10.1.0.0/24", "scope": "link", "table": 1001},
                {"to": "10.9.0.0/16", "via": "10.1.0.1"},
                {"to": "10.8.0.0/16", "type": "blackhole"},
                {"to": "fd00:9::/64", "via": "fd00:1::1"},
            ],
            "routing-policy": [{"from": "10.1.0.2", "table": 1001, "priority": 1001}],
        },
        "eth2": {},
        "eth3": {"activation-mode": "manual"},
    },
    "bonds": {"bond0": {"interfaces": ["eth2"], "macaddress": "02:00:00:00:00:02"}},
    "vlans": {"storage": {"id": 100, "link": "bond0"}},
}
WHOLE = {
    "interfaces": {
        "eth1": nic("eth1", 1, mtu=9000, up=True, addresses=[address("10.1.0.2/24"), address("fd00:1::2/64")]),
        "eth2": nic("eth2", 2, up=True, master="bond0"),
        "eth3": nic("eth3", 3, up=False),
        "bond0": nic("bond0", 7, False, up=True, kind="bond", mac="02:00:00:00:00:02"),
        "storage": nic("storage", 7, False, up=True, kind="vlan", vlan={"id": 100, "parent": "bond0"}),
    },
    "routes": {
        "ipv4": [
            {"dst": "default", "gateway": "10.1.0.1", "dev": "eth1", "table": "1001"},
            {"dst": "10.1.0.0/24", "dev": "eth1", "table": "1001", "scope": "253"},
            {"dst": "10.9.0.0/16", "gateway": "10.1.0.1", "dev": "eth1"},
            {"type": "blackhole", "dst": "10.8.0.0/16", "dev": "lo"},
            {"dst": "10.244.1.0/24", "gateway": "10.244.1.9", "dev": "cilium_host"},
            {"dst": "10.244.1.7", "dev": "lxc1234"},
        ],
        "ipv6": [{"dst": "fd00:9::/64", "gateway": "fd00:1::1", "dev": "eth1"}],
    },
    "rules": [
        {"family": "ipv4", "priority": 100, "source": None, "destination": None, "table": "255", "protocol": "2"},
        {"family": "ipv4", "priority": 1001, "source": "10.1.0.2", "destination": None, "table": "1001"},
    ],
}
WHOLE["rules"][1]["protocol"] = "4"


def seen(change=lambda _node: None):
    """The node after a change of what ``ip`` says."""
    node = copy.deepcopy(WHOLE)
    change(node)
    facts = Facts({"interfaces": list(node["interfaces"].values())})
    return Seen(facts, node["routes"], node["rules"])


def told(change):
    """The problems after a change, by path."""
    now = seen(change)
    return {problem.path: problem.message for problem in proof.problems(proof.wanted(CONFIG, now.facts), now)}


def set_link(name, **values):
    return lambda node: node["interfaces"][name].update(values)


def drop(key, place):
    return lambda node: node[key].pop(place) if key == "rules" else node["routes"][key].pop(place)


def test_what_is_as_configured_is_no_problem():
    assert told(lambda _node: None) == {}


ETH1 = "config.ethernets.eth1"
BROKEN = {
    "down": (set_link("eth1", up=False), ETH1, "it is down on eth1"),
    "mtu": (set_link("eth1", mtu=1500), f"{ETH1}.mtu", "9000 is not in force, but 1500, on eth1"),
    "mac": (
        set_link("bond0", mac="02:00:00:00:00:09"),
        "config.bonds.bond0.macaddress",
        "02:00:00:00:00:02 is not in force, but 02:00:00:00:00:09, on bond0",
    ),
    "address": (
        set_link("eth1", addresses=[address("fd00:1::2/64")]),
        f"{ETH1}.addresses[0]",
        "10.1.0.2/24 is missing on eth1",
    ),
    "prefix": (
        set_link("eth1", addresses=[address("10.1.0.2/25"), address("fd00:1::2/64")]),
        f"{ETH1}.addresses[0]",
        "10.1.0.2/24 is missing on eth1",
    ),
    "default": (drop("ipv4", 0), f"{ETH1}.routes[0]", "the route to default in table 1001 is missing on eth1"),
    "link": (drop("ipv4", 1), f"{ETH1}.routes[1]", "the route to 10.1.0.0/24 in table 1001 is missing on eth1"),
    "route": (drop("ipv4", 2), f"{ETH1}.routes[2]", "the route to 10.9.0.0/16 is missing on eth1"),
    "blackhole": (drop("ipv4", 3), f"{ETH1}.routes[3]", "the route to 10.8.0.0/16 is missing on eth1"),
    "ipv6": (drop("ipv6", 0), f"{ETH1}.routes[4]", "the route to fd00:9::/64 is missing on eth1"),
    "rule": (drop("rules", 1), f"{ETH1}.routing-policy[0]", "the rule with priority 1001 is missing on eth1"),
    "port": (set_link("eth2", master=None), "config.bonds.bond0.interfaces[0]", "eth2 is no port on bond0"),
    "vlan id": (
        set_link("storage", vlan={"id": 7, "parent": "bond0"}),
        "config.vlans.storage.id",
        "VLAN 100 is not in force, but 7, on storage",
    ),
    "vlan link": (
        set_link("storage", vlan={"id": 100, "parent": "eth1"}),
        "config.vlans.storage.link",
        "it does not sit on bond0, but on eth1, on storage",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_thing_that_is_missing_is_named_alone(case):
    change, path, message = BROKEN[case]
    assert told(change) == {path: message}


def test_another_gateway_table_or_device_is_another_route():
    for change in ({"gateway": "10.1.0.9"}, {"table": "254"}, {"dev": "eth2"}):
        assert list(told(lambda node, change=change: node["routes"]["ipv4"][0].update(change))) == [f"{ETH1}.routes[0]"]


def test_a_route_of_several_hops_counts():
    hops = {"nexthops": [{"gateway": "10.1.0.1", "dev": "eth1"}, {"gateway": "10.1.0.9", "dev": "eth1"}]}

    def change(node):
        node["routes"]["ipv4"][2] = {"dst": "10.9.0.0/16", **hops}

    assert told(change) == {}


def test_an_interface_that_is_not_there_is_named():
    assert told(lambda node: node["interfaces"].pop("storage")) == {"config.vlans.storage": "the node has no storage"}


def test_an_interface_that_waits_to_be_switched_on_may_be_down():
    assert seen().facts.interfaces["eth3"]["up"] is False
    assert told(lambda _node: None) == {}


def test_foreign_are_ciliums_routes_and_rules_that_no_file_makes():
    assert seen().foreign() == ["ipv4 route 10.244.1.0/24 dev cilium_host table 254", "ipv4 rule 100 table 255"]


def test_addresses_that_are_there():
    now = seen(set_link("eth1", addresses=[address("10.1.0.2/24")], mtu=9000))
    assert proof.addresses(proof.wanted(CONFIG, now.facts), now.facts) == [
        {"interface": "eth1", "address": "10.1.0.2", "network": "10.1.0.0/24", "mtu": 9000}
    ]


def test_a_configuration_that_cannot_be_read_is_refused():
    with pytest.raises(NetworkError, match="config.ethernets.eth1.mtuu"):
        proof.wanted({"ethernets": {"eth1": {"mtuu": 1}}}, Facts(None))


def test_unanswered():
    path = {"source": "10.1.0.2", "target": "10.1.0.3", "mtu": 9000}
    found = proof.unanswered({**path, "answered": answered} for answered in ("full", "small", "none"))
    assert [(problem.path, problem.message) for problem in found] == [
        ("paths[1]", "small packets get from 10.1.0.2 to 10.1.0.3, those of 9000 bytes do not"),
        ("paths[2]", "no packet gets from 10.1.0.2 to 10.1.0.3"),
    ]
