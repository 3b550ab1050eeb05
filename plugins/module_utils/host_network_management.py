# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NIC that carries the connection or the node's InternalIP: what may change on it without consent, and what not.

It is found by the facts of the node, by the files on the host, or both: the interface with one of the addresses, or,
where none has one, that with the default route of the main table. Everything it sits on belongs to it.
EKS Anywhere never sets the kubelet's --node-ip: the first address and the default route decide on the InternalIP.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_routes import MAIN, defaults, routes
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import Definition, below
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import Address, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

Known: TypeAlias = "Mapping[str, Definition]"

CONSENT = (
    "Leave it as it is, or set allow_management_nic: true (in role host_network: host_network_allow_management_nic)"
)


@dataclass(frozen=True)
class Carriers:
    """What carries the node's address: ids of definitions that are in force now, and names of interfaces."""

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: tuple[Address, ...] = field(default=())


def carriers(before: Known, facts: Facts, given: Iterable[str]) -> Carriers:
    """Find what carries the addresses, and everything below it."""
    addresses = tuple(address for address in map(parsed, given) if address is not None)
    names = _live(facts, addresses)
    ids = {definition.id for definition in before.values() if _holds(definition, addresses)}
    if not names and not ids:
        names = _live(facts, ())
        ways = {way.path for way in defaults(before.values()) if way.table == MAIN}
        ids |= {definition.id for definition in before.values() if _brings(definition, ways)}
    ids |= {definition.id for definition in before.values() if names & {*facts.taken(definition)}}
    waiting = [before[name] for name in ids]
    while waiting:
        lower = [found for found in below(waiting.pop(), before) if found.id not in ids]
        ids |= {found.id for found in lower}
        waiting += lower
    names |= {name for found in ids for name in facts.taken(before[found])}
    return Carriers(frozenset(ids), frozenset(names), addresses)


def _holds(definition: Definition, addresses: Iterable[Address]) -> bool:
    return any(interface.ip in addresses for _entry, interface in definition.addresses)


def _brings(definition: Definition, ways: Iterable[str]) -> bool:
    return any(way.path in ways for way in defaults([definition]))


def _live(facts: Facts, addresses: tuple[Address, ...]) -> set[str]:
    """Return the interfaces of the node that have one of the addresses, and those below them."""
    names = {
        name
        for name, entry in facts.interfaces.items()
        if any(parsed(item.get("address")) in addresses for item in entry.get("addresses") or ())
    }
    if not addresses:
        ways = facts.given.get("default_routes") or ()
        names = {way["device"] for way in ways if way.get("table") == "main" and way.get("device") in facts.interfaces}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        parent = facts.interfaces[name].get("parent")
        lower = {other for other, entry in facts.interfaces.items() if entry.get("master") == name or other == parent}
        waiting += lower - names
        names |= lower
    return names


def check_management(before: Known, after: Known, facts: Facts, given: Iterable[str], report: Report) -> None:
    """Note every change of what carries the node's address that can cut it off or move it."""
    found = carriers(before, facts, given)
    for name in sorted(found.ids):
        was, becomes = before[name], after.get(name)
        if becomes is None:
            taker = _taker(was, after, facts)
            if taker is None:
                path = f"config.{was.kind}.{name}"
                report.error(path, f"{_title(was, found)}, and the definition is gone", CONSENT)
            else:
                _compare(was, taker, facts, found, report)
        else:
            _compare(was, becomes, facts, found, report)
    known = {member for name in found.ids for member in facts.taken(before[name])}
    for definition in after.values():
        fresh = {*facts.taken(definition)} & (found.names - known)
        if definition.own and definition.id not in found.ids and fresh:
            _claim(definition, sorted(fresh)[0], facts, found, report)
    _check_ports(after, found, facts, before, report)


def _taker(was: Definition, after: Known, facts: Facts) -> Definition | None:
    """Return the definition that takes the NIC of one that is no longer in force."""
    mac, name, nics = was.get("match", "macaddress"), was.live_name, {*facts.taken(was)}
    for definition in after.values():
        same_mac = mac is not None and definition.get("match", "macaddress") == mac
        if same_mac or (name and definition.live_name == name) or nics & {*facts.taken(definition)}:
            return definition
    return None


def _title(definition: Definition, found: Carriers) -> str:
    held = [str(interface.ip) for _entry, interface in definition.addresses if interface.ip in found.addresses]
    return f"it carries the node's address{' ' + ', '.join(held) if held else ''}"


def _compare(was: Definition, becomes: Definition, facts: Facts, found: Carriers, report: Report) -> None:
    old, new = _aspects(was, facts), _aspects(becomes, facts)
    title = _title(was, found)
    for key, value in new.items():
        if value != old.get(key):
            path = becomes.where(*key.split("."))
            report.error(path, f"{title}, and this changes {key} {_both(path, old.get(key), value)}", CONSENT)
    kept = [str(interface) for _entry, interface in was.addresses]
    now = [str(interface) for _entry, interface in becomes.addresses]
    if now[: len(kept)] != kept:
        path = becomes.where("addresses")
        report.error(path, f"{title}, and this changes its addresses {_both(path, kept, now)}", CONSENT)
    ways, later = _ways(was), _ways(becomes)
    if ways != later:
        path = becomes.where("routes")
        report.error(path, f"{title}, and this changes its default route {_both(path, ways, later)}", CONSENT)


def _both(path: str, before: object, after: object) -> str:
    return f"(was {got(path, before)[5:-1]}, got {got(path, after)[5:-1]})"


def _aspects(definition: Definition, facts: Facts) -> dict[str, Any]:
    """Return what must stay as it is: how the NIC is found and called, what it sits on, how it gets its address."""
    simple = {"dhcp4": False, "dhcp6": False, "macaddress": None, "activation-mode": None}
    found: dict[str, Any] = {key: definition.get(key) or default for key, default in simple.items()}
    if definition.virtual:
        found["link"], found["id"] = definition.get("link"), definition.get("id")
        found["interfaces"] = sorted(entry.value for entry in definition.ports)
        found["parameters"] = definition.get("parameters") or {}
    else:
        found["match.macaddress"] = definition.get("match", "macaddress")
        found["match.name"] = definition.get("match", "name")
        live = facts.taken(definition)
        found["set-name"] = definition.name or (live[0] if len(live) == 1 else None)
    return found


def _ways(definition: Definition) -> list[str]:
    return sorted(
        str(route.given.get("via")) for route in routes(definition) if route.is_default and route.table == MAIN
    )


def _claim(definition: Definition, name: str, facts: Facts, found: Carriers, report: Report) -> None:
    """Compare a definition with the NIC as it is, which no file of the host configures."""
    live = facts.interfaces[name].get("addresses") or ()
    needed = [item for item in live if parsed(item.get("address")) in found.addresses]
    title = f"{name} carries the node's address"
    static = [interface.ip for _entry, interface in definition.addresses]
    for item in needed:
        learnt = definition.get("dhcp4" if item.get("family") == "ipv4" else "dhcp6") and item.get("dynamic")
        if parsed(item["address"]) not in static and not learnt:
            report.error(definition.where("addresses"), f"{title}, {item['address']}, and this lacks it", CONSENT)
    if definition.get("set-name") not in (None, name):
        path = definition.where("set-name")
        report.error(path, f"{title}, and this renames it {got(path, definition.get('set-name'))}", CONSENT)


def _check_ports(after: Known, found: Carriers, facts: Facts, before: Known, report: Report) -> None:
    """Note a NIC of the node's address that becomes part of a bond or bridge of ours."""
    was = {(owner.id, port.value) for owner in before.values() for port in owner.ports}
    for owner in after.values():
        for port in owner.ports:
            lower = after.get(port.value)
            carrying = port.value in found.ids or (lower is not None and found.names & {*facts.taken(lower)})
            if port.own and carrying and (owner.id, port.value) not in was:
                message = f"{port.value} carries the node's address, and this makes it part of {owner.id}"
                report.error(port.path, message, CONSENT)
