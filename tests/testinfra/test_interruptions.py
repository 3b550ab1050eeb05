"""A change of Cilium that is broken off anywhere: the next run finishes it, or says exactly why not.

Each story starts anew from upstream Cilium, breaks the migration at its point, looks at what is there, and runs the
play again. What was seen is kept as a line of the operators' table (see tests/tools/interruptions.py).
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import interruptions
import pytest
import snapshot
from interruptions import AWS_AGENT, Run, finished, replaced
from plays import play
from test_nothing_lost import AWS, IMAGE_KEYS, leaves


@dataclass(frozen=True)
class Story:
    """``reached`` is the point at which ``breaks`` happens; ``found`` says whether the cluster is as expected then.

    ``itself`` is how the broken run goes on, "" when it was killed. ``says`` is in what it prints when it fails.
    """

    point: str
    breaks: str
    reached: Callable
    found: Callable
    itself: str = ""
    says: str = ""


def kill(run, _project, _lab):
    run.kill()


def stop_api(_run, _project, lab):
    ssh(lab, "cp1", "systemctl stop kube-apiserver && sleep 20 && systemctl start kube-apiserver")


def reboot(_run, _project, lab):
    ssh(lab, "w1", "touch /run/before-the-reboot")
    ssh(lab, "w1", "systemctl reboot", expect=None)
    assert eventually(lambda: ssh(lab, "w1", "test ! -e /run/before-the-reboot", expect=None) == 0, 90)


def ssh(lab, node, command, expect=0):
    words = ["ssh", "-F", lab["LAB_SSH_CONFIG"], node, f"sudo sh -c '{command}'"]
    code = subprocess.run(words, check=False, capture_output=True, timeout=60).returncode
    assert expect is None or code == expect
    return code


STORIES = {
    "pre-pull": Story(
        "while the images are pulled",
        "the play is killed",
        lambda api: api.pullers(),
        lambda api: api.pullers() and api.release() == (1, "deployed") and not api.record(),
    ),
    "before-helm": Story(
        "before Helm",
        "the play is killed",
        lambda api: api.record(),
        lambda api: api.record()["proven"] == "false" and api.release() == (1, "deployed"),
    ),
    "during-helm": Story(
        "while Helm works",
        "the play and its Helm are killed",
        lambda api: api.release()[0] == 2,
        lambda api: api.release() == (2, "pending-upgrade"),
    ),
    "mid-roll-out": Story(
        "when the first agent was replaced",
        "the play is killed",
        lambda api: replaced(api) == 1,
        lambda api: api.release() == (2, "deployed") and 1 <= replaced(api) < 3,
    ),
    "before-proof": Story(
        "when all agents were replaced, before the proof",
        "the play is killed",
        finished,
        lambda api: finished(api) and api.record()["proven"] == "false",
    ),
    "api-server": Story(
        "when the first agent was replaced",
        "the API server is away for 20 s",
        lambda api: replaced(api) == 1,
        lambda api: api.release() == (2, "deployed"),
        itself="waits and finishes",
    ),
    "reboot": Story(
        "when the first agent was replaced",
        "a node reboots",
        lambda api: replaced(api) == 1,
        lambda api: api.release() == (2, "deployed"),
        itself="waits and finishes",
    ),
    "registry": Story(
        "after the images were pulled and Helm is done",
        "the registry is gone",
        lambda api: api.release() == (2, "deployed"),
        lambda api: not finished(api),
        itself="rolls out, then names the registry: the proof needs the chart",
        says="the registry 172.30.0.1:5000 cannot be reached",
    ),
}
BREAKS = {"api-server": stop_api, "reboot": reboot}


@pytest.fixture
def start(project, lab, scenario, read, helm):
    """The practice cluster at its start, and what it then held."""
    subprocess.run([sys.executable, "-m", "lab", "reset"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    snapshot.test_take_the_snapshot(read, helm)
    return json.loads((scenario / "before.json").read_text())


@pytest.fixture
def api(lab, start):
    return interruptions.Api(lab["KUBECONFIG"])


@pytest.mark.parametrize("name", STORIES)
def test_the_next_run_finishes(name, project, lab, api, start, read, helm, record_property):
    story = STORIES[name]
    run = Run(project, "cilium")
    run.until(lambda: story.reached(api))
    with interruptions.without_registry(project) if name == "registry" else contextlib.nullcontext():
        if name != "registry":
            BREAKS.get(name, kill)(run, project, lab)
        assert eventually(lambda: story.found(api)), (api.release(), api.agents(), api.record())
        seen = {"release": "revision {}, {}".format(*api.release()), "agents": f"{replaced(api)} of 3"}
        if story.itself:
            assert (run.end() == 0) is not bool(story.says), run.said()
            assert story.says in run.said()
    if name == "during-helm":
        refused = play(project, "cilium")
        assert refused.code != 0
        assert "cilium_allow_repair" in refused.failures[-1]
        assert "pending-upgrade" in refused.failures[-1]
        assert refused.changed == []
        assert api.release() == (2, "pending-upgrade")
    begin = time.monotonic()
    again = play(project, "cilium", {"cilium_allow_repair": True} if name == "during-helm" else {})
    seconds = time.monotonic() - begin
    assert again.code == 0, again.failures
    assert_all_is_done(api, start, read, helm)
    assert play(project, "cilium").changed == []
    record_property(
        "interruption",
        json.dumps(
            {
                "point": story.point,
                "breaks": story.breaks,
                "found": seen,
                "itself": story.itself,
                "consent": name == "during-helm",
                "changed": bool(again.changed),
                "seconds": round(seconds),
            }
        ),
    )


def eventually(true, seconds=40):
    """Whether something becomes true: a server that was away needs a moment."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def assert_all_is_done(api, start, read, helm):
    """What test_nothing_lost.py and test_aws_build.py look at, after each story."""
    assert finished(api), api.agents()
    operators = read("pods", "-n", "kube-system", "-l", "io.cilium/app=operator")
    images = {container["image"] for pod in operators for container in pod["spec"]["containers"]}
    assert images == {AWS_AGENT.replace("/cilium:", "/operator-generic:")}
    own = {key: value for key, value in leaves(start["values"]).items() if key.rpartition(".")[0] not in IMAGE_KEYS}
    assert leaves(helm("get", "values", "cilium")) == own | AWS
    assert helm("history", "cilium")[-1]["status"] == "deployed"
    assert read("configmap", "cilium-config", "-n", "kube-system")["data"] == start["config"]
    assert snapshot.policies(read) == start["policies"]
    assert snapshot.crds(read) == start["crds"]
    assert snapshot.workload_pods(read) == start["workload_pods"]
    assert api.pullers() == []
    assert api.record() == {
        "release": "cilium",
        "revision": str(start["revision"]),
        "chart_version": "1.17.6",
        "proven": "true",
    }
