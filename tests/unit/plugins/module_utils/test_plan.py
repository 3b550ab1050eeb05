"""The plan every change shares: diff text, comparison, secrets."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import (
    HIDDEN,
    HIDDEN_CHANGED,
    Plan,
    Refusal,
    flatten,
    hide,
    same,
    secret,
    secrets,
    shown,
)
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab1", max_size=3)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner)
)


def test_a_plan_without_steps_changes_nothing_and_has_an_empty_diff():
    assert not Plan().changed
    assert Plan().diff() == {"before": "", "after": ""}


def test_the_diff_is_readable_yaml_with_sorted_keys():
    plan = Plan({"values": {"b": 1}}, {"values": {"b": 2, "a": True}}, ("upgrade",))
    assert plan.changed
    assert plan.diff() == {"before": "values:\n  b: 1\n", "after": "values:\n  a: true\n  b: 2\n"}


def test_a_refusal_names_its_variable():
    assert Refusal("ipam", "a", "b", "v").as_dict() == {"key": "ipam", "before": "a", "after": "b", "variable": "v"}


def test_flatten_keeps_lists_and_empty_mappings_as_leaves():
    assert flatten({"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}]}) == {"a.b": 1, "a.c": {}, "d": [1, {"e": 2}]}


def test_a_dot_in_a_key_is_not_a_level():
    assert flatten({"a.b": {"c": 1}}) == {r"a\.b.c": 1}
    assert flatten({"a.b": 1}) != flatten({"a": {"b": 1}})


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (False, 0, False),
        ("1", 1, False),
        ("true", True, False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, True),
        ({"a": True}, {"a": 1}, False),
        ([1, 2], [2, 1], False),
        (None, "", False),
    ],
)
def test_same_compares_by_meaning(one, other, equal):
    assert [same(*pair) for pair in ((one, other), (other, one))] == [equal, equal]


@given(TREES)
def test_same_is_reflexive(tree):
    assert same(tree, tree)


@pytest.mark.parametrize(
    "path",
    [
        "tls.ca.key",
        "hubble.tls.server.cert",
        "clustermesh.apiserver.tls.admin.crt",
        "tls.caBundle.content",
        "azure.clientSecret",
        "bmc_password",
        "etcd.token",
        "encryption.ipsec.psk",
        "api_key",
        "privateKey",
    ],
)
def test_secrets_are_known_by_their_path(path):
    assert secret(path)
    assert hide(path, "s3cret") == HIDDEN


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("tls.ca.enabled", True),
        ("hubble.tls.auto.method", "helm"),
        ("hubble.tls.server.existingSecret", "name"),
        ("ipam.mode", "kubernetes"),
        ("tls.ca.key", ""),
        ("keyFile.enabled", True),
        ("encryption.ipsec.secretName", "ipsec"),
    ],
)
def test_what_is_no_secret_is_shown(path, value):
    assert hide(path, value) == value


def test_certificates_and_named_secrets_are_hidden_wherever_they_stand():
    value = {"extraEnv": [{"name": "API_TOKEN", "value": "x"}, {"name": "LEVEL", "value": "1"}], "f": "-----BEGIN X"}
    assert hide("agent", value) == {
        "extraEnv": [{"name": "API_TOKEN", "value": HIDDEN}, {"name": "LEVEL", "value": "1"}],
        "f": HIDDEN,
    }


def test_a_secret_that_is_a_number_or_an_argument_is_hidden():
    assert hide("etcd.password", 1234) == HIDDEN
    assert hide("hubble.tls.auto.certValidityDuration", 365) == 365
    assert hide("extraArgs", ["--api-token=abc", "--debug=true"]) == [f"--api-token={HIDDEN}", "--debug=true"]


def test_all_secrets_of_a_tree_are_named():
    tree = {"tls": {"ca": {"key": "k", "enabled": True}}, "extraEnv": [{"name": "TOKEN", "value": "x"}], "debug": True}
    assert secrets(tree) == ["extraEnv", "tls.ca.key"]


def test_a_changed_secret_says_only_that_it_changed():
    assert shown("tls.ca.key", "a", "b") == (HIDDEN, HIDDEN_CHANGED)
    assert shown("tls.ca.key", None, "b") == (None, HIDDEN)
    assert shown("debug", False, True) == (False, True)
