# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller confirms over new connections, in time, and says what became of a change that it could not confirm."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.eks_anywhere.network.plugins.plugin_utils import guarded
from ansible_collections.eks_anywhere.network.plugins.plugin_utils.guarded import CHANGE, GRACE, MARGIN, GuardedAction

BEGUN = {"id": "0123", "timeout": 30, "delay": 1}
CONFIRMED = {"ended": "confirmed", "why": "", "applied": {"ok": True, "commands": []}}
RESTORED = {"ended": "restored", "why": "it was not confirmed", "applied": None, "ok": True}
PENDING = {"ended": "pending", "why": "10.0.0.1 does not answer to ping", "applied": None}


class Connection:
    """A connection whose resets and hosts are kept."""

    def __init__(self):
        self.resets, self.host, self.hosts = 0, "172.30.0.21", []

    def reset(self):
        self.resets += 1

    def has_option(self, name):
        return name == "host"

    def get_option(self, _name):
        return self.host

    def set_option(self, _name, value):
        self.host = value


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The time of the action."""
    found = Clock()
    monkeypatch.setattr(guarded, "time", found)
    return found


@pytest.fixture
def run(clock, monkeypatch):
    """Return a function that runs the action: what the module returns, then a function that answers later calls."""

    def call(first, later, **args):
        connection = Connection()
        action = GuardedAction.__new__(GuardedAction)
        action._task, action._connection = SimpleNamespace(args=args), connection
        asked = []

        def execute(module_name=None, module_args=None, task_vars=None):
            if module_name is None:
                return dict(first)
            assert module_name == CHANGE
            asked.append((clock.now, connection.host, module_args["state"], connection.resets))
            clock.now += 0.5
            return later(len(asked), module_args)

        monkeypatch.setattr(action, "_execute_module", execute)
        monkeypatch.setattr(guarded.ActionBase, "run", lambda *_args, **_more: {})
        return action.run(task_vars={}), asked

    return call


def unreachable(*_args):
    raise AnsibleConnectionFailure("no route to host")


def test_nothing_is_confirmed_where_nothing_changes(run):
    result, asked = run({"changed": False}, unreachable)
    assert (result, asked) == ({"changed": False}, [])


def test_a_module_that_failed_is_not_confirmed(run):
    result, asked = run({"failed": True, "msg": "no", "pending": BEGUN}, unreachable)
    assert (result["msg"], asked) == ("no", [])


def test_it_is_confirmed_over_a_connection_of_its_own(run):
    result, asked = run({"changed": True, "pending": BEGUN}, lambda *_args: CONFIRMED)
    assert (result["changed"], result["reverted"], result.get("failed")) == (True, False, None)
    assert asked == [(1.0, "172.30.0.21", "confirmed", 1)]


def test_it_tries_again_until_the_node_answers(run):
    result, asked = run(
        {"changed": True, "pending": BEGUN}, lambda number, _args: CONFIRMED if number == 4 else unreachable()
    )
    assert result["reverted"] is False
    assert [resets for *_rest, resets in asked] == [1, 2, 3, 4]


def test_another_address_is_confirmed_there(run):
    result, asked = run({"changed": True, "pending": BEGUN}, lambda *_args: CONFIRMED, confirm_host="10.9.9.9")
    assert result["reverted"] is False
    assert asked[0][1] == "10.9.9.9"


def test_what_was_undone_has_failed_and_says_why(run):
    broken = {"applied": {"ok": False, "commands": [[["netplan", "apply"], 78, "bad YAML\n"]]}}
    result, _asked = run({"changed": True, "pending": BEGUN}, lambda *_args: {**RESTORED, **broken})
    assert (result["failed"], result["changed"], result["reverted"]) == (True, False, True)
    assert result["msg"] == "The change was undone: it was not confirmed. netplan apply ended with 78: bad YAML."


def test_near_the_end_it_only_asks_what_became_of_it_at_the_usual_address(run):
    result, asked = run(
        {"changed": True, "pending": BEGUN},
        lambda _number, args: RESTORED if args["state"] == "query" else unreachable(),
        confirm_host="10.9.9.9",
    )
    assert result["reverted"] is True
    last = 1 + BEGUN["timeout"] - MARGIN
    assert {state for when, _host, state, _resets in asked if when < last} == {"confirmed"}
    assert [(host, state) for when, host, state, _resets in asked if when >= last] == [("172.30.0.21", "query")]


def test_a_node_that_stays_away_is_named_and_waited_for_no_longer_than_that(run, clock):
    result, _asked = run({"changed": True, "pending": BEGUN}, unreachable)
    assert result["failed"] is True
    assert f"not reached again within {30 + GRACE} seconds" in result["msg"]
    assert clock.now < 1 + 30 + GRACE + 3


def test_a_timer_that_did_not_fire_is_helped(run):
    result, asked = run(
        {"changed": True, "pending": BEGUN},
        lambda _number, args: RESTORED if args["state"] == "restored" else PENDING,
    )
    assert result["reverted"] is True
    assert asked[-1][2] == "restored"
