# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of netplan: every one that is known, and a wrong value of each."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import OTHERS, read_config
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import SOUND, edit

COMMON = {
    "renderer": ("networkd", "x"),
    **dict.fromkeys(
        ("dhcp4", "dhcp6", "ipv6-privacy", "ignore-carrier", "critical", "accept-ra", "optional", "neigh-suppress"),
        (True, "maybe"),
    ),
    "ipv6-mtu": (1280, 1279),
    "link-local": (["ipv4"], ["ipv5"]),
    "dhcp-identifier": ("mac", "x"),
    "dhcp4-overrides": ({"use-domains": "route", "route-metric": 0}, {"use-dsn": True}),
    "dhcp6-overrides": ({"hostname": "a", "use-mtu": "no"}, {"route-metric": -1}),
    "addresses": (["10.0.0.1/24"], ["10.0.0.1"]),
    "ipv6-address-generation": ("eui64", "x"),
    "ipv6-address-token": ("::2", "x"),
    "nameservers": ({"addresses": ["8.8.8.8"], "search": ["lab"]}, {"search": ["a b"]}),
    "macaddress": ("52:54:00:12:34:56", "x"),
    "mtu": ("9000", 67),
    "optional-addresses": (["dhcp4"], ["x"]),
    "activation-mode": (False, "auto"),
    "routes": ([{"to": "10.0.0.0/8", "scope": "link"}], [{}]),
    "routing-policy": ([{"from": "10.0.0.0/8", "table": 1, "priority": 1}], [{}]),
}
ETHERNET = {
    "match": ({"name": "en*", "driver": ["a", "b*"]}, {"mac": "x"}),
    "set-name": ("eth1", "a b"),
    **dict.fromkeys(("wakeonlan", "emit-lldp", "large-receive-offload", "tcp6-segmentation-offload"), ("on", 1)),
    "link": ("eth1", "a*"),
    "virtual-function-count": (256, 257),
    "embedded-switch-mode": ("switchdev", "x"),
    "delay-virtual-functions-rebind": (True, 1),
    "infiniband-mode": ("datagram", "x"),
}
BOND = {
    "mode": ("802.3ad", "4"),
    "lacp-rate": ("fast", "x"),
    "mii-monitor-interval": ("1s", "1m"),
    "min-links": (1, -1),
    "transmit-hash-policy": ("layer3+4", "layer4"),
    "ad-select": ("count", "x"),
    "all-slaves-active": (True, 1),
    "arp-interval": (100, "x"),
    "arp-ip-targets": (["10.0.0.1"], ["fd00::1"]),
    "arp-validate": ("all", "x"),
    "arp-all-targets": ("any", "x"),
    "up-delay": ("1s", -1),
    "down-delay": (100, "x"),
    "fail-over-mac-policy": ("follow", "x"),
    "gratuitous-arp": (255, 256),
    "packets-per-slave": (65535, 65536),
    "primary-reselect-policy": ("better", "x"),
    "resend-igmp": (255, 256),
    "learn-packet-interval": ("1s", 0),
    "primary": ("eth2", ""),
}
BRIDGE = {
    "ageing-time": (300, "x"),
    "priority": (65535, 65536),
    "port-priority": ({"eth4": 63}, {"eth4": 64}),
    "forward-delay": (2, 1),
    "hello-time": (10, 11),
    "max-age": (6, 5),
    "path-cost": ({"eth4": 1}, {"eth4": 0}),
    "stp": ("no", 2),
}
ROUTE = {
    "to": ("default", "10.0.0.1/24"),
    "via": ("10.0.0.1", "10.0.0.1/24"),
    "from": ("10.0.0.1", "x"),
    "on-link": (True, "x"),
    "metric": (2**31 - 1, 2**31),
    "type": ("blackhole", "nat"),
    "scope": ("host", "site"),
    "table": ("1", 0),
    "mtu": (1400, 10),
    "congestion-window": (1, 0),
    "advertised-receive-window": (1, 0),
}
RULE = {
    "from": ("10.0.0.0/8", "10.0.0.1/8"),
    "to": ("10.0.0.1", "x"),
    "table": (1, 0),
    "priority": (0, -1),
    "mark": (1, 0),
    "type-of-service": (255, 256),
}
TABLES = {
    "ethernets.eth1": COMMON | ETHERNET,
    "bonds.bond0": COMMON | {"interfaces": (["eth1"], ["a*"])},
    "bridges.br0": COMMON | {"interfaces": ([], [""])},
    "vlans.vlan100": COMMON | {"id": ("4094", 4095), "link": ("eth1", "a b")},
    "bonds.bond0.parameters": BOND,
    "bridges.br0.parameters": BRIDGE,
    "ethernets.eth1.routes[0]": ROUTE,
    "ethernets.eth1.routing-policy[0]": RULE,
}
CASES = [(f"{place}.{key}", right, wrong) for place, table in TABLES.items() for key, (right, wrong) in table.items()]


def errors(config):
    report = Report()
    read_config(config, "config", report)
    return [str(problem) for problem in report.errors]


def test_a_sound_configuration():
    assert errors(SOUND) == []


@pytest.mark.parametrize(("path", "right", "wrong"), CASES, ids=[case[0] for case in CASES])
def test_keys(path, right, wrong):
    assert errors(edit(SOUND, path, right)) == []
    assert [error.startswith(f"config.{path}") for error in errors(edit(SOUND, path, wrong))][:1] == [True]


@pytest.mark.parametrize("place", ["ethernets.eth1", "bonds.bond0", "bridges.br0", "vlans.vlan100"])
@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("gateway4", "Use routes with to: default."),
        ("gateway6", "Use routes with to: default."),
        ("openvswitch", "Put the device into another file of netplan."),
        ("networkmanager", "Put the device into another file of netplan."),
    ],
)
def test_keys_that_are_refused(place, key, hint):
    (error,) = errors(edit(SOUND, f"{place}.{key}", "10.0.0.1"))
    assert error.startswith(f"config.{place}.{key}: ")
    assert error.endswith(hint)


@pytest.mark.parametrize("path", ["ethernets.eth1.addres", "bonds.bond0.parameters.mod", "vlans.vlan100.route", "bond"])
def test_the_nearest_key_is_named(path):
    (error,) = errors(edit(SOUND, path, "x"))
    assert error.startswith(f"config.{path}: ")
    assert error.endswith("if that is meant.")


@pytest.mark.parametrize("kind", OTHERS)
def test_kinds_of_other_files(kind):
    (error,) = errors(SOUND | {kind: {}})
    assert error == f"config.{kind}: this collection does not write it. Put it into another file of netplan."


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ([], "config: it must be a mapping (got []). Give what stands under netplan's network:."),
        ({"version": 1}, "config.version: the number is out of range (got 1). Give 2."),
        ({"ethernets": []}, "config.ethernets: it must be a mapping (got []). Give a mapping of names to definitions."),
        (
            {"ethernets": {"eth1": None}},
            "config.ethernets.eth1: it must be a mapping (got null). Give a mapping, {} for an empty one.",
        ),
        (
            {"ethernets": {"renderer": "networkd"}},
            "config.ethernets.renderer: it changes every definition of its kind. Give renderer in each definition.",
        ),
        (
            {"ethernets": {"a/b": {}}},
            "config.ethernets.a/b: it is not the name of a definition (got a/b). Give the name of a definition.",
        ),
        (
            {"ethernets": {1: {}}},
            "config.ethernets.1: it is not the name of a definition (got 1). Give the name of a definition.",
        ),
    ],
)
def test_the_frame(config, error):
    assert errors(config) == [error]


def test_all_errors_at_once():
    wrong = edit(edit(SOUND, "ethernets.eth1.mtu", "x"), "vlans.vlan100.id", 0)
    assert len(errors(edit(wrong, "bonds.bond0.parameters.mode", "x"))) == 3
