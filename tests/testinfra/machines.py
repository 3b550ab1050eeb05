"""What the tests of virtual machines share: the figures the lab has noted, and a machine that comes back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from interruptions import eventually

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SECONDS_TO_SSH, SECONDS_TO_READY, SECONDS_TO_CILIUM = 90, 300, 600


def times(lab):
    """By machine: seconds after its start until it answered over ssh, its node was Ready, and Cilium ran everywhere."""
    found = json.loads(Path(lab["LAB_SSH_CONFIG"]).with_name("times.json").read_text())
    print(json.dumps(found))
    return found


def fetch(kubectl, read, one, other):
    """The status with which the pod of the workload `web` on one node gets an answer from the one on another."""
    pods = {pod["spec"]["nodeName"]: pod for pod in read("pods", "-n", "shop", "-l", "app=web")}
    url = f"http://{pods[other]['status']['podIP']}:8080/"
    code = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=10).status)"
    return kubectl("exec", "-n", "shop", pods[one]["metadata"]["name"], "--", "python3", "-c", code).strip()


class Machine:
    """A machine by name: over ssh as root, and its power switch."""

    def __init__(self, name, lab, project):
        self.name = name
        self._config = lab["LAB_SSH_CONFIG"]
        self._project = project

    def run(self, command):
        """The exit code and the output of a command. -n: an ssh that is cut off spoils its stdin."""
        words = ["ssh", "-n", "-F", self._config, self.name, f"sudo sh -c '{command}'"]
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    def check(self, command):
        """The output of a command that succeeds."""
        code, output = self.run(command)
        assert code == 0, output
        return output

    def lab(self, *words):
        """Run a command of the lab."""
        done = subprocess.run(
            [sys.executable, "-m", "lab", *words], cwd=self._project, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def await_ready(self, read, agents):
        """Wait until the API server knows this boot, and the node, its agent and its pod are Ready in it."""
        boot = self.check(f"cat {BOOT_ID}").strip()

        def ready():
            node = read("node", self.name)
            (web,) = (pod for pod in read("pods", "-n", "shop") if pod["spec"]["nodeName"] == self.name)
            return (
                node["status"]["nodeInfo"]["bootID"] == boot
                and is_ready(node)
                and agents()[self.name][1]
                and is_ready(web)
            )

        assert eventually(ready, SECONDS_TO_READY)


def is_ready(thing):
    """Whether a node or a pod says that it is."""
    return {item["type"]: item["status"] for item in thing["status"]["conditions"]}.get("Ready") == "True"
