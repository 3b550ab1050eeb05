"""What the demo tells, and what makes it fail."""

from __future__ import annotations

import demo
import pytest
import site_yml

AWS = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
HOST = {
    "node": "w1",
    "changed": True,
    "addresses": [{"interface": "eth1", "address": "10.98.1.21", "network": "10.98.1.0/24", "mtu": 1500}],
    "paths": 2,
    "answered": 2,
    "largest": 1500,
}
SUMMARY = {
    "action": "migrate",
    "host_networks": [HOST],
    "chart": {"before": "1.17.6", "after": "1.17.6-0"},
    "values_kept": ["ipam.mode", "cni.exclusive"],
    "policies_kept": ["NetworkPolicy shop/web"],
    "crds_kept": 11,
    "packets_sent": 900,
    "packets_lost": 3,
    "longest_gap_ms": {"tcp": 40.0, "udp": 20.0},
    "denied_attempts": 50,
    "denied_packets": 0,
    "node_firewall": {"state": "present", "rules": 15, "changed": ["cp1", "w1"]},
    "multus": {"action": "install", "image": "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"},
    "networks": [
        {"network": "shop/a", "nodes": ["w1", "w2"], "sent": 36, "received": 36, "largest": 1472, "unproven": ""},
    ],
}
UNPROVEN = SUMMARY["networks"][0] | {"sent": 0, "unproven": "its pods bring their own addresses"}


def again(changed):
    return site_yml.Run(ok=True, seconds=1.0, tasks=9, changed=changed)


def test_the_story_names_what_a_reader_asks_for():
    told = dict(demo.story(SUMMARY, ["quay.io/cilium/cilium:v1.17.6"], [AWS]))
    assert told["Cilium"] == "migrate, chart 1.17.6 -> 1.17.6-0"
    assert told["host w1"] == "changed: eth1 10.98.1.21; 2 of 2 ways to other nodes with packets of 1500 bytes"
    assert told["packets lost"] == "3 of 900"
    assert told["longest gap"] == "tcp 40.0 ms, udp 20.0 ms"
    assert told["values kept"] == "2: ipam.mode, cni.exclusive"
    assert told["node firewall"] == "present, 15 rules, changed on cp1, w1"
    assert told["Multus"] == "install, ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"
    assert told["shop/a"] == "36 of 36 echo requests answered, up to 1472 bytes, between pods on w1, w2"
    assert demo.told(UNPROVEN) == "not proven: its pods bring their own addresses"


def test_the_story_of_firewalls_that_stay():
    assert demo.walls(None) == "none"
    assert demo.walls({"state": "present", "rules": 15, "changed": []}) == "present, 15 rules, changed on no node"


def test_a_good_run_has_no_faults():
    assert demo.faults(SUMMARY, [AWS], again(0)) == []


@pytest.mark.parametrize(
    ("change", "after", "changed", "fault"),
    [
        ({}, [AWS, "quay.io/cilium/cilium:v1.17.6"], 0, "not the AWS build"),
        ({}, [], 0, "agents run nowhere"),
        ({"denied_packets": 1}, [AWS], 0, "1 packets of the denied flow arrived"),
        ({"packets_sent": None}, [AWS], 0, "no packets ran"),
        ({"node_firewall": None}, [AWS], 0, "the nodes have no firewall"),
        ({"node_firewall": {"state": "absent", "rules": 0, "changed": []}}, [AWS], 0, "the nodes have no firewall"),
        ({"networks": []}, [AWS], 0, "a network of Multus was not proven"),
        ({"networks": [UNPROVEN]}, [AWS], 0, "a network of Multus was not proven"),
        ({"host_networks": []}, [AWS], 0, "a network between hosts was not proven"),
        ({"host_networks": [HOST | {"answered": 1}]}, [AWS], 0, "a network between hosts was not proven"),
        ({}, [AWS], 2, "2 tasks of the second run changed something"),
    ],
)
def test_each_fault_is_named(change, after, changed, fault):
    (found,) = demo.faults(SUMMARY | change, after, again(changed))
    assert fault in found
