"""Values: merge, images, profile, spelling."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import (
    ONE_BY_ONE,
    PROFILES,
    build,
    check,
    merge,
    registry_of,
    strip_images,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten
from hypothesis import given
from hypothesis import strategies as st

LEAVES = st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a"]) | st.lists(st.integers(0, 2), max_size=2)
NAMES = st.sampled_from(["a", "b", "image", "tag", "c"])
TREES = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6), max_size=3
)
FLAT = st.dictionaries(NAMES, st.dictionaries(NAMES, LEAVES, max_size=3), max_size=3)
WISHES = st.dictionaries(
    NAMES,
    st.recursive(st.none() | LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6),
    max_size=3,
)


@pytest.fixture
def chart(chart_dir):
    return read_chart("ref", str(chart_dir))


def problems(chart, values, **more):
    return [str(problem) for problem in check(chart, values, **more)]


@given(TREES)
def test_merging_nothing_changes_nothing(tree):
    assert merge(tree, {}) == tree
    assert merge({}, tree) == tree


@given(TREES, WISHES)
def test_merging_twice_is_merging_once(tree, wish):
    once = merge(tree, wish)
    assert merge(once, wish) == once


@given(TREES, WISHES)
def test_merging_leaves_its_arguments_alone(tree, wish):
    before = copy.deepcopy((tree, wish))
    merge(tree, wish)["new"] = 1
    assert (tree, wish) == before


@given(FLAT, FLAT, FLAT)
def test_merging_is_associative_where_mappings_stay_mappings(one, two, three):
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(TREES, WISHES)
def test_null_removes_and_everything_else_wins(tree, wish):
    merged = merge(tree, wish)
    for key, value in wish.items():
        if value is None:
            assert key not in merged
        elif not isinstance(value, dict):
            assert merged[key] == value
    for key in tree.keys() - wish.keys():
        assert merged[key] == tree[key]


def test_a_mapping_that_only_removals_emptied_goes():
    assert merge({"a": {"b": 1}}, {"a": {"b": None}}) == {}
    assert merge({"a": {}}, {}) == {"a": {}}
    assert merge({"a": 1}, {"a": {}}) == {"a": {}}


@given(TREES)
def test_stripping_takes_images_only_and_twice_is_once(tree):
    kept, stripped = strip_images(tree)
    assert strip_images(kept) == (kept, {})
    assert all(path.endswith(("image.tag",)) for path in stripped)


def test_every_way_to_name_an_image_is_stripped_and_the_rest_stays():
    kept, stripped = strip_images(
        {
            "image": {"repository": "r", "tag": "t", "digest": "d", "useDigest": True, "pullPolicy": "Always"},
            "operator": {"image": {"genericDigest": "g", "awsDigest": "a", "suffix": "-ci"}, "replicas": 1},
            "spire": {"initImage": {"override": "o"}},
            "extraContainers": [{"image": "mine", "tag": "x"}],
            "tag": "not an image",
        }
    )
    assert kept == {
        "image": {"pullPolicy": "Always"},
        "operator": {"replicas": 1},
        "extraContainers": [{"image": "mine", "tag": "x"}],
        "tag": "not an image",
    }
    assert sorted(stripped) == [
        "image.digest",
        "image.repository",
        "image.tag",
        "image.useDigest",
        "operator.image.awsDigest",
        "operator.image.genericDigest",
        "operator.image.suffix",
        "spire.initImage.override",
    ]


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("public.ecr.aws/eks/cilium/cilium:v1", "public.ecr.aws"),
        ("172.30.0.1:5000/x", "172.30.0.1:5000"),
        ("localhost/x", "localhost"),
        ("cilium/cilium", "docker.io"),
        ("busybox:1", "docker.io"),
    ],
)
def test_registry_of_an_image(image, registry):
    assert registry_of(image) == registry


def test_the_aws_profile_is_what_aws_documents():
    assert flatten(PROFILES["aws"]) == {
        "envoy.enabled": False,
        "ingressController.enabled": False,
        "loadBalancer.l7.backend": "none",
        "image.useDigest": False,
        "operator.image.useDigest": False,
        "preflight.image.useDigest": False,
    }


def test_order_is_release_then_profile_then_wish(chart):
    built = build(chart, {"envoy": {"enabled": True}, "a": 1, "cni": {"exclusive": False}}, {"cni": None}, "aws")
    assert built.values == {**PROFILES["aws"], **ONE_BY_ONE, "a": 1}
    again = build(chart, None, {"envoy": {"enabled": True}}, "aws")
    assert again.values == merge(PROFILES["aws"] | ONE_BY_ONE, {"envoy": {"enabled": True}})


def test_without_the_release_the_wish_is_the_whole(chart):
    assert build(chart, None, {"tunnelPort": 1}, "none").values == {"tunnelPort": 1} | ONE_BY_ONE


def test_the_callers_images_stay(chart):
    wish = {"image": {"repository": "mirror.example.com/cilium", "tag": "v2"}}
    assert build(chart, {"image": {"tag": "v1", "digest": "d"}}, wish, "none").values == wish | ONE_BY_ONE


def most_unavailable(built):
    return ((built.values.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable")


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("profile", ["aws", "none"])
def test_agents_are_replaced_one_by_one_unless_someone_said_otherwise(chart, profile, keep):
    own = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 5}}}
    assert most_unavailable(build(chart, {} if keep else None, {}, profile)) == 1
    assert most_unavailable(build(chart, own if keep else None, {}, profile)) == (5 if keep else 1)
    assert most_unavailable(build(chart, None, own, profile)) == 5


@pytest.mark.parametrize("where", ["release", "wish"])
def test_another_strategy_is_left_alone(chart, where):
    strategy = {"updateStrategy": {"type": "OnDelete"}}
    built = build(chart, strategy if where == "release" else {}, strategy if where == "wish" else {}, "none")
    assert built.values == strategy


def test_a_dropped_mirror_is_a_warning_and_a_dropped_known_registry_is_not(chart):
    release = {
        "image": {"repository": "mirror.example.com/c"},
        "hubble": {"relay": {"image": {"override": "quay.io/x:1"}}},
    }
    assert build(chart, release, {}, "none").warnings == (
        "Image settings of the running release that name a registry the chart does not were dropped: "
        "image.repository=mirror.example.com/c. Give them in values if they are still wanted.",
    )


def test_values_that_hold_secrets_are_a_warning_without_them(chart):
    (warning,) = build(chart, {"tls": {"ca": {"key": "PRIVATE"}}}, {}, "none").warnings
    assert warning.startswith("Values hold secrets (tls.ca.key). They are in the result of this task")
    assert "PRIVATE" not in warning
    assert "PRIVATE" not in " ".join(problems(chart, {"tls": {"ca": {"key": {"a": 1}}}, "ipam": "-----BEGIN PRIVATE"}))


def test_kept_values_the_chart_does_not_know_are_a_warning_until_removed(chart):
    assert build(chart, {"old": {"key": 1}}, {}, "none").warnings == (
        "Values kept from the running release that chart cilium 1.17.6-0 does not understand: old.key. "
        "Set them to null in values to remove them.",
    )
    assert check(chart, {"old": {"key": None}}, known={"old": {"key": 1}}) == []
    assert build(chart, {"old": {"key": 1}}, {"old": {"key": None}}, "none") == build(chart, None, {}, "none")


@pytest.mark.parametrize(
    ("values", "path", "suggestion"),
    [
        ({"ipma": {"mode": "x"}}, "ipma.mode", "ipam.mode"),
        ({"cni": {"exclusiv": True}}, "cni.exclusiv", "cni.exclusive"),
        ({"tunelProtocol": "vxlan"}, "tunelProtocol", "tunnelProtocol"),
        ({"tunnelprotocol": "vxlan"}, "tunnelprotocol", "tunnelProtocol"),
        ({"hubble": {"relay": {"enable": True}}}, "hubble.relay.enable", "hubble.relay.enabled"),
        ({"exclusive": True}, "exclusive", "cni.exclusive"),
        ({"socketLB": {"hostNamespaceOnli": True}}, "socketLB.hostNamespaceOnli", "socketLB.hostNamespaceOnly"),
        ({"kubeProxyReplacment": True}, "kubeProxyReplacment", "kubeProxyReplacement"),
    ],
)
def test_a_misspelt_key_names_the_nearest(chart, values, path, suggestion):
    (problem,) = check(chart, values)
    assert problem.path == f"values.{path}"
    assert problem.message == "no such value in chart cilium 1.17.6-0"
    assert problem.hint == f"Did you mean {suggestion}?"


def test_all_misspelt_keys_are_found_at_once_and_sorted(chart):
    found = check(chart, {"zz": {"y": 1, "x": {"w": 2}}, "ipma": 1, "cni": {"exclusive": True}})
    assert [problem.path for problem in found] == ["values.ipma", "values.zz.x.w", "values.zz.y"]


def test_a_key_like_no_other_has_a_plain_hint(chart):
    assert check(chart, {"qqqq": 1})[0].hint == "Remove it, or see the chart's values.yaml"


@pytest.mark.parametrize(
    "values",
    [
        {"operator": {"nodeSelector": {"disk": "ssd"}}},
        {"extraConfig": {"any-key": "x"}},
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}},
        {"envoy": {"podAnnotations": {"a/b": "c"}, "enabled": False}},
        {"kubeProxyReplacement": "true", "devices": ["eth0"]},
        {"socketLB": {"hostNamespaceOnly": True}},
        {"cni": {"chainingMode": "portmap"}},
        {"eni": {"x": 1}},
        {"ipam": None},
    ],
)
def test_what_the_chart_reads_is_accepted(chart, values):
    assert check(chart, values) == []


@pytest.mark.parametrize("values", [{"cni": {"exclusive": "false"}}, {"envoy": {"enabled": "yes"}}])
def test_a_boolean_as_text_is_an_error(chart, values):
    (problem,) = check(chart, values)
    assert "takes true or false here (got the text" in problem.message
    assert "without quotes" in problem.hint


def test_a_mapping_for_a_value_and_a_value_for_a_mapping_are_errors(chart):
    assert problems(chart, {"ipam": "kubernetes"}) == [
        "values.ipam: the chart takes a mapping here (got 'kubernetes'). It knows ipam with: mode, operator."
    ]
    assert problems(chart, {"tunnelPort": {"a": 1}}) == [
        "values.tunnelPort: the chart takes a single value here (got a mapping). Give the value itself."
    ]
