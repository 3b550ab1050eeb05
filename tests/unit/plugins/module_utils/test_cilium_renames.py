# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of older charts: moved where they mean the same, dropped where that changes nothing, else a person is asked."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_renames import TABLE, check, translate
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten
from hypothesis import given
from hypothesis import strategies as st

MOVED = {"enableCiliumEndpointSlice": True, "encryption": {"type": "ipsec", "keyFile": "k"}}


def test_what_means_the_same_is_moved():
    told = translate(MOVED, "1.15.16", "1.18.5-0", {})
    assert told.values == {
        "ciliumEndpointSlice": {"enabled": True},
        "encryption": {"type": "ipsec", "ipsec": {"keyFile": "k"}},
    }
    assert told.warnings == (
        "encryption.keyFile of the running release was written as this chart has it: "
        "encryption.ipsec.keyFile: (hidden).",
        "enableCiliumEndpointSlice of the running release was written as this chart has it: "
        "ciliumEndpointSlice.enabled: True.",
    )
    assert told.problems == ()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"tunnel": "disabled"}, {"routingMode": "native"}),
        ({"tunnel": "geneve"}, {"routingMode": "tunnel", "tunnelProtocol": "geneve"}),
        ({"tunnel": "vxlan"}, {"routingMode": "tunnel", "tunnelProtocol": "vxlan"}),
        ({"kubeProxyReplacement": "strict"}, {"kubeProxyReplacement": "true"}),
        ({"kubeProxyReplacement": "partial"}, {"kubeProxyReplacement": "false"}),
        ({"kubeProxyReplacement": "disabled"}, {"kubeProxyReplacement": "false"}),
        ({"kubeProxyReplacement": True}, {"kubeProxyReplacement": True}),
        ({"encryption": {"keyFile": "k", "ipsec": None}}, {"encryption": {"ipsec": {"keyFile": "k"}}}),
        ({"encryption": {"keyFile": "k", "ipsec": "x"}}, {"encryption": {"ipsec": "x"}}),
        ({"encryption": {"keyFile": None, "a": 1}}, {"encryption": {"a": 1}}),
        ({"encryption": "x"}, {"encryption": "x"}),
    ],
)
def test_words_of_older_charts(values, wanted):
    told = translate(values, "1.14.12", "1.17.6-0", {})
    assert told.values == wanted
    assert told.problems == ()


def test_a_value_under_the_new_name_wins():
    both = {"enableCiliumEndpointSlice": False, "ciliumEndpointSlice": {"enabled": True}}
    assert translate(both, "1.17.6", "1.18.5-0", {}).values == {"ciliumEndpointSlice": {"enabled": True}}


@pytest.mark.parametrize("version", ["1.15.16", "main"])
def test_a_chart_that_still_has_the_key_gets_it(version):
    assert translate(MOVED, "1.14.12", version, {}).values == MOVED


@pytest.mark.parametrize(("before", "after"), [("1.18.5", "1.17.6-0"), ("1.17.6", "1.17.6-0"), ("1.17.1", "1.18.5-0")])
def test_what_does_nothing_today_stays(before, after):
    idle = {"bgp": {"enabled": True}, "encryption": {"keyFile": "k"}}
    told = translate(idle, before, after, {})
    assert (told.values, told.warnings, told.problems) == (idle, (), ())


def test_a_release_of_an_unknown_chart_is_translated():
    assert translate(MOVED, "main", "1.16.9", {}).values != MOVED


def test_a_value_that_changes_nothing_is_dropped():
    told = translate({"bgp": {"enabled": False}, "a": 1}, "1.16.9", "1.17.6-0", {})
    assert (told.values, told.problems) == ({"a": 1}, ())
    assert told.warnings == ("bgp.enabled of the running release was dropped. This chart behaves so anyway.",)


def test_a_value_that_would_be_lost_needs_a_person():
    (problem,) = translate({"bgp": {"enabled": True}}, "1.16.9", "1.17.6-0", {}).problems
    assert str(problem) == (
        "values.bgp.enabled: the running release has it, and this chart does not (got True). "
        "Announce with bgpControlPlane instead. Set bgp.enabled to null to go on."
    )


@pytest.mark.parametrize("key", ["hostPort", "nodePort", "externalIPs"])
@pytest.mark.parametrize(
    ("own", "decided", "lost"),
    [
        ({}, {}, True),
        ({"kubeProxyReplacement": "false"}, {}, True),
        ({"kubeProxyReplacement": "true"}, {}, False),
        ({"kubeProxyReplacement": "strict"}, {}, False),
        ({}, {"kubeProxyReplacement": True}, False),
        ({"kubeProxyReplacement": "true"}, {"kubeProxyReplacement": "false"}, True),
    ],
)
def test_parts_of_the_replacement_of_kube_proxy_are_lost_only_without_it(key, own, decided, lost):
    told = translate({**own, key: {"enabled": True}}, "1.15.16", "1.19.1", decided)
    assert [problem.path for problem in told.problems] == ([f"values.{key}.enabled"] if lost else [])


@pytest.mark.parametrize("decision", [{"bgp": {"enabled": None}}, {"bgp": {"enabled": False}}, {"bgp": None}])
def test_what_the_caller_decides_is_not_asked_again(decision):
    told = translate({"bgp": {"enabled": True}}, "1.16.9", "1.17.6-0", decision)
    assert (told.values, told.warnings, told.problems) == ({}, (), ())


def test_secrets_are_not_shown():
    secret = {"clustermesh": {"apiserver": {"tls": {"ca": {"key": "PRIVATE"}}}}}
    found = [*translate(secret, "1.14.12", "1.17.6-0", {}).problems, *check(secret, "1.17.6-0")]
    assert len(found) == 2
    assert "PRIVATE" not in str(found)


def test_the_caller_is_told_the_new_name():
    found = check(
        {
            "bgp": {"enabled": True},
            "enableCiliumEndpointSlice": True,
            "remoteNodeIdentity": None,
            "tunnel": "geneve",
            "kubeProxyReplacement": "true",
        },
        "1.18.5-0",
    )
    assert [str(problem) for problem in found] == [
        "values.tunnel: charts of Cilium from 1.15 on do not have it (got 'geneve'). "
        "Use routingMode: tunnel and tunnelProtocol: geneve.",
        "values.bgp.enabled: charts of Cilium from 1.17 on do not have it (got True). "
        "Announce with bgpControlPlane instead. Leave it out.",
        "values.enableCiliumEndpointSlice: charts of Cilium from 1.18 on do not have it (got True). "
        "Use ciliumEndpointSlice.enabled.",
    ]
    assert check({"enableCiliumEndpointSlice": True}, "1.17.6") == []


def test_the_table_is_in_order_and_whole():
    assert [gone.since for gone in TABLE] == sorted(gone.since for gone in TABLE)
    assert len({gone.key for gone in TABLE}) == len(TABLE)
    assert all(bool(gone.now) + bool(gone.words) + bool(gone.advice) == 1 for gone in TABLE)


KEYS = [gone.key for gone in TABLE]
VERSIONS = ["1.14.12", "1.15.16", "1.16.9", "1.17.6-0", "1.18.5-0", "1.19.1"]


@st.composite
def releases(draw):
    """A release's values: keys of the table, with harmless and other values, beside keys of no table."""
    tree = {"own": draw(st.integers()), "cni": {"exclusive": draw(st.booleans())}}
    for gone in draw(st.lists(st.sampled_from(TABLE), unique_by=lambda item: item.key)):
        *above, last = gone.key.split(".")
        place = tree
        for name in above:
            place = place.setdefault(name, {})
        place[last] = draw(st.sampled_from([gone.harmless, True, "x", 7, *gone.words]))
    return tree


@given(releases(), st.sampled_from(VERSIONS), st.sampled_from(VERSIONS))
def test_nothing_else_is_touched_and_twice_is_once(values, old, new):
    before = copy.deepcopy(values)
    told = translate(values, old, new, {})
    assert values == before
    assert translate(told.values, old, new, {}).values == told.values
    assert translate(told.values, old, new, {}).warnings == ()
    others = {key: value for key, value in flatten(values).items() if key not in KEYS}
    assert others.items() <= flatten(told.values).items()
    lost = {key for key, value in flatten(values).items() if value is not None} - set(flatten(told.values))
    named = " ".join(told.warnings) + " ".join(str(problem) for problem in told.problems)
    assert all(key in named for key in lost)
    if VERSIONS.index(new) <= VERSIONS.index(old):
        assert told.values == values
