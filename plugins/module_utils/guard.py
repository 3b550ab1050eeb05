# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a guarded change on a node: staged, with a timer and a unit that undo it, and then applied behind our back.

Runs on the node: standard library only. What happens from then on is in ``guard_program``, which is installed here.
"""

from __future__ import annotations

import inspect
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import atomic_file, guard_program
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard_program import (
    APPLIED,
    LAST,
    PENDING,
    STATE,
    Node,
    load,
    save,
    staged,
    sync_directory,
)

UNIT = "eks-anywhere-network-guard"
BOOT_UNIT = f"etc/systemd/system/{UNIT}.service"
WANTED = f"etc/systemd/system/sysinit.target.wants/{UNIT}.service"
OVERDUE = 30
"""Seconds after the time-out from which a change counts as left behind."""
APPLY_DELAY = 1
"""Seconds until the change begins: by then the module has answered."""
BOOT_TEXT = """[Unit]
Description=Undo a change of the network that nobody confirmed
DefaultDependencies=no
RequiresMountsFor=/{state}
After=local-fs.target
Before=network-pre.target systemd-networkd.service NetworkManager.service nftables.service
Before=sysinit.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists=/{state}/{pending}

[Service]
Type=oneshot
ExecStart={python} /{state}/guard.py boot

[Install]
WantedBy=sysinit.target
"""

PROBES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "type": {"type": "str", "choices": ["ping", "tcp"], "required": True},
        "host": {"type": "str", "required": True},
        "port": {"type": "int"},
    },
    "required_if": [("type", "tcp", ("port",))],
}
"""The option ``probes`` of every module that has it."""

BEGIN: dict[str, dict[str, Any]] = {
    "confirm_timeout": {"type": "int", "default": 120},
    "confirm_host": {"type": "str"},
    "probes": PROBES,
}
"""Options of a module that begins a change; the doc fragments ``guard`` and ``guard.begin``."""


@dataclass(frozen=True)
class Change:
    """What to do, and how it is undone.

    ``files`` are contents and permission bits by path, None for a file that has to go. ``groups`` are ids of the groups
    that new files shall have, by path, where that is not root's. ``apply`` runs after they are in place, until a
    command fails; ``restore`` after the old ones are back, every command of it; ``boot`` instead of ``restore`` before
    the network of a machine that restarted. ``timeout`` is in seconds, from the moment the change begins.
    """

    owner: str
    files: Mapping[str, tuple[bytes, int] | None]
    apply: list[list[str]]
    restore: list[list[str]]
    boot: list[list[str]] = field(default_factory=list)
    timeout: int = 120
    groups: Mapping[str, int] = field(default_factory=dict)


def _systemctl(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")


@dataclass
class Guard:
    """The guard of one node. ``call`` runs a command and raises OSError when it fails."""

    root: str = "/"
    call: Callable[[list[str]], None] = _systemctl

    def __post_init__(self) -> None:
        self.node = Node(self.root)
        self.state = self.node.state

    def pending_id(self) -> str | None:
        """Return the change that is pending, None when there is none."""
        found = self.node.pending()
        return str(found["id"]) if found else None

    def refuse_while_pending(self, owner: str) -> None:
        """Raise NetworkError while a change is pending: what the node has now may be undone in a moment."""
        busy = self.node.pending()
        if busy and not _left_behind(busy):
            raise NetworkError(
                Problem(
                    owner,
                    f"a change of {busy['owner']} is neither confirmed nor undone yet (got {busy['id']})",
                    f"It is undone {busy['timeout']} seconds after it began. Run this again then",
                )
            )

    def start(self, change: Change) -> dict[str, Any]:
        """Begin a change that undoes itself; returns ``{"id", "timeout", "delay"}``.

        Raises NetworkError while another one is pending, and when it cannot be staged: then nothing was changed.
        """
        self.refuse_while_pending(change.owner)
        left = self.node.pending()
        if left:
            self.undo(left["id"], "it was left behind")
        identity = uuid.uuid4().hex[:12]
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self._install()
            save(self.state / PENDING, self._stage(change, identity))
        except OSError as error:
            self._unstage(change, identity)
            raise _not_started(change, error) from error
        try:
            self._arm(identity, change.timeout)
        except OSError as error:
            with guard_program.locked(self.state):
                (self.state / PENDING).unlink()
            self._unstage(change, identity)
            raise _not_started(change, error) from error
        return {"id": identity, "timeout": change.timeout, "delay": APPLY_DELAY}

    def confirm(self, identity: str, probes: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Make a change permanent if it was applied and every probe answers.

        Returns ``{"ended": "confirmed" | "restored" | "pending", "why", "applied", "probes"}``. A change whose commands
        failed is undone at once; one whose probes do not answer stays pending, for another attempt.
        """
        applied = load(self.state / APPLIED)
        applied = applied if applied and applied["id"] == identity else None
        if self.node.pending(identity) is None:
            return self.ended(identity)
        if applied is None:
            return {"ended": "pending", "why": "it is not carried out yet", "applied": None, "probes": []}
        if not applied["ok"]:
            self.undo(identity, "a command failed")
            return self.ended(identity)
        silent = [told for probe in probes if (told := ask(probe))]
        if silent:
            return {"ended": "pending", "why": "; ".join(silent), "applied": applied, "probes": silent}
        if self.node.confirm(identity):
            self._disarm(identity)
        return self.ended(identity)

    def undo(self, identity: str, why: str) -> dict[str, Any]:
        """Undo a change now."""
        if self.node.restore(identity, why):
            self._disarm(identity)
        return self.ended(identity)

    def ended(self, identity: str) -> dict[str, Any]:
        """Return how a change ended, from what the node wrote down."""
        last = load(self.state / LAST)
        if self.node.pending(identity):
            return {"ended": "pending", "why": "", "applied": load(self.state / APPLIED), "probes": []}
        if not last or last["id"] != identity:
            return {"ended": "unknown", "why": "the node knows nothing of it", "applied": None, "probes": []}
        return {**{key: last[key] for key in ("ended", "why", "applied", "ok", "commands")}, "probes": []}

    def _install(self) -> None:
        program = inspect.getsource(guard_program).encode()
        unit = BOOT_TEXT.format(state=STATE, pending=PENDING, python=sys.executable).encode()
        for path, content in ((self.state / "guard.py", program), (self.node.root / BOOT_UNIT, unit)):
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_file.replace(path, content, 0o644)
        wanted = self.node.root / WANTED
        if not wanted.is_symlink():
            wanted.parent.mkdir(parents=True, exist_ok=True)
            wanted.symlink_to(f"../{UNIT}.service")
            sync_directory(wanted.parent)

    def _stage(self, change: Change, identity: str) -> dict[str, Any]:
        absent = []
        for name, new in change.files.items():
            target = self.node.root / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            old = staged(target, identity, "old")
            if target.exists():
                shutil.copy2(target, old)
                owner = target.stat()
                os.chown(old, owner.st_uid, owner.st_gid)
                with old.open("rb") as file:
                    os.fsync(file.fileno())
            else:
                absent.append(name)
            if new is not None:
                fresh = staged(target, identity, "new")
                atomic_file.replace(fresh, new[0], new[1])
                os.chown(fresh, -1, change.groups.get(name, -1))
            sync_directory(target.parent)
        return {
            "id": identity,
            "owner": change.owner,
            "timeout": change.timeout,
            "since": int(time.time()),
            "files": {name: None if new is None else new[1] for name, new in change.files.items()},
            "absent": absent,
            "apply": change.apply,
            "restore": change.restore,
            "boot": change.boot,
            "unit": _unit("apply", identity),
        }

    def _unstage(self, change: Change, identity: str) -> None:
        for name in change.files:
            for kind in ("new", "old"):
                staged(self.node.root / name.lstrip("/"), identity, kind).unlink(missing_ok=True)

    def _arm(self, identity: str, timeout: int) -> None:
        """The timer that undoes comes first. systemd may be a minute late unless it is told not to (systemd.timer)."""
        program = [sys.executable, f"/{STATE}/guard.py"]
        why = f"it was not confirmed within {timeout} seconds"
        later = ["systemd-run", "--quiet", "--timer-property=AccuracySec=100ms"]
        undo = [f"--unit={_unit('restore', identity)}", f"--on-active={timeout + APPLY_DELAY}"]
        begin = [f"--unit={_unit('apply', identity)}", f"--on-active={APPLY_DELAY}"]
        self.call([*later, *undo, *program, "restore", identity, why])
        try:
            self.call([*later, *begin, *program, "apply", identity])
        except OSError:
            self._disarm(identity)
            raise

    def _disarm(self, identity: str) -> None:
        """A timer that cannot be stopped finds nothing to undo."""
        try:
            self.call(["systemctl", "stop", f"{_unit('restore', identity)}.timer"])
        except OSError:
            return


def _left_behind(pending: Mapping[str, Any]) -> bool:
    """Say whether nothing will undo a change any more: what began it was killed before it set the timer."""
    return bool(time.time() > pending["since"] + pending["timeout"] + OVERDUE)


def _unit(what: str, identity: str) -> str:
    return f"{UNIT}-{what}-{identity}"


def _not_started(change: Change, error: OSError) -> NetworkError:
    reason = error.strerror or str(error)
    where = f" ({error.filename})" if error.filename else ""
    return NetworkError(
        Problem(
            change.owner, f"the change cannot be prepared: {reason}{where}", "Nothing was changed. Correct it first"
        )
    )


def ask(probe: Mapping[str, Any], timeout: float = 3.0) -> str:
    """Ask a host by ``{"type": "ping" | "tcp", "host", "port"}``; returns what is wrong, "" when it answers."""
    host = str(probe["host"])
    if probe["type"] == "tcp":
        try:
            socket.create_connection((host, int(probe["port"])), timeout).close()
        except OSError as error:
            return f"{host}:{probe['port']} does not answer: {error.strerror or error}"
        return ""
    words = ["ping", "-c", "1", "-W", str(int(timeout)), host]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{host} does not answer to ping"
