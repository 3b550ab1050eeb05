# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the node: found where root finds them, run with a time limit, never waited for longer.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Looked through after the PATH: that of an ssh session without a login often lacks the sbin directories."""


@dataclass(frozen=True)
class Answer:
    """What a program answered. ``error`` is "" when it ended with exit code 0."""

    output: str
    error: str


def find(name: str) -> str | None:
    """Return the path of a program, None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))


def run(words: Sequence[str], timeout: float, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
    """Run ``words`` in the C locale, ``env`` added to the environment, and return its answer.

    After ``timeout`` seconds the program and all it started are killed.
    """
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C", **(env or {})},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return Answer("", (error.strerror or str(error)).lower())
    with process:
        try:
            out, err = process.communicate(stdin.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Answer("", f"no answer within {timeout:g} seconds")
    if process.returncode == 0:
        return Answer(out.decode(errors="replace"), "")
    said = err.decode(errors="replace").strip() or out.decode(errors="replace").strip()
    return Answer(out.decode(errors="replace"), said.partition("\n")[0] or f"exit code {process.returncode}")


def answer_of(name: str, arguments: Sequence[str], timeout: float) -> str | None:
    """Return what an optional program prints, whatever its exit code; None where it is not installed."""
    path = find(name)
    return None if path is None else run([path, *arguments], timeout).output
