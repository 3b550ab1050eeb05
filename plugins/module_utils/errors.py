# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors. Every message says where, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    ``path`` is the caller's option (for example ``images[2]``), ``message`` says what is wrong and carries
    ``(got X)`` where that helps, ``hint`` says what to do.
    """

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.path}: {self.message.rstrip('.')}."
        return f"{text} {self.hint.rstrip('.')}." if self.hint else text

    def as_dict(self) -> dict[str, str]:
        """Return the entry of a module's ``errors``."""
        return {"path": self.path, "message": self.message, "hint": self.hint}


class NetworkError(Exception):
    """All that stopped the work, at once and sorted. ``result`` is what a failing module returns beside ``errors``."""

    def __init__(self, problems: Iterable[Problem] | Problem, result: Mapping[str, Any] | None = None) -> None:
        listed = [problems] if isinstance(problems, Problem) else problems
        self.problems: tuple[Problem, ...] = tuple(sorted(set(listed)))
        self.result: dict[str, Any] = dict(result or {})
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Unreachable(NetworkError):
    """The API server or the registry cannot be reached, or cannot be trusted."""


class Forbidden(NetworkError):
    """The API server knows the user and refuses the request (RBAC)."""


class Conflict(NetworkError):
    """The object exists already, or was changed by someone else in the meantime (409)."""


class LibraryMissing(NetworkError):
    """A Python library is not installed where the module runs."""

    def __init__(self, library: str, trace: str | None = None) -> None:
        self.package = library
        self.trace = trace
        super().__init__(
            Problem(library, "the Python library is not installed", f"Run: python3 -m pip install {library}")
        )
