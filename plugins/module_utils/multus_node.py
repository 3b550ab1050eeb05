# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Multus on one node: declared network configurations, and what other layouts and a removal leave behind.

Runs on the node: standard library only. The primary CNI's configuration is touched only where it lies twice.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import atomic_file
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem

NETWORKS = "etc/cni/multus/net.d"
RECORD = "var/lib/eks-anywhere-network/multus.json"
SOCKET = "run/multus/multus.sock"
READ_BY_MULTUS = (".conf", ".conflist", ".json")
"""Endings of the files in NETWORKS that Multus reads. One broken file there breaks every lookup
(network-attachment-definition-client, pkg/utils/cniconfig.go)."""

THIN = ("{conf}/00-multus.conflist", "{conf}/multus.d", "{bin}/multus")
"""What the thin plugin, and the thick one before 4.0, leave beside a thick plugin of today."""
ALL = (
    "{conf}/00-multus.conf",
    *THIN,
    "{bin}/multus-shim",
    "{bin}/passthru",
    "run/multus",
    "var/lib/cni/multus",
)
"""What Multus writes on a node, in the order in which it may go: kubelet's configuration first."""
BACKUP = ".cilium_bak"
"""Ending of what an exclusive Cilium renames in kubelet's directory and never names back."""


PRIMARY = "etc/cni/primary.d"
"""Where the primary CNI writes its configuration when kubelet is not to find it without Multus."""


@dataclass(frozen=True)
class Places:
    """Directories of a node below ``root``, as paths without a leading slash. ``primary`` is a file name."""

    root: Path = Path("/")
    conf: str = "etc/cni/net.d"
    bin: str = "opt/cni/bin"
    primary: str = "05-cilium.conflist"

    def path(self, pattern: str) -> Path:
        """Return the path of a pattern in THIN or ALL."""
        return self.root / pattern.format(conf=self.conf, bin=self.bin)

    def shown(self, path: Path) -> str:
        """Return a path as the node's user knows it."""
        return f"/{path.relative_to(self.root)}"


@dataclass(frozen=True)
class Change:
    """What has to be done on a node: files to write, paths to remove, names to take back."""

    write: Mapping[Path, str]
    remove: tuple[Path, ...]
    restore: tuple[tuple[Path, Path], ...]
    left: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove or self.restore)


def plan(places: Places, networks: Mapping[str, str], present: bool, fail_closed: bool = False) -> Change:
    """Return what has to change. ``networks`` are file names in NETWORKS and their texts.

    With ``fail_closed`` the primary CNI's configuration is taken out of kubelet's directory, if it lies in PRIMARY too
    and kubelet has one that leads there through Multus.

    Raises NetworkError with every file that someone else wrote under a wanted name, and while a daemon still runs
    where Multus shall be absent.
    """
    _check_names(networks)
    own = _recorded(places)
    directory = places.root / NETWORKS
    there = {path.name: path for path in _entries(directory) if path.suffix in READ_BY_MULTUS}
    problems = [
        Problem(f"networks.{name}", f"{places.shown(there[name])} is not ours", "Remove it or use another name")
        for name in sorted(networks.keys() & there.keys() - own)
        if _text(there[name]) != networks[name]
    ]
    if not present and _answers(places.root / SOCKET):
        problems.append(Problem("state", f"the daemon still answers at /{SOCKET}", "Delete the DaemonSet first"))
    if problems:
        raise NetworkError(problems)
    leftovers = [places.path(pattern) for pattern in (THIN if present else ALL)]
    unwanted = [there[name] for name in sorted((own & there.keys()) - networks.keys())]
    backups = [path for path in _entries(places.root / places.conf) if path.name.endswith(BACKUP)]
    ours = [path for path in backups if path.name.startswith("00-multus.conf")]
    others = [path for path in backups if path not in ours]
    return Change(
        write={directory / name: text for name, text in sorted(networks.items()) if _text(directory / name) != text},
        remove=tuple(
            path for path in [*leftovers, *unwanted, *ours, *_twice(places, fail_closed)] if os.path.lexists(path)
        ),
        restore=tuple((path, path.with_name(path.name[: -len(BACKUP)])) for path in _restorable(others)),
        left=tuple(places.shown(path) for path in sorted(there[name] for name in there.keys() - own - networks.keys())),
    )


def _twice(places: Places, fail_closed: bool) -> list[Path]:
    """Return the primary CNI's configuration that is one too many, if it is certain that the other is in use."""
    inside, outside = places.root / places.conf / places.primary, places.root / PRIMARY / places.primary
    if not (inside.is_file() and outside.is_file()):
        return []
    if not fail_closed:
        return [outside]
    leads = _text(places.root / places.conf / "00-multus.conf") or ""
    return [inside] if f"/{PRIMARY}/{places.primary}" in leads else []


def apply(places: Places, networks: Mapping[str, str], change: Change) -> None:
    """Carry a plan out. Each file is replaced whole; what was written is recorded before it is written."""
    if networks or _recorded(places):
        _write(places.root / RECORD, json.dumps(sorted({*_recorded(places), *networks}), indent=1) + "\n", 0o644)
    for path, text in change.write.items():
        _write(path, text, 0o600)
    for path in change.remove:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for backup, path in change.restore:
        backup.rename(path)
    record = places.root / RECORD
    if networks:
        _write(record, json.dumps(sorted(networks), indent=1) + "\n", 0o644)
    elif record.exists():
        record.unlink()


def result(places: Places, change: Change) -> dict[str, Any]:
    """Return what the module returns."""
    before = {places.shown(path): _text(path) for path in change.write}
    return {
        "changed": bool(change),
        "written": [places.shown(path) for path in change.write],
        "removed": [places.shown(path) for path in change.remove],
        "restored": [places.shown(path) for _backup, path in change.restore],
        "left": list(change.left),
        "diff": {
            "before": _shown({**{k: v for k, v in before.items() if v is not None}, **_marks(places, change)}),
            "after": _shown({places.shown(path): text for path, text in change.write.items()}),
        },
    }


def _marks(places: Places, change: Change) -> dict[str, str]:
    return {places.shown(path): "(there)" for path in change.remove}


def _shown(files: Mapping[str, str]) -> str:
    return "".join(f"{path}:\n{text.rstrip()}\n" for path, text in sorted(files.items()))


def _check_names(networks: Mapping[str, str]) -> None:
    problems = []
    for name, text in networks.items():
        if not name.endswith(READ_BY_MULTUS) or "/" in name or name.startswith("."):
            hint = f"Give a name that ends in {', '.join(READ_BY_MULTUS)}"
            problems.append(Problem(f"networks.{name}", "is no file name that Multus reads", hint))
        try:
            json.loads(text)
        except ValueError as error:
            problems.append(Problem(f"networks.{name}", f"is not JSON: {error}", "Correct its text"))
    if problems:
        raise NetworkError(problems)


def _recorded(places: Places) -> set[str]:
    """Return the names in NETWORKS that are ours. A record that cannot be read stops everything."""
    record = places.root / RECORD
    try:
        names = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        problem = Problem(places.shown(record), f"cannot be read: {error}", "Correct or remove it")
        raise NetworkError(problem) from error
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def _restorable(backups: list[Path]) -> list[Path]:
    return [path for path in sorted(backups) if not path.with_name(path.name[: -len(BACKUP)]).exists()]


def _entries(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _answers(path: Path) -> bool:
    """Say whether something listens on a socket. Its file alone says nothing: a killed daemon leaves it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2.0)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.replace(path, text.encode(), mode)
