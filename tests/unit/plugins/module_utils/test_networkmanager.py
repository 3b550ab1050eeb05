# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyfiles as NetworkManager's own nmcli (1.42, nmcli --offline) writes them for the same settings."""

from __future__ import annotations

import configparser

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import networkmanager
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    SOUND,
    STATIC,
    STATIC_CONNECTION,
    content,
    edit,
    facts,
    mac,
    rendered,
)


def written(config, name, existing=None, **options):
    """The sections of one of our keyfiles."""
    result = rendered(config, "networkmanager", existing, **options)
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str
    parser.read_string(content(result, networkmanager.keyfile(name)))
    return {section: dict(parser.items(section)) for section in parser.sections()}


def nic(settings):
    return written({"ethernets": {"eth1": settings}}, "eth1", {})


def test_files_and_modes():
    result = rendered(SOUND, "networkmanager", node_network=facts())
    modes = {file.path: file.mode for file in result.files}
    keyfiles = {networkmanager.keyfile(name) for devices in SOUND.values() for name in devices}
    links = {networkmanager.link_file(f"eth{number}") for number in range(1, 5)}
    assert modes == dict.fromkeys(keyfiles, "0600") | dict.fromkeys(links | {networkmanager.UNMANAGED}, "0644")


def test_what_networkmanager_is_told():
    text = content(rendered({}, "networkmanager"), networkmanager.UNMANAGED)
    assert text.endswith("[keyfile]\nunmanaged-devices+=interface-name:cilium_*;interface-name:lxc*\n")


def test_a_nic_by_its_permanent_address_and_a_name_by_udev():
    result = rendered({"ethernets": {"eth1": {"match": {"macaddress": mac(1)}}}}, "networkmanager")
    assert content(result, networkmanager.keyfile("eth1")) == networkmanager.NOTICE + (
        "[connection]\n"
        "id=eks-anywhere-eth1\n"
        "uuid=3f74897c-8f38-53b4-ad1f-78767580441b\n"
        "type=ethernet\n"
        "autoconnect-priority=20\n"
        "\n[ethernet]\n"
        f"mac-address={mac(1)}\n"
        "\n[ipv4]\n"
        "method=disabled\n"
        "\n[ipv6]\n"
        "method=link-local\n"
    )
    assert content(result, networkmanager.link_file("eth1")).endswith(
        f"[Match]\nMACAddress={mac(1)}\nType=ether\n\n[Link]\nName=eth1\n"
    )


def test_ours_wins_over_eks_anywheres():
    priority = configparser.RawConfigParser()
    priority.read_string(STATIC_CONNECTION)
    assert priority.getint("connection", "autoconnect-priority") < networkmanager.PRIORITY
    assert nic({})["connection"]["autoconnect-priority"] == str(networkmanager.PRIORITY)


@pytest.mark.parametrize(
    ("settings", "ipv4", "ipv6"),
    [
        ({}, {"method": "disabled"}, {"method": "link-local"}),
        ({"link-local": []}, {"method": "disabled"}, {"method": "disabled"}),
        ({"link-local": ["ipv4"]}, {"method": "link-local"}, {"method": "disabled"}),
        ({"dhcp4": True}, {"method": "auto"}, {"method": "link-local"}),
        ({"dhcp6": True}, {"method": "disabled"}, {"method": "auto"}),
        ({"accept-ra": True}, {"method": "disabled"}, {"method": "auto"}),
        (
            {
                "addresses": ["10.0.0.2/24", "10.0.0.3/24", "fd00::2/64"],
                "nameservers": {"addresses": ["10.0.0.1", "fd00::1"], "search": ["lab", "b"]},
            },
            {
                "method": "manual",
                "address1": "10.0.0.2/24",
                "address2": "10.0.0.3/24",
                "dns": "10.0.0.1;",
                "dns-search": "lab;b;",
            },
            {"method": "manual", "address1": "fd00::2/64", "dns": "fd00::1;", "dns-search": "lab;b;"},
        ),
        (
            {
                "dhcp4": True,
                "dhcp-identifier": "mac",
                "dhcp4-overrides": {
                    "use-routes": False,
                    "use-dns": False,
                    "route-metric": 7,
                    "hostname": "a",
                    "send-hostname": False,
                },
            },
            {
                "method": "auto",
                "ignore-auto-dns": "true",
                "ignore-auto-routes": "true",
                "never-default": "true",
                "route-metric": "7",
                "dhcp-hostname": "a",
                "dhcp-send-hostname": "false",
                "dhcp-client-id": "mac",
            },
            {"method": "link-local"},
        ),
        (
            {"accept-ra": True, "ipv6-address-token": "::2", "ipv6-privacy": True},
            {"method": "disabled"},
            {"method": "auto", "token": "::2", "addr-gen-mode": "eui64", "ip6-privacy": "2"},
        ),
        (
            {"accept-ra": True, "ipv6-address-generation": "stable-privacy"},
            {"method": "disabled"},
            {"method": "auto", "addr-gen-mode": "stable-privacy"},
        ),
        (
            {
                "addresses": ["10.0.0.2/24"],
                "routes": [
                    {"to": "default", "via": "10.0.0.1", "table": 1000, "metric": 5, "on-link": True, "mtu": 1400},
                    {"to": "10.0.0.0/24", "scope": "link", "table": 1000, "from": "10.0.0.2"},
                    {"to": "10.9.0.0/16", "type": "blackhole", "metric": 9},
                    {"to": "10.8.0.1", "via": "10.0.0.1", "congestion-window": 20, "advertised-receive-window": 30},
                ],
                "routing-policy": [
                    {"from": "10.0.0.2", "table": 1000, "priority": 1000, "mark": 16, "type-of-service": 8},
                    {"to": "10.9.0.0/16", "table": 1000, "priority": 1001},
                ],
            },
            {
                "method": "manual",
                "address1": "10.0.0.2/24",
                "route1": "0.0.0.0/0,10.0.0.1,5",
                "route1_options": "mtu=1400,onlink=true,table=1000",
                "route2": "10.0.0.0/24",
                "route2_options": "scope=253,src=10.0.0.2,table=1000",
                "route3": "10.9.0.0/16,0.0.0.0,9",
                "route3_options": "type=blackhole",
                "route4": "10.8.0.1/32,10.0.0.1",
                "route4_options": "initcwnd=20,initrwnd=30",
                "routing-rule1": "priority 1000 from 10.0.0.2 tos 0x08 fwmark 0x10 table 1000",
                "routing-rule2": "priority 1001 to 10.9.0.0/16 table 1000",
            },
            {"method": "link-local"},
        ),
        (
            {
                "addresses": ["fd00::2/64"],
                "routes": [{"to": "default", "via": "fd00::1", "table": 9}],
                "routing-policy": [{"from": "fd00::2/128", "table": 9, "priority": 999}],
            },
            {"method": "disabled"},
            {
                "method": "manual",
                "address1": "fd00::2/64",
                "route1": "::/0,fd00::1",
                "route1_options": "table=9",
                "routing-rule1": "priority 999 from fd00::2 table 9",
            },
        ),
    ],
)
def test_families(settings, ipv4, ipv6):
    found = nic(settings)
    assert (found["ipv4"], found["ipv6"]) == (ipv4, ipv6)


@pytest.mark.parametrize(
    ("settings", "section", "values"),
    [
        (
            {"mtu": 9000, "macaddress": mac(7), "wakeonlan": True},
            "ethernet",
            {"mtu": "9000", "cloned-mac-address": mac(7), "wake-on-lan": "64"},
        ),
        (
            {"large-receive-offload": False, "tcp6-segmentation-offload": True},
            "ethtool",
            {"feature-lro": "false", "feature-tx-tcp6-segmentation": "true"},
        ),
        ({"virtual-function-count": 4}, "sriov", {"total-vfs": "4"}),
        ({"match": {"driver": "e1000"}}, "match", {"driver": "e1000;"}),
        ({"match": {"driver": ["a", "b*"]}}, "match", {"driver": "a;b*;"}),
        ({"match": {"name": "en*"}}, "match", {"interface-name": "en*;"}),
    ],
)
def test_nics(settings, section, values):
    assert nic(settings)[section] == values


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        ({}, {"interface-name": "eth1"}),
        ({"match": {"name": "ens1"}}, {"interface-name": "ens1"}),
        ({"match": {"name": "en*"}}, {"multi-connect": "3"}),
        ({"activation-mode": "manual"}, {"interface-name": "eth1", "autoconnect": "false"}),
    ],
)
def test_how_a_nic_is_found(settings, values):
    found = nic(settings)["connection"]
    assert {key: found[key] for key in found if key not in ("id", "uuid", "type", "autoconnect-priority")} == values


def test_a_bond():
    parameters = {
        "mode": "active-backup",
        "primary": "eth2",
        "arp-interval": "1s",
        "arp-ip-targets": ["10.0.0.1", "10.0.0.2"],
        "all-slaves-active": True,
        "gratuitous-arp": 3,
        "fail-over-mac-policy": "active",
        "learn-packet-interval": "2s",
    }
    config = edit(SOUND, "bonds.bond0.parameters", parameters)
    assert written(edit(config, "ethernets.eth2", {"match": {"name": "ens2"}}), "bond0")["bond"] == {
        "mode": "active-backup",
        "primary": "ens2",
        "arp_interval": "1000",
        "arp_ip_target": "10.0.0.1,10.0.0.2",
        "all_slaves_active": "1",
        "num_grat_arp": "3",
        "fail_over_mac": "active",
        "lp_interval": "2",
    }
    port = written(SOUND, "eth2")
    assert (port["connection"]["master"], port["connection"]["slave-type"]) == ("bond0", "bond")
    assert "ipv4" not in port
    assert written(edit(SOUND, "bonds.bond0.parameters", {}), "bond0")["bond"] == {"mode": "balance-rr"}


def test_a_bridge():
    parameters = {
        "stp": True,
        "forward-delay": 4,
        "hello-time": "3s",
        "priority": 9,
        "path-cost": {"eth4": 5},
        "port-priority": {"eth4": 3},
    }
    config = edit(SOUND, "bridges.br0.parameters", parameters)
    assert written(config, "br0")["bridge"] == {"stp": "true", "forward-delay": "4", "hello-time": "3", "priority": "9"}
    port = written(config, "eth4")
    assert port["bridge-port"] == {"path-cost": "5", "priority": "3"}
    assert (port["connection"]["master"], port["connection"]["slave-type"]) == ("br0", "bridge")


def test_a_vlan_names_what_it_sits_on():
    bond = written(SOUND, "bond0")["connection"]["uuid"]
    assert written(SOUND, "vlan100")["vlan"] == {"id": "100", "parent": bond}
    config = {"vlans": {"v": {"id": 1, "link": "static-connection"}}}
    assert written(config, "v", node_network=facts())["vlan"]["parent"] == "eth0"
    named = STATIC_CONNECTION.replace("type=ethernet", "type=ethernet\ninterface-name=eno1")
    assert written(config, "v", {STATIC: named})["vlan"]["parent"] == "eno1"
    known = named.replace("type=", "uuid=5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03\ntype=")
    assert written(config, "v", {STATIC: known})["vlan"]["parent"] == "5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03"
