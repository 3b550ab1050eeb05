# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads values as netplan reads them, one reader for each kind: every scalar may be quoted, what is wrong is noted.

A reader takes a value, its path and a report, and returns the value as it is rendered, or None where it is wrong.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address, ip_interface
from typing import TYPE_CHECKING, Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Interface, IPv6Address, IPv6Interface
    from typing import TypeAlias

Reader: TypeAlias = "Callable[[Any, str, Report], Any]"
Address: TypeAlias = "IPv4Address | IPv6Address"
Interface: TypeAlias = "IPv4Interface | IPv6Interface"

DEFAULT = "default"
LARGEST = 2**31 - 1
"""netplan 0.106 takes larger numbers and writes them as negative ones."""
LABEL_LENGTH = 15

_TRUE = ("true", "yes", "on", "y")
_FALSE = ("false", "no", "off", "n")
_DIGITS = re.compile(r"[0-9]+")
_TIME = re.compile(r"([0-9]+)(ms|s)?")
_PREFIX = re.compile(r"[^/%]+/[0-9]{1,3}")
_MAC = re.compile(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")


def flag(value: Any, path: str, report: Report) -> bool | None:
    """Read a boolean."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE + _FALSE:
        return word in _TRUE
    report.error(path, f"it must be a boolean {got(path, value)}", "Give true or false")
    return None


def noted(path: str, report: Report) -> bool:
    """Say whether something below this path is wrong already, so that what is missing there needs no message."""
    return any(problem.path == path or problem.path.startswith(f"{path}.") for problem in report.errors)


def number(low: int, high: int) -> Reader:
    """Read a number within limits."""
    hint = f"Give a number from {low} to {high}" if low < high else f"Give {low}"

    def read(value: Any, path: str, report: Report) -> int | None:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            report.error(path, f"it must be a number {got(path, value)}", hint)
        elif not low <= value <= high:
            report.error(path, f"the number is out of range {got(path, value)}", hint)
        else:
            return value
        return None

    return read


def text(meaning: str, pattern: str = r"[!-~]+") -> Reader:
    """Read a text without blanks, or one that matches the pattern."""
    wanted = re.compile(pattern)

    def read(value: Any, path: str, report: Report) -> str | None:
        if isinstance(value, str) and wanted.fullmatch(value):
            return value
        report.error(path, f"it is not {meaning} {got(path, value)}", f"Give {meaning}")
        return None

    return read


def choice(*names: str) -> Reader:
    """Read one of these words; YAML makes a boolean of one that is not quoted."""

    def read(value: Any, path: str, report: Report) -> str | None:
        if value is False and "off" in names:
            return "off"
        if isinstance(value, str) and value in names:
            return value
        report.error(path, f"there is no such value {got(path, value)}", choose(str(value), names))
        return None

    return read


def domains(value: Any, path: str, report: Report) -> Any:
    """Read ``use-domains``: a boolean or the word route."""
    return value if value == "route" else flag(value, path, report)


def time(unit: str, low: int = 0, high: int = LARGEST) -> Reader:
    """Read a time with or without ``ms`` or ``s``; ``unit`` is what it has without, limits are in milliseconds."""

    def read(value: Any, path: str, report: Report) -> str | None:
        given = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        found = milliseconds(given, unit) if isinstance(given, str) else None
        if found is None:
            report.error(path, f"it is not a time {got(path, value)}", "Give a number, with s or ms behind it if any")
        elif not low <= found <= high:
            limits = f"from {low / 1000:g} to {high / 1000:g} s" if high < LARGEST else f"of at least {low / 1000:g} s"
            report.error(path, f"the time is out of range {got(path, value)}", f"Give a time {limits}")
        else:
            return given
        return None

    return read


def milliseconds(value: str, unit: str) -> int | None:
    """Return a time in milliseconds, None where it is none."""
    found = _TIME.fullmatch(value)
    return int(found[1]) * (1000 if (found[2] or unit) == "s" else 1) if found else None


def mac(value: Any, path: str, report: Report) -> str | None:
    """Read the MAC address of a NIC. YAML 1.1 makes a number of one that has no letters and no quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        report.error(path, f"YAML reads it as a number {got(path, value)}", "Put it into quotes")
        return None
    if not isinstance(value, str) or not _MAC.fullmatch(value):
        hint = "Give six pairs of hexadecimal digits joined by colons"
        report.error(path, f"it is no MAC address {got(path, value)}", hint)
        return None
    if int(value[1], 16) % 2 or not value.strip("0:"):
        report.error(path, f"no NIC has this address {got(path, value)}", "Give the address of one NIC")
        return None
    return value.lower()


def address(value: Any, path: str, report: Report) -> str | None:
    """Read an address without prefix length."""
    if parsed(value) is not None:
        return str(value)
    hint = "Give the address without a prefix length" if "/" in str(value) else "Give an address, as 10.0.0.10"
    report.error(path, f"it is not an IP address {got(path, value)}", hint)
    return None


def ipv4(value: Any, path: str, report: Report) -> str | None:
    """Read an IPv4 address."""
    if isinstance(parsed(value), IPv4Address):
        return str(value)
    report.error(path, f"it is not an IPv4 address {got(path, value)}", "Give an address, as 10.0.0.10")
    return None


def network(value: Any, path: str, report: Report) -> str | None:
    """Read the target of a route, or what a rule selects: a network without host bits, or one address."""
    found = parsed_network(value)
    if found is None:
        hint = "Give it as address/length, for example 10.0.0.0/24"
        report.error(path, f"it is not a network {got(path, value)}", hint)
    elif found.ip != found.network.network_address:
        report.error(path, f"it has host bits set {got(path, value)}", f"Write {found.network}")
    else:
        return str(value)
    return None


def target(value: Any, path: str, report: Report) -> str | None:
    """Read the target of a route: ``default`` or a network."""
    return DEFAULT if value == DEFAULT else network(value, path, report)


def interface(value: Any, path: str, report: Report) -> Any:
    """Read an entry of ``addresses``: an address with its prefix length, alone or as key of its options."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((name, options),) = value.items()
            known = _options(options, f"{path}[{name}]", report)
            return None if interface(str(name), path, report) is None or known is None else {str(name): known}
        report.error(path, f"it must be one address {got(path, value)}", "Give each address as an entry of its own")
        return None
    found = parsed_interface(value)
    if found is not None and found.network.prefixlen:
        return str(value)
    hint = "Give it as address/length: 10.0.0.10/24"
    report.error(path, f"it is not an address with its prefix length {got(path, value)}", hint)
    return None


def parsed(value: Any) -> Address | None:
    """Return an address, None where it is none. Zones and leading zeros are none."""
    try:
        return ip_address(value) if isinstance(value, str) and "%" not in value else None
    except ValueError:
        return None


def parsed_interface(value: Any) -> Interface | None:
    """Return an address with its network from address/length, None where it is none."""
    try:
        return ip_interface(value) if isinstance(value, str) and _PREFIX.fullmatch(value) else None
    except ValueError:
        return None


def parsed_network(value: Any) -> Interface | None:
    """Return a network or a single address, with the host bits that were given; None where it is none."""
    alone = parsed(value)
    return parsed_interface(value) if alone is None else ip_interface(alone)


def sequence(reader: Reader) -> Reader:
    """Read a list, entry by entry; an entry that is wrong is None in it, so that the others keep their place."""

    def read(value: Any, path: str, report: Report) -> list[Any] | None:
        if isinstance(value, list):
            return [reader(entry, f"{path}[{place}]", report) for place, entry in enumerate(value)]
        report.error(path, f"it must be a list {got(path, value)}", "Give a list")
        return None

    return read


def each(reader: Reader) -> Reader:
    """Read a mapping whose keys are names of interfaces."""

    def read(value: Any, path: str, report: Report) -> dict[str, Any] | None:
        if isinstance(value, Mapping):
            found = {str(name): reader(inner, f"{path}.{name}", report) for name, inner in value.items()}
            return {name: inner for name, inner in found.items() if inner is not None}
        report.error(path, f"it must be a mapping {got(path, value)}", "Give a mapping")
        return None

    return read


def refused(why: str, hint: str) -> Reader:
    """Refuse a key that netplan has."""

    def read(value: Any, path: str, report: Report) -> None:
        report.error(path, f"{why} {got(path, value)}", hint)

    return read


def mapping(table: Mapping[str, Reader], owner: str, needed: tuple[str, ...] = ()) -> Reader:
    """Read a mapping with these keys; ``owner`` names in messages whose keys they are."""

    def read(value: Any, path: str, report: Report) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            report.error(path, f"it must be a mapping {got(path, value)}", "Give a mapping, {} for an empty one")
            return None
        found = {}
        for name, inner in value.items():
            where = f"{path}.{name}"
            if name not in table:
                report.error(where, f"{owner} has no such key {got(where, inner)}", choose(str(name), table))
                continue
            known = table[name](inner, where, report)
            if known is not None:
                found[name] = known
        for name in needed:
            if name not in value:
                report.error(f"{path}.{name}", f"{owner} needs it", f"Give {name}")
        return found

    return read


_options = mapping(
    {
        "lifetime": choice("forever", "0"),
        "label": text(f"a label of at most {LABEL_LENGTH} characters", rf"[!-.0-~]{{1,{LABEL_LENGTH}}}"),
    },
    "an address",
)
