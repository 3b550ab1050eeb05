# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is confirmed in time or not at all, and it is said what became of one that could not be confirmed."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.plugin_utils.confirmation import (
    GRACE,
    MARGIN,
    Confirmation,
    told,
)

BEGUN = {"id": "0123", "timeout": 30, "delay": 1}
CONFIRMED = {"ended": "confirmed", "why": "", "applied": {"ok": True, "commands": []}}
RESTORED = {"ended": "restored", "why": "it was not confirmed", "applied": None, "ok": True}
PENDING = {"ended": "pending", "why": "10.0.0.1 does not answer to ping", "applied": None}


class Node:
    """A node that answers as it is told to, half a second after it is asked, on a clock of its own."""

    def __init__(self, answer):
        self.answer, self.time, self.host, self.asked = answer, 0.0, None, []

    def ask(self, words):
        self.asked.append((self.time, self.host, words["state"], words.get("probes")))
        self.time += 0.5
        return self.answer(len(self.asked), words["state"])

    def use_host(self, host):
        self.host = host

    def sleep(self, seconds):
        self.time += seconds

    def run(self, **more):
        return Confirmation(self.ask, self.use_host, self.sleep, lambda: self.time).run(BEGUN, **more)


def test_it_is_confirmed_when_it_has_begun():
    node = Node(lambda *_args: CONFIRMED)
    assert node.run(probes=[{"type": "ping", "host": "10.0.0.1"}]) == CONFIRMED
    assert node.asked == [(1.0, None, "confirmed", [{"type": "ping", "host": "10.0.0.1"}])]


@pytest.mark.parametrize("answer", [None, PENDING])
def test_it_tries_again_until_the_node_says_how_it_ended(answer):
    node = Node(lambda number, _state: CONFIRMED if number == 4 else answer)
    assert node.run() == CONFIRMED
    assert len(node.asked) == 4


def test_another_address_is_confirmed_there():
    node = Node(lambda *_args: CONFIRMED)
    node.run(host="10.9.9.9")
    assert node.asked[0][1] == "10.9.9.9"


def test_near_the_end_it_only_asks_what_became_of_it_at_the_usual_address():
    node = Node(lambda _number, state: RESTORED if state == "query" else None)
    assert node.run(host="10.9.9.9") == RESTORED
    last = 1 + BEGUN["timeout"] - MARGIN
    assert {state for when, _host, state, _probes in node.asked if when < last} == {"confirmed"}
    assert [(host, state) for when, host, state, _probes in node.asked if when >= last] == [(None, "query")]


def test_a_node_that_stays_away_is_waited_for_no_longer_than_that():
    node = Node(lambda *_args: None)
    ended = node.run()
    assert ended["ended"] == "unreachable"
    assert 1 + 30 + GRACE <= node.time < 1 + 30 + GRACE + 3
    assert told(BEGUN, ended).startswith(
        f"The node was not reached again within {30 + GRACE} seconds: no new connection"
    )


def test_a_timer_that_did_not_fire_is_helped():
    node = Node(lambda _number, state: RESTORED if state == "restored" else PENDING)
    assert node.run() == RESTORED
    assert node.asked[-1][2] == "restored"


def test_it_is_said_why_a_change_was_undone_and_what_failed():
    broken = {"applied": {"ok": False, "commands": [[["true"], 0, ""], [["netplan", "apply"], 78, "bad YAML\n"]]}}
    assert told(BEGUN, {**RESTORED, **broken}) == (
        "The change was undone: it was not confirmed. netplan apply ended with 78: bad YAML."
    )
    assert told(BEGUN, {**RESTORED, "ok": False}).endswith("What undid it failed too, see guard.commands.")


def test_what_did_not_answer_is_told_when_it_is_undone_in_the_end():
    node = Node(
        lambda number, _state: RESTORED if number == 4 else {**PENDING, "why": PENDING["why"] if number < 3 else ""}
    )
    ended = node.run()
    assert ended == {**RESTORED, "before": PENDING["why"]}
    assert told(BEGUN, ended) == f"The change was undone: it was not confirmed ({PENDING['why']})."
