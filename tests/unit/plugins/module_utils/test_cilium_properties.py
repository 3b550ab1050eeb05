"""Laws of the plan that hold for whatever runs and whatever is wanted, in a model of Helm and the cluster."""

from __future__ import annotations

import copy

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import CONSENTS, effective
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import PROFILES, merge
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_model import (
    CHARTS,
    CONFIG_KEYS,
    CONTAINERS,
    EDITS,
    PROFILE,
    STARTS,
    VERSIONS,
    WISHES,
    World,
    at,
    image_of,
    images,
    render,
)
from hypothesis import assume, given
from hypothesis import strategies as st

IMAGE_KEYS = ("repository", "tag", "digest", "override", "useDigest")
WORLDS = st.builds(World, VERSIONS, STARTS)


def settled(world, *wanted, **options):
    """The world after the change that is wanted."""
    world.carry_out(world.plan(*wanted, **options))
    return world


@given(WORLDS, EDITS, VERSIONS, WISHES, PROFILE, st.booleans())
def test_the_plan_after_apply_is_empty(world, edits, version, wish, profile, keep):
    world.edit(edits)
    first = world.plan(version, wish, profile=profile, keep_values=keep)
    world.carry_out(first)
    again = world.plan(version, wish, (), profile=profile, keep_values=keep)
    assert (again["action"], again["changed"], again["refusals"], again["restart"]) == ("none", False, [], [])
    assert again["diff"] == {"before": "", "after": ""}
    assert again["values"] == first["values"]


@given(WORLDS, EDITS, VERSIONS, WISHES, PROFILE, st.booleans())
def test_what_the_plan_shows_is_what_happens(world, edits, version, wish, profile, keep):
    world.edit(edits)
    config, before = dict(world.config), images(world.live)
    changes = world.plan(version, wish, profile=profile, keep_values=keep)["changes"]
    settled(world, version, wish, profile=profile, keep_values=keep)
    config_after, after = world.config, images(world.live)
    for change in changes["config"]:
        config |= {change["key"]: change["after"]}
    assert {key: value for key, value in config.items() if value is not None} == config_after
    for change in changes["images"]:
        before |= {(change["component"], change["container"]): change["after"]}
    assert {key: image for key, image in before.items() if image is not None} == after


@given(WORLDS, VERSIONS, WISHES, PROFILE)
def test_a_users_key_is_never_dropped(world, version, wish, profile):
    _version, start = world.content(1)
    values = world.plan(version, wish, profile=profile)["values"]
    decided = flatten(merge(PROFILES[profile], wish))
    nulls = [path for path, value in flatten(wish).items() if value is None]
    for path, value in flatten(start).items():
        image = ".image." in f".{path}" and path.endswith(IMAGE_KEYS)
        ours = any(path == other or other.startswith(f"{path}.") for other in decided)
        removed = any(f"{path}.".startswith(f"{gone}.") for gone in nulls)
        if not (image or ours or removed or value == {}):
            assert at(values, path) == value, path


@given(WORLDS, VERSIONS, WISHES, PROFILE)
def test_every_image_comes_from_the_chart_or_the_wish(world, version, wish, profile):
    result = world.plan(version, wish, profile=profile)
    said = merge(PROFILES[profile], wish)
    named = {path for path in flatten(result["values"]) if ".image." in f".{path}" and path.endswith(IMAGE_KEYS)}
    assert named <= set(flatten(said))
    meant = merge(CHARTS[version].values, said)
    parts = {"cilium": meant, "cilium-operator": meant["operator"], "cilium-envoy": meant["envoy"]}
    for name, containers in result["expected_images"].items():
        assert set(containers.values()) == {image_of(parts[name]["image"])}
    assert set(result["images"]) == {image for found in result["expected_images"].values() for image in found.values()}


@given(WORLDS, VERSIONS, WISHES, PROFILE, st.data())
def test_any_changed_value_of_the_wish_is_seen(world, version, wish, profile, data):
    settled(world, version, wish, profile=profile)
    leaves = [path for path, value in flatten(wish).items() if value is not None and value != {}]
    assume(leaves)
    path = data.draw(st.sampled_from(leaves))
    other = copy.deepcopy(wish)
    *above, last = path.split(".")
    inner = at(other, ".".join(above)) if above else other
    old = inner[last]
    inner[last] = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}x"
    found = world.plan(version, other, profile=profile)
    assert found["changed"]
    assert found["action"] != "none"
    assert path in [entry["key"] for entry in found["changes"]["values"]]


@given(WORLDS, VERSIONS, VERSIONS, WISHES, PROFILE)
def test_another_chart_is_seen(world, old, new, wish, profile):
    assume(old != new)
    found = settled(world, old, wish, profile=profile).plan(new, wish, profile=profile)
    assert found["action"] in ("upgrade", "migrate")
    assert found["changes"]["chart"] == {"before": f"cilium {old}", "after": f"cilium {new}"}


@given(WORLDS, VERSIONS, st.sampled_from(sorted(CONFIG_KEYS.values())), st.sampled_from(["odd", None]))
def test_any_drift_of_the_live_config_is_seen(world, version, key, value):
    settled(world, version)
    assume(key in world.config)
    if value:
        world.config[key] = value
    else:
        del world.config[key]
    found = world.plan(version)
    assert [entry["key"] for entry in found["changes"]["config"]] == [key]
    assert found["restart"] == ["cilium", "cilium-operator"]


@given(WORLDS, VERSIONS, st.sampled_from(CONTAINERS))
def test_any_drift_of_a_live_image_is_seen(world, version, container):
    settled(world, version).edit({"config": {}, "images": {container: "foreign.example.com/x:1"}})
    found = world.plan(version)
    assert [(entry["component"], entry["container"]) for entry in found["changes"]["images"]] == [container]
    assert found["action"] == "migrate"


@given(WORLDS, EDITS, VERSIONS, WISHES, st.booleans())
def test_what_changes_its_meaning_is_refused_and_nothing_else(world, edits, version, wish, keep):
    world.edit(edits)
    before = dict(world.config)
    refused = {item["key"]: (item["before"], item["after"]) for item in refusals(world, version, wish, (), keep)}
    settled(world, version, wish, keep_values=keep)
    old, new = effective(before), effective(world.config)
    refused.pop("chart_version", None)
    assert refused == {key: (old[key], new[key]) for key in old if old[key] != new[key]}


@given(WORLDS, EDITS, VERSIONS, WISHES, st.sets(st.sampled_from(CONSENTS)), st.booleans())
def test_a_consent_takes_its_own_refusals_and_no_other(world, edits, version, wish, consents, keep):
    world.edit(edits)
    left = [
        item
        for item in refusals(world, version, wish, (), keep)
        if item["variable"] not in {f"cilium_{name}" for name in consents}
    ]
    assert refusals(world, version, wish, consents, keep) == left
    assert refusals(world, version, wish, CONSENTS, keep) == []


def refusals(world, version, wish, consents, keep):
    return world.plan(version, wish, consents, keep_values=keep)["refusals"]


@given(VERSIONS, STARTS)
def test_the_model_renders_what_it_installs(version, values):
    world = World(version, values)
    assert world.live == render(version, values)
