# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the reports of the flow prober."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import judge as program
import pytest
from judge import judge


def document() -> dict[str, Any]:
    """Return one allowed flow without loss and one denied flow of which nothing arrived."""
    sender = {"started": True, "sent": 100, "errors": 0, "reconnects": 0, "longest_stall_ms": 11.0}
    counter = {"received": 100, "duplicates": 0, "bytes": 3200, "connections": 1, "longest_gap_ms": 12.5}
    knocker = {"started": True, "attempts": 9, "timeouts": 9, "connected": 0, "refused": 0, "errors": 0}
    return {
        "flows": [
            {"name": "flow-0", "from": "w1", "to": "w2", "client": "client-0", "server": "server-1"}
            | {"address": "10.244.1.7", "denied": False},
            {"name": "denied", "from": "w1", "to": "w2", "client": "denied", "server": "server-1"}
            | {"address": "10.244.1.8", "denied": True},
        ],
        "reports": {
            "client-0": {"tcp": dict(sender), "udp": dict(sender)},
            "denied": {"tcp": knocker, "udp": dict(sender)},
            "server-1": {"flows": {"flow-0": {"tcp": dict(counter), "udp": dict(counter)}}, "silent": {}},
        },
        "max_lost": -1,
        "max_gap_ms": -1,
    }


def test_a_flow_without_loss_is_fine() -> None:
    summary = judge(document())
    assert summary["problems"] == []
    assert (summary["sent"], summary["lost"], summary["denied_received"]) == (200, 0, 0)
    assert summary["longest_gap_ms"] == {"tcp": 12.5, "udp": 12.5}
    assert summary["denied_attempts"] == 109


def test_loss_is_reported_and_fails_only_above_the_limit() -> None:
    given = document()
    given["reports"]["server-1"]["flows"]["flow-0"]["udp"].update(received=60, longest_gap_ms=400.0)
    assert judge(given)["problems"] == []
    assert judge(given)["lost"] == 40
    assert judge(given | {"max_lost": 40, "max_gap_ms": 400})["problems"] == []
    assert judge(given | {"max_lost": 39, "max_gap_ms": 399})["problems"] == [
        "flow flow-0 (w1 to w2) over udp lost 40 of 100 packets (at most 39 allowed)",
        "flow flow-0 (w1 to w2) over udp was silent for 400.0 ms (at most 399 ms allowed)",
    ]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_one_packet_of_a_denied_flow_is_a_problem(protocol: str) -> None:
    given = document()
    given["reports"]["server-1"]["flows"]["denied"] = {protocol: {"bytes": 32}}
    summary = judge(given)
    assert summary["denied_received"] == 1
    assert summary["problems"] == ["flow denied (w1 to w2) must be denied, but 1 packets (32 bytes) arrived"]


def test_a_silent_connection_from_the_denied_pod_is_a_problem() -> None:
    given = document()
    given["reports"]["server-1"]["silent"] = {"10.244.1.8": 1, "10.0.0.1": 5}
    assert judge(given)["denied_received"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"connected": 1}, "must be denied, but 1 connections were accepted"),
        ({"refused": 2}, "has to time out, but 2 connections were refused"),
        ({"timeouts": 0}, "never tried: no connection timed out or no datagram was sent"),
    ],
)
def test_a_denied_connection_has_to_time_out(change: dict[str, int], problem: str) -> None:
    given = document()
    given["reports"]["denied"]["tcp"].update(change)
    assert any(problem in found for found in judge(given)["problems"])


@pytest.mark.parametrize("change", [{"started": False}, {"sent": 0}])
def test_a_flow_that_did_not_start_is_a_problem(change: dict[str, Any]) -> None:
    given = document()
    given["reports"]["client-0"]["tcp"].update(change)
    assert [problem for problem in judge(given)["problems"] if "over tcp never worked" in problem]


def test_a_flow_of_which_nothing_arrived_is_a_problem() -> None:
    given = document()
    given["reports"]["server-1"]["flows"] = {}
    assert len(judge(given)["problems"]) == 2


def test_a_missing_report_is_a_problem() -> None:
    given = document()
    given["reports"]["server-1"] = None
    assert judge(given)["problems"] == [
        "flow flow-0 (w1 to w2): no report from server-1",
        "flow denied (w1 to w2): no report from server-1",
    ]


def test_no_flow_at_all_is_a_problem() -> None:
    assert judge(document() | {"flows": []})["problems"] == ["no flow was started"]


def test_the_program_reads_and_writes_json() -> None:
    output = subprocess.run(
        [sys.executable, program.__file__],
        input=json.dumps(document()).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(output.stdout) == judge(document())
