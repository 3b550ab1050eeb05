# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges split among nodes: disjoint, inside, and where they were as long as that can be."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_split import (
    blocks,
    conflist,
    count,
    natural,
    remembered,
    split,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    MACVLAN,
    WHEREABOUTS,
    chain,
    edit,
    network,
    texts,
    wanted,
)

SMALL = edit(
    MACVLAN,
    "ipam",
    {"type": "host-local", "subnet": "10.1.0.0/24", "rangeStart": "10.1.0.200", "rangeEnd": "10.1.0.216"},
)


def parts(config=..., nodes=("w1", "w2"), annotation=None, per_node=True, **more):
    report = Report()
    config = MACVLAN if config is ... else config
    (attachment,) = wanted(network(config=config, ipam_per_node=per_node, **more))
    found = split(attachment, nodes if nodes is None else list(nodes), annotation, report)
    return (
        None if found is None else {node: [str(pool) for pool in pools] for node, pools in found[0].items()},
        None if found is None else json.loads(found[1]),
        *texts(report),
    )


def test_nodes_have_parts_of_one_size():
    assert parts(SMALL) == (
        {"w1": ["10.1.0.200 to 10.1.0.207"], "w2": ["10.1.0.208 to 10.1.0.216"]},
        {"w1": 0, "w2": 1},
        [],
        [],
    )


def test_the_gateway_at_the_start_is_in_no_part():
    assert parts(nodes=["w1"])[0] == {"w1": ["10.1.0.2 to 10.1.0.254"]}


def test_a_node_that_joins_moves_no_other_as_long_as_there_are_parts():
    three, memory, _errors, _doubts = parts(nodes=["w1", "w2", "w9"])
    four, _memory, _errors, doubts = parts(nodes=["a", "w1", "w2", "w9"], annotation=json.dumps(memory))
    assert {node: four[node] for node in three} == three
    assert four["a"] not in three.values()
    assert doubts == []


def test_with_twice_the_parts_each_node_keeps_the_first_half():
    two, memory, _errors, _doubts = parts(nodes=["w1", "w2"])
    three, _memory, errors, doubts = parts(nodes=["w1", "w2", "w3"], annotation=json.dumps(memory))
    assert (two["w1"], three["w1"]) == (["10.1.0.2 to 10.1.0.127"], ["10.1.0.2 to 10.1.0.64"])
    assert (two["w2"], three["w2"]) == (["10.1.0.128 to 10.1.0.254"], ["10.1.0.128 to 10.1.0.190"])
    assert errors == []
    assert doubts == [
        "attachments[0].ipam_per_node: each node has half of the addresses it had: w1, w2. Restart the pods that have "
        "others, before new nodes give these out."
    ]


def test_a_node_that_is_gone_keeps_its_part_until_another_needs_it():
    before = {"w1": 0, "w2": 1, "w3": 2}
    assert blocks(["w1", "w3"], before) == before
    assert blocks(["w1", "w3", "w4"], before) == {**before, "w4": 3}
    assert blocks(["w1", "w3", "w4", "w5"], before) == {"w1": 0, "w3": 2, "w4": 3, "w5": 1}


def test_without_memory_nodes_are_counted_in_their_natural_order():
    assert blocks(["w10", "w9", "w1"], {}) == {"w1": 0, "w9": 1, "w10": 2}
    assert sorted(["w10", "w9", "1", "w"], key=natural) == ["1", "w", "w9", "w10"]


@pytest.mark.parametrize(("taken", "total"), [([], 1), ([0], 1), ([0, 1], 2), ([2], 4), ([3], 4), ([4], 8)])
def test_the_number_of_parts(taken, total):
    assert count(taken) == total


@pytest.mark.parametrize(
    "annotation",
    [None, "", "{", "[]", '{"w1": "10.1.0.9 to 10.1.0.10"}', '{"w1": -1}', '{"w1": true}', '{"a": 1, "b": 1}'],
)
def test_what_cannot_be_remembered_is_forgotten(annotation):
    assert remembered(annotation) == {}


def test_every_range_of_every_set_is_split():
    ranges = [[{"subnet": "10.1.0.0/24"}, {"subnet": "10.2.0.0/24"}], [{"subnet": "fd00::/64"}]]
    found, _memory, errors, _doubts = parts(edit(MACVLAN, "ipam", {"type": "host-local", "ranges": ranges}))
    assert errors == []
    assert found["w2"] == [
        "10.1.0.128 to 10.1.0.254",
        "10.2.0.128 to 10.2.0.254",
        "fd00::8000:0:0:1 to fd00::ffff:ffff:ffff:ffff",
    ]


def test_the_file_of_a_node():
    config = chain(
        edit(MACVLAN, "ipam", {"type": "host-local", "subnet": "10.1.0.0/24", "ranges": [[{"subnet": "fd00::/64"}]]}),
        "tuning",
        disableCheck=True,
    )
    (attachment,) = wanted(network(config=config, ipam_per_node=True))
    found, _annotation = split(attachment, ["w1", "w2"], None, Report())
    assert list(json.loads(conflist(attachment, found["w1"])).items()) == [
        ("cniVersion", "0.4.0"),
        ("name", "net"),
        (
            "plugins",
            [
                {
                    "type": "macvlan",
                    "master": "eth1",
                    "ipam": {
                        "type": "host-local",
                        "subnet": "10.1.0.0/24",
                        "ranges": [
                            [
                                {
                                    "subnet": "fd00::/64",
                                    "rangeStart": "fd00::2",
                                    "rangeEnd": "fd00::8000:0:0:0",
                                }
                            ]
                        ],
                        "rangeStart": "10.1.0.2",
                        "rangeEnd": "10.1.0.127",
                    },
                },
                {"type": "tuning"},
            ],
        ),
        ("disableCheck", True),
    ]
    assert attachment.config == config


def test_a_single_plugin_becomes_a_list():
    (attachment,) = wanted(network(config={**MACVLAN, "name": "net"}, ipam_per_node=True))
    found, _annotation = split(attachment, ["w1"], None, Report())
    written = conflist(attachment, found["w1"])
    assert written.endswith("}\n")
    assert json.loads(written) == {
        "cniVersion": "0.3.1",
        "name": "net",
        "plugins": [
            {
                "type": "macvlan",
                "master": "eth1",
                "ipam": {
                    "type": "host-local",
                    "subnet": "10.1.0.0/24",
                    "rangeStart": "10.1.0.2",
                    "rangeEnd": "10.1.0.254",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            edit(MACVLAN, "ipam", WHEREABOUTS),
            "attachments[0].ipam_per_node: only ranges of host-local are split (got whereabouts). Remove it: other "
            "IPAM plugins give out addresses for all nodes.",
        ),
        (
            {**MACVLAN, "name": "other"},
            "attachments[0].config.name: Multus finds the file of a node by the name net (got other). Remove it.",
        ),
        (
            edit(MACVLAN, "ipam.subnet", "10.1.0.0/30"),
            "attachments[0].config.ipam: 10.1.0.1 to 10.1.0.2 is too small for 2 parts. Give a larger range, or the "
            "ranges of each node in ipam_per_node.",
        ),
    ],
)
def test_what_cannot_be_split(config, error):
    assert parts(config) == (None, None, [error], [])


def test_without_nodes_there_is_nothing_to_split_by():
    assert parts(nodes=None)[2] == [
        "attachments[0].ipam_per_node: the nodes are not known. Give nodes, or the ranges of each node here."
    ]


def given(**ranges):
    return {
        node: {"rangeStart": f"10.1.0.{first}", "rangeEnd": f"10.1.0.{last}"} for node, (first, last) in ranges.items()
    }


def test_the_callers_own_split():
    found, annotation, errors, doubts = parts(per_node=given(w1=(10, 19), w2=(30, 30)), nodes=["w1", "w2"])
    assert found == {"w1": ["10.1.0.10 to 10.1.0.19"], "w2": ["10.1.0.30"]}
    assert annotation == {"w1": "10.1.0.10 to 10.1.0.19", "w2": "10.1.0.30"}
    assert (errors, doubts) == ([], [])
    assert parts(per_node=given(w1=(10, 19), w2=(30, 30)), nodes=None)[0] == found


@pytest.mark.parametrize(
    ("ranges", "error"),
    [
        (
            {"w1": (10, 19), "w2": (19, 20)},
            "[w2]: 10.1.0.19 to 10.1.0.20 overlaps 10.1.0.10 to 10.1.0.19 of w1. Give parts that do not overlap.",
        ),
        ({"w1": (10, 19)}, "[w2]: the node can run pods of the network and has no part. Give it one."),
        (
            {"w1": (10, 19), "w2": (20, 29), "w3": (30, 39)},
            "[w3]: it is no node that can run pods of the network. Remove it.",
        ),
        ({"w1": (10, 19), "w2": (29, 20)}, "[w2].rangeStart: it is after rangeEnd. Swap them."),
        (
            {"w1": (10, 19), "w2": (20, 255)},
            "[w2].rangeEnd: 10.1.0.255 is outside 10.1.0.1 to 10.1.0.254. Give an address of the network's range.",
        ),
        (
            {"w1": (10, 19), "w2": (1, 1)},
            "[w2].rangeStart: the part holds only the gateway 10.1.0.1. Give a larger part.",
        ),
    ],
)
def test_what_is_wrong_with_the_callers_split(ranges, error):
    assert f"attachments[0].ipam_per_node{error}" in parts(per_node=given(**ranges))[2]


def test_only_one_range_can_be_given_by_node():
    ranges = [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00::/64"}]]
    config = edit(MACVLAN, "ipam", {"type": "host-local", "ranges": ranges})
    assert parts(config, per_node=given(w1=(10, 19)))[2] == [
        "attachments[0].ipam_per_node: parts of one range can be given, and the configuration has 2. Give one range, "
        "or ipam_per_node: true."
    ]
