# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds, bridges and VLANs: what they sit on, what their parameters allow together, and whose MTU is whose.

Limits of a bond's mode are those of the kernel (drivers/net/bonding/bond_options.c): it refuses the whole device.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import (
    Definition,
    Entry,
    below,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import noted

if TYPE_CHECKING:
    from typing import TypeAlias

Known: TypeAlias = "Mapping[str, Definition]"

DEFAULT_MTU = 1500
LOWEST_IPV6_MTU = 1280
TARGETS = 16

_WITH_PRIMARY = ("active-backup", "balance-tlb", "balance-alb")
_WITHOUT_ARP = ("802.3ad", "balance-tlb", "balance-alb")
_ONE_MODE = {"lacp-rate": "802.3ad", "ad-select": "802.3ad", "packets-per-slave": "balance-rr"}
_NEEDS = {
    "up-delay": "mii-monitor-interval",
    "down-delay": "mii-monitor-interval",
    "arp-interval": "arp-ip-targets",
    "arp-ip-targets": "arp-interval",
    "arp-validate": "arp-interval",
    "arp-all-targets": "arp-validate",
}


def check_layers(known: Known, watched: bool, report: Report) -> None:
    """Check everything that sits on something. ``watched`` says that the back end looks at a bond's links by itself."""
    owners: dict[str, Definition] = {}
    for definition in sorted(known.values(), key=lambda found: found.own):
        for port in definition.ports:
            _check_port(definition, port, known, owners, report)
            owners.setdefault(port.value, definition)
    tags: dict[tuple[Any, Any], Definition] = {}
    for definition in sorted(known.values(), key=lambda found: found.own):
        if definition.kind == "bonds" and definition.own:
            _check_bond(definition, watched, report)
        elif definition.kind == "bridges" and definition.own:
            for key in ("port-priority", "path-cost"):
                _check_named(definition, key, report)
        elif definition.kind == "vlans":
            _check_vlan(definition, known, owners, tags, report)
        elif definition.own and definition.get("link") and definition.get("link") not in known:
            _unknown(definition.where("link"), definition.get("link"), known, definition.id, report)
        if definition.own:
            _check_circle(definition, known, report)


def _check_port(
    definition: Definition, port: Entry, known: Known, owners: Mapping[str, Definition], report: Report
) -> None:
    lower = known.get(port.value)
    what = definition.kind[:-1]
    if lower is None:
        if port.own:
            _unknown(port.path, port.value, known, definition.id, report)
        return
    if not (definition.own or lower.own):
        return
    path = port.path if port.own else lower.path
    if port.value in owners:
        other = owners[port.value]
        again = other is definition
        message = f"{port.value} is {'there twice' if again else f'part of {other.id} already'}"
        report.error(path, message, "Give each interface to one bond or bridge, once")
    elif lower.kind == definition.kind:
        report.error(path, f"the kernel takes no {what} into a {what} {got(path, port.value)}", "Give its interfaces")
    for key in ("addresses", "dhcp4", "dhcp6", "routes", "routing-policy"):
        if lower.get(key):
            where = lower.where(key)
            message = f"part of {what} {definition.id} keeps its {key}" if where != path else f"it keeps its {key}"
            hint = f"Give them to {definition.id}, and take them away from {port.value}"
            own = any(part.own and part.settings.get(key) for part in lower.parts)
            report.error(where if own else path, message if own else f"{port.value} keeps its {key} ({where})", hint)
            break


def _unknown(path: str, name: str, known: Known, itself: str, report: Report) -> None:
    hint = choose(name, [other for other in known if other != itself], "Define it below ethernets; known are")
    report.error(path, f"there is no definition of that name {got(path, name)}", hint)


def _check_named(definition: Definition, key: str, report: Report) -> None:
    """Check that a mapping of a bridge's ports names ports."""
    ports = [port.value for port in definition.ports]
    for name in definition.get("parameters", key) or {}:
        if name not in ports:
            path = f"{definition.where('parameters', key)}.{name}"
            report.error(path, "the bridge has no such port", choose(name, ports, "Its interfaces are"))


def _check_bond(definition: Definition, watched: bool, report: Report) -> None:
    given = {key: definition.get("parameters", key) for key in ("mode", "primary", *_ONE_MODE, *_NEEDS)}
    given["mii-monitor-interval"] = definition.get("parameters", "mii-monitor-interval")
    mode = given["mode"] or "balance-rr"

    def note(key: str, message: str, hint: str) -> None:
        report.error(definition.where("parameters", key), message, hint)

    for key, only in _ONE_MODE.items():
        if given[key] is not None and mode != only:
            note(key, f"mode {mode} does not have it {got(key, given[key])}", f"Remove it, or set mode: {only}")
    for key, other in _NEEDS.items():
        if _on(given[key]) and not _on(given[other]):
            note(key, f"it does nothing without {other} {got(key, given[key])}", f"Give {other} too, or remove it")
    if _on(given["arp-interval"]) and mode in _WITHOUT_ARP:
        note("arp-interval", f"mode {mode} cannot watch links by ARP", "Use mii-monitor-interval")
    elif _on(given["arp-interval"]) and _on(given["mii-monitor-interval"]):
        note("arp-interval", "it excludes mii-monitor-interval", "Give one of them")
    if len(given["arp-ip-targets"] or ()) > TARGETS:
        note("arp-ip-targets", f"the kernel takes {TARGETS} (got {len(given['arp-ip-targets'])})", "Give fewer")
    ports = [port.value for port in definition.ports]
    if given["primary"] is not None and mode not in _WITH_PRIMARY:
        hint = f"Remove it, or use one of the modes {', '.join(_WITH_PRIMARY)}"
        note("primary", f"mode {mode} does not have it {got('primary', given['primary'])}", hint)
    elif given["primary"] is not None and given["primary"] not in ports:
        hint = choose(given["primary"], ports, "Its interfaces are")
        note("primary", f"the bond has no such interface {got('primary', given['primary'])}", hint)
    if not ports:
        report.warn(definition.where("interfaces"), "a bond without interfaces has no carrier", "Give its interfaces")
    elif not watched and mode != "802.3ad" and not (_on(given["mii-monitor-interval"]) or _on(given["arp-interval"])):
        message = "nobody looks whether a link is there, so one that is lost stays in use"
        report.warn(f"{definition.path}.parameters", message, "Set mii-monitor-interval: 100")


def _on(value: Any) -> bool:
    return value not in (None, [], "0", "0s", "0ms", "none")


def _check_vlan(
    definition: Definition,
    known: Known,
    owners: Mapping[str, Definition],
    tags: dict[tuple[Any, Any], Definition],
    report: Report,
) -> None:
    link, tag = definition.get("link"), definition.get("id")
    if definition.own:
        for key in ("id", "link"):
            if definition.get(key) is None and not noted(definition.where(key), report):
                report.error(definition.where(key), "a VLAN needs it", f"Give {key}")
        if link is not None and link not in known:
            _unknown(definition.where("link"), link, known, definition.id, report)
        elif link in owners and owners[link].kind == "bonds":
            message = f"{link} is part of {owners[link].id}, and the VLAN gets nothing"
            report.error(definition.where("link"), message, f"Use {owners[link].id}")
        other = tags.get((link, tag))
        if other and None not in (link, tag):
            report.error(definition.where("id"), f"{link} has VLAN {tag} already: {other.path}", "Give each VLAN once")
    tags.setdefault((link, tag), definition)


def _check_circle(definition: Definition, known: Known, report: Report) -> None:
    waiting, seen = below(definition, known), set()
    while waiting:
        lower = waiting.pop()
        if lower.id == definition.id:
            key = "link" if definition.kind == "vlans" else "interfaces"
            report.error(definition.where(key), "it sits on itself", "Break the circle")
            return
        if lower.id not in seen:
            seen.add(lower.id)
            waiting += below(lower, known)


def check_mtus(known: Known, facts: Facts, report: Report) -> None:
    """Check every MTU against those of the devices below, the NIC, and IPv6."""
    for definition in known.values():
        mtu = definition.get("mtu")
        if definition.own and mtu is not None:
            _check_nic_mtu(definition, mtu, facts, report)
            has_ipv6 = any(found.version == 6 for _entry, found in definition.addresses)
            if mtu < LOWEST_IPV6_MTU and has_ipv6:
                hint = f"Give at least {LOWEST_IPV6_MTU}"
                report.error(definition.where("mtu"), f"IPv6 does not work with it {got('mtu', mtu)}", hint)
            inner = definition.get("ipv6-mtu")
            if inner is not None and inner > mtu:
                report.error(definition.where("ipv6-mtu"), f"it is above mtu, {mtu} {got('mtu', inner)}", "Lower it")
        for lower in below(definition, known):
            if definition.own or lower.own:
                _check_pair(definition, lower, known, facts, report)


def _check_nic_mtu(definition: Definition, mtu: int, facts: Facts, report: Report) -> None:
    for name in [] if definition.virtual else facts.taken(definition):
        largest = facts.interfaces[name].get("max_mtu")
        if largest and mtu > largest:
            message = f"{name} takes at most {largest} {got('mtu', mtu)}"
            report.error(definition.where("mtu"), message, "Give what the NIC takes")


def _check_pair(upper: Definition, lower: Definition, known: Known, facts: Facts, report: Report) -> None:
    above, under = upper.get("mtu"), mtu_of(lower, known, facts)
    if upper.kind == "bonds":
        given, bond = lower.get("mtu"), mtu_of(upper, known, facts)
        if given is not None and given != bond:
            message = f"bond {upper.id} gives its interfaces its own MTU, {bond} {got('mtu', given)}"
            report.error(lower.where("mtu"), message, "Set the MTU of the bond, and none here")
    elif above is not None and above > under:
        owner = upper if upper.own and "mtu" in upper.parts[-1].settings else lower if lower.own else upper
        what = f"{above} of {upper.id} is above {under}, that of {lower.id} below it"
        report.error(owner.where("mtu"), what, f"Set the MTU of {lower.id} to {above} too, or lower that of {upper.id}")


def mtu_of(definition: Definition, known: Known, facts: Facts, depth: int = 0) -> int:
    """Return the MTU that a device will have: its own, that of the NIC now, or the default."""
    mtu = definition.get("mtu")
    if isinstance(mtu, int):
        return mtu
    if definition.kind == "vlans" and depth < len(known):
        parents: Iterable[Definition] = below(definition, known)
        return min((mtu_of(parent, known, facts, depth + 1) for parent in parents), default=DEFAULT_MTU)
    live = [] if definition.virtual else [facts.interfaces[name].get("mtu") for name in facts.taken(definition)]
    return min((value for value in live if value), default=DEFAULT_MTU)
