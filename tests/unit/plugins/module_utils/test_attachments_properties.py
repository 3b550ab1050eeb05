# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws that hold for any right network: what is written, what is compared, how ranges are split."""

from __future__ import annotations

import copy
import json
from ipaddress import ip_address, ip_network

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import parse
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_plan import change, pick
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_split import (
    blocks,
    conflist,
    count,
    split,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import meaning, read, text
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from hypothesis import assume, given
from hypothesis import strategies as st

NODES = st.sets(st.sampled_from([f"w{number}" for number in range(1, 13)] + ["cp1", "a-z"]), min_size=1, max_size=9)
WORDS = st.sampled_from(["a", "b", "team-x", "1"])


def flags(*names):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, st.booleans()))


@st.composite
def ranges(draw):
    """One right range of host-local, IPv4 or IPv6, with or without edges and gateway."""
    place = draw(st.integers(0, 200))
    network = ip_network(draw(st.sampled_from([f"10.{place}.0.0/24", f"10.{place}.64.0/22", f"fd00:{place:x}::/112"])))
    size = network.num_addresses
    first = draw(st.integers(2, size // 2 - 1))
    last = draw(st.integers(size // 2 + 30, size - 2))
    found = {"subnet": str(network)}
    if draw(st.booleans()):
        found["rangeStart"] = str(network.network_address + first)
    if draw(st.booleans()):
        found["rangeEnd"] = str(network.network_address + last)
    if draw(st.booleans()):
        found["gateway"] = str(network.network_address + draw(st.sampled_from([1, first, last])))
    return found


@st.composite
def host_local(draw):
    if draw(st.booleans()):
        return {"type": "host-local", **draw(ranges())}
    found = draw(st.lists(ranges(), min_size=1, max_size=3, unique_by=lambda entry: entry["subnet"]))
    networks = [ip_network(entry["subnet"]) for entry in found]
    assume(
        not any(
            one.version == two.version and one.overlaps(two) for one in networks for two in networks if one is not two
        )
    )
    return {"type": "host-local", "ranges": [[entry] for entry in found]}


@st.composite
def configs(draw, ipam=None):
    """A right configuration: ipvlan, macvlan or bridge, alone or before tuning."""
    kind = draw(st.sampled_from(["ipvlan", "macvlan", "bridge"]))
    plugin = {"type": kind, "ipam": draw(ipam or host_local())}
    plugin |= draw(
        flags("isGateway", "ipMasq")
        if kind == "bridge"
        else st.fixed_dictionaries(
            {"master": st.sampled_from(["eth1", "eth2"])}, optional={"mtu": st.integers(1280, 1500)}
        )
    )
    head = {"cniVersion": draw(st.sampled_from(["0.3.1", "0.4.0", "1.0.0"]))}
    if draw(st.booleans()):
        return {**head, **plugin}
    sysctl = draw(
        st.dictionaries(st.sampled_from(["net.core.somaxconn", "net.ipv4.ip_forward"]), st.sampled_from("01"))
    )
    return {**head, "plugins": [plugin, {"type": "tuning", "sysctl": sysctl}]}


ENTRIES = st.fixed_dictionaries(
    {"name": st.sampled_from(["net", "n-1"]), "config": configs()},
    optional={
        "namespace": st.sampled_from(["default", "apps"]),
        "labels": st.dictionaries(WORDS, WORDS, max_size=2),
        "annotations": st.dictionaries(WORDS, st.text(max_size=5), max_size=2),
        "resource_name": st.sampled_from(["intel.com/vf", "a.b/c"]),
        "node_selector": st.dictionaries(WORDS, WORDS, max_size=2),
        "ipam_per_node": st.just(True),
    },
)


def right(entry):
    report = Report()
    (found,) = parse([entry], report)
    assert report.errors == []
    return found


def step(attachment, item, nodes):
    """Plan one network against an object of the API, None for none; return change and files."""
    current = pick(item) if item else None
    memory = current.annotations.get("eks-anywhere-network/node-ranges") if current else None
    report = Report()
    found = split(attachment, sorted(nodes), memory, report)
    assert report.errors == []
    annotation = found[1] if found else None
    files = {node: conflist(attachment, pools) for node, pools in found[0].items()} if found else {}
    made = change(attachment, annotation, current, report)
    assert report.errors == []
    return made, files


def applied(made):
    """Return what server-side apply makes of the body."""
    item = copy.deepcopy(dict(made.body))
    fields = {
        "f:metadata": {
            f"f:{name}": {f"f:{key}": {} for key in item["metadata"].get(name, {})}
            for name in ("labels", "annotations")
        },
        "f:spec": {f"f:{key}": {} for key in item["spec"]},
    }
    item["metadata"]["managedFields"] = [{"manager": "eks_anywhere.network", "operation": "Apply", "fieldsV1": fields}]
    return item


def shuffled(value, draw):
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(entry, draw) for entry in value] if isinstance(value, list) else value


@given(configs(), st.data(), st.sampled_from([None, 0, 3]))
def test_json_is_the_mapping_and_reading_again_changes_nothing(config, data, indent):
    other = json.dumps(shuffled(config, data.draw), indent=indent)
    assert read(other, "c", Report()) == read(config, "c", Report()) == config
    assert meaning(read(other, "c", Report())) == meaning(config)
    assert read(text(read(text(config), "c", Report())), "c", Report()) == config
    assert text(read(text(config), "c", Report())) == text(config)


@given(ENTRIES, NODES, st.data())
def test_the_plan_after_apply_is_empty(entry, nodes, data):
    made, files = step(right(entry), None, nodes)
    assert made.action == "create"
    again = {**entry, "config": json.dumps(shuffled(entry["config"], data.draw))}
    second, same = step(right(again), applied(made), nodes)
    assert second.action == "none"
    assert {node: json.loads(file) for node, file in same.items()} == {
        node: json.loads(file) for node, file in files.items()
    }


def leaves(value, at=()):
    """Return the place of every scalar of a tree."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for key, entry in pairs for place in leaves(entry, (*at, key))]
    return inner if isinstance(value, (dict, list)) else [at]


def other(value):
    """Return another value of the same kind that is right wherever the first one is, as far as that can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    for old, new in (("/24", "/23"), ("/22", "/21"), ("/112", "/111"), ("eth1", "eth3"), ("ipvlan", "macvlan")):
        if value.endswith(old):
            return value.removesuffix(old) + new
    try:
        return str(ip_address(value) + 1)
    except ValueError:
        return {"0.3.1": "0.4.0", "0.4.0": "1.0.0", "1.0.0": "0.4.0", "0": "1", "1": "0"}.get(value, f"{value}x")


def mutate(entry, place):
    found = copy.deepcopy(entry)
    at = found
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = other(at[place[-1]])
    return found


@given(ENTRIES, NODES, st.data())
def test_every_changed_field_of_a_wish_is_seen(entry, nodes, data):
    made, files = step(right(entry), None, nodes)
    places = [place for place in leaves(entry) if place[0] not in ("name", "namespace", "ipam_per_node")]
    changed = mutate(entry, data.draw(st.sampled_from(places)))
    report = Report()
    (wish,) = parse([changed], report)
    assume(not report.errors)
    second, now = step(wish, applied(made), nodes)
    assert second.action == "update" or now != files


@given(ENTRIES, st.sampled_from(["labels", "annotations", "resource_name", "node_selector"]))
def test_a_field_that_is_taken_away_is_seen(entry, name):
    assume(entry.get(name))
    made, _files = step(right(entry), None, ["w1"])
    less = {key: value for key, value in entry.items() if key != name}
    second, _files = step(right(less), applied(made), ["w1"])
    assert second.action == "update"
    assert step(right(less), applied(second), ["w1"])[0].action == "none"


@given(ENTRIES, NODES)
def test_splitting_or_not_is_seen(entry, nodes):
    made, _files = step(right(entry), None, nodes)
    turned = {**entry, "ipam_per_node": not entry.get("ipam_per_node")}
    assert step(right(turned), applied(made), nodes)[0].action == "update"


@given(configs(), NODES)
def test_parts_are_disjoint_inside_and_right(config, nodes):
    attachment = right({"name": "net", "config": config, "ipam_per_node": True})
    report = Report()
    parts, _annotation = split(attachment, list(nodes), None, report)
    assert parts.keys() == nodes
    for place, pool in enumerate(attachment.net.pools):
        mine = sorted((pools[place] for pools in parts.values()), key=lambda part: part.first)
        assert all(pool.first <= part.first <= part.last <= pool.last and part.usable for part in mine)
        assert all(one.last < two.first for one, two in zip(mine, mine[1:], strict=False))
    for pools in parts.values():
        file = right({"name": "net", "config": conflist(attachment, pools)})
        assert [(pool.first, pool.last) for pool in file.net.pools] == [(pool.first, pool.last) for pool in pools]


@given(configs(), NODES, NODES)
def test_nodes_that_stay_keep_their_part_or_its_first_half(config, before, after):
    attachment = right({"name": "net", "config": config, "ipam_per_node": True})
    report = Report()
    old, memory = split(attachment, list(before), None, report)
    new, later = split(attachment, list(after), memory, report)
    grown = count(json.loads(later).values()) > count(json.loads(memory).values())
    for node in before & after:
        for one, two in zip(old[node], new[node], strict=True):
            assert two.first == one.first
            assert two.last <= one.last if grown else two.last == one.last
    assert bool(report.warnings) is grown


@given(st.lists(NODES, min_size=1, max_size=6))
def test_blocks_are_never_shared_and_never_move(history):
    memory = {}
    for nodes in history:
        found = blocks(nodes, memory)
        assert len(set(found.values())) == len(found)
        assert nodes <= found.keys()
        assert all(found[node] == memory[node] for node in nodes & memory.keys())
        assert blocks(nodes, found) == found
        memory = found
    most = max(len(nodes) for nodes in history)
    assert count(memory.values()) <= 2 * max(most, len(memory))
