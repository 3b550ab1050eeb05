# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices as several files together define them, each setting with the place it comes from.

A later part overrides single values and appends to lists, as netplan merges files (doc/netplan-generate.md, measured
with 0.106). Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import (
    Interface,
    parsed_interface,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import VIRTUAL

GLOB = "*?["


@dataclass(frozen=True)
class Part:
    """What one file says of a device. ``path`` is where messages find it, ``own`` says whether it is ours."""

    path: str
    settings: Mapping[str, Any]
    own: bool = False


@dataclass(frozen=True)
class Entry:
    """One entry of a list, with its place."""

    path: str
    value: Any
    own: bool


@dataclass(frozen=True)
class Definition:
    """A device: ``kind`` is netplan's word (``ethernets``), ``parts`` are in the order in which they are read."""

    kind: str
    id: str
    parts: tuple[Part, ...]

    @property
    def own(self) -> bool:
        """Say whether our file says anything of it."""
        return any(part.own for part in self.parts)

    @property
    def virtual(self) -> bool:
        """Say whether the device is made, not found."""
        return self.kind in VIRTUAL

    @property
    def path(self) -> str:
        """Return where it stands, in our file if it is there."""
        return next((part.path for part in self.parts if part.own), self.parts[0].path)

    def get(self, *keys: str) -> Any:
        """Return a value below these keys, None where no part has it."""
        return self._last(keys)[1]

    def where(self, *keys: str) -> str:
        """Return the place of that value, or where it would stand."""
        return self._last(keys)[0]

    def _last(self, keys: tuple[str, ...]) -> tuple[str, Any]:
        for part in reversed(self.parts):
            value: Any = part.settings
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            if value is not None:
                return ".".join((part.path, *keys)), value
        return ".".join((self.path, *keys)), None

    def entries(self, *keys: str) -> Iterator[Entry]:
        """Return every entry of a list, those that were wrong left out."""
        for part in self.parts:
            value: Any = part.settings
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            for place, entry in enumerate(value if isinstance(value, list) else ()):
                if entry is not None:
                    yield Entry(f"{'.'.join((part.path, *keys))}[{place}]", entry, part.own)

    @property
    def addresses(self) -> list[tuple[Entry, Interface]]:
        """Return its static addresses."""
        pairs = [(entry, parsed_interface(_text(entry.value))) for entry in self.entries("addresses")]
        return [(entry, found) for entry, found in pairs if found is not None]

    @property
    def ports(self) -> list[Entry]:
        """Return the interfaces that are part of a bond or bridge."""
        return list(self.entries("interfaces"))

    @property
    def dynamic(self) -> bool:
        """Say whether it gets IPv4 addresses from elsewhere."""
        return bool(self.get("dhcp4"))

    @property
    def live_name(self) -> str:
        """Return the name by which the NIC is found, "" where it is found by something else."""
        if self.virtual:
            return self.get("set-name") or self.id
        if self.get("match") is None:
            return self.id
        name = self.get("match", "name")
        return name if name and not any(character in name for character in GLOB) else ""

    @property
    def name(self) -> str:
        """Return the name of the interface when the definition is in force, "" where nothing says."""
        return self.get("set-name") or self.live_name


def _text(value: Any) -> Any:
    return next(iter(value)) if isinstance(value, Mapping) else value


def definitions(settings: Mapping[str, Any], path: str, own: bool = False) -> list[Definition]:
    """Return what one file, already read, defines."""
    return [
        Definition(kind, name, (Part(f"{path}.{kind}.{name}", inner, own),))
        for kind, devices in settings.items()
        if isinstance(devices, Mapping)
        for name, inner in devices.items()
    ]


def merge(found: Iterable[Definition]) -> dict[str, Definition]:
    """Return the definitions by id; the kind is that of the first part."""
    merged: dict[str, Definition] = {}
    for definition in found:
        earlier = merged.get(definition.id)
        parts = (*earlier.parts, *definition.parts) if earlier else definition.parts
        merged[definition.id] = Definition((earlier or definition).kind, definition.id, parts)
    return merged


def below(definition: Definition, known: Mapping[str, Definition]) -> list[Definition]:
    """Return the devices that a virtual one sits on."""
    ids = [entry.value for entry in definition.ports]
    if definition.kind == "vlans" and definition.get("link"):
        ids.append(definition.get("link"))
    return [known[name] for name in ids if name in known]


def top_down(found: Iterable[Definition], known: Mapping[str, Definition]) -> list[str]:
    """Return the ids so that each stands before those it sits on: the order in which devices can go."""
    ordered: list[str] = []

    def visit(definition: Definition, seen: tuple[str, ...]) -> None:
        for lower in below(definition, known):
            if lower.id not in (*seen, definition.id):
                visit(lower, (*seen, definition.id))
        if definition.id not in ordered:
            ordered.append(definition.id)

    wanted = sorted(found, key=lambda definition: definition.id)
    for definition in wanted:
        visit(definition, ())
    ids = {definition.id for definition in wanted}
    return [name for name in reversed(ordered) if name in ids]
