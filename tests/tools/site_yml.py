"""Runs playbooks/site.yml on the practice cluster and reads what Ansible counted."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import command
import tree

RECAP = re.compile(r"^(\S+)\s*: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
LIMIT = 1200  # seconds after which a run is stopped


@dataclass(frozen=True)
class Run:
    """One run: whether it succeeded, seconds, and, over all hosts, tasks that ran and tasks that changed something."""

    ok: bool
    seconds: float
    tasks: int
    changed: int


def lab_environment() -> dict[str, str]:
    """What ``make -s lab-env`` prints, as a mapping."""
    printed = command.run([tree.VENV_BIN / "python", "-m", "lab", "env"])
    if not printed.ok:
        raise SystemExit(printed.output)
    words = (word for word in shlex.split(printed.output) if "=" in word)
    return dict(word.split("=", 1) for word in words)


def run(report_dir: Path, *extra: str, show: bool = True) -> Run:
    """One run of site.yml; ``report_dir`` takes the reports that it writes."""
    words = ["ansible-playbook", "--inventory", "inventories/lab", "playbooks/site.yml"]
    words += ["--extra-vars", f"network_check_report_dir={report_dir}", *extra]
    ended = command.run(words, limit=LIMIT, show=show)
    counts = [tuple(int(number) for number in match.groups()[1:]) for match in RECAP.finditer(ended.output)]
    return Run(
        ok=ended.ok and bool(counts),
        seconds=ended.seconds,
        tasks=sum(count[0] for count in counts),
        changed=sum(count[1] for count in counts),
    )
