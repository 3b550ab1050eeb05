# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds, bridges, VLANs and MTUs: one thing wrong in a sound configuration."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    CONFIG,
    GONE,
    SOUND,
    edit,
    errors,
    facts,
    said,
    warnings,
)

PORTS = "bonds.bond0.interfaces"
PARAMETERS = "bonds.bond0.parameters"


@pytest.mark.parametrize(
    ("path", "value", "where", "message"),
    [
        (f"{PORTS}[0]", "eth9", f"{PORTS}[0]", "there is no definition of that name (got eth9)"),
        (f"{PORTS}[0]", "eth3", f"{PORTS}[1]", "eth3 is there twice"),
        (f"{PORTS}[0]", "eth4", "bridges.br0.interfaces[0]", "eth4 is part of bond0 already"),
        (f"{PORTS}[0]", "eth1", "ethernets.eth1.addresses", "part of bond bond0 keeps its addresses"),
        (
            "ethernets.eth2.routes",
            [{"to": "10.9.0.0/16"}],
            "ethernets.eth2.routes",
            "part of bond bond0 keeps its routes",
        ),
        ("ethernets.eth4.dhcp6", True, "ethernets.eth4.dhcp6", "part of bridge br0 keeps its dhcp6"),
        (
            "bridges.br1",
            {"interfaces": ["br0"]},
            "bridges.br1.interfaces[0]",
            "the kernel takes no bridge into a bridge",
        ),
        (
            f"{PARAMETERS}.lacp-rate",
            "fast",
            f"{PARAMETERS}.lacp-rate",
            "mode active-backup does not have it (got fast)",
        ),
        (f"{PARAMETERS}.ad-select", "count", f"{PARAMETERS}.ad-select", "mode active-backup does not have it"),
        (
            f"{PARAMETERS}.packets-per-slave",
            2,
            f"{PARAMETERS}.packets-per-slave",
            "mode active-backup does not have it",
        ),
        (f"{PARAMETERS}.primary", "eth4", f"{PARAMETERS}.primary", "the bond has no such interface (got eth4)"),
        (f"{PARAMETERS}.arp-validate", "all", f"{PARAMETERS}.arp-validate", "it does nothing without arp-interval"),
        (
            f"{PARAMETERS}.arp-ip-targets",
            ["10.0.0.1"],
            f"{PARAMETERS}.arp-ip-targets",
            "it does nothing without arp-int",
        ),
        ("vlans.vlan100.id", GONE, "vlans.vlan100.id", "a VLAN needs it"),
        ("vlans.vlan100.link", "eth9", "vlans.vlan100.link", "there is no definition of that name (got eth9)"),
        ("vlans.vlan100.link", "vlan100", "vlans.vlan100.link", "it sits on itself"),
        ("vlans.v2", {"id": 100, "link": "bond0"}, "vlans.v2.id", "bond0 has VLAN 100 already: config.vlans.vlan100"),
        ("ethernets.eth5", {"link": "eth9"}, "ethernets.eth5.link", "there is no definition of that name (got eth9)"),
        (
            "bridges.br0.parameters.path-cost",
            {"eth1": 1},
            "bridges.br0.parameters.path-cost.eth1",
            "the bridge has no ",
        ),
        (
            "bridges.br0.parameters.port-priority",
            {"eth1": 1},
            "bridges.br0.parameters.port-priority.eth1",
            "the bridge ",
        ),
        ("vlans.vlan100.mtu", 9001, "vlans.vlan100.mtu", "9001 of vlan100 is above 9000, that of bond0 below it"),
        ("bonds.bond0.mtu", 8999, "vlans.vlan100.mtu", "9000 of vlan100 is above 8999, that of bond0 below it"),
        ("bonds.bond0.mtu", GONE, "vlans.vlan100.mtu", "9000 of vlan100 is above 1500, that of bond0 below it"),
        ("bridges.br0.mtu", 1501, "bridges.br0.mtu", "1501 of br0 is above 1500, that of eth4 below it"),
        (
            "ethernets.eth2.mtu",
            1500,
            "ethernets.eth2.mtu",
            "bond bond0 gives its interfaces its own MTU, 9000 (got 1500)",
        ),
        ("vlans.vlan100.ipv6-mtu", 9001, "vlans.vlan100.ipv6-mtu", "it is above mtu, 9000 (got 9001)"),
    ],
)
def test_rules(path, value, where, message):
    (error,) = errors(edit(SOUND, path, value))
    assert error.startswith(f"config.{where}: {message}")


def test_a_bond_in_a_bond():
    config = {kind: SOUND[kind] for kind in ("ethernets", "bonds")}
    assert errors(edit(config, "bonds.bond1", {"interfaces": ["bond0"], "mtu": 9000})) == [
        "config.bonds.bond1.interfaces[0]: the kernel takes no bond into a bond (got bond0). Give its interfaces."
    ]


def test_a_vlan_on_part_of_a_bond():
    wrong = edit(edit(SOUND, "vlans.vlan100.link", "eth2"), "vlans.vlan100.mtu", GONE)
    assert errors(wrong) == ["config.vlans.vlan100.link: eth2 is part of bond0, and the VLAN gets nothing. Use bond0."]


@pytest.mark.parametrize("mode", ["802.3ad", "balance-tlb", "balance-alb"])
def test_modes_that_cannot_watch_by_arp(mode):
    config = edit(SOUND, PARAMETERS, {"mode": mode, "arp-interval": 100, "arp-ip-targets": ["10.0.0.1"]})
    assert (
        f"config.{PARAMETERS}.arp-interval: mode {mode} cannot watch links by ARP. Use mii-monitor-interval."
        in errors(config)
    )


@pytest.mark.parametrize("key", ["up-delay", "down-delay"])
def test_delays_need_a_watch(key):
    config = edit(SOUND, PARAMETERS, {"mode": "802.3ad", key: 100})
    assert errors(config) == [
        f"config.{PARAMETERS}.{key}: it does nothing without mii-monitor-interval (got 100). Give mii-monitor-interval "
        "too, or remove it."
    ]
    assert errors(edit(config, f"{PARAMETERS}.{key}", 0)) == []


def test_two_ways_of_watching():
    config = edit(edit(SOUND, f"{PARAMETERS}.arp-interval", 100), f"{PARAMETERS}.arp-ip-targets", ["10.0.0.1"])
    assert errors(config) == [f"config.{PARAMETERS}.arp-interval: it excludes mii-monitor-interval. Give one of them."]
    assert errors(edit(config, f"{PARAMETERS}.mii-monitor-interval", 0)) == []


def test_sixteen_targets():
    targets = [f"10.0.0.{number}" for number in range(1, 18)]
    config = edit(SOUND, PARAMETERS, {"mode": "active-backup", "arp-interval": 100, "arp-ip-targets": targets})
    assert errors(config) == [f"config.{PARAMETERS}.arp-ip-targets: the kernel takes 16 (got 17). Give fewer."]
    assert errors(edit(config, f"{PARAMETERS}.arp-ip-targets", targets[:16])) == []


@pytest.mark.parametrize(
    ("mode", "right"),
    [("active-backup", True), ("balance-tlb", True), ("balance-alb", True), ("802.3ad", False), (None, False)],
)
def test_modes_with_a_primary(mode, right):
    parameters = {"primary": "eth2", "mii-monitor-interval": 100} | ({"mode": mode} if mode else {})
    found = errors(edit(SOUND, PARAMETERS, parameters))
    assert (found == []) is right
    assert right or found[0].startswith(f"config.{PARAMETERS}.primary: mode {mode or 'balance-rr'} does not have it")


@pytest.mark.parametrize("value", [GONE, 0, "0ms"])
def test_a_bond_that_nobody_watches(value):
    config = edit(SOUND, f"{PARAMETERS}.mii-monitor-interval", value)
    doubt = f"config.{PARAMETERS}: nobody looks whether a link is there, so one that is lost stays in use. Set "
    assert warnings(config) == [f"{doubt}mii-monitor-interval: 100."]
    assert warnings(config, "networkmanager") == []
    assert warnings(edit(config, PARAMETERS, {"mode": "802.3ad"})) == []


def test_a_bond_of_nothing():
    assert warnings(edit(SOUND, PORTS, [])) == [
        f"config.{PORTS}: a bond without interfaces has no carrier. Give its interfaces."
    ]


def test_circles_of_two():
    found = errors({"vlans": {"a": {"id": 1, "link": "b"}, "b": {"id": 2, "link": "a"}}})
    assert found == [f"config.vlans.{name}.link: it sits on itself. Break the circle." for name in "ab"]


def test_what_another_file_gives_counts_too():
    theirs = {
        "network": {
            "ethernets": {"id1": {"addresses": ["10.9.0.2/24"], "mtu": 1500}, "id2": {}},
            "bridges": {"br9": {"interfaces": ["id2"]}},
        }
    }
    files = {CONFIG: theirs}
    (error,) = errors({"bonds": {"b": {"interfaces": ["id1"]}}}, existing=files, allow_management_nic=True)
    assert error.startswith(f"config.bonds.b.interfaces[0]: id1 keeps its addresses (existing[{CONFIG}].ethernets.id1.")
    (error,) = errors({"bonds": {"b": {"interfaces": ["id2"]}}}, existing=files)
    assert error.startswith("config.bonds.b.interfaces[0]: id2 is part of br9 already")
    (error,) = errors({"vlans": {"v": {"id": 1, "link": "id1", "mtu": 9000}}}, existing=files)
    assert error.startswith("config.vlans.v.mtu: 9000 of v is above 1500, that of id1")
    assert errors({"vlans": {"v": {"id": 1, "link": "id1"}}}, existing=files) == []


def test_lowering_the_mtu_below_a_vlan_of_another_file():
    theirs = {"network": {"ethernets": {"id1": {"mtu": 9000}}, "vlans": {"v": {"id": 1, "link": "id1", "mtu": 9000}}}}
    (error,) = errors({"ethernets": {"id1": {"mtu": 1500}}}, existing={CONFIG: theirs})
    assert error.startswith("config.ethernets.id1.mtu: 9000 of v is above 1500, that of id1 below it.")


def test_the_mtu_of_the_nic_now_counts_where_none_is_given():
    config = {"ethernets": {"eth1": {}}, "vlans": {"v": {"id": 1, "link": "eth1", "mtu": 9000}}}
    known = facts()
    known["interfaces"][1]["mtu"] = 9000
    assert errors(config, node_network=known) == []
    assert errors(config, node_network=facts())[0].startswith("config.vlans.v.mtu: 9000 of v is above 1500")
    inner = edit(config, "vlans.w", {"id": 2, "link": "v", "mtu": 9100})
    assert errors(inner, node_network=known)[0].startswith("config.vlans.w.mtu: 9100 of w is above 9000, that of v")


def test_the_largest_mtu_of_the_nic():
    wrong = {"ethernets": {"eth1": {"mtu": 9217}}}
    assert errors(wrong, node_network=facts()) == [
        "config.ethernets.eth1.mtu: eth1 takes at most 9216 (got 9217). Give what the NIC takes."
    ]
    assert said(wrong, node_network=facts() | {"interfaces": []})[0] == []


def test_ipv6_needs_1280():
    config = {"ethernets": {"eth1": {"mtu": 1279, "addresses": ["10.9.0.1/24"]}}}
    assert errors(config) == []
    assert errors(edit(config, "ethernets.eth1.addresses[1]", "fd00::1/64")) == [
        "config.ethernets.eth1.mtu: IPv6 does not work with it (got 1279). Give at least 1280."
    ]
