# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule of a node's firewall: how it is written, checked and returned.

Runs on the controller and on nodes: standard library only, Python 3.8.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_network
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem

PROTOCOLS = {
    "tcp": "6", "udp": "17", "sctp": "132", "icmp": "1", "icmpv6": "58",
    "esp": "50", "ah": "51", "gre": "47", "ipip": "4", "vrrp": "112", "any": "",
}  # fmt: skip
"""Protocols by name, with their numbers at IANA. ``any`` is all of them."""

WITH_PORTS = ("tcp", "udp", "sctp")
FAMILY_OF = {"icmp": 4, "icmpv6": 6}
"""Protocols of one version of IP alone."""

WORDS = ("nodes", "pods", "control_plane", "admin", "any")
"""What ``from`` may say in place of addresses."""

ROLES = ("control_plane", "worker", "tinkerbell")
ANY = ("0.0.0.0/0", "::/0")
HIGHEST_PORT = 65535
FIELDS = ("name", "proto", "ports", "from", "on", "icmp_types", "destination", "reason", "source")

YAML_ON = (True, "true", "True")
"""What YAML 1.1 makes of the word ``on`` without quotes, and JSON of that."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""A name is the comment of its rules in nftables, where others with a colon are ours."""

_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_TYPE = re.compile(r"([0-9]{1,3})(?:/([0-9]{1,3}))?")


@dataclass(frozen=True)
class Rule:
    """Something that is let in.

    ``origin`` is what ``from`` says, ``sources`` the CIDRs this means. ``ports`` are ranges, both ends included.
    ``icmp_types`` are types with a code, or with None for every code. Without ``destination`` every address of the node
    is meant. ``on`` are the roles of the nodes that have the rule.
    """

    name: str
    proto: str
    origin: tuple[str, ...]
    ports: tuple[tuple[int, int], ...] = ()
    icmp_types: tuple[tuple[int, int | None], ...] = ()
    destination: tuple[str, ...] = ()
    on: tuple[str, ...] = ROLES
    reason: str = ""
    source: str = ""
    sources: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as modules return and take it."""
        word = len(self.origin) == 1 and self.origin[0] in WORDS
        shown: dict[str, Any] = {
            "name": self.name,
            "proto": self.proto,
            "ports": [low if low == high else f"{low}-{high}" for low, high in self.ports],
            "from": self.origin[0] if word else list(self.origin),
            "on": list(self.on),
            "reason": self.reason,
            "source": self.source,
            "sources": list(self.sources),
        }
        if self.icmp_types:
            shown["icmp_types"] = [str(kind) if code is None else f"{kind}/{code}" for kind, code in self.icmp_types]
        if self.destination:
            shown["destination"] = list(self.destination)
        return shown

    def addresses(self, version: int) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Return (sources, destinations) of one version of IP, () for all, None where nothing of it can match."""
        if FAMILY_OF.get(self.proto, version) != version:
            return None
        sources = of_version(self.sources, version)
        destinations = of_version(self.destination, version)
        if not sources or (self.destination and not destinations):
            return None
        everything = ANY[version == 6]
        return () if everything in sources else sources, () if everything in destinations else destinations

    @property
    def matches_something(self) -> bool:
        """Say whether there is a packet that it lets in."""
        return any(self.addresses(version) is not None for version in (4, 6))


def of_version(cidrs: Iterable[str], version: int) -> tuple[str, ...]:
    """Return the CIDRs of one version of IP."""
    return tuple(cidr for cidr in cidrs if (":" in cidr) == (version == 6))


def collapse(cidrs: Iterable[str]) -> tuple[str, ...]:
    """Return the same addresses in as few CIDRs as possible, IPv4 first, sorted. Nothing in it overlaps."""
    listed = [ip_network(cidr) for cidr in dict.fromkeys(cidrs)]
    found = [str(net) for version in (4, 6) for net in collapse_addresses(n for n in listed if n.version == version)]
    return tuple(found)


def cidr_problem(path: str, text: Any) -> Problem | None:
    """Return what is wrong with an address or CIDR, None when nothing is."""
    if not isinstance(text, str):
        return Problem(path, "it is no address" + got(text), "Give a CIDR such as 10.0.0.0/24")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return Problem(path, "it is no address" + got(text), "Give an address, or a CIDR such as 10.0.0.0/24")
    if "%" in text:
        return Problem(path, "it names an interface" + got(text), "Give the address alone")
    address = text.partition("/")[0]
    if str(ip_network(address)).partition("/")[0] != str(network.network_address):
        size = network.max_prefixlen
        hint = f"Write {network} for all of it, {address}/{size} for the one address"
        return Problem(path, "the address lies within the network" + got(text), hint)
    return None


def read(
    given: Sequence[Any], path: str, resolved: bool = False, words: Mapping[str, Sequence[str]] | None = None
) -> tuple[list[Rule], list[Problem]]:
    """Check rules as they are given, at ``path`` of the caller's options, and return those that are right.

    ``words`` says which CIDRs a word of ``from`` means; a rule with another word has no sources. ``resolved`` takes
    rules as :meth:`Rule.as_dict` has them: with ``sources``, which a rule whose ``from`` has words needs then.
    """
    work = Reader(words, resolved)
    found = []
    for place, entry in enumerate(given):
        rule = work.rule(entry, f"{path}[{place}]")
        if rule and rule.sources and not rule.matches_something:
            message = "no packet has this protocol, source and destination"
            work.note(f"{path}[{place}]", message, "Give addresses of one version of IP")
        elif rule:
            found.append(rule)
    return found, work.problems


def got(value: Any) -> str:
    """Return a value for a message."""
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    return f" (got {text if len(text) <= 80 else text[:80] + '…'})"


class Reader:
    """Reads rules one by one: what is wrong so far, and which names are taken."""

    def __init__(self, words: Mapping[str, Sequence[str]] | None = None, resolved: bool = False) -> None:
        self.problems: list[Problem] = []
        self._collapsed: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._words = {"any": ANY, **(words or {})}
        self._resolved = resolved
        self._names: dict[str, str] = {}

    def note(self, path: str, message: str, hint: str) -> None:
        """Note something that is wrong."""
        self.problems.append(Problem(path, message, hint))

    def rule(self, entry: Any, path: str) -> Rule | None:
        """Return one rule, None where something is wrong with it."""
        before = len(self.problems)
        if not isinstance(entry, Mapping):
            self.note(path, "it must be a mapping" + got(entry), "Give name, proto, ports and from")
            return None
        entry = {"on" if key in YAML_ON else key: value for key, value in entry.items()}
        fields = (*FIELDS, "sources") if self._resolved else FIELDS
        for key in sorted(entry.keys() - set(fields), key=str):
            near = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"Use {near[0]}, if that is meant" if near else f"Its fields are: {', '.join(fields)}"
            self.note(f"{path}.{key}", "a rule has no such field" + got(entry[key]), hint)
        given = {key: value for key, value in entry.items() if value is not None}
        proto = self._choice(given.get("proto"), tuple(PROTOCOLS), f"{path}.proto")
        name = self._name(given.get("name"), f"{path}.name")
        origin = self._origin(given.get("from"), f"{path}.from")
        rule = Rule(
            name=name,
            proto=proto,
            origin=origin,
            ports=self._ports(given.get("ports"), proto, f"{path}.ports"),
            icmp_types=self._types(given.get("icmp_types"), proto, f"{path}.icmp_types"),
            destination=self._cidrs(given.get("destination", []), f"{path}.destination"),
            on=self._on(given.get("on", list(ROLES)), f"{path}.on"),
            reason=self._text(given.get("reason", ""), f"{path}.reason"),
            source=self._text(given.get("source", ""), f"{path}.source"),
        )
        if len(self.problems) == before:
            rule = dataclasses.replace(rule, sources=self._sources(given, origin, path))
        return rule if len(self.problems) == before else None

    def _sources(self, given: Mapping[str, Any], origin: tuple[str, ...], path: str) -> tuple[str, ...]:
        if self._resolved and "sources" in given:
            return self._cidrs(given["sources"], f"{path}.sources")
        unknown = [word for word in origin if word in WORDS and word not in self._words]
        if unknown and self._resolved:
            hint = "Take the rules that node_firewall_rules returns, or give CIDRs"
            self.note(f"{path}.from", f"which addresses {unknown[0]} means is not known here", hint)
            return ()
        return self._collapse(tuple(cidr for word in origin for cidr in self._meant(word)))

    def _meant(self, word: str) -> Sequence[str]:
        return self._words.get(word, () if word in WORDS else (word,))

    def _collapse(self, cidrs: tuple[str, ...]) -> tuple[str, ...]:
        """Many rules have the same sources."""
        found = self._collapsed.get(cidrs)
        if found is None:
            found = self._collapsed[cidrs] = collapse(cidrs)
        return found

    def _name(self, given: Any, path: str) -> str:
        if not isinstance(given, str) or not NAME.fullmatch(given):
            hint = "Use at most 63 small letters, digits, -, _ and ., with a letter or digit first"
            self.note(path, "it is no name of a rule" + got(given), hint)
            return ""
        first = self._names.setdefault(given, path)
        if first != path:
            self.note(path, f"it is {first} too" + got(given), "Give each rule its own name")
        return given

    def _choice(self, given: Any, known: Sequence[str], path: str) -> str:
        if given in known:
            return str(given)
        self.note(path, "there is no such value" + got(given), f"Use one of: {', '.join(known)}")
        return ""

    def _listed(self, given: Any, path: str) -> list[Any]:
        """Return a list; a single value is one of its own."""
        if isinstance(given, (str, int)) and not isinstance(given, bool):
            return [given]
        if isinstance(given, (list, tuple)):
            return list(given)
        self.note(path, "it must be a list" + got(given), "Give a list")
        return []

    def _ports(self, given: Any, proto: str, path: str) -> tuple[tuple[int, int], ...]:
        listed = [] if given is None else self._listed(given, path)
        if listed and proto and proto not in WITH_PORTS:
            self.note(path, f"{proto} has no ports" + got(given), "Remove them, or use tcp or udp")
            return ()
        if proto in WITH_PORTS and (given is None or given == []):
            self.note(path, f"a rule for {proto} needs them" + got(given), "Give ports, 0-65535 for all")
        found = []
        for place, entry in enumerate(listed):
            match = None if isinstance(entry, bool) else _PORTS.fullmatch(str(entry))
            low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
            if not low <= high <= HIGHEST_PORT:
                hint = "Give a port from 0 to 65535, or a range such as 30000-32767"
                self.note(f"{path}[{place}]", "it is no port" + got(entry), hint)
            found.append((low, high))
        return _merged(found)

    def _types(self, given: Any, proto: str, path: str) -> tuple[tuple[int, int | None], ...]:
        listed = [] if given is None else self._listed(given, path)
        if listed and proto and proto not in FAMILY_OF:
            self.note(path, f"{proto} has no ICMP types" + got(given), "Remove them, or use icmp or icmpv6")
            return ()
        found = []
        for place, entry in enumerate(listed):
            match = None if isinstance(entry, bool) else _TYPE.fullmatch(str(entry))
            kind, code = (int(match[1]), int(match[2]) if match[2] else None) if match else (256, None)
            if kind > 255 or (code or 0) > 255:
                hint = "Give a number such as 8, with a code after a / if need be"
                self.note(f"{path}[{place}]", "it is no ICMP type" + got(entry), hint)
            found.append((kind, code))
        every = {kind for kind, code in found if code is None}
        kept = {(kind, code) for kind, code in found if code is None or kind not in every}
        return tuple(sorted(kept, key=lambda one: (one[0], -1 if one[1] is None else one[1])))

    def _origin(self, given: Any, path: str) -> tuple[str, ...]:
        if given is None:
            hint = f"Give one of {', '.join(WORDS)}, or a list of CIDRs"
            self.note(path, "a rule needs it", hint)
            return ()
        listed = self._listed(given, path)
        for place, entry in enumerate(listed):
            if entry not in WORDS:
                self._cidr(entry, f"{path}[{place}]" if isinstance(given, (list, tuple)) else path)
        return tuple(map(str, listed))

    def _cidr(self, entry: Any, path: str) -> None:
        problem = cidr_problem(path, entry)
        if problem:
            self.problems.append(problem)

    def _cidrs(self, given: Any, path: str) -> tuple[str, ...]:
        before = len(self.problems)
        listed = self._listed(given, path)
        if all(isinstance(entry, str) for entry in listed) and tuple(listed) in self._collapsed:
            return self._collapsed[tuple(listed)]
        for place, entry in enumerate(listed):
            self._cidr(entry, f"{path}[{place}]")
        return self._collapse(tuple(listed)) if len(self.problems) == before else ()

    def _on(self, given: Any, path: str) -> tuple[str, ...]:
        listed = self._listed(given, path)
        if not listed:
            self.note(path, "a rule needs a role" + got(given), f"Use some of: {', '.join(ROLES)}")
        found = {self._choice(entry, ROLES, f"{path}[{place}]") for place, entry in enumerate(listed)}
        return tuple(role for role in ROLES if role in found)

    def _text(self, given: Any, path: str) -> str:
        if isinstance(given, str):
            return given
        self.note(path, "it must be a string" + got(given), "Give a sentence")
        return ""


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join ranges that overlap or touch, sorted."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)
