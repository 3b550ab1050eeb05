# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ip -j prints, recorded and imagined."""

from __future__ import annotations

import json
import string

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_ethtool import Hardware
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_links import (
    default_routes,
    interfaces,
    parse,
    rules,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import recorded
from hypothesis import given
from hypothesis import strategies as st

NIC = Hardware("ixgbe", "0000:03:00.1", "52:54:00:12:34:56", 10000, "full")


def entries(name):
    return parse(recorded(f"{name}.json"), "ip")


def listed(name, hardware=None, routes=()):
    found = interfaces(entries(f"{name}.address"), lambda _name: hardware or Hardware(), routes)
    return {interface["name"]: interface for interface in found}


def one(hardware=NIC, routes=(), **link):
    """One interface like those of a physical node."""
    whole = {"ifname": "eth1", "flags": ["UP", "LOWER_UP"], "mtu": 1500, "link_type": "ether", **link}
    return interfaces([whole], lambda _name: hardware, routes)[0]


def test_a_node_of_the_practice_cluster():
    routes = default_routes("ipv4", entries("w1.route4"))
    node = listed("w1", NIC, routes)
    assert list(node)[:7] == ["lo", "eth0", "eth1", "eth2", "cilium_net", "cilium_host", "cilium_vxlan"]
    eth1 = node["eth1"]
    assert eth1["addresses"] == [
        {"address": "172.30.1.21", "prefix": 24, "family": "ipv4", "scope": "global", "dynamic": False}
    ]
    assert (eth1["mtu"], eth1["max_mtu"], eth1["up"], eth1["carrier"], eth1["operstate"]) == (
        1500,
        65535,
        True,
        True,
        "up",
    )
    assert (eth1["kind"], eth1["parent"], eth1["vlan"], eth1["master"]) == ("veth", None, None, None)
    assert (node["cilium_net"]["kind"], node["cilium_net"]["parent"]) == ("veth", None)
    assert node["cilium_vxlan"]["kind"] == "vxlan"
    assert node["cilium_vxlan"]["operstate"] == "unknown"
    assert (node["lo"]["mac"], node["lo"]["permanent_mac"], node["lo"]["max_mtu"]) == (None, None, None)
    assert [address["address"] for address in node["lo"]["addresses"]] == ["127.0.0.1", "::1"]
    assert node["eth0"]["default_routes"] == routes
    assert eth1["default_routes"] == []


def test_interfaces_of_many_kinds():
    node = listed("made")
    assert {name: (link["kind"], link["parent"], link["master"]) for name, link in node.items() if name != "lo"} == {
        "br0": ("bridge", None, None),
        "v1": ("veth", None, "br0"),
        "v0": ("veth", None, None),
        "m0": ("macvlan", "v0", None),
        "x": ("vxlan", "v0", None),
        "t0": ("tun", None, None),
    }
    assert (node["v0"]["up"], node["v0"]["carrier"], node["v0"]["operstate"]) == (True, False, "lowerlayerdown")
    assert (node["br0"]["up"], node["br0"]["carrier"]) == (False, None)
    assert node["v0"]["addresses"][0]["address"] == "10.0.0.1"
    assert node["t0"]["mac"] is None


def test_a_vlan_on_a_bond():
    vlan = one(
        ifname="bond0.100",
        link="bond0",
        linkinfo={"info_kind": "vlan", "info_data": {"protocol": "802.1Q", "id": 100, "flags": ["REORDER_HDR"]}},
    )
    assert vlan["vlan"] == {"id": 100, "protocol": "802.1Q", "parent": "bond0"}
    assert (vlan["kind"], vlan["parent"]) == ("vlan", "bond0")


def test_the_parent_of_a_vlan_in_another_namespace_has_no_name_here():
    vlan = one(link_index=7, link_netnsid=0, linkinfo={"info_kind": "vlan", "info_data": {"id": 7}})
    assert vlan["vlan"] == {"id": 7, "protocol": None, "parent": None}


def test_a_nic_of_a_bond():
    nic = one(address="02:00:00:00:00:01", master="bond0", altnames=["enp3s0f1"], max_mtu=9710)
    assert (nic["mac"], nic["permanent_mac"], nic["master"]) == ("02:00:00:00:00:01", "52:54:00:12:34:56", "bond0")
    assert (nic["driver"], nic["bus"], nic["speed"], nic["duplex"]) == ("ixgbe", "0000:03:00.1", 10000, "full")
    assert (nic["altnames"], nic["max_mtu"], nic["kind"]) == (["enp3s0f1"], 9710, None)


def test_the_permanent_address_that_ip_knows_is_taken_where_the_driver_knows_none():
    assert one(Hardware(), permaddr="52:54:00:00:00:09")["permanent_mac"] == "52:54:00:00:00:09"
    assert one(Hardware(), address="52:54:00:00:00:09")["permanent_mac"] is None


def test_an_address_with_a_lifetime_is_dynamic():
    leased = {"family": "inet", "local": "10.0.0.9", "prefixlen": 24, "scope": "global", "dynamic": True}
    odd = {"family": "inet"}
    assert [address["dynamic"] for address in one(addr_info=[leased, odd])["addresses"]] == [True]


def test_default_routes_of_every_table_and_next_hop():
    found = default_routes("ipv4", entries("made.route4")) + default_routes("ipv6", entries("made.route6"))
    assert [(route["gateway"], route["device"], route["metric"], route["table"]) for route in found] == [
        ("10.0.0.2", "v0", 0, "100"),
        ("10.0.0.3", "v0", 0, "100"),
        ("fe80::1", "v0", 5, "main"),
        ("fe80::2", "v0", 1024, "main"),
    ]


@pytest.mark.parametrize("kind", ["unreachable", "blackhole", "prohibit", "throw"])
def test_a_route_that_leads_nowhere_is_no_default_route(kind):
    assert default_routes("ipv4", [{"type": kind, "dst": "default"}]) == []


def test_a_router_of_the_other_family():
    (route,) = default_routes(
        "ipv4",
        [{"dst": "default", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0", "prefsrc": "10.0.0.1"}],
    )
    assert (route["gateway"], route["source"], route["protocol"]) == ("fe80::1", "10.0.0.1", None)


def test_only_default_routes_count():
    assert default_routes("ipv4", [{"dst": "10.0.0.0/8", "dev": "eth0"}]) == []


def test_rules():
    found = {rule["priority"]: rule for rule in rules("ipv4", entries("made.rule4"))}
    assert found[20] == {
        "family": "ipv4",
        "priority": 20,
        "inverted": True,
        "source": "10.0.0.0/8",
        "destination": "1.0.0.0/8",
        "iif": "v0",
        "oif": "lo",
        "fwmark": None,
        "table": "100",
        "action": "lookup",
        "protocol": "unspec",
        "more": {
            "uid_start": 0,
            "uid_end": 5,
            "ipproto": "tcp",
            "dport_start": 80,
            "dport_end": 81,
            "suppress_prefixlen": 0,
        },
    }
    assert (found[9]["fwmark"], found[9]["table"], found[9]["protocol"]) == ("0x200/0xf00", "2004", "kernel")
    assert found[79]["fwmark"] == "0x10"
    assert (found[77]["source"], found[77]["action"], found[77]["table"]) == ("1.2.3.4", "blackhole", None)
    assert found[78]["action"] == "goto 32767"
    assert (found[0]["source"], found[0]["destination"], found[0]["inverted"], found[0]["more"]) == (
        None,
        None,
        False,
        {},
    )


@pytest.mark.parametrize("printed", ["", "\n", " \n", "[ ]", "[]", "[{},{}]"])
def test_nothing_is_nothing(printed):
    assert parse(printed, "ip") == []


def test_what_a_filter_left_out_is_no_entry():
    assert parse('[{}, {"a": 1}]', "ip") == [{"a": 1}]


def test_an_ip_without_json_is_named():
    with pytest.raises(NetworkError, match="ip -j address: no JSON was printed .* Install an iproute2"):
        parse("1: lo: <LOOPBACK>", "ip -j address")


NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=15)
KINDS = st.sampled_from(["veth", "vlan", "bond", "bridge", "macvlan", "ipvlan", "vxlan", "dummy"])
ADDRESSES = st.fixed_dictionaries(
    {"family": st.sampled_from(["inet", "inet6", "mpls"]), "prefixlen": st.integers(0, 128)},
    optional={"local": NAMES, "scope": NAMES, "dynamic": st.just(True)},
)
LINKS = st.fixed_dictionaries(
    {"ifname": NAMES, "mtu": st.integers(0, 65536)},
    optional={
        "flags": st.lists(st.sampled_from(["UP", "LOWER_UP", "NO-CARRIER"])),
        "link_type": st.sampled_from(["ether", "loopback", "none", "ipip", "infiniband"]),
        "address": NAMES,
        "link": NAMES,
        "link_index": st.integers(1, 99),
        "master": NAMES,
        "max_mtu": st.integers(0, 65535),
        "operstate": st.sampled_from(["UP", "DOWN", "UNKNOWN"]),
        "linkinfo": st.fixed_dictionaries(
            {},
            optional={"info_kind": KINDS, "info_data": st.fixed_dictionaries({}, optional={"id": st.integers(1, 9)})},
        ),
        "addr_info": st.lists(ADDRESSES, max_size=3),
    },
)


@given(st.lists(LINKS, max_size=5))
def test_every_interface_has_all_keys_and_is_there_once(links):
    found = interfaces(parse(json.dumps(links), "ip"), lambda _name: Hardware(), [])
    keys = set(one())
    assert [link["name"] for link in found] == [link["ifname"] for link in links]
    for link in found:
        assert set(link) == keys
        assert (link["carrier"] is None) is (not link["up"])
        assert (link["vlan"] is None) is (link["kind"] != "vlan")
        assert link["max_mtu"] != 0
        assert all(address["address"] for address in link["addresses"])
    json.dumps(found)


HOPS = st.fixed_dictionaries({"dev": NAMES}, optional={"gateway": NAMES})
ROUTES = st.fixed_dictionaries(
    {"dst": st.sampled_from(["default", "10.0.0.0/8"])},
    optional={
        "type": st.sampled_from(["unicast", "unreachable"]),
        "dev": NAMES,
        "gateway": NAMES,
        "metric": st.integers(0, 9),
        "nexthops": st.lists(HOPS, min_size=1, max_size=3),
    },
)


@given(st.lists(ROUTES, max_size=5))
def test_each_next_hop_is_one_entry(routes):
    ways = [route for route in routes if route["dst"] == "default" and route.get("type") != "unreachable"]
    assert len(default_routes("ipv4", routes)) == sum(len(route.get("nexthops", [0])) for route in ways)
