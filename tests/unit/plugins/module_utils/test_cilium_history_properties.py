"""Laws of a release's history: whatever breaks a change off and whoever goes back, in a model of Helm and the cluster.

The steps are those of the role: plan, record, unlock, apply, prove. A change may be broken off after each of them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import PROFILES, merge
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_model import (
    STARTS,
    VERSIONS,
    WISHES,
    World,
    at,
    images,
    render,
)
from hypothesis import assume, given
from hypothesis import strategies as st

BROKEN_OFF = ["before the record", "before helm", "during helm", "helm failed", "before the proof", "not at all"]
OBJECTS = [
    ("ConfigMap", "cilium-config"),
    ("DaemonSet", "cilium"),
    ("DaemonSet", "cilium-envoy"),
    ("Deployment", "cilium-operator"),
]
ARRIVED = st.sets(st.sampled_from(OBJECTS))
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "back": st.booleans(),
            "version": VERSIONS,
            "wish": WISHES,
            "broken_off": st.sampled_from(BROKEN_OFF),
            "arrived": ARRIVED,
        }
    ),
    min_size=1,
    max_size=6,
)
PENDING = {"install": "pending-install", "rollback": "pending-rollback"}


@dataclass
class Story:
    """A world, and by number what each of its revisions was when it was proven."""

    world: World
    proven: dict = field(default_factory=dict)

    def tell(self, back, version, wish, broken_off, arrived):
        """One run of the role; returns its plan, None when there is nothing to go back to."""
        world = self.world
        if back and not world.record:
            return None
        result = world.plan(rollback_to="recorded") if back else world.plan(version, wish, profile="none")
        if result["action"] == "none" or broken_off == "before the record":
            return result
        if result["goes_back_to"]:
            self._record(result["goes_back_to"], "false")
        if broken_off == "before helm":
            return result
        how = {}
        if broken_off in ("during helm", "helm failed"):
            ends = PENDING.get(result["action"], "pending-upgrade") if broken_off == "during helm" else "failed"
            how = {"ends": ends, "arrives": lambda key: key in arrived}
        world.carry_out(result, **how)
        if broken_off == "not at all":
            self.prove()
        return result

    def prove(self):
        """What runs is looked at and found to be what is wanted."""
        newest = max(self.world.revisions)
        self.proven[newest] = copy.deepcopy(self.world.content(newest))
        if self.world.record:
            self.world.record["proven"] = "true"

    def _record(self, place, proven):
        data = {"revision": str(place["revision"]), "chart_version": place["chart_version"], "proven": proven}
        self.world.record = {"release": "cilium", **data}


def story(version, values):
    found = Story(World(version, values))
    found.prove()
    return found


STORIES = st.builds(story, VERSIONS, STARTS)


def without_images(values):
    return {path: value for path, value in flatten(values).items() if "image" not in path.split(".")}


@given(STORIES, STEPS)
def test_the_record_always_names_what_was_proven(told, steps):
    for step in steps:
        told.tell(**step)
        assert told.world.record is None or int(told.world.record["revision"]) in told.proven


@given(STORIES, STEPS, VERSIONS, WISHES)
def test_the_next_run_ends_the_job_whatever_broke_off_before(told, steps, version, wish):
    for step in steps:
        told.tell(**step)
    result = told.tell(False, version, wish, "not at all", set())
    world = told.world
    assert world.status(max(world.revisions)) == "deployed"
    assert world.content(max(world.revisions)) == (version, result["values"])
    again = world.plan(version, wish, (), profile="none")
    assert (again["action"], again["changed"], again["refusals"], again["unlock"]) == ("none", False, [], None)
    rendered = render(version, result["values"])
    assert world.config.items() >= rendered[("ConfigMap", "cilium-config")]["data"].items()
    assert images(world.live).items() >= images(rendered).items()


@given(STORIES, STEPS, VERSIONS)
def test_values_survive_every_break(told, steps, version):
    kept = told.world.content(1)[1]
    for step in steps:
        before = max(told.world.revisions)
        result = told.tell(**step)
        arrived = max(told.world.revisions) > before and told.world.status(max(told.world.revisions)) == "deployed"
        if result and arrived and step["back"]:
            kept = result["values"]
        elif result and arrived:
            kept = merge(kept, step["wish"])
    values = told.world.plan(version, profile="none")["values"]
    for path, value in without_images(kept).items():
        assert value in ({}, None) or at(values, path) == value, path
    assert {path for path in without_images(values) if not path.startswith("updateStrategy")} <= set(flatten(kept))


@given(STORIES, STEPS)
def test_going_back_is_exactly_what_was_proven_and_going_back_twice_is_once(told, steps):
    for step in steps:
        told.tell(**step)
    world = told.world
    assume(world.record)
    version, values = told.proven[int(world.record["revision"])]
    first = told.tell(True, None, None, "not at all", set())
    assert first["action"] in ("rollback", "none")
    assert world.content(max(world.revisions)) == (version, values)
    rendered = render(version, values)
    assert world.config.items() >= rendered[("ConfigMap", "cilium-config")]["data"].items()
    assert images(world.live).items() >= images(rendered).items()
    second = told.tell(True, None, None, "not at all", set())
    assert (second["action"], second["changed"], second["goes_back_to"]) == ("none", False, None)


@given(STORIES, STEPS, VERSIONS, WISHES)
def test_what_broken_changes_left_and_helm_does_not_know_is_named(told, steps, version, wish):
    for step in steps:
        told.tell(**step)
    values = told.tell(False, version, wish, "not at all", set())["values"]
    world, rendered = told.world, render(version, values)
    said = "".join(world.plan(version, wish, profile="none")["warnings"])
    for key in world.config.keys() - rendered[("ConfigMap", "cilium-config")]["data"].keys():
        assert f"{key} (by " in said
    for name, container in images(world.live).keys() - images(rendered).keys():
        assert f"{container} in DaemonSet kube-system/{name}" in said or name == "cilium-envoy"


@given(STORIES, STARTS, WISHES, VERSIONS, VERSIONS, st.sampled_from(["failed", "pending-upgrade"]), ARRIVED)
def test_a_repair_is_the_change_that_was_wanted_all_along(told, lost, wish, between, version, status, arrived):
    sound = told.world
    broken = copy.deepcopy(sound)
    broken.upgrade(between, lost, ends=status, arrives=lambda key: key in arrived)
    whole, repaired = (world.plan(version, wish, profile="none") for world in (sound, broken))
    assert repaired["action"] == "repair"
    for key in ("values", "expected_images", "goes_back_to", "release"):
        assert repaired[key] == whole[key]
    assert repaired["unlock"] == (
        {"revision": 2, "status": status, "since": "2026-01-31T12:00:00Z"} if "pending" in status else None
    )
    if not arrived:
        assert repaired["changes"] == whole["changes"]
    asked = {item["variable"] for item in broken.plan(version, wish, (), profile="none")["refusals"]}
    assert "cilium_allow_repair" in asked
    if not arrived:
        others = {item["variable"] for item in sound.plan(version, wish, (), profile="none")["refusals"]}
        assert asked == others | {"cilium_allow_repair"}


@given(STORIES, st.sampled_from(sorted(PROFILES)), STEPS)
def test_planning_changes_nothing(told, profile, steps):
    for step in steps:
        told.tell(**step)
    before = copy.deepcopy(vars(told.world))
    told.world.plan(steps[-1]["version"], steps[-1]["wish"], profile=profile)
    if told.world.record:
        told.world.plan(rollback_to="recorded")
    assert vars(told.world) == before
