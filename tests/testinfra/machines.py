"""What the tests of virtual machines share: the figures the lab has noted, and a machine that comes back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SECONDS_TO_SSH, SECONDS_TO_READY, SECONDS_TO_CILIUM = 90, 300, 600


def times(lab):
    """By machine: seconds after its start until it answered over ssh, its node was Ready, and Cilium ran everywhere."""
    return json.loads(Path(lab["LAB_SSH_CONFIG"]).with_name("times.json").read_text())


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
        """A command that has ended. -n: an ssh that is cut off spoils its stdin."""
        words = ["ssh", "-n", "-F", self._config, self.name, f"sudo sh -c '{command}'"]
        return subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)

    def check(self, command):
        """The output of a command that succeeds."""
        done = self.run(command)
        assert done.returncode == 0, done
        return done.stdout

    def lab(self, *words):
        """Run a command of the lab."""
        done = subprocess.run(
            [sys.executable, "-m", "lab", *words], cwd=self._project, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def cut_power(self):
        """As a plug that is pulled, and put back in. Returns the time of the cut (RFC 3339)."""
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.lab("power", "off", self.name)
        begin = time.monotonic()
        self.lab("power", "on", self.name)
        assert time.monotonic() - begin <= SECONDS_TO_SSH
        return since

    def await_ready(self, read, since):
        """Wait until the node is Ready in this boot, then until every container on it is, started anew since then."""
        boot = self.check(f"cat {BOOT_ID}").strip()

        def other_boot():
            status = read("node", self.name)["status"]
            ready = {item["type"]: item["status"] for item in status["conditions"]}["Ready"]
            found = (status["nodeInfo"]["bootID"], ready)
            return [] if found == (boot, "True") else [found]

        def old_containers():
            pods = (pod for pod in read("pods", "-A") if pod["spec"].get("nodeName") == self.name)
            found = [item for pod in pods for item in pod["status"].get("containerStatuses", [])]
            return [item for item in found if not (item["ready"] and item["state"]["running"]["startedAt"] > since)]

        await_none(other_boot, SECONDS_TO_READY)
        await_none(old_containers, SECONDS_TO_CILIUM)


def await_none(left, seconds):
    """Wait until nothing is left of what is still to happen. Asking seldom leaves the processor to the machine."""
    deadline = time.monotonic() + seconds
    while still := left():
        assert time.monotonic() < deadline, f"still, after {seconds} s: {still}"
        time.sleep(5)
