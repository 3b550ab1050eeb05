# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, routes and rules: what netplan writes down and the kernel, Cilium or the kubelet then trip over.

Tables and priorities of Cilium are those of its system requirements page and of pkg/datapath/linux/linux_defaults.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import Definition, Entry
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import (
    DEFAULT,
    Interface,
    parsed,
    parsed_network,
)

MAIN = 254
TABLES = {0: "no table", 253: "the kernel's", 255: "the kernel's"}
CILIUM_TABLES = (200, 201, 202, 2004, 2005)
CILIUM_MARKS = 0x0F00
PRIORITIES = range(201, 32766)
"""Rules before it are looked up before the local addresses, which Cilium moves to 100; behind it stands main."""

_NO_GATEWAY = ("blackhole", "prohibit", "throw", "unreachable", "local", "broadcast", "multicast", "anycast")


def check_addresses(found: Iterable[Definition], report: Report) -> None:
    """Check our addresses, and that each is there once."""
    seen: dict[Any, tuple[Definition, Entry]] = {}
    for definition in sorted(found, key=lambda item: item.own):
        for entry, interface in definition.addresses:
            path = entry.path
            if entry.own:
                _check_address(definition, interface, path, report)
            other, there = seen.get(interface.ip, (definition, entry))
            seen.setdefault(interface.ip, (definition, entry))
            again = other is definition and there.path != path and (there.own or there.value != entry.value)
            if interface.ip.is_link_local and other is not definition:
                continue
            if (entry.own or there.own) and (other is not definition or again):
                where, known = (path, there.path) if entry.own else (there.path, path)
                report.error(where, f"{interface.ip} is there already: {known}", "Give each address once")


def _check_address(definition: Definition, interface: Interface, path: str, report: Report) -> None:
    address, network = interface.ip, interface.network
    shown = got(path, str(interface))
    what = ""
    if address.is_multicast or address.is_unspecified or (address.version == 4 and address.is_reserved):
        what = f"it is no address of a host {shown}"
    elif address.is_loopback and definition.name != "lo":
        what = f"it is a loopback address {shown}"
    elif network.prefixlen < network.max_prefixlen - 1:
        if address == network.network_address:
            what = f"it is the network address of {network}"
        elif address.version == 4 and address == network.broadcast_address:
            what = f"it is the broadcast address of {network}"
    if what:
        report.error(path, what, "Give the address of a host")


def check_subnets(found: Iterable[Definition], report: Report) -> None:
    """Warn of two NICs in one subnet: the kernel answers for both on each, and sends by one of them."""
    pairs = [(definition, entry, interface) for definition in found for entry, interface in definition.addresses]
    for one, other in combinations(pairs, 2):
        (first, entry, interface), (second, later, again) = one, other
        if first is second or not (entry.own or later.own) or interface.version != again.version:
            continue
        narrow = min(interface.network.prefixlen, again.network.prefixlen) < interface.max_prefixlen
        if narrow and interface.network.overlaps(again.network) and not interface.is_link_local:
            path, known = (later.path, entry.path) if later.own else (entry.path, later.path)
            message = f"its subnet is on another interface too: {known}"
            report.warn(path, message, "Give each interface a subnet of its own, unless that is meant")


@dataclass(frozen=True)
class Route:
    """One route of a definition. ``via`` is a gateway or None, ``family`` 0 where nothing tells it."""

    definition: Definition
    entry: Entry
    family: int
    table: int
    target: Interface | None

    @property
    def given(self) -> Mapping[str, Any]:
        """Return what stands there."""
        return self.entry.value

    @property
    def is_default(self) -> bool:
        """Say whether it is a default route."""
        kind = self.given.get("type", "unicast")
        return kind == "unicast" and (self.target is None or self.target.network.prefixlen == 0)


def routes(definition: Definition) -> Iterator[Route]:
    """Return the routes of a definition."""
    for entry in definition.entries("routes"):
        given = entry.value
        if "to" in given:
            target = None if given["to"] == DEFAULT else parsed_network(given["to"])
            via = parsed(given.get("via"))
            family = target.version if target else via.version if via else 0
            yield Route(definition, entry, family, given.get("table", MAIN), target)


def check_routes(found: Iterable[Definition], report: Report) -> None:
    """Check every route and rule of ours, each by itself."""
    for definition in found:
        for route in routes(definition):
            if route.entry.own:
                _check_route(route, report)
        for entry in definition.entries("routing-policy"):
            if entry.own:
                _check_rule(entry, report)


def _check_table(table: Any, path: str, report: Report) -> None:
    if table in CILIUM_TABLES:
        report.error(f"{path}.table", f"the table is Cilium's {got(path, table)}", "Use another one, such as 1000")
    elif table in TABLES:
        report.error(
            f"{path}.table", f"the table is {TABLES[table]} {got(path, table)}", "Use another one, such as 1000"
        )


def _check_route(route: Route, report: Report) -> None:
    given, path = route.given, route.entry.path
    _check_table(route.table, path, report)
    via, source = parsed(given.get("via")), parsed(given.get("from"))
    kind, scope = given.get("type", "unicast"), given.get("scope", "global")
    for key, address in (("via", via), ("from", source)):
        if address is not None and route.family and address.version != route.family:
            message = f"it is not of the family of {given['to']} {got(path, str(address))}"
            report.error(f"{path}.{key}", message, f"Give an IPv{route.family} address")
            return
    if route.target is None and via is None:
        hint = "Give the gateway; without one netplan crashes. For all of one family write 0.0.0.0/0 or ::/0"
        report.error(f"{path}.via", "a default route needs it", hint)
    elif via is not None and kind in _NO_GATEWAY:
        report.error(f"{path}.via", f"a route of type {kind} has no gateway {got(path, str(via))}", "Remove it")
    elif via is not None and scope != "global":
        report.error(f"{path}.scope", f"the kernel takes no gateway with it {got(path, scope)}", "Remove one of them")
    elif via is not None:
        _check_gateway(route, via, report)
    elif kind == "unicast" and scope == "global" and "scope" in given:
        report.error(f"{path}.via", "a route of scope global needs it", "Give it, or scope: link")
    if source is not None and not route.definition.dynamic:
        ours = [interface.ip for _entry, interface in route.definition.addresses]
        if source not in ours:
            message = f"the interface does not have this address {got(path, str(source))}"
            report.error(f"{path}.from", message, "Give one of its addresses")


def _check_gateway(route: Route, via: Any, report: Report) -> None:
    path, definition = f"{route.entry.path}.via", route.definition
    mine = [interface for _entry, interface in definition.addresses if interface.version == via.version]
    if any(interface.ip == via for interface in mine):
        report.error(path, f"it is the interface's own address {got(path, str(via))}", "Give the router's address")
        return
    reached = [interface.network for interface in mine]
    reached += [
        other.target.network
        for other in routes(definition)
        if other.target is not None and "via" not in other.given and other.family == via.version
    ]
    learnt = definition.dynamic if via.version == 4 else via.is_link_local or definition.get("accept-ra") is not False
    if route.given.get("on-link") or learnt or any(via in network for network in reached):
        return
    nets = ", ".join(dict.fromkeys(map(str, reached))) or "no subnet"
    hint = "Give a gateway in a subnet of the interface, or on-link: true"
    report.error(path, f"the interface does not reach it, it is in {nets} {got(path, str(via))}", hint)


def _check_rule(entry: Entry, report: Report) -> None:
    given, path = entry.value, entry.path
    _check_table(given.get("table"), path, report)
    selects = [parsed_network(given[key]) for key in ("from", "to") if key in given]
    if not selects:
        report.error(f"{path}.from", "netplan takes no rule without from and to", "Give one of them")
    elif len({network.version for network in selects if network}) > 1:
        report.error(f"{path}.to", f"it is not of the family of from {got(path, given['to'])}", "Give one family")
    priority = given.get("priority")
    if priority is not None and priority not in PRIORITIES:
        what = "would be asked before Cilium's and the local addresses" if priority <= 200 else "is never asked"
        limits = f"Give a number from {PRIORITIES[0]} to {PRIORITIES[-1]}"
        report.error(f"{path}.priority", f"the rule {what} {got(path, priority)}", limits)
    if (given.get("mark") or 0) & CILIUM_MARKS:
        message = f"it has bits of Cilium's marks {got(path, given['mark'])}"
        report.error(f"{path}.mark", message, f"Use none of the bits {CILIUM_MARKS:#x}")


def check_tables(found: Iterable[Definition], report: Report) -> None:
    """Warn of rules whose table is empty, and of routes in a table that no rule asks."""
    definitions = list(found)
    filled = {route.table for definition in definitions for route in routes(definition)}
    rules = [entry for definition in definitions for entry in definition.entries("routing-policy")]
    asked = {entry.value.get("table") for entry in rules}
    for entry in rules:
        table = entry.value.get("table")
        if entry.own and table not in (None, MAIN) and table not in filled:
            path = f"{entry.path}.table"
            report.warn(path, f"no route is in this table {got(path, table)}", "Give routes with this table")
    for definition in definitions:
        for route in routes(definition):
            if route.entry.own and route.table != MAIN and route.table not in asked:
                path = f"{route.entry.path}.table"
                hint = "Give a rule of routing-policy with this table"
                report.warn(path, f"no rule asks this table {got(path, route.table)}", hint)


@dataclass(frozen=True)
class Way:
    """A default route, or what brings one. ``key`` is equal for one that is only said twice."""

    path: str
    own: bool
    family: int
    table: int
    key: tuple[Any, ...]
    learnt: str = ""


def defaults(found: Iterable[Definition]) -> list[Way]:
    """Return every default route, those of other files first."""
    ways = []
    for definition in found:
        for route in routes(definition):
            if route.is_default:
                key = (definition.id, route.given.get("via"), route.given.get("metric"))
                ways.append(Way(route.entry.path, route.entry.own, route.family, route.table, key))
        for family, key in ((4, "dhcp4"), (6, "dhcp6")):
            if definition.get(key) and definition.get(f"{key}-overrides", "use-routes") is not False:
                part = next(part for part in reversed(definition.parts) if key in part.settings)
                ways.append(Way(f"{part.path}.{key}", part.own, family, MAIN, (definition.id, key), key))
    return sorted(ways, key=lambda way: way.own)


def check_defaults(found: Iterable[Definition], report: Report) -> None:
    """Note a second default route in one table: nothing says which counts, and kubelet and kube-vip follow it."""
    first: dict[tuple[int, int], Way] = {}
    for way in defaults(found):
        other = first.setdefault((way.family, way.table), way)
        if other is way or other.key == way.key or not way.own:
            continue
        table = "the main table" if way.table == MAIN else f"table {way.table}"
        if way.learnt:
            message = f"DHCP brings a second default route of IPv{way.family} into {table}: {other.path}"
            report.error(way.path, message, f"Set {way.learnt}-overrides.use-routes: false")
        else:
            message = f"{table} has a default route of IPv{way.family} already: {other.path}"
            report.error(way.path, message, "Give one default route, and tables with routing-policy for other networks")
