# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks against the nodes' own addresses and subnets."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_nodes import read_nodes
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_subnets import check_subnets, home
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    BRIDGE,
    IPVLAN,
    MACVLAN,
    SRIOV,
    VLAN,
    edit,
    facts,
    link,
    network,
    texts,
    wanted,
)

RANGE = edit(edit(MACVLAN, "ipam.rangeStart", "10.1.0.100"), "ipam.rangeEnd", "10.1.0.199")


def judge(config, *interfaces):
    report = Report()
    fleet = read_nodes([facts("w1", *interfaces), facts("w2", link("lo", "10.1.0.150/8"))], report)
    check_subnets(wanted(network(config=config)), fleet, report)
    return texts(report)


def test_the_subnet_of_the_master_is_the_networks_own():
    assert judge(RANGE, link("eth0", "172.18.0.2/16", "fe80::1/64"), link("eth1", "10.1.0.2/24", "10.1.0.200/24")) == (
        [],
        [],
    )


@pytest.mark.parametrize("address", ["10.1.0.100/24", "10.1.0.199/24"])
def test_an_address_of_a_node_is_not_given_to_a_pod(address):
    ip = address.partition("/")[0]
    assert judge(RANGE, link("eth1", address))[0] == [
        f"attachments[0].config.ipam: 10.1.0.100 to 10.1.0.199 holds addresses of nodes: {ip} of eth1 on w1. Leave "
        "them out with rangeStart and rangeEnd, or exclude."
    ]


def test_the_gateway_may_be_a_nodes_own():
    config = edit(BRIDGE, "isGateway", True)
    assert judge(config, link("br1", "10.1.0.1/24")) == ([], [])
    assert len(judge(edit(config, "ipam.gateway", "10.1.0.254"), link("br1", "10.1.0.1/24"))[0]) == 1


@pytest.mark.parametrize("name", ["lo", "cilium_host", "lxc1234"])
def test_interfaces_of_the_cluster_network_are_left_out(name):
    assert judge(MACVLAN, link(name, "10.1.0.9/32"), link(f"{name}", "10.1.0.9/16")) == ([], [])


@pytest.mark.parametrize("config", [RANGE, IPVLAN, VLAN, BRIDGE, {**edit(MACVLAN, "master"), "type": "ptp"}])
def test_a_subnet_that_hides_the_nodes_is_refused(config):
    found, _doubts = judge(config, link("eth0", "10.1.0.250/16"), link("eth1"))
    assert (
        "attachments[0].config.ipam.subnet: 10.1.0.0/24 overlaps 10.1.0.0/16 of eth0 on w1, which pods could no longer "
        "reach. Give a subnet of its own."
    ) in found


def test_a_tagged_network_is_not_that_of_its_master():
    assert len(judge(edit(VLAN, "ipam.rangeEnd", "10.1.0.9"), link("eth1", "10.1.0.200/24"))[0]) == 1
    tagged = {**BRIDGE, "vlan": 5, "ipam": {**BRIDGE["ipam"], "rangeEnd": "10.1.0.9"}}
    assert len(judge(tagged, link("br1", "10.1.0.200/24"))[0]) == 1


def test_another_prefix_length_is_a_doubt():
    assert judge(RANGE, link("eth1", "10.1.0.2/16")) == (
        [],
        [
            "attachments[0].config.ipam.subnet: 10.1.0.0/24 is not 10.1.0.0/16, which eth1 on w1 has. Use one prefix "
            "length for the whole subnet."
        ],
    )


def test_host_routes_are_no_subnets():
    assert judge(RANGE, link("eth0", "10.1.0.2/32"), link("wg0", "10.1.0.4/31")) == ([], [])


def test_ipv6():
    config = edit(MACVLAN, "ipam.subnet", "fd00::/64")
    assert judge(config, link("eth1", "fe80::1/64")) == ([], [])
    assert len(judge(config, link("eth1", "fd00::2/64"))[0]) == 1
    assert len(judge(edit(config, "ipam.rangeStart", "fd00::100"), link("eth0", "fd00::2/64"))[0]) == 1


@pytest.mark.parametrize(
    ("config", "known"),
    [
        (MACVLAN, (True, "eth1")),
        (BRIDGE, (True, "br1")),
        ({"cniVersion": "0.3.1", "type": "host-device", "device": "eth2"}, (True, "eth2")),
        (VLAN, (True, "")),
        ({**BRIDGE, "vlan": 5}, (True, "")),
        ({**edit(MACVLAN, "master"), "type": "dummy"}, (True, "")),
        (edit(MACVLAN, "master"), (False, "")),
        ({**MACVLAN, "linkInContainer": True}, (False, "")),
        (SRIOV, (False, "")),
        ({**MACVLAN, "type": "ovs"}, (False, "")),
    ],
)
def test_where_a_network_is_at_home(config, known):
    assert home(wanted(network(config=config))[0]) == known


def test_where_the_place_is_not_known_the_same_subnet_is_fine():
    config = {**SRIOV, "ipam": RANGE["ipam"]}
    assert judge(config, link("eth5", "10.1.0.2/24")) == ([], [])
    assert len(judge(config, link("eth5", "10.1.0.2/16"))[1]) == 1
