# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules between networks, and between networks and the cluster."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import existing
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_rules import (
    check_cidrs,
    check_cluster,
    check_files,
    check_overlaps,
    check_parents,
    together,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    BRIDGE,
    IPVLAN,
    MACVLAN,
    STATIC,
    VLAN,
    WHEREABOUTS,
    edit,
    network,
    subnet,
    texts,
    wanted,
)


def overlaps(*entries, others=()):
    report = Report()
    check_overlaps(wanted(*entries), [existing("x", name, json.dumps(config)) for name, config in others], report)
    return texts(report)


def parents(*entries, others=()):
    report = Report()
    there = [existing("x", name, json.dumps(config)) for name, config in others]
    check_parents(wanted(*entries), there, together, report)
    return texts(report)[0]


def cluster(config, *cidrs):
    report = Report()
    check_cluster(wanted(network(config=config)), check_cidrs(cidrs, report), report)
    return texts(report)


OVERLAP = (
    "attachments[1].config.ipam.subnet: 10.1.0.1 to 10.1.0.254 overlaps 10.1.0.1 to 10.1.0.254 of attachments[0] "
    "(default/a). Give each network addresses of its own."
)


def test_two_networks_give_out_the_same_address():
    assert overlaps(network("a"), network("b")) == ([OVERLAP], [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.1.0.0/24", "10.1.1.0/24"),
        ("10.1.0.0/25", "10.1.0.128/25"),
        ("10.1.0.0/24", "fd00::/64"),
    ],
)
def test_networks_with_addresses_of_their_own(one, other):
    assert overlaps(network("a", subnet(MACVLAN, one)), network("b", subnet(MACVLAN, other))) == ([], [])


def test_one_subnet_may_be_divided():
    low, high = edit(MACVLAN, "ipam.rangeEnd", "10.1.0.99"), edit(MACVLAN, "ipam.rangeStart", "10.1.0.100")
    assert overlaps(network("a", low), network("b", high)) == ([], [])
    one_more = edit(MACVLAN, "ipam.rangeStart", "10.1.0.99")
    assert len(overlaps(network("a", low), network("b", one_more))[0]) == 1
    excluded = edit(MACVLAN, "ipam", {**WHEREABOUTS, "exclude": ["10.1.0.0/25"]})
    assert overlaps(network("a", edit(MACVLAN, "ipam.rangeEnd", "10.1.0.127")), network("b", excluded)) == ([], [])


def test_one_store_on_the_same_nodes_gives_no_address_twice():
    named = {**MACVLAN, "name": "shared"}
    assert overlaps(network("a", named), network("b", named)) == ([], [])
    assert overlaps(network(namespace="a"), network(namespace="b")) == ([], [])
    elsewhere = edit(named, "ipam.dataDir", "/run/other")
    assert len(overlaps(network("a", named), network("b", elsewhere))[0]) == 1
    apart = network("a", named, node_selector={"n": "1"}), network("b", named, node_selector={"n": "2"})
    assert len(overlaps(*apart)[0]) == 1


def test_whereabouts_has_one_store_for_the_cluster():
    config = edit(MACVLAN, "ipam", WHEREABOUTS)
    assert overlaps(network("a", config), network("b", config, node_selector={"n": "1"})) == ([], [])
    alone = edit(config, "ipam.enable_overlapping_ranges", False)
    assert len(overlaps(network("a", alone), network("b", alone))[0]) == 1
    assert len(overlaps(network("a", config), network("b"))[0]) == 1


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        (MACVLAN, edit(MACVLAN, "master", "eth2"), (0, 1)),
        (VLAN, edit(VLAN, "vlanId", 6), (0, 1)),
        (VLAN, MACVLAN, (0, 1)),
        (BRIDGE, edit(BRIDGE, "bridge", "br2"), (0, 1)),
        (BRIDGE, {**BRIDGE, "vlan": 5}, (0, 1)),
        (BRIDGE, MACVLAN, (0, 1)),
        (MACVLAN, IPVLAN, (1, 0)),
        (MACVLAN, edit(MACVLAN, "master"), (1, 0)),
        (MACVLAN, {**MACVLAN, "master": "eth2", "linkInContainer": True}, (1, 0)),
        (MACVLAN, {**edit(MACVLAN, "master"), "type": "ptp"}, (1, 0)),
        (MACVLAN, {**edit(MACVLAN, "master", "eth2"), "type": "ovs"}, (1, 0)),
    ],
)
def test_on_another_parent_the_same_addresses_are_a_doubt(one, other, counts):
    errors, doubts = overlaps(network("a", one), network("b", other))
    assert (len(errors), len(doubts)) == counts
    assert all("on another parent. Give each network addresses of its own, unless" in doubt for doubt in doubts)


def test_static_addresses_count():
    config = edit(MACVLAN, "ipam", STATIC)
    assert overlaps(network("a"), network("b", config))[0] == [
        "attachments[1].config.ipam.addresses[0].address: 10.1.0.5 overlaps 10.1.0.1 to 10.1.0.254 of attachments[0] "
        "(default/a). Give each network addresses of its own."
    ]


def test_networks_of_the_cluster_count_and_are_not_blamed():
    assert overlaps(network("b"), others=[("a", MACVLAN)])[0] == [
        "attachments[0].config.ipam.subnet: 10.1.0.1 to 10.1.0.254 overlaps 10.1.0.1 to 10.1.0.254 of network x/a "
        "(x/a). Give each network addresses of its own."
    ]
    assert overlaps(others=[("a", MACVLAN), ("b", MACVLAN)]) == ([], [])


def test_every_pair_is_named_once():
    ranges = [[{"subnet": "10.1.0.0/24"}, {"subnet": "10.2.0.0/24"}]]
    several = edit(MACVLAN, "ipam", {"type": "host-local", "ranges": ranges})
    errors, _doubts = overlaps(*(network(f"n{number}", several) for number in range(12)))
    assert len(errors) == 2 * 12 * 11 // 2
    assert not any(error.startswith("attachments[0]") for error in errors)
    assert any(
        error.startswith("attachments[11].config.ipam.ranges[0][1].subnet: 10.2.0.1 to 10.2.0.254 overlaps")
        and "attachments[2] (default/n2)" in error
        for error in errors
    )


def test_cidrs_are_networks():
    report = Report()
    assert check_cidrs(["10.0.0.1/8", "x", None], report) == []
    assert [problem.path for problem in report.errors] == ["cluster_cidrs[0]", "cluster_cidrs[1]", "cluster_cidrs[2]"]
    assert check_cidrs(None, report) == []


def test_pods_and_services_keep_their_addresses():
    assert cluster(MACVLAN, "10.96.0.0/12", "10.0.0.0/15") == (
        [
            "attachments[0].config.ipam.subnet: 10.1.0.0/24 overlaps 10.0.0.0/15 of the cluster's pods or services. "
            "Give a subnet of its own."
        ],
        [],
    )
    assert cluster(edit(MACVLAN, "ipam", STATIC), "10.1.0.0/28")[0] == [
        "attachments[0].config.ipam.addresses[0].address: 10.1.0.0/24 overlaps 10.1.0.0/28 of the cluster's pods or "
        "services. Give a subnet of its own."
    ]
    assert cluster(MACVLAN, "10.96.0.0/12", "fd00::/64") == ([], [])


def test_a_route_that_takes_the_clusters_traffic_is_a_doubt():
    config = edit(MACVLAN, "ipam.routes", [{"dst": "10.0.0.0/9"}, {"dst": "192.168.0.0/16"}, {"dst": "0.0.0.0/0"}])
    assert cluster(config, "10.96.0.0/12", "fd00::/64") == (
        [],
        [
            "attachments[0].config.ipam.routes[0].dst: it takes traffic to 10.96.0.0/12, the cluster's pods or "
            "services, away (got 10.0.0.0/9). Give only the networks that are behind this one, unless that is meant."
        ],
    )


def test_ipvlan_and_macvlan_on_one_master():
    assert parents(network("a"), network("b", IPVLAN)) == [
        "attachments[1].config.master: ipvlan l2 cannot share a master with macvlan of attachments[0] (default/a). Use "
        "one kind on it, or another master, as a VLAN of it."
    ]


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (MACVLAN, MACVLAN, False),
        (MACVLAN, edit(MACVLAN, "mode", "private"), False),
        (IPVLAN, edit(IPVLAN, "mode", "l2"), False),
        (IPVLAN, edit(IPVLAN, "mode", "l3"), True),
        (edit(IPVLAN, "mode", "l3"), edit(IPVLAN, "mode", "l3s"), True),
        (MACVLAN, edit(IPVLAN, "master", "eth2"), False),
        (MACVLAN, VLAN, False),
        (MACVLAN, edit(IPVLAN, "linkInContainer", True), False),
        (edit(MACVLAN, "mode", "passthru"), MACVLAN, True),
        (edit(MACVLAN, "mode", "passthru"), edit(MACVLAN, "mode", "passthru"), True),
        (edit(MACVLAN, "master"), edit(IPVLAN, "master"), True),
    ],
)
def test_what_shares_a_master(one, other, refused):
    assert bool(parents(network("a", one), network("b", other))) is refused


def test_only_labels_with_different_values_keep_networks_apart():
    def meet(one, other):
        return together(*wanted(network("a", node_selector=one), network("b", node_selector=other)))

    assert meet({}, {"zone": "a"})
    assert meet({"zone": "a"}, {"rack": "1"})
    assert not meet({"zone": "a", "rack": "1"}, {"zone": "b", "rack": "1"})
    apart = network("a", node_selector={"zone": "a"}), network("b", IPVLAN, node_selector={"zone": "b"})
    assert parents(*apart) == []


def test_networks_of_the_cluster_share_masters_too():
    assert len(parents(network("a"), others=[("b", IPVLAN)])) == 1
    assert parents(others=[("a", MACVLAN), ("b", IPVLAN)]) == []


def test_split_networks_of_one_name_have_one_file():
    report = Report()
    entries = [network(namespace=namespace, ipam_per_node=True) for namespace in ("a", "b")]
    check_files(wanted(*entries, network("other", ipam_per_node=True), network(namespace="c")), report)
    assert texts(report)[0] == [
        "attachments[1].name: its file on the nodes would be that of attachments[0] (a/net). Give networks with "
        "ipam_per_node different names."
    ]
