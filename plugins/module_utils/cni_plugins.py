# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CNI plugins that a network may use: their fields, and what each wants of its place in a network.

Fields are those of containernetworking/plugins 1.9, bond-cni and sriov-cni 2.10; a newer field than the nodes' binary
knows is ignored there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    ANY,
    FLAG,
    FLAGS,
    MAC,
    MAP,
    NUMBER,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    Field,
)

VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
"""Versions of the CNI specification, oldest first. A configuration without one means the first."""

CAPABILITIES = (
    "aliases", "bandwidth", "cgroupPath", "CNIDeviceInfoFile", "deviceID", "dns", "infinibandGUID", "ipRanges", "ips",
    "mac", "portMappings",
)  # fmt: skip

INTERFACE = re.compile(r"[^\s/:]{1,15}")
VLAN_MAX = 4094
MTU_MAX = 65535

_INTERFACE = Field(TEXT, pattern=INTERFACE, meaning="the name of an interface (1 to 15 characters)")
_MAC = Field(TEXT, pattern=MAC, meaning="a MAC address")
_MTU = Field(NUMBER, low=0, high=MTU_MAX)
_VLAN = Field(NUMBER, low=0, high=VLAN_MAX)
_COUNT = Field(NUMBER, low=0)
_TEXT, _FLAG, _TEXTS = Field(TEXT), Field(FLAG), Field(TEXTS)
_ON_OFF = Field(TEXT, choices=("on", "off"))
_MASQUERADE = Field(TEXT, choices=("iptables", "nftables"))

DNS = {"nameservers": _TEXTS, "domain": _TEXT, "search": _TEXTS, "options": _TEXTS}
NETWORK = {"cniVersion": _TEXT, "name": _TEXT}
ENTRY = {
    "type": Field(TEXT, required=True, meaning="the name of a CNI plugin"),
    "capabilities": Field(FLAGS),
    "dns": Field(OBJECT, fields=DNS, meaning="dns"),
    "args": Field(ANY),
}
"""Fields of every plugin; those of NETWORK stand beside them in a single plugin, and at the top of a list."""

LIST = {**NETWORK, "plugins": Field(OBJECTS), "disableCheck": _FLAG, "disableGC": _FLAG, "cniVersions": _TEXTS}
"""Fields of a list. Those of its plugins are checked with the plugin's own table."""


@dataclass(frozen=True)
class Plugin:
    """A plugin. ``ipam`` is required, optional or none; ``chained`` ones need another before them in a list.

    ``parent`` is the field with the interface or bridge below; ``since`` the oldest cniVersion it speaks.
    """

    fields: dict[str, Field]
    ipam: str = "none"
    chained: bool = False
    parent: str = ""
    since: str = VERSIONS[0]


MAIN = {
    "ipvlan": Plugin(
        {
            "master": _INTERFACE,
            "mode": Field(TEXT, choices=("l2", "l3", "l3s")),
            "mtu": _MTU,
            "linkInContainer": _FLAG,
        },
        ipam="required",
        parent="master",
    ),
    "macvlan": Plugin(
        {
            "master": _INTERFACE,
            "mode": Field(TEXT, choices=("bridge", "private", "vepa", "passthru")),
            "mtu": _MTU,
            "mac": _MAC,
            "bcqueuelen": _COUNT,
            "linkInContainer": _FLAG,
        },
        ipam="optional",
        parent="master",
    ),
    "bridge": Plugin(
        {
            "bridge": _INTERFACE,
            "isGateway": _FLAG,
            "isDefaultGateway": _FLAG,
            "forceAddress": _FLAG,
            "ipMasq": _FLAG,
            "ipMasqBackend": _MASQUERADE,
            "mtu": _MTU,
            "hairpinMode": _FLAG,
            "promiscMode": _FLAG,
            "vlan": _VLAN,
            "vlanTrunk": Field(
                OBJECTS,
                meaning="an entry of vlanTrunk",
                fields={name: Field(NUMBER, low=1, high=VLAN_MAX) for name in ("id", "minID", "maxID")},
            ),
            "preserveDefaultVlan": _FLAG,
            "macspoofchk": _FLAG,
            "portIsolation": _FLAG,
            "disableContainerInterface": _FLAG,
            "enabledad": _FLAG,
        },
        ipam="optional",
        parent="bridge",
    ),
    "host-device": Plugin(
        {
            "device": _INTERFACE,
            "hwaddr": _MAC,
            "kernelpath": _TEXT,
            "pciBusID": _TEXT,
            "deviceID": _TEXT,
        },
        ipam="optional",
        parent="device",
    ),
    "vlan": Plugin(
        {
            "master": Field(TEXT, required=True, pattern=INTERFACE, meaning=_INTERFACE.meaning),
            "vlanId": _VLAN,
            "mtu": _MTU,
            "linkInContainer": _FLAG,
        },
        ipam="required",
        parent="master",
    ),
    "ptp": Plugin({"mtu": _MTU, "ipMasq": _FLAG, "ipMasqBackend": _MASQUERADE}, ipam="required"),
    "dummy": Plugin({}, ipam="required"),
    "tap": Plugin(
        {
            "mac": _MAC,
            "mtu": _MTU,
            "selinuxContext": _TEXT,
            "multiQueue": _FLAG,
            "owner": _COUNT,
            "group": _COUNT,
            "bridge": _INTERFACE,
        },
        ipam="optional",
    ),
    "bond": Plugin(
        {
            "ifname": _INTERFACE,
            "mode": Field(
                TEXT,
                required=True,
                meaning="the name of a mode, not its number",
                choices=(
                    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
                ),
            ),
            "failOverMac": Field(NUMBER, low=0, high=2),
            "miimon": Field(TEXT, required=True, pattern=re.compile(r"\d+"), meaning="a quoted number of milliseconds"),
            "linksInContainer": _FLAG,
            "links": Field(
                OBJECTS,
                required=True,
                meaning="an entry of links",
                fields={"name": Field(TEXT, required=True, pattern=INTERFACE, meaning=_INTERFACE.meaning)},
            ),
            "mtu": _MTU,
            "allSlavesActive": Field(NUMBER, low=0, high=1),
            "tlbDynamicLb": Field(NUMBER, low=0, high=1),
        },
        ipam="optional",
    ),
    "sriov": Plugin(
        {
            "deviceID": _TEXT,
            "vlan": _VLAN,
            "vlanQoS": Field(NUMBER, low=0, high=7),
            "vlanProto": Field(TEXT, choices=("802.1q", "802.1ad")),
            "vlan_trunk": _TEXT,
            "mac": _MAC,
            "spoofchk": _ON_OFF,
            "trust": _ON_OFF,
            "link_state": Field(TEXT, choices=("auto", "enable", "disable")),
            "min_tx_rate": _COUNT,
            "max_tx_rate": _COUNT,
            "logLevel": _TEXT,
            "logFile": _TEXT,
        },
        ipam="optional",
    ),
}  # fmt: skip
"""Plugins that make the interface: one of them, first in a list."""

_BURST = Field(NUMBER, low=0, high=8 * (2**32 - 1) - 1)

META = {
    "tuning": Plugin(
        {
            "sysctl": Field(MAP),
            "mac": _MAC,
            "promisc": _FLAG,
            "mtu": _MTU,
            "txQLen": _COUNT,
            "allmulti": _FLAG,
            "dataDir": _TEXT,
        },
        chained=True,
    ),
    "sbr": Plugin({"table": _COUNT}, chained=True),
    "vrf": Plugin(
        {
            "vrfname": Field(TEXT, required=True, pattern=INTERFACE, meaning=_INTERFACE.meaning),
            "table": _COUNT,
        },
        chained=True,
        since="0.3.1",
    ),
    "bandwidth": Plugin(
        {
            **dict.fromkeys(("ingressRate", "egressRate"), _COUNT),
            **dict.fromkeys(("ingressBurst", "egressBurst"), _BURST),
            **dict.fromkeys(("unshapedSubnets", "shapedSubnets"), _TEXTS),
        },
        chained=True,
        since="0.3.0",
    ),
    "portmap": Plugin(
        {
            "backend": _MASQUERADE,
            "snat": _FLAG,
            "masqAll": _FLAG,
            "markMasqBit": Field(NUMBER, low=0, high=31),
            "externalSetMarkChain": _TEXT,
            "conditionsV4": _TEXTS,
            "conditionsV6": _TEXTS,
        },
        chained=True,
    ),
    "firewall": Plugin(
        {
            "backend": Field(TEXT, choices=("iptables", "firewalld")),
            "iptablesAdminChainName": _TEXT,
            "firewalldZone": _TEXT,
            "ingressPolicy": Field(TEXT, choices=("open", "same-bridge", "isolated")),
        },
        chained=True,
        since="0.4.0",
    ),
}
"""Plugins that change what one before them made."""

PLUGINS = {**MAIN, **META}
KERNEL = {"ipvlan": "ipvlan", "macvlan": "macvlan", "vlan": "vlan"}
"""What a plugin needs of the kernel."""


def number(version: str) -> int:
    """Return the place of a known version among VERSIONS."""
    return VERSIONS.index(version)
