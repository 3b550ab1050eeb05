# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of netplan that are known here: tables of doc/netplan-yaml.md, no newer than netplan 0.106.

Stricter than netplan itself where the kernel, networkd or NetworkManager would refuse later what netplan takes. Limits
are those of netplan 0.106 (src/parse.c, src/validation.c) and of the kernel (drivers/net/bonding/bond_options.c,
net/bridge/br_private.h). Keys that one of the two back ends lacks are judged where it is known which one it is.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import (
    LARGEST,
    Reader,
    address,
    choice,
    domains,
    each,
    flag,
    interface,
    ipv4,
    mac,
    mapping,
    network,
    number,
    refused,
    sequence,
    target,
    text,
    time,
)

KINDS = ("ethernets", "bonds", "bridges", "vlans")
VIRTUAL = ("bonds", "bridges", "vlans")
OTHERS = (
    "dummy-devices", "modems", "nm-devices", "openvswitch", "tunnels", "virtual-ethernets", "vrfs", "wifis",
)  # fmt: skip
"""What netplan has beside, and this collection leaves to other files."""
RENDERERS = ("networkd", "NetworkManager")

MTU = number(68, 65535)
POSITIVE = number(1, LARGEST)
ID = text("the name of a definition", r"[!-)+-.0->@-Z\\^-~]+")
_NAME = text("a name without blanks")
_DEPRECATED = refused("netplan gave it up, and crashes where two files have it", "Use routes with to: default")

_OVERRIDES = mapping(
    {
        **dict.fromkeys(
            ("use-dns", "use-ntp", "send-hostname", "use-hostname", "use-mtu", "use-routes"),
            flag,
        ),
        "hostname": _NAME,
        "route-metric": number(0, LARGEST),
        "use-domains": domains,
    },
    "it",
)
_ROUTE = mapping(
    {
        "to": target,
        "via": address,
        "from": address,
        "on-link": flag,
        "metric": number(0, LARGEST),
        "type": choice("unicast", "anycast", "blackhole", "broadcast", "local", "multicast", "prohibit", "throw",
                       "unreachable"),
        "scope": choice("global", "link", "host"),
        "table": POSITIVE,
        "mtu": MTU,
        "congestion-window": POSITIVE,
        "advertised-receive-window": POSITIVE,
    },
    "a route",
    ("to",),
)  # fmt: skip
_POLICY = mapping(
    {
        "from": network,
        "to": network,
        "table": POSITIVE,
        "priority": number(0, LARGEST),
        "mark": POSITIVE,
        "type-of-service": number(0, 255),
    },
    "a rule",
    ("priority", "table"),
)
_COMMON: dict[str, Reader] = {
    "renderer": choice(*RENDERERS),
    **dict.fromkeys(
        ("dhcp4", "dhcp6", "ipv6-privacy", "ignore-carrier", "critical", "accept-ra", "optional", "neigh-suppress"),
        flag,
    ),
    "ipv6-mtu": number(1280, 65535),
    "link-local": sequence(choice("ipv4", "ipv6")),
    "dhcp-identifier": choice("mac", "duid"),
    "dhcp4-overrides": _OVERRIDES,
    "dhcp6-overrides": _OVERRIDES,
    "addresses": sequence(interface),
    "ipv6-address-generation": choice("eui64", "stable-privacy"),
    "ipv6-address-token": address,
    "nameservers": mapping({"addresses": sequence(address), "search": sequence(_NAME)}, "nameservers"),
    "macaddress": mac,
    "mtu": MTU,
    "optional-addresses": sequence(choice("ipv4-ll", "ipv6-ra", "dhcp4", "dhcp6", "static")),
    "activation-mode": choice("manual", "off"),
    "routes": sequence(_ROUTE),
    "routing-policy": sequence(_POLICY),
    "gateway4": _DEPRECATED,
    "gateway6": _DEPRECATED,
    "openvswitch": refused("this collection does not write it", "Put the device into another file of netplan"),
    "networkmanager": refused("this collection does not write it", "Put the device into another file of netplan"),
}
OFFLOADS = {
    "receive-checksum-offload": "rx",
    "transmit-checksum-offload": "tx",
    "tcp-segmentation-offload": "tso",
    "tcp6-segmentation-offload": "tx-tcp6-segmentation",
    "generic-segmentation-offload": "gso",
    "generic-receive-offload": "gro",
    "large-receive-offload": "lro",
}
"""netplan's name -> ethtool's, which is NetworkManager's."""


def _drivers(value: Any, path: str, report: Report) -> Any:
    return sequence(_NAME)(value, path, report) if isinstance(value, list) else _NAME(value, path, report)


_ETHERNET = mapping(
    {
        **_COMMON,
        "match": mapping({"name": _NAME, "macaddress": mac, "driver": _drivers}, "match"),
        "set-name": _NAME,
        **dict.fromkeys(("wakeonlan", "emit-lldp", *OFFLOADS), flag),
        "link": ID,
        "virtual-function-count": number(0, 256),
        "embedded-switch-mode": choice("switchdev", "legacy"),
        "delay-virtual-functions-rebind": flag,
        "infiniband-mode": choice("datagram", "connected"),
        "auth": refused("this collection does not write it", "Put the device into another file of netplan"),
    },
    "an ethernet",
)
_BOND = mapping(
    {
        "mode": choice(
            "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"
        ),
        "lacp-rate": choice("slow", "fast"),
        "mii-monitor-interval": time("ms"),
        "min-links": number(0, LARGEST),
        "transmit-hash-policy": choice("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"),
        "ad-select": choice("stable", "bandwidth", "count"),
        "all-slaves-active": flag,
        "arp-interval": time("ms"),
        "arp-ip-targets": sequence(ipv4),
        "arp-validate": choice("none", "active", "backup", "all"),
        "arp-all-targets": choice("any", "all"),
        "up-delay": time("ms"),
        "down-delay": time("ms"),
        "fail-over-mac-policy": choice("none", "active", "follow"),
        "gratuitous-arp": number(1, 255),
        "packets-per-slave": number(0, 65535),
        "primary-reselect-policy": choice("always", "better", "failure"),
        "resend-igmp": number(0, 255),
        "learn-packet-interval": time("s", 1000),
        "primary": ID,
    },
    "a bond",
)
_BRIDGE = mapping(
    {
        "ageing-time": time("s", 0, 1_000_000_000),
        "priority": number(0, 65535),
        "port-priority": each(number(0, 63)),
        "forward-delay": time("s", 2000, 30_000),
        "hello-time": time("s", 1000, 10_000),
        "max-age": time("s", 6000, 40_000),
        "path-cost": each(number(1, 65535)),
        "stp": flag,
    },
    "a bridge",
)
_TABLES = {
    "ethernets": _ETHERNET,
    "bonds": mapping({**_COMMON, "interfaces": sequence(ID), "parameters": _BOND}, "a bond"),
    "bridges": mapping({**_COMMON, "interfaces": sequence(ID), "parameters": _BRIDGE}, "a bridge"),
    "vlans": mapping({**_COMMON, "id": number(1, 4094), "link": ID}, "a VLAN"),
}


def read_config(given: Any, path: str, report: Report) -> dict[str, Any]:
    """Read what stands under ``network:``; returns ``renderer`` if given, and {id: settings} for each kind."""
    if not isinstance(given, Mapping):
        report.error(path, f"it must be a mapping {got(path, given)}", "Give what stands under netplan's network:")
        return {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{path}.{name}"
        if name == "version":
            number(2, 2)(value, where, report)
        elif name == "renderer":
            found["renderer"] = choice(*RENDERERS)(value, where, report)
        elif name in KINDS:
            found[name] = _definitions(name, value, where, report)
        elif name in OTHERS:
            report.error(where, "this collection does not write it", "Put it into another file of netplan")
        else:
            report.error(where, f"netplan has no such key {got(where, value)}", choose(str(name), ("version", *KINDS)))
    return found


def _definitions(kind: str, given: Any, path: str, report: Report) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        report.error(path, f"it must be a mapping {got(path, given)}", "Give a mapping of names to definitions")
        return {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{path}.{name}"
        if name == "renderer":
            report.error(where, "it changes every definition of its kind", "Give renderer in each definition")
        elif ID(name, where, report) is not None:
            settings = _TABLES[kind](value, where, report)
            found[name] = {} if settings is None else settings
    return found
