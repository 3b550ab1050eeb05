# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks need of nodes: each rule with nodes that keep it and one that does not."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_nodes import check_nodes, read_nodes
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    BRIDGE,
    HOST_LOCAL,
    IPVLAN,
    MACVLAN,
    VLAN,
    WHEREABOUTS,
    chain,
    edit,
    facts,
    link,
    network,
    texts,
    wanted,
)

CLUSTER_WIDE = edit(MACVLAN, "ipam", WHEREABOUTS)
L3 = edit(IPVLAN, "ipam", WHEREABOUTS)
BRIDGED = edit(BRIDGE, "ipam", WHEREABOUTS)
TAGGED = edit(VLAN, "ipam", WHEREABOUTS)
DEVICE = {"cniVersion": "0.3.1", "type": "host-device", "device": "eth1"}
BINARIES = {"macvlan": ["0.3.0", "0.3.1", "1.0.0"], "whereabouts": ["0.3.1"], "tuning": ["0.3.1"]}


def judge(entry, *nodes):
    report = Report()
    fleet = read_nodes(list(nodes), report)
    attachments = wanted(entry)
    check_nodes(attachments, fleet, report)
    return texts(report)


def test_nodes_have_names():
    report = Report()
    read_nodes([{"name": "w1"}, {}, {"name": ""}, {"name": "w1"}, "w2"], report)
    assert texts(report)[0] == [
        "nodes[1].name: a node needs it (got null). Give the node's name in the cluster.",
        'nodes[2].name: a node needs it (got ""). Give the node\'s name in the cluster.',
        "nodes[3].name: the node is there twice (got w1). Give each node once.",
        "nodes[4].name: a node needs it (got null). Give the node's name in the cluster.",
    ]


@pytest.mark.parametrize("given", [None, []])
def test_without_nodes_nothing_is_judged(given):
    assert read_nodes(given, Report()) is None


def test_host_local_on_several_nodes():
    assert judge(network(), facts("w1"), facts("w2")) == (
        [
            "attachments[0].config.ipam: host-local on each of 2 nodes gives out the same addresses (on w1, w2). Set "
            "ipam_per_node: true, use IPAM whereabouts, static or dhcp, or a node_selector for one node."
        ],
        [],
    )


@pytest.mark.parametrize(
    ("entry", "nodes"),
    [
        (network(), [facts("w1")]),
        (network(config=CLUSTER_WIDE), [facts("w1"), facts("w2")]),
        (network(ipam_per_node=True), [facts("w1"), facts("w2")]),
        (
            network(node_selector={"zone": "a"}),
            [facts("w1", labels={"zone": "a", "x": "y"}), facts("w2", labels={"zone": "b"}), facts("w3", labels={})],
        ),
    ],
)
def test_ways_out_of_it(entry, nodes):
    assert judge(entry, *nodes) == ([], [])


def test_a_node_without_known_labels_is_selected():
    entry = network(node_selector={"zone": "a"})
    assert len(judge(entry, facts("w1", labels={"zone": "a"}), facts("w2"))[0]) == 1


def test_no_node_is_selected():
    assert judge(network(node_selector={"zone": "a"}), facts("w1", labels={}))[1] == [
        'attachments[0].node_selector: no node has these labels (got {"zone": "a"}). Label the nodes that shall have '
        "the network."
    ]


def test_only_selected_nodes_are_judged():
    entry = network(config=edit(CLUSTER_WIDE, "master", "eth9"), node_selector={"zone": "a"})
    right = facts("w1", link("eth9"), labels={"zone": "a"})
    assert judge(entry, right, facts("w2", labels={"zone": "b"})) == ([], [])


@pytest.mark.parametrize(
    ("config", "binaries", "error"),
    [
        (
            CLUSTER_WIDE,
            {**BINARIES, "macvlan": None},
            ".type: the CNI plugin macvlan is not there on w2. Install it in /opt/cni/bin.",
        ),
        (
            CLUSTER_WIDE,
            {**BINARIES, "whereabouts": None},
            ".ipam.type: the CNI plugin whereabouts is not there on w2. Install it in /opt/cni/bin.",
        ),
        (
            chain(CLUSTER_WIDE, "tuning", version="0.3.1"),
            {**BINARIES, "tuning": None},
            ".plugins[1].type: the CNI plugin tuning is not there on w2. Install it in /opt/cni/bin.",
        ),
        (
            CLUSTER_WIDE,
            {**BINARIES, "macvlan": []},
            ".type: the CNI plugin macvlan does not answer on w2. Install it again in /opt/cni/bin, for the node's "
            "architecture.",
        ),
        (
            CLUSTER_WIDE,
            {**BINARIES, "macvlan": ["0.3.0", "0.4.0"]},
            ".type: macvlan does not speak CNI 0.3.1 on w2. Use a cniVersion that w2 has (0.3.0, 0.4.0), or install "
            "newer plugins.",
        ),
        (
            edit(CLUSTER_WIDE, "cniVersion", "1.0.0"),
            BINARIES,
            ".ipam.type: whereabouts does not speak CNI 1.0.0 on w1, w2. Use a cniVersion that w1 has (0.3.1), or "
            "install newer plugins.",
        ),
    ],
)
def test_binaries(config, binaries, error):
    there = {name: versions for name, versions in binaries.items() if versions is not None}
    assert judge(network(config=config), facts("w1", binaries=BINARIES), facts("w2", binaries=there))[0] == [
        f"attachments[0].config{error}"
    ]


def test_binaries_that_are_there_or_not_known():
    assert judge(network(config=CLUSTER_WIDE), facts("w1", binaries=BINARIES), facts("w2")) == ([], [])


@pytest.mark.parametrize("state", [False, "missing", "blocked"])
@pytest.mark.parametrize(("config", "kind"), [(CLUSTER_WIDE, "macvlan"), (L3, "ipvlan"), (TAGGED, "vlan")])
def test_the_kernel_cannot_make_the_interface(config, kind, state):
    assert judge(network(config=config), facts("w1", kernel={kind: state}), facts("w2", kernel={kind: "loaded"}))[
        0
    ] == [
        f"attachments[0].config.type: the kernel cannot make {kind} interfaces on w1. Install the kernel's module for "
        f"{kind}, and do not block it."
    ]


@pytest.mark.parametrize("state", [True, "loaded", "builtin", "available", "unknown", None])
def test_the_kernel_can_or_is_not_known(state):
    assert judge(network(config=CLUSTER_WIDE), facts("w1", kernel={"macvlan": state})) == ([], [])


LIMIT = "or limit the network with node_selector"
DOWN = {"carrier": None, "operstate": "down"}


@pytest.mark.parametrize("config", [CLUSTER_WIDE, L3, TAGGED])
@pytest.mark.parametrize(
    ("interfaces", "error"),
    [
        (
            [link("eth0"), link("eth11")],
            f"eth1 is not there on w2. Name an interface that all of them have, {LIMIT} (there is eth11).",
        ),
        ([link("lo")], f"eth1 is not there on w2. Name an interface that all of them have, {LIMIT}."),
        ([link("eth1", carrier=False)], f"eth1 has no carrier on w2. Connect it, set it up, {LIMIT}."),
        ([link("eth1", **DOWN)], f"eth1 has no carrier on w2. Connect it, set it up, {LIMIT}."),
    ],
)
def test_the_master_is_there_with_carrier(config, interfaces, error):
    found, _doubts = judge(network(config=config), facts("w1"), facts("w2", *interfaces), facts("w3"))
    assert found == [f"attachments[0].config.master: {error}"]


def test_many_nodes_are_counted():
    nodes = [facts(f"w{number:02}", link("eth0")) for number in range(12)]
    assert "on w00, w01, w02, w03, w04, w05, w06, w07, w08, w09 and 2 more." in judge(network(config=L3), *nodes)[0][0]


def test_a_port_of_a_bridge_is_no_master():
    nodes = facts("w1", link("eth1", master="br0"))
    assert judge(network(config=CLUSTER_WIDE), nodes)[0] == [
        "attachments[0].config.master: eth1 is a port of br0 on w1. Use br0, which has the traffic."
    ]
    assert judge(network(config=TAGGED), nodes)[0] == []


@pytest.mark.parametrize("config", [CLUSTER_WIDE, L3, TAGGED, BRIDGED])
def test_the_mtu_fits(config):
    big, small = (
        facts(name, link("eth1", mtu=mtu), link("br1", mtu=mtu)) for name, mtu in (("w1", 9000), ("w2", 1500))
    )
    name = "br1" if config is BRIDGED else "eth1"
    assert judge(network(config=edit(config, "mtu", 1501)), big, small)[0] == [
        f"attachments[0].config.mtu: {name} has an MTU of 1500 on w2 (got 1501). Give at most 1500, or raise the MTU "
        f"of {name}."
    ]
    assert judge(network(config=edit(config, "mtu", 1500)), big, small)[0] == []
    assert judge(network(config=edit(config, "mtu", 0)), big, small)[0] == []


def test_a_vlan_that_the_node_has_already():
    taken = link("vlan5", vlan={"id": 5, "protocol": "802.1Q", "parent": "eth1"})
    free = link("vlan6", vlan={"id": 6, "parent": "eth1"}), link("other", vlan={"id": 5, "parent": "eth0"})
    assert judge(network(config=TAGGED), facts("w1", link("eth1"), *free), facts("w2", link("eth1"), taken))[0] == [
        "attachments[0].config.vlanId: VLAN 5 of eth1 is vlan5 already on w2. Use macvlan or ipvlan with master vlan5, "
        "or another VLAN."
    ]


def test_a_bridge_that_is_not_there_is_a_doubt():
    assert judge(network(config=BRIDGED), facts("w1", link("br1")), facts("w2")) == (
        [],
        [
            "attachments[0].config.bridge: br1 is not on w2, where it will be made without any port. Make the bridge "
            "on the node, with its ports, unless pods shall stay on one node."
        ],
    )
    assert "cni0 is not on w1" in judge(network(config=edit(BRIDGED, "bridge")), facts("w1"))[1][0]


@pytest.mark.parametrize(
    ("config", "interface", "error"),
    [
        (DEVICE, link("eth2"), "device: eth1 is not there on w2. Correct it, or limit the network with node_selector."),
        (
            DEVICE,
            link("eth1", "10.9.0.1/24"),
            "device: eth1 has addresses of the node, which it would lose, on w2. Use an interface without addresses.",
        ),
        (
            {**edit(DEVICE, "device"), "hwaddr": "02-00-00-00-00-AA"},
            link("eth1"),
            "hwaddr: 02:00:00:00:00:aa is not there on w2. Correct it, or limit the network with node_selector.",
        ),
    ],
)
def test_a_device_is_there_and_free(config, interface, error):
    right = facts("w1", link("eth1", "fe80::1/64", mac="02:00:00:00:00:aa"))
    assert judge(network(config=config), right, facts("w2", interface))[0] == [f"attachments[0].config.{error}"]


def test_a_device_by_its_address_on_the_bus_is_not_judged():
    assert judge(network(config={**edit(DEVICE, "device"), "pciBusID": "0000:00:1f.6"}), facts("w1")) == ([], [])


def test_a_master_in_the_pod_is_not_looked_for_on_nodes():
    config = {**CLUSTER_WIDE, "master": "net1", "linkInContainer": True, "mtu": 9000}
    assert judge(network(config=config), facts("w1")) == ([], [])


def test_facts_that_are_missing_are_not_judged():
    assert judge(network(config=edit(CLUSTER_WIDE, "mtu", 9000)), {"name": "w1", "interfaces": [{"name": "eth1"}]}) == (
        [],
        [],
    )
    assert judge(network(config=edit(CLUSTER_WIDE, "master")), {"name": "w1"})[0] == []


def test_networks_meet_on_nodes():
    report = Report()
    fleet = read_nodes([facts("w1", labels={"zone": "a", "rack": "1"}), facts("w2", labels={"zone": "b"})], report)
    one, two, three, four = wanted(
        network("a", node_selector={"zone": "a"}),
        network("b", node_selector={"zone": "b"}),
        network("c", node_selector={"rack": "1"}),
        network("d", edit(MACVLAN, "ipam", HOST_LOCAL)),
    )
    assert not fleet.meet(one, two)
    assert fleet.meet(one, three)
    assert fleet.meet(two, four)
