"""Ways to break a change of Cilium off at a named point, and what the cluster looks like from outside meanwhile.

A point is a question to the API server, asked some thirty times a second by a client of its own. What a break has left
is looked at with kubectl.
"""

from __future__ import annotations

import abc
import base64
import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from waiting import eventually

AWS_AGENT = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
NAMESPACE = "/api/v1/namespaces/kube-system"
PULLERS = f"{NAMESPACE}/pods?labelSelector=app.kubernetes.io/managed-by=eks_anywhere.network"
AGENTS = f"{NAMESPACE}/pods?labelSelector=k8s-app%3Dcilium"
RELEASES = f"{NAMESPACE}/secrets?labelSelector=owner%3Dhelm,name%3Dcilium"
RECORD = f"{NAMESPACE}/configmaps/eks-anywhere-network-cilium"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OUTAGE = 20


class Eyes(abc.ABC):
    """The cluster as its API shows it."""

    @abc.abstractmethod
    def ask(self, path, accept="application/json"):
        """Return an object or list; {} when it is absent or the server does not answer."""

    def _items(self, path, accept="application/json"):
        return self.ask(path, accept).get("items") or []

    def pullers(self):
        """The pods that pull images."""
        return [item["metadata"]["name"] for item in self._items(PULLERS, METADATA)]

    def agents(self):
        """Image and readiness of every agent, by node."""
        found = {}
        for pod in self._items(AGENTS):
            ready = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}.get("Ready") == "True"
            if not pod["metadata"].get("deletionTimestamp"):
                found[pod["spec"].get("nodeName")] = (pod["spec"]["containers"][0]["image"], ready)
        return found

    def replaced(self):
        """How many agents have the new image."""
        return [image for image, _ready in self.agents().values()].count(AWS_AGENT)

    def finished(self):
        """Whether every agent has the new image and is ready."""
        agents = self.agents()
        return len(agents) == 3 and all(agent == (AWS_AGENT, True) for agent in agents.values())

    def release(self):
        """(revision, status) of the newest revision."""
        labels = [item["metadata"]["labels"] for item in self._items(RELEASES, METADATA)]
        return max(((int(label["version"]), label["status"]) for label in labels), default=(0, "absent"))

    def record(self):
        """The data of the record, {} when there is none."""
        return self.ask(RECORD).get("data", {})

    def answers(self):
        """Whether the API server is there."""
        return bool(self.ask("/version"))

    def look(self):
        """Everything at once."""
        revision, status = self.release()
        return Seen(revision, status, len(self.pullers()), self.replaced(), self.finished(), self.record())


@dataclass(frozen=True)
class Seen:
    """What there is: the newest revision, puller pods, replaced agents, whether all are ready, the record's data."""

    revision: int
    status: str
    pullers: int
    replaced: int
    finished: bool
    record: dict


class Watcher(Eyes):
    """A plain HTTPS client with the certificates of the kubeconfig: fast enough for moments that pass quickly."""

    def __init__(self, kubeconfig):
        content = yaml.safe_load(Path(kubeconfig).read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self._host = urlsplit(cluster["server"]).netloc
        self._tls = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode("ascii")
        )
        with tempfile.TemporaryDirectory() as directory:
            for name in ("client-certificate-data", "client-key-data"):
                Path(directory, name).write_bytes(base64.b64decode(user[name]))
            self._tls.load_cert_chain(f"{directory}/client-certificate-data", f"{directory}/client-key-data")
        self._connection = None

    def ask(self, path, accept="application/json"):
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(self._host, context=self._tls, timeout=5)
            self._connection.request("GET", path, headers={"Accept": accept})
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection = None
            return {}
        return json.loads(body) if answer.status == 200 else {}


class Kubectl(Eyes):
    """The same questions by kubectl."""

    def __init__(self, program):
        self._program = program

    def ask(self, path, accept="application/json"):
        done = subprocess.run([self._program, "get", "--raw", path], capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}


class Run:
    """A playbook of the collection in the background. The block that it belongs to ends it if it did not end before."""

    def __init__(self, project, playbook, variables, log):
        words = ["ansible-playbook", "-i", "inventories/lab", "-e", json.dumps(variables)]
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*words, f"eks_anywhere.network.{playbook}"],
                cwd=project,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self._process.poll() is None:
            self.kill()

    def until(self, reached, seconds=120):
        """Wait for a point; a play that ends before fails the test with what it said."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert self._process.poll() is None, f"the play ended before:\n{self.said()}"
            assert time.monotonic() < deadline, f"the point was not reached:\n{self.said()}"
            time.sleep(0.02)

    def kill(self):
        """End the play, its workers, modules and helm at once. Workers are in process groups of their own."""
        stopped = self._stop()
        for pid in {*stopped, *_family(self._process.pid)}:
            _signal(pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        assert eventually(lambda: not any(map(_alive, stopped)), 10), "a part of the play lives on"

    @contextlib.contextmanager
    def frozen(self):
        """Nothing of the play moves while the block runs."""
        stopped = self._stop()
        try:
            yield
        finally:
            for pid in reversed(stopped):
                _signal(pid, signal.SIGCONT)

    def _stop(self):
        stopped = []
        while found := [pid for pid in _family(self._process.pid) if pid not in stopped]:
            for pid in found:
                _signal(pid, signal.SIGSTOP)
            stopped += found
        return stopped

    def end(self, seconds=240):
        """Wait for the play's own end and return its exit code."""
        return self._process.wait(timeout=seconds)

    def said(self):
        """What the play printed."""
        return self._log.read_text(errors="replace")


def _family(pid):
    """A process and everything that descends from it, parents first."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(state[1]), []).append(int(path.parent.name))
    family, found = [pid], []
    while family:
        found.append(family.pop(0))
        family += children.get(found[-1], [])
    return found


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass(frozen=True)
class Site:
    """Where a story plays: the checkout, what the lab says of itself, and two ways to look."""

    project: Path
    lab: dict
    watcher: Watcher
    kubectl: Kubectl

    def ssh(self, node, command):
        """Run a command on a node as root and return its exit code. -n: an ssh that is cut off spoils its stdin."""
        words = ["ssh", "-n", "-F", self.lab["LAB_SSH_CONFIG"], node, f"sudo sh -c '{command}'"]
        return subprocess.run(words, check=False, capture_output=True, timeout=60).returncode

    def registry(self, action):
        """Start or stop the lab's registry."""
        code = f"from lab import processes; processes.{action}('registry')"
        subprocess.run([sys.executable, "-c", code], cwd=self.project, check=True)


@contextlib.contextmanager
def killed(_site, run):
    """The whole play is killed."""
    run.kill()
    yield


@contextlib.contextmanager
def without_api_server(site, _run):
    """The API server is away for a while before the block.

    It is killed: a polite stop waits for a minute until every watch has ended.
    """
    assert site.ssh("cp1", "systemctl kill --signal=KILL kube-apiserver; systemctl stop kube-apiserver") == 0
    try:
        assert not site.kubectl.answers()
        time.sleep(OUTAGE)
        assert not site.kubectl.answers()
    finally:
        assert site.ssh("cp1", "systemctl start kube-apiserver") == 0
    assert eventually(site.kubectl.answers, 60)
    yield


@contextlib.contextmanager
def rebooted(site, _run):
    """A worker has restarted before the block. It does not wait for its containers to end."""
    mark = "/run/before-the-reboot"
    assert site.ssh("w1", f"touch {mark} && systemd-run --on-active=1 systemctl reboot --force") == 0
    assert eventually(lambda: site.ssh("w1", f"test ! -e {mark}") == 0, 90)
    yield


@contextlib.contextmanager
def without_registry(site, run):
    """The registry is gone while the block runs."""
    try:
        with run.frozen():
            site.registry("stop")
        yield
    finally:
        site.registry("start")
