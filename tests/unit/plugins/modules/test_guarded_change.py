# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the end of a change, on a node that is a directory."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Change, Guard
from ansible_collections.eks_anywhere.network.plugins.modules import guarded_change


@pytest.fixture
def guard(tmp_path, monkeypatch):
    """The guard of the directory, which the module finds as the node's."""
    found = Guard(str(tmp_path), lambda _words: None)
    monkeypatch.setattr(guarded_change, "Guard", lambda: found)
    return found


@pytest.fixture
def call(guard, capsys):
    """Return a function that runs the module and returns its result."""

    def run(**options):
        with patch_module_args(options), pytest.raises(SystemExit):
            guarded_change.main()
        return json.loads(capsys.readouterr().out)

    return run


def begin(guard):
    """Begin a change of one file and carry it out."""
    identity = guard.start(Change("host_network", {"/etc/file": (b"new", 0o600)}, [], []))["id"]
    guard.node.apply(identity)
    return identity


def test_nothing_is_pending(call):
    result = call()
    assert (result["id"], result["ended"], result["changed"]) == (None, "unknown", False)


def test_what_is_pending_is_shown_and_stays(call, guard):
    identity = begin(guard)
    assert (call()["id"], call()["ended"]) == (identity, "pending")


@pytest.mark.parametrize("state", ["confirmed", "restored"])
def test_it_ends_as_asked_for(call, guard, tmp_path, state):
    identity = begin(guard)
    result = call(state=state)
    assert (result["id"], result["ended"], result["changed"]) == (identity, state, True)
    assert (tmp_path / "etc/file").exists() is (state == "confirmed")
    assert call(id=identity, state=state)["ended"] == state


def test_check_mode_ends_nothing(call, guard):
    begin(guard)
    assert call(state="confirmed", _ansible_check_mode=True)["ended"] == "pending"


def test_a_tcp_probe_needs_a_port(call):
    assert "port" in call(state="confirmed", probes=[{"type": "tcp", "host": "127.0.0.1"}])["msg"]
