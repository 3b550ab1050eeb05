"""A change of Cilium that is broken off anywhere: the next run finishes it, or says exactly why not.

Each story starts anew from upstream Cilium, breaks the migration off at its point, looks at what is there, and runs the
play again. What was seen becomes a row of the operators' table (see tests/tools/interruptions.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import interruptions
import pytest
import snapshot
import test_aws_build
import test_nothing_lost
from interruptions import Eyes, Run, Seen, Site
from plays import play

CONSENT = "cilium_allow_repair"


@dataclass(frozen=True)
class Story:
    """The point at which the change is broken off (as it is watched for), by what, and what has to be found then.

    ``survives``: the broken run goes on and finishes. ``says``: it goes on and fails, with this in what it prints.
    Otherwise it is dead. ``refused``: the next run changes nothing without consent. ``first``: what has to be put right
    before the next run. ``after``: the story whose next run this one breaks off.
    """

    point: str
    by: str
    reached: Callable[[Eyes], object]
    breaks: Callable[[Site, Run], AbstractContextManager]
    found: Callable[[Seen], object]
    survives: bool = False
    says: str = ""
    refused: bool = False
    first: str = ""
    after: str = ""


def untouched(seen):
    return (seen.revision, seen.status, seen.replaced) == (1, "deployed", 0)


def begun(seen):
    return (seen.revision, seen.status) == (2, "deployed") and seen.record.get("proven") == "false"


STORIES = {
    "pre-pull": Story(
        "while the images are pulled",
        "the play is killed",
        lambda eyes: eyes.pullers(),
        interruptions.killed,
        lambda seen: untouched(seen) and seen.pullers and not seen.record,
    ),
    "before-helm": Story(
        "after the images were pulled, before Helm",
        "the play is killed",
        lambda eyes: eyes.record(),
        interruptions.killed,
        lambda seen: untouched(seen) and not seen.pullers and seen.record["proven"] == "false",
    ),
    "during-helm": Story(
        "while Helm works",
        "the play and its Helm are killed",
        lambda eyes: eyes.release()[1] != "deployed",
        interruptions.killed,
        lambda seen: (seen.revision, seen.status) == (2, "pending-upgrade"),
        refused=True,
    ),
    "mid-roll-out": Story(
        "when the first agent was replaced",
        "the play is killed",
        lambda eyes: eyes.replaced() == 1,
        interruptions.killed,
        lambda seen: begun(seen) and seen.replaced == 1,
    ),
    "before-proof": Story(
        "when all agents were replaced, before the proof",
        "the play is killed",
        lambda eyes: eyes.finished(),
        interruptions.killed,
        lambda seen: begun(seen) and seen.finished,
    ),
    "api-server": Story(
        "when the first agent was replaced",
        f"the API server is away for {interruptions.OUTAGE} s",
        lambda eyes: eyes.replaced() == 1,
        interruptions.without_api_server,
        lambda seen: begun(seen) and not seen.finished,
        survives=True,
    ),
    "reboot": Story(
        "when the first agent was replaced",
        "a worker reboots",
        lambda eyes: eyes.replaced() == 1,
        interruptions.rebooted,
        lambda seen: begun(seen) and not seen.finished,
        survives=True,
    ),
    "no-chart": Story(
        "after the images were pulled, before Helm",
        "the registry is gone",
        lambda eyes: eyes.record(),
        interruptions.without_registry,
        lambda seen: untouched(seen) and not seen.pullers and seen.record["proven"] == "false",
        says="172.30.0.1:5000",
        first="bring the registry back",
    ),
    "no-registry": Story(
        "after Helm, before the first agent is ready",
        "the registry is gone",
        lambda eyes: eyes.release() == (2, "deployed"),
        interruptions.without_registry,
        lambda seen: begun(seen) and not seen.finished,
        says="the registry 172.30.0.1:5000 cannot be reached",
        first="bring the registry back",
    ),
}
STORIES["twice"] = replace(
    STORIES["mid-roll-out"],
    point="when the first agent was replaced, by a run that repairs one killed while Helm worked",
    found=lambda seen: (seen.revision, seen.status, seen.replaced) == (3, "deployed", 1),
    after="during-helm",
)


@pytest.fixture
def start(project, lab, scenario, read, helm):
    """The practice cluster at its start, and what it then held."""
    subprocess.run([sys.executable, "-m", "lab", "reset"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    snapshot.test_take_the_snapshot(read, helm)
    return json.loads((scenario / "before.json").read_text())


@pytest.fixture
def site(project, lab, start):
    return Site(project, lab, interruptions.Watcher(lab["KUBECONFIG"]), interruptions.Kubectl(lab["KUBECTL"]))


@pytest.mark.parametrize("name", STORIES)
def test_the_next_run_finishes(name, site, scenario, start, read, helm):
    story, variables = STORIES[name], {}
    if story.after:
        break_off(STORIES[story.after], site, variables, scenario / f"{name}-first.log")
        variables = {CONSENT: True}
    told = break_off(story, site, variables, scenario / f"{name}.log")
    begin = time.monotonic()
    again = play(site.project, "cilium", {CONSENT: True} if story.refused else {})
    seconds = time.monotonic() - begin
    assert again.code == 0, again.failures
    assert bool(again.changed) is not story.survives, again.changed
    assert_all_is_done(site, start, read, helm)
    third = play(site.project, "cilium") if again.changed else again
    assert (third.code, third.changed) == (0, [])
    keep(scenario / "interruptions.json", name, told | {"changed": again.changed, "seconds": round(seconds)})


def break_off(story, site, variables, log):
    """Run the play, break it off, and return what there was then and what was said."""
    with Run(site.project, "cilium", variables, log) as run:
        run.until(lambda: story.reached(site.watcher))
        begin = time.monotonic()
        with story.breaks(site, run):
            seen = site.kubectl.look()
            assert story.found(seen), seen
            if story.survives or story.says:
                assert (run.end() == 0) is story.survives, run.said()
                assert story.says in run.said()
        itself = time.monotonic() - begin
    return {
        "point": story.point,
        "by": story.by,
        "found": {
            "release": f"revision {seen.revision}, {seen.status}",
            "replaced": seen.replaced,
            "pullers": seen.pullers,
            "proven": seen.record.get("proven"),
        },
        "survives": round(itself) if story.survives else None,
        "says": story.says,
        "refusal": refusal(site) if story.refused else "",
        "first": story.first,
    }


def refusal(site):
    """Run the play without consent and return what it says. It has to change nothing."""
    before = site.kubectl.look()
    refused = play(site.project, "cilium")
    said = refused.failures[-1]
    assert refused.code != 0
    assert f"Set {CONSENT}: true" in said
    assert f"revision {before.revision} is {before.status} since 20" in said
    assert refused.changed == []
    assert site.kubectl.look() == before
    return said


def assert_all_is_done(site, start, read, helm):
    """What test_aws_build.py and test_nothing_lost.py look at, and that nothing is left of the broken run."""
    pods = read("pods", "-n", "kube-system")
    cilium = [pod for pod in pods if {"k8s-app", "io.cilium/app"} & {*pod["metadata"]["labels"]}]
    test_aws_build.test_there_is_an_agent_on_every_node_and_two_operators_on_different_ones(read, cilium)
    test_aws_build.test_every_container_and_init_container_is_of_the_aws_build(cilium)
    test_aws_build.test_nodes_are_ready(read)
    test_nothing_lost.test_the_users_values_are_kept_and_image_overrides_are_gone(helm, start)
    test_nothing_lost.test_every_policy_is_the_one_that_was_there(read, start)
    test_nothing_lost.test_every_definition_is_the_one_that_was_there(read, start)
    test_nothing_lost.test_the_configuration_is_as_before(read, start)
    test_nothing_lost.test_no_pod_of_a_user_was_restarted(read, start)
    test_nothing_lost.test_the_revision_to_go_back_to_is_recorded(read, start)
    assert helm("history", "cilium")[-1]["status"] == "deployed"
    assert site.kubectl.finished(), site.kubectl.agents()
    names = [pod["metadata"]["name"] for pod in pods]
    assert [name for name in names if not name.startswith("cilium")] == []


def keep(path, name, told):
    """Write what a story has told into a file that has a place for each of them."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({each: known.get(each) for each in STORIES} | {name: told}, indent=1) + "\n")
