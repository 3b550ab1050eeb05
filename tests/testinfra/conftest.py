"""The practice cluster seen with other eyes than the collection's: kubectl, helm, and the nodes over ssh.

`python -m lab env` says where it is. What a scenario keeps lies in MOLECULE_EPHEMERAL_DIRECTORY.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import testinfra

NODES = ("cp1", "w1", "w2")


@pytest.fixture(scope="session")
def project():
    """The checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def lab(project):
    """What `make -s lab-env` prints, by name. helm is put on the PATH too."""
    words = [sys.executable, "-m", "lab", "env"]
    printed = subprocess.run(words, cwd=project, capture_output=True, text=True, check=True).stdout
    found = dict(word.split("=", 1) for word in shlex.split(printed) if "=" in word)
    programs = [str(Path(found["HELM"]).parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    os.environ.update(found | {"PATH": os.pathsep.join(programs)})
    return found


@pytest.fixture(scope="session")
def kubectl(lab):
    """Run kubectl; an error fails the test with what kubectl said."""

    def run(*words, stdin=None):
        done = subprocess.run([lab["KUBECTL"], *words], input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def read(kubectl):
    """Objects by kubectl get: a list of all, or the one that is named."""

    def get(*words):
        found = json.loads(kubectl("get", *words, "-o", "json"))
        return found["items"] if found["kind"] == "List" else found

    return get


@pytest.fixture(scope="session")
def helm(lab):
    """What helm answers about the releases of kube-system."""

    def run(*words):
        words = (lab["HELM"], *words, "--namespace", "kube-system", "--output", "json")
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    return run


@pytest.fixture(scope="session")
def agents(read):
    """Return a function that says of every node: the agent's image, and whether it is ready."""

    def look():
        found = {}
        for pod in read("pods", "-n", "kube-system", "-l", "k8s-app=cilium"):
            ready = {item["type"]: item["status"] for item in pod["status"]["conditions"]}.get("Ready") == "True"
            (agent,) = pod["spec"]["containers"]
            found[pod["spec"]["nodeName"]] = (agent["image"], ready)
        return found

    return look


@pytest.fixture(scope="session", params=NODES)
def node(request, lab):
    """Each node in turn, over ssh as root."""
    return testinfra.get_host(f"ssh://{request.param}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)


@pytest.fixture(scope="session")
def scenario():
    """The directory in which a scenario keeps things."""
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="session")
def before(scenario):
    """What snapshot.py saw when the scenario began."""
    return json.loads((scenario / "before.json").read_text())
