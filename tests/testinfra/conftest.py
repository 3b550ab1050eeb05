"""The practice cluster seen with other eyes than the collection's: kubectl, and the nodes over ssh.

The environment says where it is: what `make -s lab-env` prints, and SCENARIO_DIRECTORY for what a scenario keeps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """One run of a playbook: exit code, seconds, the tasks that changed something, and what failed tasks said."""

    code: int
    seconds: float
    changed: list[str]
    failures: str
    output: str


class Lab:
    """The practice cluster."""

    def __init__(self) -> None:
        self.kubeconfig = os.environ["KUBECONFIG"]
        self.directory = Path(os.environ["SCENARIO_DIRECTORY"])

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """Run kubectl; an error fails the test with what kubectl said."""
        ended = subprocess.run(
            [os.environ["KUBECTL"], *words], input=stdin, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def get(self, *words: str) -> list[dict[str, Any]]:
        """Return the objects that kubectl get finds."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", *words, "-o", "json"))["items"]
        return found

    def helm(self, *words: str) -> Any:
        """Return what helm answers."""
        words = (*words, "--namespace", "kube-system", "--output", "json")
        ended = subprocess.run([os.environ["HELM"], *words], capture_output=True, text=True, check=True)
        return json.loads(ended.stdout)

    def node(self, name: str) -> Host:
        """Return a node, reached over ssh as root."""
        return testinfra.get_host(f"ssh://{name}", ssh_config=os.environ["LAB_SSH_CONFIG"], sudo=True)

    def cilium_pods(self) -> list[dict[str, Any]]:
        """Return the pods of agent and operator."""
        return self.get("pods", "-n", "kube-system", "-l", "app.kubernetes.io/part-of=cilium")

    def play(self, name: str, *arguments: str, **variables: Any) -> Run:
        """Run a playbook of the collection on the practice cluster."""
        programs = [Path(os.environ["HELM"]).parent, Path(sys.executable).parent, os.environ["PATH"]]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(map(str, programs)),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        }
        words = ["ansible-playbook", "--inventory", "inventories/lab", f"eks_anywhere.network.{name}", *arguments]
        words += ["--extra-vars", json.dumps({"network_check_report_dir": "", **variables})]
        started = time.monotonic()
        ended = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        account = json.loads(ended.stdout[ended.stdout.index("{") :]) if "{" in ended.stdout else {"plays": []}
        return Run(
            ended.returncode,
            time.monotonic() - started,
            [name for name, result in tasks(account) if result.get("changed")],
            "\n".join(str(result.get("msg")) for _name, result in tasks(account) if result.get("failed")),
            ended.stdout + ended.stderr,
        )

    def state(self) -> dict[str, Any]:
        """Return everything that a change of Cilium touches, without what changes by itself."""
        kinds = "daemonsets,deployments,configmaps,secrets,pods,serviceaccounts"
        found = self.get(kinds, "-n", "kube-system") + self.get("clusterroles,clusterrolebindings,namespaces")
        return {
            f"{item['kind']}/{item['metadata']['name']}": (
                item["metadata"]["uid"],
                item["metadata"].get("generation"),
                item.get("data"),
            )
            for item in found
        }


def tasks(account: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return (task, its result) of all tasks in the JSON account of a run, in order."""
    return [
        (task["task"]["name"], result)
        for play in account["plays"]
        for task in play["tasks"]
        for result in task["hosts"].values()
    ]


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="session")
def account(lab: Lab) -> Any:
    """Read the account of a run that the scenario kept: (task, result) of all tasks."""
    return lambda name: tasks(json.loads((lab.directory / f"{name}.json").read_text()))
