"""Runs a command and, when it fails, says which and what it printed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path


class LabError(Exception):
    """The lab could not do what it was asked; the text says what and why."""


def run(
    command: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> str:
    """Run a command and return its standard output; a failure raises LabError with the end of its output."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{words[0]}: no such program. Install it or run `make setup`.") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{' '.join(words)}` did not end within {timeout:.0f} s.") from error
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise LabError(f"`{' '.join(words)}` failed (exit {done.returncode}):\n{tail}")
    return done.stdout
