# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of one node: what it has, what is wanted, and the change between them, which the guard carries out.

Runs on nodes: standard library of Python 3.9 only. Both sides of the comparison are printed by the node's own nft: the
kernel's table, and what the wanted text becomes in a network namespace that is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    firewall_nft,
    firewall_owners,
    firewall_unit,
    node_owners,
    node_programs,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import Connection
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import (
    ROLES,
    Rule,
    got,
    of_version,
    read,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Change

TIMEOUT = 30.0
"""Seconds for each program of the node."""
SHORTEST = 10
"""Seconds that a confirmation needs at least."""

_SHOW = f"nft -s list table {firewall_nft.TABLE}"
_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")


@dataclass(frozen=True)
class Request:
    """The options of the module. ``roles`` are those of the node, ``rules`` those that node_firewall_rules returns."""

    rules: Sequence[Any] = ()
    roles: Sequence[str] = ROLES
    state: str = "present"
    node_port_range: str = "30000-32767"
    timeout: int = 120


@dataclass(frozen=True)
class Seen:
    """What the node has. ``live`` is the table as nft's JSON, None without one; ``shown`` is the same as nft's text.

    ``file`` and ``unit`` are what the files hold, None for none. ``others`` counts chains by their owner. ``touched``
    says which service of another firewall changed its state after the table was loaded, "" for none.
    """

    live: Any = None
    shown: str = ""
    file: str | None = None
    unit: str | None = None
    enabled: bool = False
    firewalls: Mapping[str, Any] = field(default_factory=dict)
    touched: str = ""

    @property
    def others(self) -> dict[str, int]:
        """Count the chains of iptables by their owner: kubernetes, cilium, cni."""
        return dict(((self.firewalls.get("iptables") or {}).get("nft") or {}).get("chains") or {})

    @property
    def lost(self) -> str:
        """Say who has removed a table that should be there, "" where it is there or was never wanted."""
        if self.live is not None or self.file is None or not self.enabled:
            return ""
        who = self.touched or "no service of a known firewall was started or stopped since"
        return (
            f"firewall: someone else removed this table ({who}). What flushes it flushes the chains of Kubernetes, "
            "Cilium and portmap too. Restart Cilium's agent of this node, and pods with a hostPort."
        )


@dataclass(frozen=True)
class Plan:
    """What is to be done. ``changes`` are its parts in words, ``before`` and ``after`` the table as nft shows it."""

    ruleset: str
    before: str
    after: str
    changes: tuple[str, ...]
    warnings: tuple[str, ...]
    change: Change

    def as_dict(self, diff: bool = False) -> dict[str, Any]:
        """Return it as the module does, with or without what Ansible shows as the difference."""
        found = {
            "changed": bool(self.changes),
            "ruleset": self.ruleset,
            "before": self.before,
            "after": self.after,
            "changes": list(self.changes),
        }
        if diff:
            found["diff"] = {
                "before": self.before,
                "after": self.after,
                "before_header": f"table {firewall_nft.TABLE}",
                "after_header": f"table {firewall_nft.TABLE}",
                "prepared": "".join(f"{line}\n" for line in self.changes),
            }
        return found


class Node:
    """A node. ``root`` is "/" but in tests."""

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)
        self.nft = node_programs.find("nft") or ""

    def look(self) -> Seen:
        """Read what there is. Raises NetworkError where the node has no nft or it says nothing."""
        if not self.nft:
            raise NetworkError(
                Problem("nft", "the node has no nft", "Install the package nftables. Do not start its service")
            )
        printed = self._ask(firewall_nft.LIST)
        live = None if printed is None else firewall_nft.listing(printed)
        units = node_owners.services(TIMEOUT)
        file = self._path(firewall_unit.FILE)
        times = node_owners.changes([*node_owners.UNITS, firewall_unit.UNIT], TIMEOUT)
        loaded = max(times.pop(firewall_unit.UNIT, 0.0), file.stat().st_mtime if file.is_file() else 0.0)
        return Seen(
            live=live,
            shown="" if live is None else self._ask(_SHOW.split()) or "",
            file=_text(file),
            unit=_text(self._path(firewall_unit.UNIT_FILE)),
            enabled=self._path(firewall_unit.WANTED).is_symlink(),
            firewalls=node_owners.firewalls(self.root, TIMEOUT, True, units, node_owners.packages(TIMEOUT)),
            touched=firewall_owners.touched(times, loaded),
        )

    def try_out(self, text: str) -> Any:
        """Return what the kernel would make of a text, as nft's JSON. The node's own rules stay as they are."""
        done = self._run(firewall_nft.SCRATCH, text)
        if done.error:
            hint = "Correct them. Nothing was changed"
            raise NetworkError(Problem("rules", f"nft does not take them: {done.error}", hint))
        return firewall_nft.listing(done.output)

    def show(self, text: str) -> str:
        """Return the same as nft's text."""
        return self._run((*firewall_nft.SCRATCH[:-1], f"nft -f - && {_SHOW}"), text).output

    def _ask(self, words: Sequence[str]) -> str | None:
        done = self._run(words, "")
        if not done.error:
            return done.output
        if "No such file or directory" in done.error:
            return None
        raise NetworkError(Problem("nft", f"it does not answer: {done.error}", "The module needs root: give become"))

    def _run(self, words: Sequence[str], stdin: str) -> node_programs.Answer:
        path = str(Path(self.nft).parent)
        return node_programs.run(words, TIMEOUT, stdin, {"PATH": ":".join((path, *node_programs.FOLDERS))})

    def _path(self, name: str) -> Path:
        return self.root / name.lstrip("/")


def _text(path: Path) -> str | None:
    return path.read_text(errors="replace") if path.is_file() else None


def render(request: Request, connection: Connection | None) -> tuple[str, list[str]]:
    """Return the text of the table, and what to know of it. Raises NetworkError with all that is wrong."""
    if request.state == "absent":
        return firewall_nft.ABSENT, []
    rules, problems = read(request.rules, "rules", resolved=True)
    match = _RANGE.fullmatch(request.node_port_range)
    low, high = (int(match[1]), int(match[2])) if match else (1, 0)
    if not 0 < low <= high <= 65535:
        text = "it is no range of ports" + got(request.node_port_range)
        problems.append(Problem("node_port_range", text, "Give one such as 30000-32767"))
    kept = [rule for rule in rules if {*rule.on} & {*request.roles}]
    if not kept and not problems:
        text = "none of them is for this node" + got(", ".join(request.roles))
        problems.append(Problem("rules", text, "A node without rules reaches nobody. Give rules, or state: absent"))
    if problems:
        raise NetworkError(problems)
    return firewall_nft.render(kept, connection, (low, high)), _of_connection(kept, connection)


def _of_connection(rules: Sequence[Rule], connection: Connection | None) -> list[str]:
    """Say so where nothing but the connection in use lets its client in."""
    if connection is None or any(_lets_in(rule, connection) for rule in rules):
        return []
    return [
        f"rules: none of them lets ssh from {connection.source} in. The connection in use stays, by a rule of its own, "
        "until the rules are changed from elsewhere. Add it to admin_sources."
    ]


def _lets_in(rule: Rule, connection: Connection) -> bool:
    ports = any(low <= connection.port <= high for low, high in rule.ports)
    version = 6 if ":" in connection.source else 4
    inside = any(ip_address(connection.source) in ip_network(cidr) for cidr in of_version(rule.sources, version))
    return inside and (rule.proto == "any" or (rule.proto == "tcp" and ports))


def plan(request: Request, node: Node, seen: Seen, connection: Connection | None) -> Plan:
    """Compare what there is with what is wanted. Raises NetworkError with everything that forbids the change."""
    problems, warnings = firewall_owners.judge(seen.firewalls) if request.state == "present" else ([], [])
    try:
        text, notes = render(request, connection)
    except NetworkError as error:
        raise NetworkError([*problems, *error.problems]) from error
    if request.timeout < SHORTEST:
        message = "nothing can be confirmed that fast" + got(request.timeout)
        problems.append(Problem("confirm_timeout", message, f"Give {SHORTEST} seconds or more"))
    if problems:
        raise NetworkError(problems)
    present = request.state == "present"
    table = firewall_nft.differences(seen.live, node.try_out(text) if present else None)
    changes = [*table, *_files(text if present else None, node.nft, seen)]
    had_file = seen.file is not None
    make = firewall_unit.absent(node.nft, had_file, request.timeout)
    if present:
        make = firewall_unit.present(text, node.nft, had_file, request.timeout)
    return Plan(
        ruleset=text,
        before=seen.shown,
        after=(node.show(text) if table else seen.shown) if present else "",
        changes=tuple(changes),
        warnings=tuple(filter(None, [*warnings, *notes, seen.lost if present else ""])),
        change=make,
    )


def _files(text: str | None, nft: str, seen: Seen) -> list[str]:
    """Return what differs on the disk; ``text`` is None where nothing is to be there."""
    file = unit = None
    if text is not None:
        file = firewall_nft.without_connection(text)
        unit = firewall_unit.files(text, nft)[firewall_unit.UNIT_FILE][0].decode()
    found = []
    pairs = (
        (firewall_unit.FILE, seen.file and firewall_nft.without_connection(seen.file), file),
        (firewall_unit.UNIT_FILE, seen.unit, unit),
    )
    for name, has, wants in pairs:
        if has != wants:
            found.append(f"{name} is {'missing' if has is None else 'not wanted' if wants is None else 'another one'}")
    if seen.enabled is not (text is not None):
        found.append(f"{firewall_unit.UNIT} is {'enabled' if seen.enabled else 'not enabled'}")
    return found
