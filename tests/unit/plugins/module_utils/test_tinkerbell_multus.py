# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of Multus on machines that are not there yet."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_checks import layouts
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_multus import check, node
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import stack
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import bare, checked, machine


def laid(network=None, label="worker", labels=None, runs_pods=True, machines=None):
    report = Report()
    group = Group(label, "groups[0]", {"type": label}, 1, label, "http://x", network or {}, labels or {}, runs_pods)
    given = machines or [machine(1, label), machine(2, label)]
    found = layouts([group], checked(*given), "ubuntu", stack("v0.24.1"), report)
    assert not report.errors
    return found


def attachment(kind="macvlan", selector=None, **config):
    given = {
        "cniVersion": "0.3.1",
        "type": kind,
        "master": "eth1",
        "capabilities": {"ips": True},
        "ipam": {"type": "static"},
        **config,
    }
    return {"name": "storage", "config": {key: value for key, value in given.items() if value is not None}} | (
        {"node_selector": selector} if selector else {}
    )


def errors(found, *attachments):
    report = Report()
    check(list(attachments), found, report)
    return [str(problem) for problem in sorted(report.errors)]


def test_a_master_that_is_there():
    assert errors(laid(), attachment()) == []


def test_a_master_that_is_missing():
    (found,) = errors(laid(), attachment(master="eth9"))
    assert found.startswith("attachments[0].config.master: eth9 is not there on eksa-worker01, eksa-worker02. ")


def test_names_and_devices_count():
    network = {"ethernets": {"eth1": {"set-name": "storage0", "mtu": 1400}}, "vlans": {"v7": {"id": 7, "link": "eth1"}}}
    found = laid(network)
    assert errors(found, attachment(master="storage0"), {**attachment(master="v7"), "name": "b"}) == []
    assert "eth1 is not there" in errors(found, attachment())[0]
    assert "has an MTU of 1400" in errors(found, attachment(master="storage0", mtu=9000))[0]


def test_a_port_of_a_bond_is_no_master():
    network = {"bonds": {"bond0": {"interfaces": ["eth1"]}}}
    machines = [machine(interfaces=[bare(1, 1)])]
    assert "eth1 is a port of bond0" in errors(laid(network, machines=machines), attachment())[0]
    assert errors(laid(network, machines=machines), attachment(master="bond0")) == []


@pytest.mark.parametrize("runs_pods", [True, False])
def test_only_machines_that_run_pods(runs_pods):
    found = laid(label="cp", runs_pods=runs_pods, machines=[machine(1, "cp", [])])
    assert bool(errors([*laid(), *found], attachment())) is runs_pods


def test_a_selector_by_labels_of_the_group():
    without = laid(label="cp", labels={"zone": "b"}, machines=[machine(7, "cp", [])])
    both = [*laid(labels={"zone": "a"}), *without]
    assert errors(both, attachment(selector={"zone": "a"})) == []
    assert "eth1 is not there on eksa-cp07" in errors(both, attachment())[0]
    assert errors(both, attachment(selector={"kubernetes.io/hostname": "eksa-worker01"})) == []


def test_the_boot_nic_counts_only_by_a_name_that_is_given():
    network = {"ethernets": {"boot": {"set-name": "eth0"}}}
    assert errors(laid(network), attachment(master="eth0")) == []
    assert errors(laid(), attachment(master="boot"))
    in_vlan = laid(machines=[machine(vlan_id=50)])
    assert errors(in_vlan, attachment(master="vlan50"), {**attachment(master="mainif"), "name": "b"}) == []


def test_a_node():
    (layout,) = laid(
        {"ethernets": {"eth1": {"mtu": 9000}}, "vlans": {"v7": {"id": 7, "link": "eth1"}}}, labels={"a": "b"}
    )
    found = node(layout, layout.machines[0])
    assert found["labels"]["a"] == "b"
    assert found["interfaces"] == [
        {"name": "eth1", "mtu": 9000, "master": None, "addresses": [{"address": "10.99.0.2", "prefix": 24}]},
        {"name": "v7", "mtu": None, "master": None, "addresses": [], "vlan": {"parent": "eth1", "id": 7}},
    ]
    assert "has addresses of the node" in errors([layout], attachment("host-device", master=None, device="eth1"))[0]


def test_nothing_to_judge():
    assert errors([], attachment()) == []
