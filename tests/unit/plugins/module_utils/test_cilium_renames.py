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
    told = translate(MOVED, "1.18.5-0", {})
    assert told.values == {
        "ciliumEndpointSlice": {"enabled": True},
        "encryption": {"type": "ipsec", "ipsec": {"keyFile": "k"}},
    }
    assert told.warnings == (
        "encryption.keyFile of the running release is encryption.ipsec.keyFile in this chart: its value was moved.",
        "enableCiliumEndpointSlice of the running release is ciliumEndpointSlice.enabled in this chart: "
        "its value was moved.",
    )
    assert told.problems == ()


def test_a_value_under_the_new_name_wins():
    both = {"enableCiliumEndpointSlice": False, "ciliumEndpointSlice": {"enabled": True}}
    assert translate(both, "1.18.5-0", {}).values == {"ciliumEndpointSlice": {"enabled": True}}


@pytest.mark.parametrize("version", ["1.15.16", "main"])
def test_a_chart_that_still_has_the_key_gets_it(version):
    assert translate(MOVED, version, {}).values == MOVED


def test_a_value_that_changes_nothing_is_dropped():
    told = translate({"bgp": {"enabled": False}, "a": 1}, "1.17.6-0", {})
    assert (told.values, told.problems) == ({"a": 1}, ())
    assert told.warnings == ("bgp.enabled of the running release was dropped. This chart behaves so anyway.",)


def test_a_value_that_would_be_lost_needs_a_person():
    (problem,) = translate({"bgp": {"enabled": True}}, "1.17.6-0", {}).problems
    assert str(problem) == (
        "values.bgp.enabled: the running release has it, and this chart does not (got True). "
        "Announce with bgpControlPlane instead. Then set bgp.enabled to null."
    )


@pytest.mark.parametrize("decision", [None, False])
def test_what_the_caller_decides_is_not_asked_again(decision):
    told = translate({"bgp": {"enabled": True}}, "1.17.6-0", {"bgp": {"enabled": decision}})
    assert (told.values, told.warnings, told.problems) == ({}, (), ())


def test_the_caller_is_told_the_new_name():
    found = check({"enableCiliumEndpointSlice": True, "bgp": {"enabled": True}, "remoteNodeIdentity": None}, "1.18.5-0")
    assert [str(problem) for problem in found] == [
        "values.bgp.enabled: charts of Cilium from 1.17 on do not have it (got True). "
        "Announce with bgpControlPlane instead. Leave it out.",
        "values.enableCiliumEndpointSlice: charts of Cilium from 1.18 on do not have it (got True). "
        "Use ciliumEndpointSlice.enabled.",
    ]
    assert check({"enableCiliumEndpointSlice": True}, "1.17.6") == []


KEYS = [gone.key for gone in TABLE]


@st.composite
def releases(draw):
    """A release's values: keys of the table, with harmless and other values, beside keys of no table."""
    tree = {"own": draw(st.integers()), "cni": {"exclusive": draw(st.booleans())}}
    for gone in draw(st.lists(st.sampled_from(TABLE), unique_by=lambda item: item.key)):
        *above, last = gone.key.split(".")
        place = tree
        for name in above:
            place = place.setdefault(name, {})
        place[last] = draw(st.sampled_from([gone.harmless, True, "x", 7]))
    return tree


@given(releases(), st.sampled_from(["1.15.16", "1.16.9", "1.17.6-0", "1.18.5-0", "1.19.1"]))
def test_nothing_else_is_touched_and_twice_is_once(values, version):
    before = copy.deepcopy(values)
    told = translate(values, version, {})
    assert values == before
    assert translate(told.values, version, {}).values == told.values
    assert translate(told.values, version, {}).warnings == ()
    others = {key: value for key, value in flatten(values).items() if key not in KEYS}
    assert others.items() <= flatten(told.values).items()
    lost = set(flatten(values)) - set(flatten(told.values))
    named = " ".join(told.warnings) + " ".join(str(problem) for problem in told.problems)
    assert all(key in named for key in lost)
