# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs roles with stand-ins for their modules, and what Ansible and the stand-ins said of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
STAND_IN = Path(__file__).parent / "stand_ins" / "action.py"
SETTINGS = """[defaults]
collections_path = {}
stdout_callback = ansible.posix.json
strategy = free
forks = 2
retry_files_enabled = false
"""


def stand_ins(folder: Path, groups: dict[str, dict[str, list[str]]], roles: list[str]) -> None:
    """The roles, and collections with stand-ins for every module that they use, by action group."""
    for collection, named in groups.items():
        home = folder / "ansible_collections" / Path(*collection.split("."))
        (home / "plugins" / "action").mkdir(parents=True)
        (home / "meta").mkdir()
        (home / "meta" / "runtime.yml").write_text(yaml.safe_dump({"action_groups": named}))
        for module in [name for names in named.values() for name in names]:
            shutil.copy(STAND_IN, home / "plugins" / "action" / f"{module}.py")
    for role in roles:
        shutil.copytree(ROOT / "roles" / role, folder / "ansible_collections/eks_anywhere/network/roles" / role)


def play(folder: Path, plays: list[dict[str, Any]] | Path) -> dict[str, Any]:
    """Run plays, or a playbook, with the inventory of the folder and return Ansible's account."""
    if isinstance(plays, Path):
        for file in plays.parent.glob(f"{plays.stem}.*"):
            shutil.copy(file, folder / f"play{file.name.removeprefix(plays.stem)}")
            shutil.copy(file, folder / file.name)
    else:
        (folder / "play.yml").write_text(yaml.safe_dump(plays))
    (folder / "ansible.cfg").write_text(SETTINGS.format(folder))
    done = subprocess.run(
        ["ansible-playbook", "-i", "inventory.yml", "play.yml"],
        cwd=folder,
        env={name: text for name, text in os.environ.items() if not name.startswith("ANSIBLE_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def failures(account: dict[str, Any]) -> dict[str, str]:
    """The last message of each host that failed."""
    results = [task["hosts"].items() for play in account["plays"] for task in play["tasks"]]
    failed = [(host, result) for hosts in results for host, result in hosts if result.get("failed")]
    return {host: str(result.get("msg") or result.get("reason")) for host, result in failed}


def notes(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """What the stand-ins noted, nothing where none was asked."""
    lines = file.read_text().splitlines() if file.exists() else []
    pairs = [line.split(" ", 1) for line in lines]
    return [(name, json.loads(arguments)) for name, arguments in pairs]
