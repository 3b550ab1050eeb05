# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a guarded change on a node, and undoes it unless it is confirmed in time. It needs nobody for that.

This file is copied to the node as it stands and started by systemd: ``apply ID``, ``restore ID WHY`` (by a timer) and
``boot`` (before the network starts). It imports nothing but the standard library, and runs with Python 3.8.

In its directory are ``pending.json``, the change that is neither confirmed nor undone, ``started.json``,
``applied.json`` and ``last.json``, how the last change ended. New and old contents lie beside the files they are for:
each file changes hands by one rename, which needs no space on the disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STATE = "var/lib/eks-anywhere-network/guard"
PENDING, STARTED, APPLIED, LAST, LOCK = "pending.json", "started.json", "applied.json", "last.json", "lock"
COMMAND_TIMEOUT = 60
OUTPUT = 4000
"""Characters of a command's output that are kept."""


def sync_directory(path: Path) -> None:
    """Make what was renamed in a directory outlive a power cut."""
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save(path: Path, content: Any) -> None:
    """Write JSON that is there as a whole or not at all."""
    draft = path.with_name("." + path.name + ".tmp")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def load(path: Path) -> Any:
    """Return JSON, None when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    """Only one of confirmation and restoration decides how a change ends."""
    with (state / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def staged(target: Path, identity: str, kind: str) -> Path:
    """Return where the ``new`` or the ``old`` content of a file lies."""
    return target.with_name("." + target.name + "." + identity + "." + kind)


def run(commands: Any, all_of_them: bool = False) -> list:
    """Run commands in order, until one fails or all of them. Returns [words, exit code, output] of each that ran."""
    done = []
    for words in commands:
        try:
            ended = subprocess.run(
                words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_TIMEOUT, check=False
            )
            code, text = ended.returncode, ended.stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            code, text = -1, "did not end within " + str(COMMAND_TIMEOUT) + " seconds"
        except OSError as error:
            code, text = -1, str(error)
        done.append([words, code, text[-OUTPUT:]])
        if code and not all_of_them:
            break
    return done


def failed(done: list) -> bool:
    """Say whether one of the commands that ran has failed."""
    return any(code for _words, code, _text in done)


class Node:
    """A node. ``root`` is "/" but in tests."""

    def __init__(self, root: str = "/") -> None:
        self.root = Path(root)
        self.state = self.root / STATE

    def pending(self, identity: str | None = None) -> Any:
        """Return the change that is pending, None when there is none or it is another one."""
        found = load(self.state / PENDING)
        return found if found and identity in (None, found["id"]) else None

    def apply(self, identity: str) -> None:
        """Put the new files in place and run the commands that make them work."""
        with locked(self.state):
            change = self.pending(identity)
            if change is None:
                return
            save(self.state / STARTED, {"id": identity})
            for name, new in change["files"].items():
                target = self.root / name.lstrip("/")
                if new is None:
                    with contextlib.suppress(FileNotFoundError):
                        target.unlink()
                else:
                    staged(target, identity, "new").replace(target)
                sync_directory(target.parent)
        # Not under the lock: what hangs here must not keep the timer from undoing it.
        done = run(change["apply"])
        save(self.state / APPLIED, {"id": identity, "ok": not failed(done), "commands": done})

    def restore(self, identity: str, why: str, commands: str = "restore") -> bool:
        """Undo a change; False when it is not pending any more. Can be repeated when it was interrupted.

        A command that fails does not keep those behind it from running.
        """
        with locked(self.state):
            change = self.pending(identity)
            if change is None:
                return False
            done: list = []
            started = load(self.state / STARTED)
            if started and started["id"] == identity:
                self._stop(change.get("unit"))
                for name in change["files"]:
                    self._put_back(self.root / name.lstrip("/"), identity, name in change["absent"])
                done = run(change[commands], all_of_them=True)
            self._end(change, {"ended": "restored", "why": why, "ok": not failed(done), "commands": done})
        return True

    def confirm(self, identity: str) -> bool:
        """Make a change permanent; False when it is not pending any more."""
        with locked(self.state):
            change = self.pending(identity)
            if change is None:
                return False
            self._end(change, {"ended": "confirmed", "why": "", "ok": True, "commands": []})
        return True

    def boot(self) -> None:
        """Undo what was pending when the machine went down."""
        change = self.pending()
        if change:
            self.restore(change["id"], "the machine restarted before it was confirmed", "boot")

    def _stop(self, unit: str | None) -> None:
        if unit:
            run([["systemctl", "kill", "--signal=KILL", unit]])

    @staticmethod
    def _put_back(target: Path, identity: str, absent: bool) -> None:
        if absent:
            with contextlib.suppress(FileNotFoundError):
                target.unlink()
        else:
            # It is not there any more when an earlier restoration that was interrupted has put it back.
            with contextlib.suppress(FileNotFoundError):
                staged(target, identity, "old").replace(target)
        # What lies in /run is gone after a restart, and its directory with it.
        if target.parent.is_dir():
            sync_directory(target.parent)

    def _end(self, change: Any, how: Any) -> None:
        applied = load(self.state / APPLIED)
        same = applied if applied and applied["id"] == change["id"] else None
        ended = {"id": change["id"], "owner": change["owner"], "at": int(time.time()), "applied": same, **how}
        # A disk that is full must not keep it pending.
        with contextlib.suppress(OSError):
            save(self.state / LAST, ended)
        (self.state / PENDING).unlink()
        sync_directory(self.state)
        for name in change["files"]:
            for kind in ("new", "old"):
                with contextlib.suppress(FileNotFoundError):
                    staged(self.root / name.lstrip("/"), change["id"], kind).unlink()


def main(words: list) -> None:
    """Do what systemd was told."""
    node = Node()
    if words[0] == "apply":
        node.apply(words[1])
    elif words[0] == "restore":
        node.restore(words[1], words[2])
    elif words[0] == "boot":
        node.boot()


if __name__ == "__main__":
    main(sys.argv[1:])
