# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks JSON objects against tables of fields: unknown names, types, choices and limits, each with its path."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import hide

TEXT, NUMBER, FLAG, TEXTS, MAP, FLAGS, ANY, OBJECT, OBJECTS = (
    "a string", "a number", "a boolean", "a list of strings", "a mapping of strings", "a mapping of booleans",
    "anything", "a mapping", "a list of mappings",
)  # fmt: skip
"""Kinds of fields, as messages name them."""

SHOWN = 80
MAC = re.compile(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}")


@dataclass(frozen=True)
class Field:
    """What a field may hold. ``low`` and ``high`` limit a number; ``fields`` are those of a mapping."""

    kind: str
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    required: bool = False
    pattern: re.Pattern[str] | None = None
    meaning: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass
class Report:
    """What is wrong (``errors``) and what may be meant but rarely is (``warnings``)."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path: str, message: str, hint: str) -> None:
        """Note something that fails or breaks."""
        self.errors.append(Problem(path, message, hint))

    def warn(self, path: str, message: str, hint: str) -> None:
        """Note something to look at."""
        self.warnings.append(Problem(path, message, hint))


def got(path: str, value: Any) -> str:
    """Return the value as messages show it: JSON, shortened, secrets hidden."""
    shown = hide(path, value)
    text = shown if isinstance(shown, str) and shown else json.dumps(shown, default=str)
    return f"(got {text if len(text) <= SHOWN else text[:SHOWN] + '…'})"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """Return the known name that was probably meant, "" when none is near. Case and underscores do not count."""
    plain = {entry.replace("_", "").replace("-", "").lower(): entry for entry in known}
    found = difflib.get_close_matches(name.replace("_", "").replace("-", "").lower(), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else ""


def choose(name: str, known: Iterable[str], what: str = "Use one of") -> str:
    """Return the hint for a name that is not known: the nearest, else all."""
    names = sorted(known)
    near = nearest(name, names)
    return f"Use {near}, if that is meant" if near else f"{what}: {', '.join(names)}"


def check_fields(given: Mapping[str, Any], table: Mapping[str, Field], path: str, owner: str, report: Report) -> bool:
    """Check every field of a mapping and return whether all of them are of their kind.

    ``owner`` names in messages whose fields they are. A field that is null counts as absent, as for the plugins.
    """
    for name in sorted(given.keys() - table.keys()):
        where = f"{path}.{name}"
        hint = choose(name, table, "Its fields are")
        report.error(where, f"{owner} has no such field {got(where, given[name])}", hint)
    sound = True
    for name, spec in table.items():
        value = given.get(name)
        if value is not None:
            sound &= check(value, spec, f"{path}.{name}", report)
        elif spec.required:
            report.error(f"{path}.{name}", f"{owner} needs it", f"Give {spec.meaning or spec.kind}")
    return sound


def check(value: Any, spec: Field, path: str, report: Report) -> bool:
    """Check one value and return whether it, and all in it, is of its kind."""
    if not _is(value, spec.kind):
        quoted = spec.kind in (NUMBER, FLAG) and isinstance(value, str)
        shown = f'(got "{value}")' if quoted else got(path, value)
        report.error(path, f"it must be {spec.kind} {shown}", f"Give {spec.kind}" + ", without quotes" * quoted)
        return False
    if spec.kind == OBJECT and spec.fields:
        return check_fields(value, spec.fields, path, spec.meaning or "it", report)
    if spec.kind == OBJECTS and spec.fields:
        owner = spec.meaning or "it"
        sound = True
        for place, entry in enumerate(value):
            sound &= check_fields(entry, spec.fields, f"{path}[{place}]", owner, report)
        return sound
    if spec.choices and value not in spec.choices:
        report.error(path, f"there is no such value {got(path, value)}", choose(str(value), spec.choices))
    elif spec.kind == NUMBER and not _within(value, spec):
        limits = f"from {spec.low} to {spec.high}" if spec.high is not None else f"of at least {spec.low}"
        report.error(path, f"the number is out of range {got(path, value)}", f"Give a number {limits}")
    elif spec.pattern and not spec.pattern.fullmatch(value):
        report.error(path, f"it is not {spec.meaning} {got(path, value)}", f"Give {spec.meaning}")
    return True


def _within(value: int, spec: Field) -> bool:
    return (spec.low is None or value >= spec.low) and (spec.high is None or value <= spec.high)


def _is(value: Any, kind: str) -> bool:
    """Say whether Go's JSON decoder takes the value for a field of this kind: 1.0 and "1" are no integers."""
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if kind == OBJECTS:
        return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
    if kind in (MAP, FLAGS):
        wanted = str if kind == MAP else bool
        return isinstance(value, Mapping) and all(isinstance(entry, wanted) for entry in value.values())
    return {TEXT: isinstance(value, str), FLAG: isinstance(value, bool), OBJECT: isinstance(value, Mapping)}.get(
        kind, True
    )
