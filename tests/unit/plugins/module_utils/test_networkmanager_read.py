# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyfiles that are there: what they say in netplan's words, which count, and what NetworkManager has nothing for."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import networkmanager_read
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import (
    SOUND,
    STATIC,
    STATIC_CONNECTION,
    content,
    edit,
    errors,
    facts,
    mac,
    rendered,
    said,
    warnings,
)

DIRECTORY = "/etc/NetworkManager/system-connections"


def read(*texts):
    report = Report()
    files = {f"{DIRECTORY}/{number}.nmconnection": text for number, text in enumerate(texts)}
    return networkmanager_read.read(files, report), report


def test_eks_anywheres_own():
    found = next(iter(read(STATIC_CONNECTION)[0].values()))
    assert (found.kind, found.id, found.path) == (
        "ethernets",
        "static-connection",
        f"existing[{DIRECTORY}/0.nmconnection]",
    )
    assert found.parts[0].settings == {
        "priority": 10,
        "match": {"macaddress": mac(0)},
        "addresses": ["172.30.0.21/24"],
        "routes": [{"to": "0.0.0.0/0", "via": "172.30.0.1"}],
    }


def test_all_that_rules_ask_for():
    text = """
    [connection]
    id=x
    uuid=u
    type=802-3-ethernet
    interface-name=eth5
    [802-3-ethernet]
    mtu=9000
    cloned-mac-address=52:54:00:12:34:57
    [ipv4]
    method=auto
    never-default=true
    address1=10.0.0.2/24,10.0.0.1
    addresses2=10.0.0.3/24;
    route1=10.9.0.0/16,10.0.0.9,50
    route1_options=table=1000,scope=253
    route2=10.8.0.0/16,0.0.0.0,7
    route2_options=type=blackhole
    routing-rule1=priority 1000 from 10.0.0.2 fwmark 0x10/0xff table 1000
    [ipv6]
    method=manual
    address1=fd00::2/64
    gateway=fd00::1
    route-table=99
    route1=fd09::/64,fd00::1
    """.replace("\n    ", "\n")
    found = next(iter(read(text)[0].values()))
    assert found.parts[0].settings == {
        "uuid": "u",
        "match": {"name": "eth5"},
        "mtu": 9000,
        "macaddress": mac(7),
        "dhcp4": True,
        "dhcp4-overrides": {"use-routes": False},
        "addresses": ["10.0.0.2/24", "10.0.0.3/24", "fd00::2/64"],
        "routes": [
            {"to": "10.9.0.0/16", "via": "10.0.0.9", "metric": 50, "table": 1000, "scope": "link"},
            {"to": "10.8.0.0/16", "metric": 7, "type": "blackhole"},
            {"to": "0.0.0.0/0", "via": "10.0.0.1"},
            {"to": "fd09::/64", "via": "fd00::1", "table": 99},
            {"to": "::/0", "via": "fd00::1"},
        ],
        "routing-policy": [{"priority": 1000, "from": "10.0.0.2", "mark": 16, "table": 1000}],
    }


def test_ports_and_parents():
    bond = "[connection]\nid=b\nuuid=u1\ntype=bond\ninterface-name=bond0\n[bond]\nmode=802.3ad\n"
    by_name = "[connection]\nid=p1\ntype=ethernet\ninterface-name=eth1\nmaster=bond0\nslave-type=bond\n"
    by_uuid = "[connection]\nid=p2\ntype=ethernet\ninterface-name=eth2\ncontroller=u1\nport-type=bond\n"
    vlan = "[connection]\nid=v\ntype=vlan\ninterface-name=v5\n[vlan]\nid=5\nparent=u1\n"
    found = read(bond, by_name, by_uuid, vlan, "[connection]\nid=w\ntype=wifi\n")[0]
    assert sorted(found) == ["b", "p1", "p2", "v"]
    assert (found["b"].name, found["b"].get("interfaces")) == ("bond0", ["p1", "p2"])
    assert (found["v"].name, found["v"].get("id"), found["v"].get("link")) == ("v5", 5, "b")


def test_what_is_no_keyfile_is_ignored_as_by_networkmanager():
    found, report = read("mode=x\n")
    assert found == {}
    assert [problem.path for problem in report.warnings] == [f"existing[{DIRECTORY}/0.nmconnection]"]
    assert report.errors == []


def test_files_that_count():
    assert networkmanager_read.reads(STATIC)
    assert networkmanager_read.reads("/run/NetworkManager/system-connections/a.nmconnection")
    assert not networkmanager_read.reads(f"{DIRECTORY}/a.nmconnection~")
    assert not networkmanager_read.reads("/etc/NetworkManager/conf.d/a.nmconnection")


def test_what_we_write_we_read_again():
    result = rendered(SOUND, "networkmanager", node_network=facts())
    files = {file.path: file.content for file in result.files if networkmanager_read.reads(file.path)}
    report = Report()
    found = networkmanager_read.read(files, report)
    assert report.warnings == []
    assert sorted(found) == sorted(name for devices in SOUND.values() for name in devices)
    assert sorted(found["bond0"].get("interfaces")) == ["eth2", "eth3"]
    assert found["vlan100"].get("link") == "bond0"
    assert [str(address) for _entry, address in found["eth1"].addresses] == ["10.1.0.2/24"]
    assert found["eth1"].get("routes")[0] == {"to": "0.0.0.0/0", "via": "10.1.0.1", "table": 1000}
    assert found["eth1"].get("routing-policy") == SOUND["ethernets"]["eth1"]["routing-policy"]


def test_ours_takes_the_nic():
    same = {"addresses": ["172.30.0.21/24"], "routes": [{"to": "default", "via": "172.30.0.1"}]}
    config = {"ethernets": {"wan": {"match": {"macaddress": mac(0)}, "set-name": "eth0"} | same}}
    options = {"node_network": facts()}
    assert warnings(config, "networkmanager", **options) == [
        f"config.ethernets.wan: it takes the NIC from existing[{STATIC}]. Give everything that the NIC needs here."
    ]
    high = {STATIC: STATIC_CONNECTION.replace("=10", "=20")}
    assert errors(config, "networkmanager", existing=high, **options) == [
        f"config.ethernets.wan: existing[{STATIC}] takes the NIC with autoconnect-priority 20. Lower it below 20, or "
        "remove the file."
    ]


def test_a_name_that_a_connection_has():
    config = {"ethernets": {"static-connection": {"match": {"macaddress": mac(5)}, "set-name": "x"}}}
    (error,) = errors(config, "networkmanager", allow_management_nic=True)
    assert error.startswith("config.ethernets.static-connection: a connection has that name already")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("ethernets.eth1.ipv6-mtu", 1400, ""),
        ("ethernets.eth1.ignore-carrier", True, ""),
        ("bonds.bond0.neigh-suppress", True, ""),
        ("ethernets.eth1.emit-lldp", True, ""),
        ("ethernets.eth1.infiniband-mode", "datagram", ""),
        ("ethernets.eth1.link", "eth4", ""),
        ("ethernets.eth1.embedded-switch-mode", "legacy", ""),
        ("ethernets.eth1.delay-virtual-functions-rebind", True, ""),
        ("ethernets.eth1.optional-addresses", ["dhcp4"], ""),
        ("ethernets.eth1.activation-mode", "off", ""),
        ("ethernets.eth1.dhcp-identifier", "duid", ""),
        ("ethernets.eth1.dhcp4-overrides", {"use-ntp": True}, ".use-ntp"),
        ("ethernets.eth1.routes[2]", {"to": "10.9.0.0/16", "type": "multicast"}, ".type"),
        ("ethernets.eth1.addresses[0]", {"10.1.0.2/24": {"label": "a"}}, ""),
    ],
)
def test_what_networkmanager_has_nothing_for(path, value, where):
    config = edit(SOUND, path, value)
    assert errors(config, "networkmanager") == [
        f"config.{path}{where}: NetworkManager has nothing for it. Remove it, or use backend netplan."
    ]
    assert errors(config) == []


@pytest.mark.parametrize(
    ("path", "value", "where", "version"),
    [
        ("ethernets.eth1.nameservers", {"addresses": ["10.1.0.1", "fd00::1"]}, ".addresses[1]", 6),
        ("ethernets.eth1.routes[2]", {"to": "fd09::/64", "scope": "link"}, "", 6),
        ("ethernets.eth1.routing-policy[1]", {"to": "fd09::/64", "table": 254, "priority": 999}, "", 6),
        ("bridges.br0.nameservers", {"addresses": ["10.1.0.1"]}, ".addresses[0]", 4),
    ],
)
def test_what_needs_an_address(path, value, where, version):
    assert errors(edit(SOUND, path, value), "networkmanager") == [
        f"config.{path}{where}: NetworkManager takes it only where the interface has an IPv{version} address. Give an "
        f"address or dhcp{version}, or take it away."
    ]


def test_what_is_in_files_of_others():
    config = {"bonds": {"bond0": {"interfaces": ["static-connection"]}}}
    found = errors(config, "networkmanager", allow_management_nic=True)
    assert (
        f"config.bonds.bond0.interfaces[0]: its keyfile is not ours, existing[{STATIC}], and says nothing of bond0"
        in str(found)
    )
    config = {"vlans": {"v": {"id": 1, "link": "static-connection"}}}
    assert errors(config, "networkmanager") == [
        "config.vlans.v.link: nothing says what static-connection is called. Give the facts of the node, or define the "
        "NIC here."
    ]
    assert errors(config, "networkmanager", node_network=facts()) == []


def test_a_new_name_needs_the_address():
    named = {"ethernets": {"wan": {"match": {"name": "eth5"}, "set-name": "wan"}}}
    assert errors(named, "networkmanager") == [
        "config.ethernets.wan.set-name: NetworkManager gives no names, and udev only by MAC address. Give "
        "match.macaddress."
    ]
    assert errors(edit(named, "ethernets.wan.set-name", "eth5"), "networkmanager") == []
    assert said(named)[0] == []


def test_files_of_ours_that_are_not_wanted_any_more():
    first = rendered(SOUND, "networkmanager", node_network=facts())
    there = {STATIC: STATIC_CONNECTION} | {file.path: file.content for file in first.files}
    same = rendered(SOUND, "networkmanager", there, node_network=facts())
    assert (same.files, same.removed_files, same.removed_devices) == (first.files, (), ())
    less = rendered({"ethernets": {"eth1": SOUND["ethernets"]["eth1"]}}, "networkmanager", there, node_network=facts())
    names = ("bond0", "br0", "eth2", "eth3", "eth4", "vlan100")
    links = tuple(f"/etc/systemd/network/10-eks-anywhere-eth{number}.link" for number in (2, 3, 4))
    assert less.removed_files == tuple(f"{DIRECTORY}/eks-anywhere-{name}.nmconnection" for name in names) + links
    assert less.removed_devices == ("vlan100", "br0", "bond0")
    assert content(less, f"{DIRECTORY}/eks-anywhere-eth1.nmconnection")
