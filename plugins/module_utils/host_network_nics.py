# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and NICs: what a device may be called, which NIC a definition takes, and whether the node has it.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import GLOB, Definition
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import noted

NAME_LENGTH = 15
CNI_NAMES = ("cilium_*", "lxc*")
"""Interfaces of Cilium, which both back ends are told to leave alone."""

_NAME = re.compile(r"[!-.0-9;-~]+")
_RESERVED = (".", "..", "all", "default")
_KERNEL = {"bonds": ("bond", "bonding"), "bridges": ("bridge", "bridge"), "vlans": ("vlan", "vlan")}
"""Kind of definition -> the kernel's kind of interface, and the name of its module in the facts."""
_UNUSABLE = ("missing", "blocked")


class Facts:
    """``node_network`` of module node_network_info. Without it nothing that depends on the node is judged."""

    def __init__(self, given: Mapping[str, Any] | None) -> None:
        self.given: Mapping[str, Any] = given or {}
        entries = self.given.get("interfaces") or []
        self.interfaces: dict[str, Mapping[str, Any]] = {entry["name"]: entry for entry in entries}

    def __bool__(self) -> bool:
        return bool(self.interfaces)

    def named(self, name: str) -> Mapping[str, Any] | None:
        """Return the interface with that name, or that alternative name."""
        found = self.interfaces.get(name)
        others = (entry for entry in self.interfaces.values() if name in (entry.get("altnames") or ()))
        return found or next(others, None)

    def hardware(self, mac: str) -> list[Mapping[str, Any]]:
        """Return the NICs with that permanent address, else those that have none and use it."""
        nics = [entry for entry in self.interfaces.values() if entry.get("kind") not in ("bond", "bridge", "vlan")]
        permanent = [entry for entry in nics if _lower(entry.get("permanent_mac")) == mac]
        return permanent or [
            entry for entry in nics if not entry.get("permanent_mac") and _lower(entry.get("mac")) == mac
        ]

    def taken(self, definition: Definition) -> list[str]:
        """Return the names of the interfaces that a definition takes now."""
        if definition.virtual or definition.get("match") is None:
            found = self.named(definition.live_name)
            return [found["name"]] if found else []
        entries: Iterable[Mapping[str, Any]] = self.interfaces.values()
        mac, pattern = definition.get("match", "macaddress"), definition.get("match", "name")
        if mac:
            entries = self.hardware(mac)
        drivers = _listed(definition.get("match", "driver"))
        if drivers:
            entries = [entry for entry in entries if any(fnmatchcase(entry.get("driver") or "", d) for d in drivers)]
        if pattern:
            matching = [entry for entry in entries if any(fnmatchcase(name, pattern) for name in _names(entry))]
            renamed = self.interfaces.get(definition.get("set-name") or "")
            entries = matching or ([renamed] if renamed else [])
        return [entry["name"] for entry in entries]


def _lower(mac: Any) -> str:
    return mac.lower() if isinstance(mac, str) else ""


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _names(entry: Mapping[str, Any]) -> list[str]:
    return [entry["name"], *(entry.get("altnames") or ())]


def pin(settings: Mapping[str, Any], others: Mapping[str, Definition], facts: Facts) -> dict[str, Any]:
    """Return ethernets with what makes ``eth1`` eth1 on every machine: match by permanent MAC, and set-name.

    The id is the name, unless set-name gives another one. A definition that only adds to one of another file stays
    as it is, and so does a virtual function, whose address is often a new one at every boot.
    """
    found = dict(settings)
    for name, device in settings.items():
        if name in others or "link" in device or "set-name" in device:
            continue
        match = device.get("match")
        nic = facts.interfaces.get(name)
        permanent = _lower(nic.get("permanent_mac")) if nic else ""
        if match is None and permanent:
            found[name] = {"match": {"macaddress": permanent}, "set-name": name, **device}
        elif match and "macaddress" in match:
            found[name] = {**device, "set-name": name}
    return found


def check_names(found: Iterable[Definition], report: Report) -> None:
    """Check what our devices will be called."""
    for definition in found:
        if not definition.own or not definition.name:
            continue
        path = definition.where("set-name") if definition.get("set-name") else definition.path
        _check_name(definition.name, path, definition.virtual, report)


def _check_name(name: str, path: str, virtual: bool, report: Report) -> None:
    if len(name) > NAME_LENGTH:
        message = f"the name is longer than {NAME_LENGTH} characters, and is ignored then {got(path, name)}"
        report.error(path, message, "Give a shorter name")
    elif not _NAME.fullmatch(name) or name in _RESERVED or (virtual and name == "lo"):
        report.error(path, f"no interface can have the name {got(path, name)}", "Give another name, without / and :")
    elif any(fnmatchcase(name, pattern) for pattern in CNI_NAMES):
        report.error(path, f"the name is one of Cilium's {got(path, name)}", "Give another name")


def check_twice(found: Iterable[Definition], facts: Facts, report: Report) -> None:
    """Note two definitions that take the same NIC, or give out the same name; one of them is ignored then."""
    narrow = [definition for definition in found if definition.get("match") != {}]
    for one, other in combinations(narrow, 2):
        if one.own or other.own:
            newer, older = (other, one) if other.own else (one, other)
            same = conflict(newer, older, facts)
            if same:
                key, message = same
                path = newer.where(*key) if newer.get(*key) else newer.path
                report.error(path, f"{message} {older.path} too", "Give all settings of a NIC under one name")


def conflict(one: Definition, other: Definition, facts: Facts) -> tuple[tuple[str, ...], str] | None:
    """Return the key and the reason why two definitions exclude each other, None where they do not."""
    mac = one.get("match", "macaddress")
    if mac and mac == other.get("match", "macaddress") and not _apart(one, other):
        return ("match", "macaddress"), f"{mac} is matched by"
    if one.live_name and one.live_name == other.live_name and not (one.virtual and other.virtual):
        return ("match", "name"), f"{one.live_name} is taken by"
    if one.name and one.name == other.name:
        return ("set-name",), f"{one.name} is the name of"
    if not one.virtual and not other.virtual:
        both = sorted({*facts.taken(one)} & {*facts.taken(other)})
        if both:
            return ("match",), f"{', '.join(both)} is taken by"
    return None


def _apart(one: Definition, other: Definition) -> bool:
    """Say whether names keep apart what has one address, as the functions of some cards have."""
    return bool(one.live_name and other.live_name and one.live_name != other.live_name and one.get("match", "name"))


def check_nics(found: Iterable[Definition], facts: Facts, permanent: bool, report: Report) -> None:
    """Check that our definitions find their NIC, and one only. ``permanent`` says whether by permanent MAC."""
    for definition in found:
        if not definition.own:
            continue
        if definition.virtual:
            _check_virtual(definition, facts, report)
        elif definition.get("match") == {}:
            path = definition.where("match")
            if not noted(path, report):
                report.error(path, "it takes every interface, pods' ones too", "Give name or macaddress")
        else:
            _check_one(definition, facts, report)
            if permanent:
                _check_by_name(definition, facts, report)
            if facts:
                _check_there(definition, facts, permanent, report)


def _check_virtual(definition: Definition, facts: Facts, report: Report) -> None:
    kind, module = _KERNEL[definition.kind]
    there = facts.interfaces.get(definition.id)
    if there and there.get("kind") != kind:
        what = there.get("kind") or "piece of hardware"
        report.error(definition.path, f"the node has an interface of that name, a {what}", "Give another name")
    support = (facts.given.get("kernel") or {}).get(module)
    if support in _UNUSABLE:
        hint = f"Install or allow the kernel module {'8021q' if module == 'vlan' else module}"
        report.error(definition.path, f"the node's kernel cannot make a {kind}: its module is {support}", hint)


def _check_one(definition: Definition, facts: Facts, report: Report) -> None:
    """Note a match of several NICs where each would get what only one may have."""
    several = facts.taken(definition)
    wide = (
        definition.get("match") is not None and not definition.get("match", "macaddress") and not definition.live_name
    )
    if len(several) < 2 and (facts or not wide):
        return
    for key in ("addresses", "set-name", "macaddress"):
        if definition.get(key):
            message = f"it takes {' and '.join(several)}" if several else "it can take several NICs"
            report.error(
                definition.where("match"),
                f"{message}, and only one can have its {key}",
                "Match one NIC, by macaddress or by its name",
            )
            return


def _check_by_name(definition: Definition, facts: Facts, report: Report) -> None:
    """Check what netplan needs a match for; some settings come too early for udev where only the name matches."""
    if definition.get("match") is None and definition.get("set-name"):
        report.error(definition.where("set-name"), "netplan takes it with match only", "Give match.macaddress")
    nics = [facts.interfaces[name] for name in facts.taken(definition)]
    for key in ("mtu", "macaddress"):
        if definition.get(key) and not definition.get("match", "macaddress") and not definition.get("match", "driver"):
            if facts and not any(nic.get("permanent_mac") for nic in nics):
                continue
            message = "networkd does not set it reliably on a NIC that is matched by name"
            report.warn(definition.where(key), message, "Give match.macaddress, or the facts of the node")


def _check_there(definition: Definition, facts: Facts, permanent: bool, report: Report) -> None:
    mac, pattern = definition.get("match", "macaddress"), definition.get("match", "name")
    if mac and not facts.hardware(mac):
        known = sorted(filter(None, (_lower(entry.get("permanent_mac")) for entry in facts.interfaces.values())))
        path = definition.where("match", "macaddress")
        hint = f"Give one of {', '.join(known)}" if known else "Match by name: no NIC of it has a permanent address"
        report.error(path, f"no NIC of the node has it {got(path, mac)}", hint)
    elif mac and permanent and not any(entry.get("permanent_mac") for entry in facts.hardware(mac)):
        name = facts.hardware(mac)[0]["name"]
        message = f"it is not the permanent address of {name}, and networkd looks for no other"
        report.error(definition.where("match", "macaddress"), message, f"Match by name: {name}")
    elif not facts.taken(definition):
        path = definition.where("match", "name") if pattern else definition.path
        wanted = pattern or definition.id
        if any(character in wanted for character in GLOB):
            report.warn(path, f"the node has no such NIC now {got(path, wanted)}", "Correct the name if one is meant")
        else:
            hint = choose(wanted, facts.interfaces, "Its interfaces are")
            report.error(path, f"the node has no such interface {got(path, wanted)}", hint)
