# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what ``ip -j`` prints about interfaces, default routes and rules. Pure.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_ethtool import Hardware

FAMILIES = {"inet": "ipv4", "inet6": "ipv6"}
WITH_MAC = ("ether", "infiniband")
WITHOUT_PARENT = ("veth", None)
"""Kinds of which ``link`` names the peer, or nothing: all others say on which interface they sit."""

RULE_KEYS = {
    "priority", "not", "src", "srclen", "dst", "dstlen", "iif", "oif", "fwmark", "fwmask", "table", "action", "goto",
    "protocol",
}  # fmt: skip


def parse(printed: str, command: str) -> list[dict[str, Any]]:
    """Return the entries of what ``command`` printed.

    Some versions of ``ip`` print nothing for an empty list, and ``{}`` for an entry that their filter left out.
    """
    if not printed.strip():
        return []
    try:
        entries = json.loads(printed)
    except ValueError as error:
        hint = "Install an iproute2 whose option -j works (4.17 or newer)"
        raise NetworkError(Problem(command, f"no JSON was printed ({error})", hint)) from error
    return [entry for entry in entries if entry]


def interfaces(
    links: Iterable[Mapping[str, Any]], hardware: Callable[[str], Hardware], routes: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return every interface of ``ip -j -d address``, in the kernel's order.

    ``hardware`` is asked by name, ``routes`` are those of ``default_routes``.
    """
    routes = list(routes)
    return [
        {**_interface(link, hardware(link["ifname"])), "default_routes": _through(routes, link["ifname"])}
        for link in links
    ]


def _through(routes: Iterable[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    return [dict(route) for route in routes if route["device"] == name]


def _interface(link: Mapping[str, Any], hardware: Hardware) -> dict[str, Any]:
    flags = link.get("flags", [])
    about = link.get("linkinfo", {})
    kind = about.get("info_kind")
    data = about.get("info_data", {})
    parent = None if kind in WITHOUT_PARENT else link.get("link", data.get("link"))
    with_mac = link.get("link_type") in WITH_MAC
    return {
        "name": link["ifname"],
        "altnames": link.get("altnames", []),
        "mac": link.get("address") if with_mac else None,
        "permanent_mac": (hardware.permanent_mac or link.get("permaddr")) if with_mac else None,
        "driver": hardware.driver,
        "bus": hardware.bus,
        "mtu": link["mtu"],
        "max_mtu": link.get("max_mtu") or None,
        "up": "UP" in flags,
        "carrier": "LOWER_UP" in flags if "UP" in flags else None,
        "operstate": link.get("operstate", "UNKNOWN").lower(),
        "speed": hardware.speed,
        "duplex": hardware.duplex,
        "master": link.get("master"),
        "kind": kind,
        "parent": parent,
        "vlan": {"id": data.get("id"), "protocol": data.get("protocol"), "parent": parent} if kind == "vlan" else None,
        "addresses": [_address(address) for address in link.get("addr_info", []) if "local" in address],
    }


def _address(address: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "address": address["local"],
        "prefix": address["prefixlen"],
        "family": FAMILIES.get(address["family"], address["family"]),
        "scope": address.get("scope"),
        "dynamic": address.get("dynamic", False),
    }


def default_routes(family: str, routes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the default routes of ``ip -j route show table all default``, one entry for each next hop.

    Routes that throw packets away (unreachable, blackhole, prohibit) lead nowhere and are left out.
    """
    found = []
    for route in routes:
        if route.get("dst") == "default" and route.get("type", "unicast") == "unicast":
            for hop in route.get("nexthops", [route]):
                found.append(
                    {
                        "family": family,
                        "gateway": hop.get("gateway", hop.get("via", {}).get("host")),
                        "device": hop.get("dev"),
                        "metric": route.get("metric", 0),
                        "table": route.get("table", "main"),
                        "protocol": route.get("protocol"),
                        "source": route.get("prefsrc"),
                    }
                )
    return found


def rules(family: str, entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules of ``ip -j -d rule show``. ``more`` holds what has no key of its own."""
    return [
        {
            "family": family,
            "priority": entry["priority"],
            "inverted": "not" in entry,
            "source": _joined(_some(entry.get("src")), entry.get("srclen")),
            "destination": _joined(_some(entry.get("dst")), entry.get("dstlen")),
            "iif": entry.get("iif"),
            "oif": entry.get("oif"),
            "fwmark": _joined(entry.get("fwmark"), entry.get("fwmask")),
            "table": entry.get("table"),
            "action": f"goto {entry['goto']}" if "goto" in entry else entry.get("action", "lookup"),
            "protocol": entry.get("protocol"),
            "more": {key: value for key, value in entry.items() if key not in RULE_KEYS},
        }
        for entry in entries
    ]


def _some(address: str | None) -> str | None:
    return None if address == "all" else address


def _joined(value: str | None, mask: Any) -> str | None:
    return value if value is None or mask is None else f"{value}/{mask}"
