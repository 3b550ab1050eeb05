# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the interfaces of a node are as its configuration says, by what ``ip`` prints. Pure.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_interface, ip_network
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_nics
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import CNI_NAMES, Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_routes import MAIN, Route, routes
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import Definition, definitions
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import parsed, parsed_network
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS, read_config

STATIC = "4"
"""Protocol of the rules that networkd and NetworkManager make (RTPROT_STATIC in linux/rtnetlink.h)."""
FAMILIES = {4: "ipv4", 6: "ipv6"}
PASSIVE = ("manual", "off")
_EVERY = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}


@dataclass(frozen=True)
class Seen:
    """What a node has: ``facts`` as node_network_info says them, ``routes`` and ``rules`` by family with numbers.

    ``routes`` are the entries of ``ip -N -j route show table all``, ``rules`` those of node_links.rules.
    """

    facts: Facts
    routes: Mapping[str, Sequence[Mapping[str, Any]]]
    rules: Sequence[Mapping[str, Any]]

    def foreign(self) -> list[str]:
        """Return rules that no file of the host makes, and Cilium's routes, in words."""
        found = [_words("rule", rule) for rule in self.rules if rule["protocol"] != STATIC]
        for family, entries in self.routes.items():
            found += [
                f"{family} route {entry['dst']} dev {entry['dev']} table {entry.get('table', MAIN)}"
                for entry in entries
                if any(fnmatchcase(entry.get("dev", ""), name) for name in CNI_NAMES[:1])
            ]
        return sorted(set(found))


def _words(what: str, rule: Mapping[str, Any]) -> str:
    keys = ("inverted", "source", "destination", "iif", "oif", "fwmark", "table", "action")
    said = [f"{key} {rule[key]}" for key in keys if rule.get(key) not in (None, False)]
    return " ".join([rule["family"], what, str(rule["priority"]), *said])


def wanted(config: Mapping[str, Any], facts: Facts) -> dict[str, Definition]:
    """Return the definitions of a configuration by id. Raises NetworkError where it cannot be read."""
    report = Report()
    given = read_config(config, "config", report)
    if report.errors:
        raise NetworkError(report.errors)
    settings = {kind: given.get(kind) or {} for kind in KINDS}
    settings["ethernets"] = host_network_nics.pin(settings["ethernets"], {}, facts)
    return {definition.id: definition for definition in definitions(settings, "config", own=True)}


def interfaces(found: Mapping[str, Definition], facts: Facts) -> dict[str, Mapping[str, Any]]:
    """Return the interface of each definition by id, where there is one."""
    named = {key: definition.name or next(iter(facts.taken(definition)), "") for key, definition in found.items()}
    return {key: facts.interfaces[name] for key, name in named.items() if name in facts.interfaces}


def addresses(found: Mapping[str, Definition], facts: Facts) -> list[dict[str, Any]]:
    """Return ``{"interface", "address", "network", "mtu"}`` of every configured address that is there."""
    links = interfaces(found, facts)
    return [
        {
            "interface": links[key]["name"],
            "address": str(address.ip),
            "network": str(address.network),
            "mtu": links[key]["mtu"],
        }
        for key, definition in found.items()
        if key in links
        for _entry, address in definition.addresses
        if address in _addresses(links[key])
    ]


def _addresses(link: Mapping[str, Any]) -> list[Any]:
    return [ip_interface(f"{entry['address']}/{entry['prefix']}") for entry in link.get("addresses") or ()]


def problems(found: Mapping[str, Definition], seen: Seen) -> list[Problem]:
    """Return everything that the node has not as it is configured."""
    links = interfaces(found, seen.facts)
    missing: list[Problem] = []
    for key, definition in found.items():
        link = links.get(key)
        if link is None:
            missing.append(Problem(definition.path, f"the node has no {definition.name or key}", _hint(key)))
            continue
        told = [*_link(definition, link, links), *_networks(definition, link, seen)]
        missing += [Problem(path, f"{message} on {link['name']}", _hint(link["name"])) for path, message in told]
    return sorted(missing)


def _hint(name: str) -> str:
    return f"See networkctl status {name}, or nmcli device show {name}"


def _link(
    definition: Definition, link: Mapping[str, Any], links: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    if not link["up"] and definition.get("activation-mode") not in PASSIVE:
        yield definition.path, "it is down"
    for key, live in (("mtu", link["mtu"]), ("macaddress", (link["mac"] or "").lower())):
        value = definition.get(key)
        if value is not None and value != live:
            yield definition.where(key), f"{value} is not in force, but {live},"
    for port in definition.ports:
        if port.value in links and links[port.value]["master"] != link["name"]:
            yield port.path, f"{links[port.value]['name']} is no port"
    if definition.kind == "vlans":
        lower = links.get(definition.get("link") or "")
        vlan = link.get("vlan") or {}
        if vlan.get("id") != definition.get("id"):
            yield definition.where("id"), f"VLAN {definition.get('id')} is not in force, but {vlan.get('id')},"
        if lower is not None and vlan.get("parent") != lower["name"]:
            yield definition.where("link"), f"it does not sit on {lower['name']}, but on {vlan.get('parent')},"


def _networks(definition: Definition, link: Mapping[str, Any], seen: Seen) -> Iterator[tuple[str, str]]:
    for entry, address in definition.addresses:
        if address not in _addresses(link):
            yield entry.path, f"{address} is missing"
    for route in routes(definition):
        live = seen.routes.get(FAMILIES.get(route.family, ""), ())
        if not any(_is(route, entry, link["name"]) for entry in live):
            table = "" if route.table == MAIN else f" in table {route.table}"
            yield route.entry.path, f"the route to {route.given['to']}{table} is missing"
    for entry in definition.entries("routing-policy"):
        if not any(_asks(entry.value, rule) for rule in seen.rules):
            yield entry.path, f"the rule with priority {entry.value.get('priority')} is missing"


def _is(route: Route, entry: Mapping[str, Any], name: str) -> bool:
    via = parsed(route.given.get("via"))
    kind = route.given.get("type", "unicast")
    every = _EVERY[FAMILIES[route.family]]
    target = ip_network(every) if route.target is None else route.target.network
    there = ip_network(every if entry["dst"] == "default" else entry["dst"], strict=False)
    return (
        (there, int(entry.get("table", MAIN)), entry.get("type", "unicast")) == (target, route.table, kind)
        and any(kind != "unicast" or hop.get("dev") == name for hop in entry.get("nexthops", [entry]))
        and any(
            via in (None, parsed(hop.get("gateway") or (hop.get("via") or {}).get("host")))
            for hop in entry.get("nexthops", [entry])
        )
    )


def _asks(rule: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    priority, table = rule.get("priority"), rule.get("table")
    return (
        (priority is None or live["priority"] == priority)
        and (table is None or str(live["table"]) == str(table))
        and all(_same(rule.get(word), live[key]) for word, key in (("from", "source"), ("to", "destination")))
    )


def _same(given: str | None, live: str | None) -> bool:
    one, other = (parsed_network(text) if text else None for text in (given, live))
    return (one and one.network) == (other and other.network)


def unanswered(paths: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return what is wrong with paths, which have ``answered`` (full, small or none) beside what was asked."""
    found = []
    for place, path in enumerate(paths):
        way = f"from {path['source']} to {path['target']}"
        if path["answered"] == "small":
            message = f"small packets get {way}, those of {path['mtu']} bytes do not"
            hint = "Set one MTU on both hosts, and at least that on every switch between them"
            found.append(Problem(f"paths[{place}]", message, hint))
        elif path["answered"] == "none":
            hint = "See whether both NICs are in one network (ip neighbour, tcpdump), and a firewall lets pings in"
            found.append(Problem(f"paths[{place}]", f"no packet gets {way}", hint))
    return found
