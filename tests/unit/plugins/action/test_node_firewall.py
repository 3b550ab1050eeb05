# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the firewall is confirmed over a connection that is opened anew."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.eks_anywhere.network.plugins.action.node_firewall import ActionModule
from ansible_collections.eks_anywhere.network.plugins.plugin_utils import guarded

BEGUN = {"changed": True, "pending": {"id": "abc", "timeout": 30, "delay": 0}}
CONFIRMED = {"ended": "confirmed", "why": "", "applied": {"ok": True, "commands": []}}
RESTORED = {"ended": "restored", "why": "it was not confirmed within 30 seconds", "applied": None, "ok": True}


@pytest.fixture
def action(monkeypatch):
    """Return a function that runs the action over a connection that answers one thing after the other."""
    told = []

    def run(*answers, **options):
        left = list(answers)

        def execute(module_name="node_firewall", module_args=None, task_vars=None):
            told.append((module_name.rpartition(".")[2], module_args))
            return dict(left.pop(0))

        connection = SimpleNamespace(
            has_option=lambda _name: True,
            get_option=lambda _name: "10.0.0.21",
            set_option=lambda _name, host: told.append(("host", host)),
            reset=lambda: told.append(("reset", None)),
        )
        task = SimpleNamespace(
            args=options, async_val=0, check_mode=False, action="node_firewall", diff=False, environment=None
        )
        plugin = ActionModule(
            task, connection, SimpleNamespace(), SimpleNamespace(), SimpleNamespace(), SimpleNamespace()
        )
        monkeypatch.setattr(plugin, "_execute_module", execute)
        monkeypatch.setattr(guarded.Confirmation, "sleep", staticmethod(lambda _seconds: None), raising=False)
        monkeypatch.setattr(guarded.ActionBase, "run", lambda *_args, **_named: {})
        return plugin.run(task_vars={}), told

    return run


def test_without_a_change_nothing_is_confirmed(action):
    result, told = action({"changed": False})
    assert result == {"changed": False}
    assert told == [("node_firewall", None)]


def test_the_connection_is_opened_anew(action):
    probes = [{"type": "ping", "host": "10.0.0.1"}]
    result, told = action(BEGUN, CONFIRMED, probes=probes)
    assert result == {"changed": True, "reverted": False}
    names = [name for name, _what in told]
    assert names.index("reset") < names.index("guarded_change")
    assert ("guarded_change", {"id": "abc", "state": "confirmed", "probes": probes}) in told


def test_another_address_and_back(action):
    _result, told = action(BEGUN, CONFIRMED, confirm_host="10.9.0.21")
    assert [what for name, what in told if name == "host"] == ["10.9.0.21", "10.0.0.21"]


def test_what_was_undone_has_failed(action):
    result, _told = action(BEGUN, RESTORED)
    assert (result["failed"], result["changed"], result["reverted"]) == (True, False, True)
    assert result["msg"] == "The change was undone: it was not confirmed within 30 seconds."
