# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the addresses and echo requests of pods with a second interface."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import ip_address
from typing import Any

import judge_networks as program
import pytest
from judge_networks import judge, ranges

CONFIG = {"type": "macvlan", "ipam": {"type": "host-local", "subnet": "10.0.0.0/24", "rangeStart": "10.0.0.9"}}


def document() -> dict[str, Any]:
    """Return a network whose pods on two nodes reach each other."""
    base = {"network": "shop/storage", "interface": "net1"}
    answer = {"size": 56, "sent": 3, "received": 3, "rtt_ms": 0.4, "error": ""}
    full = {**answer, "size": 1472, "rtt_ms": 0.9}
    return {
        "networks": [{"name": "storage", "namespace": "shop", "config": CONFIG}],
        "pods": [
            {**base, "pod": "a", "node": "w1", "addresses": ["10.0.0.10"], "to": ["b"]},
            {**base, "pod": "b", "node": "w2", "addresses": ["10.0.0.11"], "to": ["a"]},
        ],
        "reports": {
            "a": {"mtu": 1500, "pings": [{"to": "b", **answer}, {"to": "b", **full}]},
            "b": {"mtu": 1500, "pings": [{"to": "a", **answer}, {"to": "a", **full}]},
        },
        "unproven": {},
    }


def problems(given: dict[str, Any]) -> list[str]:
    """Return the problems without the network's name in front."""
    return [text.removeprefix("network shop/storage: ") for text in judge(given)["problems"]]


def test_pods_that_reach_each_other_are_fine() -> None:
    (network,) = judge(document())["networks"]
    assert judge(document())["problems"] == network["problems"] == []
    assert (network["network"], network["nodes"]) == ("shop/storage", ["w1", "w2"])
    assert (network["sent"], network["received"], network["longest_rtt_ms"]) == (12, 12, 0.9)
    assert network["pods"][1] == {
        "pod": "b",
        "node": "w2",
        "interface": "net1",
        "addresses": ["10.0.0.11"],
        "mtu": 1500,
    }


def test_a_pod_that_runs_without_the_network_is_named() -> None:
    given = document()
    given["pods"][1].update(interface="", addresses=[])
    del given["reports"]["b"]
    assert problems(given) == [
        "the pod on w2 runs without it: Multus is not there, or was away when it started",
        "w2 did not try w1",
    ]


def test_an_interface_without_address_is_named() -> None:
    given = document()
    given["pods"][0]["addresses"] = []
    assert "the pod on w1 has no address on net1" in problems(given)


@pytest.mark.parametrize("address", ["10.0.0.8", "10.0.1.10"])
def test_an_address_outside_of_the_range_is_named(address: str) -> None:
    given = document()
    given["pods"][0]["addresses"] = [address]
    assert problems(given) == [f"the pod on w1 has {address}, which is in none of its ranges"]


def test_an_address_of_another_family_is_not_held_against_the_ranges() -> None:
    given = document()
    given["pods"][0]["addresses"] = ["10.0.0.10", "fd00::1"]
    assert problems(given) == []


def test_one_address_for_two_pods_is_named() -> None:
    given = document()
    given["pods"][1]["addresses"] = ["10.0.0.10"]
    assert problems(given) == ["10.0.0.10 was given out twice, on w1 and on w2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"received": 0, "rtt_ms": None}, "w1 to w2, 1472 bytes: no answer to 3 echo requests (MTU 1500)"),
        ({"received": 2}, "w1 to w2, 1472 bytes: 1 of 3 echo requests were lost"),
        ({"error": "Message too long"}, "w1 to w2, 1472 bytes: Message too long (MTU 1500)"),
    ],
)
def test_what_did_not_come_back_is_named(change: dict[str, Any], said: str) -> None:
    given = document()
    given["reports"]["a"]["pings"][1].update(change)
    assert problems(given) == [said]


def test_a_pod_that_was_never_asked_is_named() -> None:
    given = document()
    given["reports"]["a"]["pings"] = []
    assert problems(given) == ["w1 did not try w2"]


def test_a_network_that_cannot_be_proven_says_why() -> None:
    given = document() | {"pods": [], "reports": {}, "unproven": {"shop/storage": "its pods bring addresses"}}
    (network,) = judge(given)["networks"]
    assert (network["unproven"], network["problems"], network["sent"]) == ("its pods bring addresses", [], 0)


@pytest.mark.parametrize(
    ("ipam", "expected"),
    [
        ({"type": "host-local", "subnet": "10.0.0.0/30"}, [("10.0.0.0", "10.0.0.3")]),
        (
            {
                "type": "host-local",
                "ranges": [[{"subnet": "10.0.0.0/24", "rangeEnd": "10.0.0.9"}], [{"subnet": "fd::/126"}]],
            },
            [("10.0.0.0", "10.0.0.9"), ("fd::", "fd::3")],
        ),
        ({"type": "whereabouts", "range": "10.0.0.5-10.0.0.7/24"}, [("10.0.0.5", "10.0.0.7")]),
        (
            {"type": "whereabouts", "range": "10.0.0.0/24", "range_start": "10.0.0.4", "range_end": "10.0.0.6"},
            [("10.0.0.4", "10.0.0.6")],
        ),
        ({"type": "whereabouts", "ipRanges": [{"range": "10.0.0.0/31"}]}, [("10.0.0.0", "10.0.0.1")]),
        ({"type": "static", "addresses": [{"address": "10.0.0.1/24"}]}, []),
        ({}, []),
    ],
)
def test_ranges_are_read_in_every_form(ipam: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    wanted = [(ip_address(first), ip_address(last)) for first, last in expected]
    assert list(ranges({"type": "macvlan", "ipam": ipam})) == wanted
    assert list(ranges(json.dumps({"plugins": [{"type": "macvlan", "ipam": ipam}, {"type": "tuning"}]}))) == wanted


def test_the_program_reads_and_writes_json() -> None:
    words = [sys.executable, str(program.__file__)]
    done = subprocess.run(words, input=json.dumps(document()), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == judge(document())
