"""Laws that hold for whatever ran before and whatever is wanted, in a model of Helm and the cluster without either."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart, known_keys
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium import EARLIER, Wanted, plan
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import CONSENTS, effective
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import Current, Manifests, Workload
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import PROFILES, build, merge
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import Release
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten
from hypothesis import assume, given
from hypothesis import strategies as st

MISSING = object()
CONFIG_KEYS = {
    "ipam.mode": "ipam",
    "routingMode": "routing-mode",
    "tunnelProtocol": "tunnel-protocol",
    "tunnelPort": "tunnel-port",
    "cluster.name": "cluster-name",
    "cluster.id": "cluster-id",
    "kubeProxyReplacement": "kube-proxy-replacement",
    "policyEnforcementMode": "enable-policy",
    "cni.exclusive": "cni-exclusive",
    "debug.enabled": "debug",
    "envoy.enabled": "external-envoy-proxy",
}


def chart(version, registry):
    values = {
        "ipam": {"mode": "cluster-pool"},
        "routingMode": "",
        "tunnelProtocol": "",
        "tunnelPort": 0,
        "cluster": {"name": "default", "id": 0},
        "kubeProxyReplacement": None,
        "policyEnforcementMode": "default",
        "cni": {"exclusive": True},
        "debug": {"enabled": False},
        "envoy": {"enabled": None},
        "ingressController": {"enabled": False},
        "loadBalancer": {"l7": {"backend": "disabled"}},
        "podLabels": {},
        "image": {"repository": f"{registry}/cilium", "tag": f"v{version}", "digest": "sha256:0", "useDigest": True},
        "operator": {"image": {"repository": f"{registry}/operator", "tag": f"v{version}"}, "replicas": 2},
        "preflight": {"image": {"useDigest": True}},
        "updateStrategy": {"type": "RollingUpdate"},
    }
    return Chart("ref", "path", "cilium", version, version, values, known_keys(values, {}, ""))


BROKEN = ["failed", "pending-upgrade", "pending-rollback"]
CHARTS = [
    chart("1.17.6", "quay.io/cilium"),
    chart("1.17.6-0", "public.ecr.aws/eks/cilium"),
    chart("1.18.1-0", "public.ecr.aws/eks/cilium"),
    chart("1.15.2", "quay.io/cilium"),
]

IMAGES = st.fixed_dictionaries(
    {},
    optional={
        "repository": st.sampled_from(["quay.io/cilium/cilium", "mirror.example.com/cilium"]),
        "tag": st.sampled_from(["v1.17.5", "v0"]),
        "digest": st.just("sha256:foreign"),
        "override": st.just("mirror.example.com/all:1"),
        "useDigest": st.booleans(),
        "pullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
    },
)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "ipam": st.fixed_dictionaries({"mode": st.sampled_from(["kubernetes", "cluster-pool", "multi-pool"])}),
        "routingMode": st.sampled_from(["", "tunnel", "native"]),
        "tunnelProtocol": st.sampled_from(["", "vxlan", "geneve"]),
        "tunnelPort": st.sampled_from([0, 8472, 6081]),
        "cluster": st.fixed_dictionaries({}, optional={"name": st.sampled_from(["a", "b"]), "id": st.integers(0, 2)}),
        "kubeProxyReplacement": st.sampled_from([True, False, "true"]),
        "policyEnforcementMode": st.sampled_from(["always", "default", "never"]),
        "cni": st.fixed_dictionaries({"exclusive": st.booleans()}),
        "debug": st.fixed_dictionaries({"enabled": st.booleans()}),
        "envoy": st.fixed_dictionaries({"enabled": st.none() | st.booleans()}),
        "podLabels": st.dictionaries(st.sampled_from(["team", "tier"]), st.sampled_from(["x", "y"])),
    },
)
STARTS = st.builds(
    lambda own, image, operator: {**own, "image": image, "operator": {"image": operator, "replicas": 1}},
    OWN,
    IMAGES,
    IMAGES,
)
WISHES = st.builds(
    lambda own, image, removed: {**own, **({"image": image} if image else {}), **dict.fromkeys(removed)},
    OWN,
    st.just({}) | IMAGES,
    st.sets(st.sampled_from(["podLabels", "tunnelPort", "unknownKey"])),
)
PROFILE = st.sampled_from(sorted(PROFILES))


def at(values, path):
    found = values
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return MISSING
        found = found[name]
    return found


def image_of(image):
    if image.get("override"):
        return image["override"]
    digest = f"@{image['digest']}" if image.get("useDigest") and image.get("digest") else ""
    return f"{image['repository']}:{image['tag']}{digest}"


def render(wanted_chart, values):
    """What the model's chart makes of values: cilium-config, and an agent and an operator with their images."""
    meant = merge(wanted_chart.values, values)
    config = {
        key: str(at(meant, path)).lower()
        for path, key in CONFIG_KEYS.items()
        if at(meant, path) not in (MISSING, None, "", 0)
    }
    workloads = {}
    for name, image, kind in (
        ("cilium", meant["image"], "DaemonSet"),
        ("cilium-operator", meant["operator"]["image"], "Deployment"),
    ):
        text = image_of(image)
        template = {"labels": meant.get("podLabels", {}), "image": text, "spec": {"config": "cilium-config"}}
        workloads[name] = Workload(kind, "kube-system", name, {name: text}, template)
    return Manifests(
        config, workloads, tuple(sorted({image for item in workloads.values() for image in item.images.values()}))
    )


def installed(old_chart, values):
    """The state after Helm has applied values: what lives is what was rendered."""
    rendered = render(old_chart, values)
    release = Release(
        "cilium", "kube-system", 1, "deployed", "cilium", old_chart.version, "", copy.deepcopy(values), {}, ""
    )
    return Current(release, dict(rendered.config), {}, "", dict(rendered.workloads), rendered)


def ask(current, wish, wanted_chart, profile="aws", keep=True, consents=()):
    """Plan a wish against a state, as the module does."""
    own = current.release.values if current.release and keep else None
    values = build(wanted_chart, own, wish, profile).values
    rendered = render(wanted_chart, values)
    wanted = Wanted("cilium", wanted_chart.version, values, frozenset(consents))
    return SimpleNamespace(values=values, rendered=rendered, found=plan(current, wanted, rendered))


@given(STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), PROFILE, st.booleans())
def test_the_plan_after_apply_is_empty(start, wish, old, new, profile, keep):
    first = ask(installed(old, start), wish, new, profile, keep)
    again = ask(installed(new, first.values), wish, new, profile, keep)
    assert again.found.action == "none"
    assert not again.found.plan.changed
    assert again.found.plan.refusals == ()
    assert again.values == first.values


@given(STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), PROFILE)
def test_a_users_key_is_never_dropped(start, wish, old, new, profile):
    values = ask(installed(old, start), wish, new, profile).values
    decided = flatten(merge(PROFILES[profile], wish))
    nulls = [path for path, value in flatten(wish).items() if value is None]
    for path, value in flatten(start).items():
        image = path.rsplit(".", 1)[0].endswith("image") and not path.endswith("pullPolicy")
        ours = any(path == other or other.startswith(f"{path}.") for other in decided)
        removed = any(f"{path}.".startswith(f"{gone}.") for gone in nulls)
        if not (image or ours or removed or value == {}):
            assert at(values, path) == value, path


@given(STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), PROFILE)
def test_an_image_comes_from_the_chart_or_the_wish(start, wish, old, new, profile):
    rendered = ask(installed(old, start), wish, new, profile).rendered
    without_release = render(new, build(new, None, wish, profile).values)
    assert rendered.images == without_release.images
    if "image" not in wish and profile == "aws":
        assert rendered.workloads["cilium"].images["cilium"] == f"{new.values['image']['repository']}:v{new.version}"


@given(STARTS, WISHES, st.sampled_from(CHARTS), PROFILE, st.data())
def test_any_changed_field_of_the_wish_is_seen(start, wish, new, profile, data):
    first = ask(installed(new, start), wish, new, profile)
    leaves = [path for path, value in flatten(wish).items() if value is not None and value != {}]
    assume(leaves)
    path = data.draw(st.sampled_from(leaves))
    other = copy.deepcopy(wish)
    *above, last = path.split(".")
    inner = at(other, ".".join(above)) if above else other
    inner[last] = f"other-{inner[last]}"
    changed = ask(installed(new, first.values), other, new, profile)
    assert changed.found.plan.changed
    assert changed.found.action != "none"
    assert path in [entry["key"] for entry in changed.found.changes.values]


@given(STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), PROFILE, st.booleans())
def test_another_chart_is_seen(start, wish, old, new, profile, keep):
    assume(old.version != new.version)
    first = ask(installed(old, start), wish, old, profile, keep)
    assert ask(installed(old, first.values), wish, new, profile, keep).found.changes.chart == {
        "before": f"cilium {old.version}",
        "after": f"cilium {new.version}",
    }


@given(
    STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), st.sets(st.sampled_from(CONSENTS)), st.booleans()
)
def test_consents_are_monotone_and_what_is_not_refused_was_consented(start, wish, old, new, consents, keep):
    current = installed(old, start)
    bare = ask(current, wish, new, "aws", keep)
    some = ask(current, wish, new, "aws", keep, consents)
    assert set(some.found.plan.refusals) <= set(bare.found.plan.refusals)
    assert ask(current, wish, new, "aws", keep, CONSENTS).found.plan.refusals == ()
    before, after = effective(current.config), effective(bare.rendered.config)
    assert {key for key in before if before[key] != after[key]} == {
        item.key for item in bare.found.plan.refusals if item.key != "chart_version"
    }


@given(
    STARTS, st.sampled_from(CHARTS), st.sampled_from(sorted(set(CONFIG_KEYS.values()))), st.sampled_from(["odd", None])
)
def test_any_drift_of_the_live_config_is_seen(start, new, key, value):
    first = ask(installed(new, start), {}, new)
    state = installed(new, first.values)
    assume(key in state.config)
    drifted = (
        {**state.config, key: value} if value else {name: text for name, text in state.config.items() if name != key}
    )
    found = ask(Current(**{**vars(state), "config": drifted}), {}, new).found
    assert [entry["key"] for entry in found.changes.config] == [key]
    assert found.restart == ("cilium", "cilium-operator")


@given(STARTS, st.sampled_from(CHARTS), st.sampled_from(["cilium", "cilium-operator"]))
def test_any_drift_of_a_live_image_is_seen(start, new, name):
    first = ask(installed(new, start), {}, new)
    state = installed(new, first.values)
    live = Workload(**{**vars(state.workloads[name]), "images": {name: "foreign.example.com/x:1"}})
    found = ask(Current(**{**vars(state), "workloads": {**state.workloads, name: live}}), {}, new).found
    assert [entry["component"] for entry in found.changes.images] == [name]
    assert found.action == "migrate"


def broken_off(current, values, status):
    """The same cluster after another change of the release did not end: nothing of it arrived."""
    lost = replace(current.release, revision=2, status=status, values=copy.deepcopy(values))
    return replace(current, broken=lost)


@given(STARTS, STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(CHARTS), st.sampled_from(BROKEN))
def test_a_repair_is_the_change_that_would_have_been_made_without_the_interruption(start, lost, wish, old, new, status):
    sound = installed(old, start)
    whole, repaired = ask(sound, wish, new), ask(broken_off(sound, lost, status), wish, new, consents=("allow_repair",))
    assert repaired.values == whole.values
    assert repaired.found.action == "repair"
    assert repaired.found.changes == whole.found.changes
    assert repaired.found.plan.refusals == whole.found.plan.refusals
    again = ask(installed(new, repaired.values), wish, new)
    assert (again.found.action, again.found.plan.changed) == ("none", False)


@given(STARTS, WISHES, st.sampled_from(CHARTS), st.sampled_from(BROKEN))
def test_a_repair_needs_its_consent_and_no_other(start, wish, new, status):
    sound = installed(new, start)
    asked = {item.variable for item in ask(broken_off(sound, start, status), wish, new).found.plan.refusals}
    assert asked == {item.variable for item in ask(sound, wish, new).found.plan.refusals} | {"cilium_allow_repair"}


@given(STARTS, STARTS, st.sampled_from(CHARTS), st.sampled_from(CHARTS))
def test_going_back_is_exactly_what_was_and_going_back_twice_is_once(now, earlier, old, new):
    def back(current):
        values, rendered = copy.deepcopy(earlier), render(old, earlier)
        wanted = Wanted("cilium", old.version, values, frozenset(), goal=EARLIER)
        return plan(current, wanted, rendered)

    first = back(installed(new, now))
    assert first.action in ("rollback", "none")
    assert not [item for item in first.plan.refusals if item.key == "chart_version"]
    assert first.expected_images == {name: dict(item.images) for name, item in render(old, earlier).workloads.items()}
    second = back(installed(old, earlier))
    assert (second.action, second.plan.changed, second.plan.refusals) == ("none", False, ())
