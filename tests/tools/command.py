"""Runs one command of the test driver, streamed or kept, never longer than its limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import tree

LAST_WORDS = (
    5.0  # seconds to read what is left in the pipe once the command has ended; a daemon may hold it open for ever
)


@dataclass(frozen=True)
class Result:
    """How a command ended: exit code (``-1`` when it ran out of time), what it wrote, seconds it took."""

    code: int
    output: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = tree.ROOT,
    env: Mapping[str, str] | None = None,
    limit: float = 600,
    show: bool = False,
) -> Result:
    """Runs ``command`` without standard input. ``show`` prints its lines as they come; the result has them always."""
    started = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(tree.environment() if env is None else env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, lines, show), daemon=True)
    reader.start()
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        _end(process)
        code = -1
    except BaseException:
        _end(process)
        raise
    reader.join(LAST_WORDS)
    if code == -1:
        lines.append(f"{command[0]} was stopped: it ran longer than {limit:.0f} s.\n")
        if show:
            sys.stdout.write(lines[-1])
    return Result(code, "".join(lines), time.monotonic() - started)


def _read(pipe: IO[str], lines: list[str], show: bool) -> None:
    for line in pipe:
        lines.append(line)
        if show:
            sys.stdout.write(line)
            sys.stdout.flush()


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the process and its group: asks, and after ten seconds insists."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
