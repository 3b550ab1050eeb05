# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of single plugins that no table says."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    BOND,
    BRIDGE,
    DHCP,
    GONE,
    IPVLAN,
    MACVLAN,
    SRIOV,
    VLAN,
    chain,
    edit,
    errors,
    says,
)

DEVICE = {"cniVersion": "0.3.1", "type": "host-device", "device": "eth2"}


@pytest.mark.parametrize(
    ("config", "path", "value", "error"),
    [
        (
            IPVLAN,
            "ipam",
            DHCP,
            "config.ipam.type: ipvlan interfaces share one MAC address, dhcp needs one each. Use macvlan, or another "
            "IPAM plugin.",
        ),
        (
            BRIDGE | {"hairpinMode": True},
            "promiscMode",
            True,
            "config.promiscMode: a bridge cannot have it beside hairpinMode. Set one of them.",
        ),
        (
            BRIDGE,
            "disableContainerInterface",
            True,
            "config.ipam: an interface that is down has no address. Remove it, or disableContainerInterface.",
        ),
        (BRIDGE, "vlanTrunk", [{}], "config.vlanTrunk[0]: it names no VLAN. Give id, or minID and maxID."),
        (
            BRIDGE,
            "vlanTrunk",
            [{"id": 1}, {"minID": 5}],
            "config.vlanTrunk[1].maxID: minID and maxID go together. Give both, or id alone.",
        ),
        (
            BRIDGE,
            "vlanTrunk",
            [{"maxID": 5}],
            "config.vlanTrunk[0].minID: minID and maxID go together. Give both, or id alone.",
        ),
        (
            BRIDGE,
            "vlanTrunk",
            [{"minID": 6, "maxID": 5}],
            "config.vlanTrunk[0].minID: 6 is greater than maxID 5. Swap them.",
        ),
        (
            DEVICE,
            "device",
            GONE,
            "config.device: host-device needs to know which device. Give device, hwaddr, kernelpath or pciBusID, or "
            "resource_name beside config.",
        ),
        (
            SRIOV,
            "deviceID",
            GONE,
            "config.deviceID: sriov needs a device. Give resource_name beside config: the resource of the SR-IOV "
            "device plugin.",
        ),
        (SRIOV, "vlanQoS", 3, "config.vlanQoS: it needs a VLAN (got 3). Give vlan, from 1 to 4094."),
        (SRIOV | {"vlan": 0}, "vlanQoS", 3, "config.vlanQoS: it needs a VLAN (got 3). Give vlan, from 1 to 4094."),
        (
            SRIOV,
            "vlanProto",
            "802.1ad",
            "config.vlanProto: it needs a VLAN (got 802.1ad). Give vlan, from 1 to 4094.",
        ),
        (
            SRIOV | {"max_tx_rate": 10},
            "min_tx_rate",
            20,
            "config.min_tx_rate: 20 is greater than max_tx_rate 10. Swap them.",
        ),
        (
            BOND,
            "links",
            [{"name": "net1"}],
            'config.links: a bond needs two links (got ["net1"]). Name at least two interfaces.',
        ),
        (
            BOND,
            "links[1].name",
            "net1",
            'config.links: a link stands there twice (got ["net1", "net1"]). Name different interfaces.',
        ),
        (BOND, "mtu", 67, "config.mtu: it is too small (got 67). Give 0, or at least 68."),
    ],
)
def test_one_plugin(config, path, value, error):
    assert errors(config) == []
    assert errors(edit(config, path, value)) == [error]


@pytest.mark.parametrize(
    ("plugin", "error"),
    [
        (
            {"type": "tuning", "sysctl": {"kernel.msgmax": "1"}},
            "sysctl[kernel.msgmax]: tuning sets only what is below net. Give a key as net.ipv4.conf.IFNAME.arp_filter.",
        ),
        (
            {"type": "tuning", "sysctl": {"net/../kernel/msgmax": "1"}},
            "sysctl[net/../kernel/msgmax]: tuning sets only what is below net. Give a key as "
            "net.ipv4.conf.IFNAME.arp_filter.",
        ),
        (
            {"type": "tuning", "sysctl": {"net.core.somaxconn": ""}},
            "sysctl[net.core.somaxconn]: the value is empty. Give the value in quotes.",
        ),
        (
            {"type": "tuning", "sysctl": {"net.core.somaxconn": 500}},
            'sysctl: it must be a mapping of strings (got {"net.core.somaxconn": 500}). Give a mapping of strings.',
        ),
        (
            {"type": "bandwidth", "ingressRate": 5},
            "ingressBurst: a rate and its burst go together. Give both above 0, or none.",
        ),
        (
            {"type": "bandwidth", "egressRate": 0, "egressBurst": 5},
            "egressRate: a rate and its burst go together. Give both above 0, or none.",
        ),
        (
            {"type": "portmap", "markMasqBit": 3, "externalSetMarkChain": "KUBE-MARK-MASQ"},
            "markMasqBit: it cannot stand beside externalSetMarkChain. Give one of them.",
        ),
    ],
)
def test_one_chained_plugin(plugin, error):
    assert errors(chain("bridge", plugin)) == [f"config.plugins[1].{error}"]


@pytest.mark.parametrize("key", ["net/ipv4/ip_forward", "net.ipv4.conf.IFNAME.arp_filter"])
def test_a_sysctl_may_be_written_either_way(key):
    assert says(chain("bridge", {"type": "tuning", "sysctl": {key: "1"}})) == ([], [])


@pytest.mark.parametrize("config", [edit(DEVICE, "device"), edit(SRIOV, "deviceID")])
def test_a_resource_gives_the_device(config):
    assert errors(config, resource=True) == []


@pytest.mark.parametrize(
    ("config", "path", "value", "warning"),
    [
        (
            IPVLAN,
            "capabilities",
            {"mac": True},
            "config.capabilities.mac: ipvlan interfaces have the MAC address of their master. Remove it, or use "
            "macvlan.",
        ),
        (
            MACVLAN,
            "capabilities",
            {"ip": True},
            "config.capabilities.ip: no such capability is known. The known ones are: aliases, bandwidth, cgroupPath, "
            "CNIDeviceInfoFile, deviceID, dns, infinibandGUID, ipRanges, ips, mac, portMappings.",
        ),
        (
            MACVLAN,
            "mode",
            "passthru",
            "config.mode: passthru takes the master for one pod alone. Let only one pod per node use the network, or "
            "use mode bridge.",
        ),
        (
            BRIDGE,
            "isDefaultGateway",
            True,
            "config.isDefaultGateway: the bridge becomes the pods' default gateway in place of their first interface. "
            "Use isGateway and routes, unless that is meant.",
        ),
        (
            BOND,
            "linksInContainer",
            False,
            "config.linksInContainer: the bond takes interfaces of the node away from it. Set linksInContainer: true "
            "to bond networks that stand before this one in the pod's annotation.",
        ),
    ],
)
def test_doubts(config, path, value, warning):
    assert says(config) == ([], [])
    assert says(edit(config, path, value)) == ([], [warning])


def test_a_vlan_is_for_one_pod_of_a_node():
    assert says(VLAN) == (
        [],
        [
            "config.vlanId: a node can have VLAN 5 of eth1 only once, so one pod per node has it. For more pods make "
            "the VLAN on the node and use macvlan or ipvlan on it."
        ],
    )
