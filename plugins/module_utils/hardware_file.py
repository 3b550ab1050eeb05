# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module hardware_csv: read, check, plan, write. No password leaves it but in the file."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import atomic_file
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group, check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import (
    COLUMNS,
    SECRET,
    HardwareProblem,
    Machine,
    decode,
    is_header,
    join,
    parse,
    read,
    render,
    split,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import HIDDEN, HIDDEN_CHANGED

MODE = 0o600
NOT_SHOWN = "(not shown: the line cannot be read)"


@dataclass(frozen=True)
class Request:
    """The options of the module: ``machines`` or ``src``, and ``path`` where ``state`` is present."""

    state: str
    machines: list[Any] | None = None
    src: str | None = None
    path: str | None = None
    groups: Sequence[Group] = ()


@dataclass(frozen=True)
class Found:
    """What is at the path before: the bytes and permission bits of a file, None for none."""

    data: bytes | None = None
    mode: int | None = None


def run(request: Request, check_mode: bool) -> dict[str, Any]:
    """Do what the state asks for and return the module's result.

    Raises NetworkError with everything that is wrong; nothing was changed then.
    """
    if request.src is None:
        rows, problems = read(request.machines or [])
    else:
        rows, problems = parse(decode(_load(request.src, "src").data or b"", request.src), request.src)
    machines, more = check(rows, request.groups)
    if problems or more:
        raise NetworkError([*problems, *more])
    result: dict[str, Any] = {"changed": False, "machines": [machine.as_dict() for machine in machines]}
    if request.path is None or request.state != "present":
        return result
    path = Path(request.path)
    # In check mode an earlier task would have made the directory.
    if not path.parent.is_dir() and not check_mode:
        raise NetworkError(HardwareProblem("path", f"there is no directory {path.parent}", "Make it first"))
    before = _load(request.path, "path", absent_ok=True)
    data = render(machines).encode()
    result["changed"] = (before.data, before.mode) != (data, MODE)
    result["diff"] = _diff(request.path, before, machines, data)
    if result["changed"] and not check_mode:
        try:
            atomic_file.replace(path, data, MODE)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise NetworkError(HardwareProblem("path", message, "Check the directory and its permissions")) from error
    return result


def _load(path: str, option: str, absent_ok: bool = False) -> Found:
    try:
        with Path(path).open("rb") as file:
            return Found(file.read(), stat.S_IMODE(Path(path).stat().st_mode))
    except FileNotFoundError as error:
        if absent_ok:
            return Found()
        raise NetworkError(HardwareProblem(option, f"there is no file {path}", "Correct the path")) from error
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise NetworkError(HardwareProblem(option, message, "Check what it is, and its permissions")) from error


def _diff(path: str, before: Found, machines: Sequence[Machine], data: bytes) -> dict[str, str]:
    """Return both texts with passwords hidden; one that changes says only that."""
    old = "" if before.data is None else before.data.decode("utf-8", "replace")
    new = data.decode()
    shown_before, shown_after = hidden(old, {}), hidden(new, passwords(old))
    if before.mode not in (None, MODE):
        shown_before = f"mode: {before.mode:04o}\n{shown_before}"
        shown_after = f"mode: {MODE:04o}\n{shown_after}"
    return {"before": shown_before, "after": shown_after, "before_header": path, "after_header": path}


def passwords(text: str) -> dict[str, str]:
    """Return the password of every hostname in the text of a file, as far as it can be read."""
    return {row.get("hostname", ""): row.get(SECRET, "") for _line, row in _records(text) if row}


def hidden(text: str, before: Mapping[str, str]) -> str:
    """Return the text of a file without what may be a password: its column, and every column that is not known.

    ``before`` are the passwords by hostname that were there: one that differs is shown as changed.
    """
    shown = []
    for line, row in _records(text):
        if row:
            old = before.get(row.get("hostname", ""), "")
            mark = HIDDEN_CHANGED if old and old != row.get(SECRET) else HIDDEN
            ending = line[len(line.removesuffix("\r")) :]
            shown.append(join(_shown(name, value, mark) for name, value in row.items()) + ending)
        else:
            shown.append(NOT_SHOWN if row is None and line.strip() else line)
    return "\n".join(shown)


def _records(text: str) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Return every line and its fields by name: {} for the line with the names, None for one that cannot be read."""
    names: list[str] = []
    for line in text.split("\n"):
        fields = split(line.removesuffix("\r")) or []
        if not names and is_header(fields):
            names = fields
            yield line, {}
        else:
            yield line, dict(zip(names, fields, strict=True)) if len(fields) == len(names) else None


def _shown(name: str, value: str, mark: str) -> str:
    return mark if value and (name == SECRET or name not in COLUMNS) else value
