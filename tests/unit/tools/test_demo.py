"""What the demo tells, and what makes it fail."""

from __future__ import annotations

import demo
import pytest
import site_yml

AWS = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
SUMMARY = {
    "action": "migrate",
    "chart": {"before": "1.17.6", "after": "1.17.6-0"},
    "values_kept": ["ipam.mode", "cni.exclusive"],
    "policies_kept": ["NetworkPolicy shop/web"],
    "crds_kept": 11,
    "packets_sent": 900,
    "packets_lost": 3,
    "longest_gap_ms": {"tcp": 40.0, "udp": 20.0},
    "denied_attempts": 50,
    "denied_packets": 0,
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
    assert told["packets lost"] == "3 of 900"
    assert told["longest gap"] == "tcp 40.0 ms, udp 20.0 ms"
    assert told["values kept"] == "2: ipam.mode, cni.exclusive"
    assert told["Multus"] == "install, ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"
    assert told["shop/a"] == "36 of 36 echo requests answered, up to 1472 bytes, between pods on w1, w2"
    assert demo.told(UNPROVEN) == "not proven: its pods bring their own addresses"


def test_a_good_run_has_no_faults():
    assert demo.faults(SUMMARY, [AWS], again(0)) == []


@pytest.mark.parametrize(
    ("change", "after", "changed", "fault"),
    [
        ({}, [AWS, "quay.io/cilium/cilium:v1.17.6"], 0, "not the AWS build"),
        ({}, [], 0, "agents run nowhere"),
        ({"denied_packets": 1}, [AWS], 0, "1 packets of the denied flow arrived"),
        ({"packets_sent": None}, [AWS], 0, "no packets ran"),
        ({"networks": []}, [AWS], 0, "a network of Multus was not proven"),
        ({"networks": [UNPROVEN]}, [AWS], 0, "a network of Multus was not proven"),
        ({}, [AWS], 2, "2 tasks of the second run changed something"),
    ],
)
def test_each_fault_is_named(change, after, changed, fault):
    (found,) = demo.faults(SUMMARY | change, after, again(changed))
    assert fault in found
