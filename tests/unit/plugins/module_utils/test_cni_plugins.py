# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of every plugin is known, and a misspelt one is answered with it."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import (
    MAIN,
    META,
    PLUGINS,
    VERSIONS,
    number,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import BOND, HOST_LOCAL, chain, errors

FULL = {
    "ipvlan": {"master": "eth1", "mode": "l3s", "mtu": 1500, "linkInContainer": False},
    "macvlan": {
        "master": "eth1",
        "mode": "vepa",
        "mtu": 9000,
        "mac": "02:00:00:00:00:01",
        "bcqueuelen": 100,
        "linkInContainer": True,
    },
    "bridge": {
        "bridge": "br1",
        "isGateway": True,
        "isDefaultGateway": False,
        "forceAddress": False,
        "ipMasq": True,
        "ipMasqBackend": "nftables",
        "mtu": 0,
        "hairpinMode": False,
        "promiscMode": True,
        "vlan": 0,
        "vlanTrunk": [{"id": 4094}, {"minID": 1, "maxID": 1}],
        "preserveDefaultVlan": True,
        "macspoofchk": True,
        "portIsolation": True,
        "disableContainerInterface": False,
        "enabledad": True,
    },
    "host-device": {
        "device": "eth2",
        "hwaddr": "02-00-00-00-00-01",
        "kernelpath": "/sys/devices/x",
        "pciBusID": "0000:00:1f.6",
        "deviceID": "0000:00:1f.6",
    },
    "vlan": {"master": "eth1", "vlanId": 4094, "mtu": 1400, "linkInContainer": False},
    "ptp": {"mtu": 1500, "ipMasq": True, "ipMasqBackend": "iptables"},
    "dummy": {},
    "tap": {
        "mac": "02:00:00:00:00:01",
        "mtu": 1500,
        "selinuxContext": "system_u:system_r:container_t:s0",
        "multiQueue": True,
        "owner": 0,
        "group": 0,
        "bridge": "br1",
    },
    "bond": {
        **{key: BOND[key] for key in ("mode", "miimon", "linksInContainer", "links")},
        "ifname": "bond0",
        "failOverMac": 2,
        "mtu": 68,
        "allSlavesActive": 1,
        "tlbDynamicLb": 0,
    },
    "sriov": {
        "deviceID": "0000:03:02.0",
        "vlan": 4094,
        "vlanQoS": 7,
        "vlanProto": "802.1ad",
        "vlan_trunk": "2,4-10",
        "mac": "02:00:00:00:00:01",
        "spoofchk": "off",
        "trust": "on",
        "link_state": "auto",
        "min_tx_rate": 100,
        "max_tx_rate": 1000,
        "logLevel": "debug",
        "logFile": "/var/log/sriov.log",
    },
    "tuning": {
        "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"},
        "mac": "02:00:00:00:00:01",
        "promisc": True,
        "mtu": 1500,
        "txQLen": 1000,
        "allmulti": True,
        "dataDir": "/run/cni/tuning",
    },
    "sbr": {"table": 100},
    "vrf": {"vrfname": "blue", "table": 10},
    "bandwidth": {
        "ingressRate": 10**10,
        "ingressBurst": 10**10,
        "egressRate": 0,
        "egressBurst": 0,
        "unshapedSubnets": ["10.0.0.0/8"],
        "shapedSubnets": [],
    },
    "portmap": {
        "backend": "nftables",
        "snat": True,
        "masqAll": False,
        "markMasqBit": 31,
        "externalSetMarkChain": None,
        "conditionsV4": ["-d", "1.2.3.4"],
        "conditionsV6": [],
    },
    "firewall": {
        "backend": "firewalld",
        "iptablesAdminChainName": "CNI-ADMIN",
        "firewalldZone": "trusted",
        "ingressPolicy": "same-bridge",
    },
}
"""Every field of every plugin, with a right value, at a limit where there is one."""

COMMON = {"capabilities": {"ips": True}, "dns": {"nameservers": ["10.0.0.10"]}, "args": {"cni": {}}}


def config(kind, **more):
    if kind in META:
        return chain("bridge", {"type": kind, **FULL[kind], **COMMON, **more})
    ipam = {} if kind == "bond" else {"ipam": HOST_LOCAL}
    return {"cniVersion": "0.4.0", "name": "a_B-c.9", "type": kind, **FULL[kind], **ipam, **COMMON, **more}


def path(kind):
    return "config.plugins[1]" if kind in META else "config"


@pytest.mark.parametrize("kind", sorted(PLUGINS))
def test_every_field_is_known(kind):
    assert FULL[kind].keys() == PLUGINS[kind].fields.keys()
    assert errors(config(kind)) == []


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FULL.items() for name in fields])
def test_every_field_misspelt_is_named(kind, name):
    wrong = f"{name}x"
    assert errors(config(kind, **{wrong: "1"})) == [
        f"{path(kind)}.{wrong}: {kind} has no such field (got 1). Use {name}, if that is meant."
    ]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FULL.items() for name in fields])
def test_every_field_has_a_kind(kind, name):
    wrong = 7 if isinstance(FULL[kind][name], (str, list, dict)) or name == "externalSetMarkChain" else "7"
    found = errors(config(kind, **{name: wrong}))
    assert [message.partition(" (got")[0].rpartition(" must")[0] for message in found] == [f"{path(kind)}.{name}: it"]


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        ("ipvlan", "mode", "L3", "there is no such value (got L3). Use l3, if that is meant."),
        ("macvlan", "mode", "l2", "there is no such value (got l2). Use one of: bridge, passthru, private, vepa."),
        ("macvlan", "mtu", -1, "the number is out of range (got -1). Give a number from 0 to 65535."),
        ("macvlan", "mac", "02:00", "it is not a MAC address (got 02:00). Give a MAC address."),
        (
            "ipvlan",
            "master",
            "a-name-of-16-chr",
            "it is not the name of an interface (1 to 15 characters) (got a-name-of-16-chr). Give the name of an "
            "interface (1 to 15 characters).",
        ),
        ("bridge", "vlan", 4095, "the number is out of range (got 4095). Give a number from 0 to 4094."),
        ("vlan", "vlanId", 4095, "the number is out of range (got 4095). Give a number from 0 to 4094."),
        ("vlan", "master", None, "vlan needs it. Give the name of an interface (1 to 15 characters)."),
        ("sriov", "vlanQoS", 8, "the number is out of range (got 8). Give a number from 0 to 7."),
        ("sriov", "spoofchk", "yes", "there is no such value (got yes). Use one of: off, on."),
        (
            "bond",
            "mode",
            "1",
            "there is no such value (got 1). Use one of: 802.3ad, active-backup, balance-alb, balance-rr, "
            "balance-tlb, balance-xor, broadcast.",
        ),
        (
            "bond",
            "miimon",
            "fast",
            "it is not a quoted number of milliseconds (got fast). Give a quoted number of milliseconds.",
        ),
        ("bond", "failOverMac", 3, "the number is out of range (got 3). Give a number from 0 to 2."),
        ("vrf", "vrfname", None, "vrf needs it. Give the name of an interface (1 to 15 characters)."),
        (
            "bandwidth",
            "egressBurst",
            8 * (2**32 - 1),
            "the number is out of range (got 34359738360). Give a number from 0 to 34359738359.",
        ),
        ("portmap", "markMasqBit", 32, "the number is out of range (got 32). Give a number from 0 to 31."),
        (
            "firewall",
            "ingressPolicy",
            "closed",
            "there is no such value (got closed). Use one of: isolated, open, same-bridge.",
        ),
    ],
)
def test_choices_limits_and_what_is_needed(kind, name, value, message):
    given = config(kind, **{name: value})
    if name == "egressBurst":
        given["plugins"][1]["egressRate"] = 1
    assert errors(given) == [f"{path(kind)}.{name}: {message}"]


def test_versions_are_in_order():
    assert [number(version) for version in VERSIONS] == list(range(7))
    assert MAIN.keys().isdisjoint(META)
