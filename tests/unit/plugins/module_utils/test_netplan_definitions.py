# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of several files: what counts, where it stands, and who sits on whom."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import (
    Definition,
    Part,
    below,
    definitions,
    merge,
    top_down,
)

THEIRS = {"ethernets": {"id0": {"mtu": 1500, "addresses": ["10.0.0.2/24"], "match": {"macaddress": "m"}}}}
OURS = {"ethernets": {"id0": {"mtu": 9000, "addresses": ["10.0.0.3/24", None, {"10.0.0.4/24": {}}]}}}
STACK = {
    "ethernets": {"eth1": {}, "eth2": {}},
    "bonds": {"bond0": {"interfaces": ["eth1", "eth2", "gone"]}},
    "vlans": {"vlan1": {"id": 1, "link": "bond0"}},
    "bridges": {"br0": {"interfaces": ["vlan1"]}},
}


def both():
    found = merge([*definitions(THEIRS, "theirs"), *definitions(OURS, "config", own=True)])
    return found["id0"]


def test_the_last_value_counts_and_lists_are_joined():
    assert both().get("mtu") == 9000
    assert [(entry.path, entry.value, entry.own) for entry in both().entries("addresses")] == [
        ("theirs.ethernets.id0.addresses[0]", "10.0.0.2/24", False),
        ("config.ethernets.id0.addresses[0]", "10.0.0.3/24", True),
        ("config.ethernets.id0.addresses[2]", {"10.0.0.4/24": {}}, True),
    ]
    assert [str(interface) for _entry, interface in both().addresses] == ["10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24"]


def test_places():
    assert both().where("mtu") == "config.ethernets.id0.mtu"
    assert both().where("match", "macaddress") == "theirs.ethernets.id0.match.macaddress"
    assert both().where("set-name") == "config.ethernets.id0.set-name"
    assert both().path == "config.ethernets.id0"
    assert merge(definitions(THEIRS, "theirs"))["id0"].path == "theirs.ethernets.id0"
    assert both().own
    assert not merge(definitions(THEIRS, "theirs"))["id0"].own


def test_the_kind_is_that_of_the_first_part():
    found = merge([*definitions(THEIRS, "theirs"), *definitions({"bonds": {"id0": {}}}, "config")])
    assert found["id0"].kind == "ethernets"


def test_names():
    def named(kind="ethernets", **settings):
        found = Definition(kind, "id0", (Part("p", settings),))
        return found.live_name, found.name

    assert named() == ("id0", "id0")
    assert named(match={"name": "ens1"}) == ("ens1", "ens1")
    assert named(match={"name": "ens*"}) == ("", "")
    assert named(match={"macaddress": "m"}) == ("", "")
    assert named(match={"macaddress": "m"}, **{"set-name": "eth1"}) == ("", "eth1")
    assert named(match={"name": "ens1"}, **{"set-name": "eth1"}) == ("ens1", "eth1")
    assert named("bonds") == ("id0", "id0")
    assert named("bonds", **{"set-name": "bond0"}) == ("bond0", "bond0")


def test_who_sits_on_whom():
    known = merge(definitions(STACK, "p"))
    assert [lower.id for lower in below(known["bond0"], known)] == ["eth1", "eth2"]
    assert [lower.id for lower in below(known["vlan1"], known)] == ["bond0"]
    assert below(known["eth1"], known) == []


def test_what_sits_on_others_goes_first():
    known = merge(definitions(STACK, "p"))
    gone = [definition for definition in known.values() if definition.virtual]
    assert top_down(gone, known) == ["br0", "vlan1", "bond0"]
    assert top_down(gone[:1], known) == ["bond0"]


def test_a_circle_ends():
    known = merge(definitions({"vlans": {"a": {"link": "b"}, "b": {"link": "a"}}}, "p"))
    assert sorted(top_down(known.values(), known)) == ["a", "b"]
