"""Runs a playbook of the collection on the practice cluster, and keeps what Ansible said of it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Play:
    """One run: its exit code and Ansible's JSON account of it."""

    code: int
    account: dict

    @property
    def results(self):
        """(task, result) in order."""
        tasks = [task for play in self.account["plays"] for task in play["tasks"]]
        return [(task["task"]["name"], result) for task in tasks for result in task["hosts"].values()]

    @property
    def changed(self):
        """The names of the tasks that changed something."""
        return [name for name, result in self.results if result.get("changed")]

    @property
    def failures(self):
        """The messages of the tasks that failed, or did not reach their host."""
        ended = [result for _name, result in self.results if result.get("failed") or result.get("unreachable")]
        return [str(result.get("msg", "")) for result in ended]

    def fact(self, name):
        """A fact as the last task that set it left it."""
        return [r["ansible_facts"][name] for _task, r in self.results if name in r.get("ansible_facts", {})][-1]


def play(project, playbook, variables=None, check=False, timeout=240, limit="all"):
    """Run a playbook with variables; a run that ends without an account fails the test."""
    words = ["ansible-playbook", "-i", "inventories/lab", "--limit", limit, *(["--check", "--diff"] if check else [])]
    done = subprocess.run(
        [*words, "-e", json.dumps(variables or {}), f"playbooks/{playbook}.yml"],
        cwd=project,
        env=os.environ | {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return Play(done.returncode, json.loads(done.stdout))
