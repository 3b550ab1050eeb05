"""The prober's numbers after a tunnel that was blocked for two seconds, and after a hole in the policy."""

from __future__ import annotations

import json
from typing import Any


def test_two_seconds_without_a_tunnel_are_in_the_numbers(lab: Any) -> None:
    numbers = json.loads((lab.directory / "blocked.json").read_text())
    blocked = {flow["protocol"]: flow for flow in numbers["flows"] if flow["to"] == "w2"}
    assert 150 <= blocked["udp"]["lost"] <= 300
    assert 1900 <= blocked["udp"]["longest_gap_ms"] <= 3500
    assert 1900 <= blocked["tcp"]["longest_gap_ms"] <= 6000
    assert numbers["longest_gap_ms"]["udp"] == blocked["udp"]["longest_gap_ms"]
    assert numbers["lost"] >= blocked["udp"]["lost"]


def test_the_way_back_lost_nothing_over_udp(lab: Any) -> None:
    numbers = json.loads((lab.directory / "blocked.json").read_text())
    free = [flow for flow in numbers["flows"] if flow["to"] == "w1" and flow["protocol"] == "udp"]
    assert [flow["lost"] for flow in free] == [0]


def test_the_denied_flow_tried_and_nothing_of_it_arrived(lab: Any) -> None:
    numbers = json.loads((lab.directory / "blocked.json").read_text())
    assert numbers["denied"][0]["timeouts"] > 0
    assert numbers["denied"][0]["datagrams"] > 100
    assert numbers["denied_received"] == 0
    assert numbers["problems"] == []


def test_a_denied_flow_that_came_through_failed_the_run(lab: Any) -> None:
    said = json.loads((lab.directory / "hole.json").read_text())
    assert "must be denied, but" in said["message"]
    assert said["flows"]["denied_received"] > 0


def test_nothing_is_left_behind(lab: Any) -> None:
    assert not [item for item in lab.get("namespaces") if "network-check" in item["metadata"]["name"]]
