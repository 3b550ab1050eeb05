# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: where the practice cluster is, a timed command, a playbook of one task, a goal."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
INVENTORY = CHECKOUT / "inventories" / "lab"


def lab() -> dict[str, str]:
    """What ``python -m lab env`` prints, by name."""
    printed = subprocess.run(
        [sys.executable, "-m", "lab", "env"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    return dict(word.split("=", 1) for word in shlex.split(printed) if "=" in word)


def timed(command: list[str]) -> float:
    """Seconds of one run that must succeed."""
    begin = time.monotonic()
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
    return time.monotonic() - begin


def play(folder: Path, name: str, task: dict[str, Any]) -> list[str]:
    """A playbook with one task, as a command."""
    path = folder / f"{name}.yml"
    tasks = [{"name": name, **task}]
    path.write_text(yaml.safe_dump([{"name": name, "hosts": "cluster", "gather_facts": False, "tasks": tasks}]))
    return ["ansible-playbook", "-i", str(INVENTORY), str(path)]


def goal(text: str, met: bool) -> None:
    """Print a figure and whether its goal is met."""
    print(f"{text}: {'met' if met else 'MISSED'}", flush=True)
