# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the node on which this runs: what is there, and the guarded change to what is wanted.

What the back end reads is compared, not what we write: netplan writes into a directory of its own what it would make of
all files, and that is held against what lies in /run. Runs on nodes: standard library of Python 3.9 only, and
python3-yaml as netplan.py says.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    atomic_file,
    host_network,
    host_network_change,
    netplan,
    networkmanager,
    networkmanager_read,
    node_programs,
    ssh_connection,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils import plan as plans
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Change
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import NETPLAN, Rendered, Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_change import Commands, Files
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import parsed
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_network import NodeNetwork

OWNER = "host_network"
SHORTEST = 10
"""Seconds that a confirmation needs at least."""
TIMEOUT = 60.0
"""Seconds for each program of the node."""

_SETTINGS = (netplan.NETWORKD, netplan.UNMANAGED, networkmanager.UNMANAGED)
"""They keep networkd and NetworkManager away from Cilium. They change nothing by themselves and stay when a change is
undone: undoing it without them could take Cilium's rules away."""
_GENERATED = {
    "/run/systemd/network": re.compile(r"10-netplan-.*\.(network|netdev|link)"),
    "/run/udev/rules.d": re.compile(r".*-netplan-.*\.rules"),
}


@dataclass(frozen=True)
class Generated:
    """A file as a back end reads it."""

    text: str
    mode: int = 0o644
    group: int = 0


@dataclass(frozen=True)
class Plan:
    """What is to be done. ``settings`` are files that come first and stay, ``change`` is for the guard, None for none.

    ``before`` and ``after`` are the files that differ as they may be shown, texts by path.
    """

    rendered: Rendered
    before: Mapping[str, str]
    after: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    change: Change | None = None

    @property
    def changed(self) -> bool:
        """Say whether there is anything to do."""
        return self.change is not None

    def as_dict(self) -> dict[str, Any]:
        """Return what the module returns."""
        return {
            **self.rendered.as_dict(),
            "changed": self.changed,
            "before": dict(self.before),
            "after": dict(self.after),
            "commands": [" ".join(words) for words in self.change.apply] if self.change else [],
            "reverted": False,
            "diff": {"before": _joined(self.before), "after": _joined(self.after)},
        }


class Node:
    """A node. ``root`` is "/" but in tests."""

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)

    def facts(self) -> dict[str, Any]:
        """Return ``node_network`` of module node_network_info."""
        places = ("/opt/cni/bin", "/etc/cni/net.d", "/etc/cni/multus/net.d")
        return NodeNetwork(*places, probe_timeout=5, timeout=10).gather()

    def existing(self) -> dict[str, str]:
        """Return the files that both back ends read, texts by path. Raises NetworkError without the right to."""
        found: dict[str, str] = {}
        seen = set()
        places = [*netplan.DIRECTORIES, *networkmanager_read.DIRECTORIES, networkmanager.LINKS]
        for place in places:
            directory = self._path(place)
            real = directory.resolve()
            if real in seen or not directory.is_dir():
                continue
            seen.add(real)
            try:
                files = [file for file in sorted(directory.iterdir()) if file.is_file() and _read(place, file.name)]
                found.update({f"{place}/{file.name}": file.read_text(encoding="utf-8") for file in files})
            except PermissionError as error:
                hint = "Give become: true"
                raise NetworkError(Problem(OWNER, f"it needs root to read {error.filename}", hint)) from error
        return found

    def plan(self, request: Request, timeout: int) -> Plan:
        """Judge, and return what is to be done. ``timeout`` is that of the confirmation, in seconds."""
        if timeout < SHORTEST:
            message = f"a node needs {SHORTEST} seconds to be reached again (got {timeout})"
            raise NetworkError(Problem("confirm_timeout", message, "Give more, 120 for example"))
        facts = self.facts()
        addresses = [*request.management_addresses, *filter(None, [_own_address(ssh_connection.told())])]
        full = replace(request, existing=self.existing(), node_network=facts, management_addresses=addresses)
        rendered = host_network.render(full)
        work = self._netplan if rendered.backend == NETPLAN else self._networkmanager
        return work(rendered, full.existing, Facts(facts), timeout)

    def begin(self, plan: Plan) -> None:
        """Write what comes before a change, and stays."""
        for path, text in plan.settings.items():
            target = self._path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.replace(target, text.encode(), 0o644)

    def _path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def _text(self, name: str) -> str | None:
        try:
            return self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _settings(self, rendered: Rendered) -> tuple[dict[str, str], dict[str, str]]:
        """Return the settings that are to be there, and those of them that are not."""
        wanted = {file.path: file.content for file in rendered.files if file.path in _SETTINGS}
        return wanted, {path: text for path, text in wanted.items() if self._text(path) != text}

    def _netplan(self, rendered: Rendered, existing: Mapping[str, str], facts: Facts, timeout: int) -> Plan:
        wanted, missing = self._settings(rendered)
        own = {file.path: file.content for file in rendered.files if file.path not in wanted}
        texts = {path: text for path, text in existing.items() if netplan.reads(path)}
        generated = self.generate({**texts, **own})
        files = Files(self._generated(self.root, _GENERATED), {path: file.text for path, file in generated.items()})
        commands = host_network_change.networkd(
            files,
            facts,
            rendered.renames,
            self._path("/run/udev/control").exists(),
            bool(missing) or self._older(wanted),
        )
        contents: dict[str, tuple[bytes, int] | None] = dict.fromkeys({*files.before} - {*files.after})
        for path, file in generated.items():
            if files.before.get(path) != file.text:
                contents[path] = (file.text.encode(), file.mode)
        contents.update({path: (text.encode(), 0o600) for path, text in own.items() if texts.get(path) != text})
        groups = {path: file.group for path, file in generated.items() if path in contents and file.group}
        return self._plan(rendered, contents, missing, commands, timeout, groups)

    def _networkmanager(self, rendered: Rendered, existing: Mapping[str, str], facts: Facts, timeout: int) -> Plan:
        wanted, missing = self._settings(rendered)
        own = {file.path: file for file in rendered.files if file.path not in wanted}
        ours = {path for path in existing if networkmanager_read.is_own(path) or networkmanager.is_link(path)}
        files = Files({path: existing[path] for path in ours}, {path: file.content for path, file in own.items()})
        contents: dict[str, tuple[bytes, int] | None] = dict.fromkeys(ours - own.keys())
        for path, file in own.items():
            if files.before.get(path) != file.content:
                contents[path] = (file.content.encode(), int(file.mode, 8))
        commands = host_network_change.manager(files, facts, rendered.renames, bool(missing))
        return self._plan(rendered, contents, missing, commands, timeout, {})

    def _plan(
        self,
        rendered: Rendered,
        contents: Mapping[str, tuple[bytes, int] | None],
        missing: Mapping[str, str],
        commands: Commands,
        timeout: int,
        groups: Mapping[str, int],
    ) -> Plan:
        if not contents and not missing and not commands.apply:
            return Plan(rendered, {}, {})
        after = {path: entry[0].decode() for path, entry in contents.items() if entry is not None} | dict(missing)
        before = {path: text for path in {*contents, *missing} if (text := self._text(path)) is not None}
        change = Change(
            OWNER, contents, commands.apply, commands.restore, commands.boot, timeout=timeout, groups=groups
        )
        return Plan(rendered, _shown(before), _shown(after), missing, change)

    def _older(self, settings: Mapping[str, str]) -> bool:
        """Say whether networkd runs since before the settings were written, so that it does not know them."""
        words = ["systemctl", "show", host_network_change.NETWORKD, "--property=ExecMainStartTimestampMonotonic"]
        told = re.search(r"=(\d+)", node_programs.run(words, TIMEOUT).output)
        started = time.time() - time.monotonic() + int(told[1]) / 1e6 if told else 0.0
        path = self._path(netplan.NETWORKD)
        return netplan.NETWORKD in settings and path.exists() and path.stat().st_mtime > started

    def generate(self, texts: Mapping[str, str]) -> dict[str, Generated]:
        """Return what netplan makes of files, given as texts by path. Raises NetworkError with what it says."""
        program = node_programs.find("netplan")
        if program is None:
            raise NetworkError(Problem("backend", "the node has no netplan (got netplan)", "Install netplan.io"))
        # Below /run, so that a full disk is found when the change is staged and not before.
        run = self._path("/run")
        with tempfile.TemporaryDirectory(prefix="eks-anywhere-", dir=run if run.is_dir() else None) as folder:
            scratch = Path(folder)
            for path, text in texts.items():
                target = scratch / path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                target.chmod(0o600)
            answer = node_programs.run([program, "generate", "--root-dir", str(scratch)], TIMEOUT)
            if answer.error:
                said = answer.error.replace(str(scratch), "")
                raise NetworkError(
                    Problem("config", f"netplan does not take it: {said}", "Correct it. Nothing was changed")
                )
            found = {}
            for path, text in self._generated(scratch, _GENERATED).items():
                about = (scratch / path.lstrip("/")).stat()
                found[path] = Generated(text, about.st_mode & 0o7777, about.st_gid)
            return found

    @staticmethod
    def _generated(root: Path, places: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
        found = {}
        for place, pattern in places.items():
            directory = root / place.lstrip("/")
            for file in sorted(directory.iterdir()) if directory.is_dir() else ():
                if pattern.fullmatch(file.name):
                    found[f"{place}/{file.name}"] = file.read_text(encoding="utf-8")
        return found


def _read(place: str, name: str) -> bool:
    path = f"{place}/{name}"
    return netplan.reads(path) or networkmanager_read.reads(path) or networkmanager.is_link(path)


def _own_address(told: str | None) -> str | None:
    """Return the node's side of an ssh connection, None where it is not known."""
    words = (told or "").split()
    address = parsed(words[2].partition("%")[0]) if len(words) == 4 else None
    return None if address is None else str(getattr(address, "ipv4_mapped", None) or address)


def _shown(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts with the values of secret keys hidden: other files of netplan may have some."""
    return {path: "\n".join(map(_hidden, text.split("\n"))) for path, text in sorted(texts.items())}


def _hidden(line: str) -> str:
    key, equals, value = line.partition("=")
    return f"{key}={plans.HIDDEN}" if equals and value and plans.secret(key.strip()) else line


def _joined(texts: Mapping[str, str]) -> str:
    return "".join(f"{path}:\n{text.rstrip()}\n" for path, text in sorted(texts.items()))
