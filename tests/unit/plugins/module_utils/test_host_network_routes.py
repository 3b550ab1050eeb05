# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, routes, rules and default routes: one thing wrong in a sound configuration."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    EKS_ANYWHERE,
    GONE,
    OURS,
    SOUND,
    edit,
    errors,
    warnings,
)

ETH1 = "ethernets.eth1"
ROUTE, RULE = f"{ETH1}.routes[0]", f"{ETH1}.routing-policy[0]"
THEIRS = f"existing[{CONFIG}].ethernets.id0"
OWN_TABLE = "Use another one, such as 1000."


@pytest.mark.parametrize(
    ("path", "value", "where", "message"),
    [
        (f"{ETH1}.addresses[1]", "172.30.0.21/24", "", f"172.30.0.21 is there already: {THEIRS}.addresses[0]"),
        (f"{ETH1}.addresses[1]", "10.1.0.2/24", "", f"10.1.0.2 is there already: config.{ETH1}.addresses[0]"),
        (f"{ETH1}.addresses[1]", "10.1.0.2/16", "", f"10.1.0.2 is there already: config.{ETH1}.addresses[0]"),
        ("vlans.vlan100.addresses[1]", "10.1.0.2/32", "", f"10.1.0.2 is there already: config.{ETH1}.addresses[0]"),
        (f"{ETH1}.addresses[1]", "224.0.0.1/24", "", "it is no address of a host (got 224.0.0.1/24)"),
        (f"{ETH1}.addresses[1]", "0.0.0.0/8", "", "it is no address of a host (got 0.0.0.0/8)"),
        (f"{ETH1}.addresses[1]", "240.0.0.1/8", "", "it is no address of a host (got 240.0.0.1/8)"),
        (f"{ETH1}.addresses[1]", "127.0.0.2/8", "", "it is a loopback address (got 127.0.0.2/8)"),
        (f"{ETH1}.addresses[1]", "10.7.0.0/24", "", "it is the network address of 10.7.0.0/24"),
        (f"{ETH1}.addresses[1]", "fd00::/64", "", "it is the network address of fd00::/64"),
        (f"{ETH1}.addresses[1]", "10.7.0.255/24", "", "it is the broadcast address of 10.7.0.0/24"),
        (f"{ROUTE}.via", GONE, "", "a default route needs it"),
        (f"{ROUTE}.via", "10.9.0.1", "", "the interface does not reach it, it is in 10.1.0.0/24 (got 10.9.0.1)"),
        (f"{ROUTE}.via", "10.1.0.2", "", "it is the interface's own address (got 10.1.0.2)"),
        (f"{ROUTE}.from", "10.1.0.9", "", "the interface does not have this address (got 10.1.0.9)"),
        (f"{ROUTE}.from", "fd00::1", "", "it is not of the family of default (got fd00::1)"),
        (f"{ROUTE}.type", "blackhole", ".via", "a route of type blackhole has no gateway (got 10.1.0.1)"),
        (f"{ROUTE}.scope", "link", "", "the kernel takes no gateway with it (got link)"),
        (f"{ETH1}.routes[1].scope", "global", ".via", "a route of scope global needs it"),
        (f"{ETH1}.routes[1].via", "fd00::1", "", "it is not of the family of 10.1.0.0/24 (got fd00::1)"),
        (f"{RULE}.priority", 200, "", "the rule would be asked before Cilium's and the local addresses (got 200)"),
        (f"{RULE}.priority", 0, "", "the rule would be asked before Cilium's and the local addresses (got 0)"),
        (f"{RULE}.priority", 32766, "", "the rule is never asked (got 32766)"),
        (f"{RULE}.from", GONE, "", "netplan takes no rule without from and to"),
        (f"{RULE}.to", "fd00::/64", "", "it is not of the family of from (got fd00::/64)"),
        (f"{RULE}.mark", 0x100, "", "it has bits of Cilium's marks (got 256)"),
        (f"{RULE}.mark", 0x800, "", "it has bits of Cilium's marks (got 2048)"),
    ],
)
def test_rules(path, value, where, message):
    (error,) = errors(edit(SOUND, path, value))
    place = path.rpartition(".")[0] + where if where else path
    assert error.startswith(f"config.{place}: {message}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{ETH1}.addresses[1]", "10.7.0.0/31"),
        (f"{ETH1}.addresses[1]", "10.7.0.0/32"),
        (f"{ETH1}.addresses[1]", "fe80::1/64"),
        ("ethernets.lo", {"addresses": ["127.0.0.2/8"]}),
        (f"{ROUTE}.on-link", True),
        (f"{RULE}.priority", 201),
        (f"{RULE}.priority", 32765),
        (f"{RULE}.mark", 0xF0FF),
        (f"{ETH1}.routes[2]", {"to": "10.9.0.0/16", "type": "blackhole"}),
        (f"{ETH1}.routes[2]", {"to": "10.9.0.0/16"}),
        (f"{ETH1}.routes[2]", {"to": "fd09::/64", "via": "fe80::1"}),
    ],
)
def test_right_ones(path, value):
    assert errors(edit(SOUND, path, value)) == []


@pytest.mark.parametrize(
    ("table", "whose"),
    [*[(number, "Cilium") for number in (200, 201, 202, 2004, 2005)], (253, "the kernel"), (255, "the kernel")],
)
def test_tables_of_others(table, whose):
    for path in (ROUTE, f"{ETH1}.routes[1]", RULE):
        assert errors(edit(SOUND, f"{path}.table", table)) == [
            f"config.{path}.table: the table is {whose}'s (got {table}). {OWN_TABLE}"
        ]


def test_a_gateway_behind_a_route_of_the_link():
    config = edit(SOUND, f"{ROUTE}.via", "10.66.0.1")
    assert len(errors(config)) == 1
    assert errors(edit(config, f"{ETH1}.routes[2]", {"to": "10.66.0.1/32", "scope": "link"})) == []
    assert errors(edit(edit(config, f"{ETH1}.dhcp4", True), f"{ETH1}.dhcp4-overrides.use-routes", False)) == []


def test_a_gateway_of_ipv6_may_be_learnt():
    config = edit(SOUND, f"{ETH1}.routes[2]", {"to": "fd09::/64", "via": "fd00::1"})
    assert errors(config) == []
    assert errors(edit(config, f"{ETH1}.accept-ra", False))[0].endswith(
        "it is in no subnet (got fd00::1). Give a gateway in a subnet of the interface, or on-link: true."
    )


def test_link_local_addresses_may_be_the_same():
    config = {"ethernets": {"eth1": {"addresses": ["fe80::1/64"]}, "eth2": {"addresses": ["fe80::1/64"]}}}
    assert warnings(config) == []


def test_an_address_that_another_file_gives_to_the_same_nic():
    """netplan writes it once; with another prefix length it is a second one."""
    config = {"ethernets": {"id0": {"addresses": ["172.30.0.21/24"]}}}
    assert errors(config) == []
    assert errors(edit(config, "ethernets.id0.addresses[0]", "172.30.0.21/16"), allow_management_nic=True) == [
        f"config.ethernets.id0.addresses[0]: 172.30.0.21 is there already: {THEIRS}.addresses[0]. Give each "
        "address once."
    ]


def test_a_file_that_sorts_behind_ours():
    later = {"network": {"ethernets": {"eth5": {"addresses": ["10.1.0.2/24"]}}}}
    found = errors(SOUND, existing={CONFIG: EKS_ANYWHERE, "/etc/netplan/zzz.yaml": later})
    assert found == [
        f"config.{ETH1}.addresses[0]: 10.1.0.2 is there already: existing[/etc/netplan/zzz.yaml].ethernets.eth5."
        "addresses[0]. Give each address once."
    ]


def test_one_subnet_on_two_interfaces():
    doubt = "its subnet is on another interface too: "
    assert warnings(edit(SOUND, f"{ETH1}.addresses[1]", "172.30.0.99/25")) == [
        f"config.{ETH1}.addresses[1]: {doubt}{THEIRS}.addresses[0]. Give each interface a subnet of its own, unless "
        "that is meant."
    ]
    assert warnings(edit(SOUND, f"{ETH1}.addresses[1]", "10.1.0.99/24")) == []
    assert warnings(edit(SOUND, "vlans.vlan100.addresses[1]", "10.1.0.9/24"))[0].startswith(
        f"config.vlans.vlan100.addresses[1]: {doubt}config.{ETH1}.addresses[0]."
    )


SECOND = "the main table has a default route of IPv4 already: "


@pytest.mark.parametrize("change", [{"table": 254}, {"metric": 500, "table": 254}, {"to": "0.0.0.0/0", "table": 254}])
def test_one_default_route(change):
    route = {"to": "default", "via": "10.1.0.1"} | change
    assert errors({"ethernets": {"eth1": {"addresses": ["10.1.0.2/24"], "routes": [route]}}}) == [
        f"config.{ROUTE}: {SECOND}{THEIRS}.routes[0]. Give one default route, and tables with routing-policy for other "
        "networks."
    ]


def test_one_default_route_in_each_table_and_family():
    config = edit(SOUND, f"{ETH1}.addresses[1]", "fd00::2/64")
    assert errors(edit(config, f"{ETH1}.routes[2]", {"to": "::/0", "via": "fd00::1", "table": 1000})) == []
    other = {"to": "default", "via": "10.2.0.1", "table": 1000}
    assert errors(edit(config, "vlans.vlan100.routes", [other])) == [
        f"config.vlans.vlan100.routes[0]: table 1000 has a default route of IPv4 already: config.{ROUTE}. Give one "
        "default route, and tables with routing-policy for other networks."
    ]
    assert errors(edit(config, "vlans.vlan100.routes", [other | {"table": 1001}])) == []


def test_a_default_route_that_throws_away_is_none():
    config = {"ethernets": {"eth1": {"routes": [{"to": "0.0.0.0/0", "type": "unreachable"}]}}}
    assert errors(config) == []


def test_saying_the_default_route_of_another_file_again():
    existing = {CONFIG: EKS_ANYWHERE, OURS: "network: {ethernets: {id0: {routes: [{to: default, via: 172.30.0.1}]}}}"}
    config = {"ethernets": {"id0": {"routes": [{"to": "default", "via": "172.30.0.1"}]}}}
    assert errors(config, existing=existing, allow_management_nic=True) == []


@pytest.mark.parametrize("key", ["dhcp4", "dhcp6"])
def test_dhcp_brings_a_default_route(key):
    existing = {CONFIG: {"network": {"ethernets": {"id0": {key: True}}}}}
    config = {"ethernets": {"eth1": {key: True}}}
    (error,) = errors(config, existing=existing)
    assert error.startswith(
        f"config.{ETH1}.{key}: DHCP brings a second default route of IPv{key[-1]} into the main table"
    )
    assert error.endswith(f"existing[{CONFIG}].ethernets.id0.{key}. Set {key}-overrides.use-routes: false.")
    assert errors(edit(config, f"{ETH1}.{key}-overrides.use-routes", False), existing=existing) == []
    assert errors(config, existing={}) == []


def test_rules_and_tables_that_miss_each_other():
    assert warnings(edit(SOUND, f"{RULE}.table", 1001)) == [
        f"config.{ROUTE}.table: no rule asks this table (got 1000). Give a rule of routing-policy with this table.",
        f"config.{ETH1}.routes[1].table: no rule asks this table (got 1000). Give a rule of routing-policy with this "
        "table.",
        f"config.{RULE}.table: no route is in this table (got 1001). Give routes with this table.",
    ]
    assert (
        warnings(edit(SOUND, f"{ETH1}.routing-policy[1]", {"to": "10.9.0.0/16", "table": 254, "priority": 999})) == []
    )
