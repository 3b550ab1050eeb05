"""Ways to break a change of Cilium at a named point, and what the cluster looks like from outside at that moment.

A point is a question to the API server, asked some thirty times a second by a client of its own.
"""

from __future__ import annotations

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
from pathlib import Path
from urllib.parse import urlsplit

import yaml

AWS_AGENT = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
NAMESPACE = "/api/v1/namespaces/kube-system"
PULLERS = f"{NAMESPACE}/pods?labelSelector=app.kubernetes.io/managed-by=eks_anywhere.network"
AGENTS = f"{NAMESPACE}/pods?labelSelector=k8s-app%3Dcilium"
RELEASES = f"{NAMESPACE}/secrets?labelSelector=owner%3Dhelm,name%3Dcilium"
RECORD = f"{NAMESPACE}/configmaps/eks-anywhere-network-cilium"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Api:
    """The API server, asked by a plain HTTPS client with the certificates of the kubeconfig."""

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

    def get(self, path, accept="application/json"):
        """An object or list; {} when it is absent or the server does not answer."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(self._host, context=self._tls, timeout=5)
            self._connection.request("GET", path, headers={"Accept": accept})
            answer = self._connection.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self._connection = None
            return {}
        return body if answer.status == 200 else {}

    def items(self, path, accept="application/json"):
        """The items of a list."""
        return self.get(path, accept).get("items") or []

    def pullers(self):
        """The pods that pull images."""
        return [item["metadata"]["name"] for item in self.items(PULLERS, METADATA)]

    def agents(self):
        """Image and readiness of every agent, by node."""
        found = {}
        for pod in self.items(AGENTS):
            ready = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}.get("Ready") == "True"
            if not pod["metadata"].get("deletionTimestamp"):
                found[pod["spec"].get("nodeName")] = (pod["spec"]["containers"][0]["image"], ready)
        return found

    def release(self):
        """(revision, status) of the newest revision."""
        labels = [item["metadata"]["labels"] for item in self.items(RELEASES, METADATA)]
        return max(((int(label["version"]), label["status"]) for label in labels), default=(0, "absent"))

    def record(self):
        """The data of the record, {} when there is none."""
        return self.get(RECORD).get("data", {})


def replaced(api):
    """How many agents have the new image."""
    return [image for image, _ready in api.agents().values()].count(AWS_AGENT)


def finished(api):
    """Whether every agent has the new image and is ready."""
    agents = api.agents()
    return len(agents) == 3 and all(agent == (AWS_AGENT, True) for agent in agents.values())


class Run:
    """A playbook that runs in the background until it ends or is killed."""

    def __init__(self, project, playbook, variables=None):
        words = ["ansible-playbook", "-i", "inventories/lab", "-e", json.dumps(variables or {})]
        with tempfile.NamedTemporaryFile("w", prefix="play-", suffix=".log", delete=False) as log:
            self.log = Path(log.name)
            self._process = subprocess.Popen(
                [*words, f"playbooks/{playbook}.yml"], cwd=project, stdout=log, stderr=log, start_new_session=True
            )

    def until(self, reached, seconds=120):
        """Wait for a point; a play that ends before fails the test with what it said."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert self._process.poll() is None, f"the play ended before:\n{self.said()}"
            assert time.monotonic() < deadline, f"the point was not reached:\n{self.said()}"
            time.sleep(0.02)

    def kill(self):
        """End the play, its workers, modules and helm at once. Workers are in sessions of their own."""
        family = _family(self._process.pid)
        for pid in family:
            _signal(pid, signal.SIGSTOP)
        for pid in {*family, *_family(self._process.pid)}:
            _signal(pid, signal.SIGKILL)
        self._process.wait(timeout=10)

    def end(self, seconds=240):
        """Wait for the play's own end and return its exit code."""
        return self._process.wait(timeout=seconds)

    def said(self):
        """What the play printed."""
        return self.log.read_text(errors="replace")


def _family(pid):
    """A process and everything that descends from it."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(state[1]), []).append(int(path.parent.name))
    family, found = [pid], []
    while family:
        found.append(family.pop())
        family += children.get(found[-1], [])
    return found


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def lab(project, code):
    """Run a few words of Python against the lab's own library."""
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True)


@contextlib.contextmanager
def without_registry(project):
    """The registry is gone while the block runs."""
    lab(project, "from lab import processes; processes.stop('registry')")
    try:
        yield
    finally:
        lab(project, "from lab import processes; processes.start('registry')")
