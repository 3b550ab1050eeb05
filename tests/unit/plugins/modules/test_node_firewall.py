# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_firewall from its options to its exit, on a node that is a directory."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import CONNECTION
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Change, Guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_firewall import Seen
from ansible_collections.eks_anywhere.network.plugins.modules import node_firewall
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import rule

LOADED = {"nftables": []}
RULES = [rule(name="ssh", ports=[22], origin=["10.99.0.0/24"])]


class Node:
    """A node without a firewall."""

    nft = "/usr/sbin/nft"

    def look(self):
        return Seen(firewalls={"iptables": {"nft": {"chains": {"cilium": 8}}}})

    def try_out(self, _text):
        return LOADED

    def show(self, _text):
        return "as nft shows it"


@pytest.fixture
def guard(tmp_path, monkeypatch):
    """The guard of the directory, which the module finds as the node's."""
    found = Guard(str(tmp_path), lambda _words: None)
    monkeypatch.setattr(node_firewall, "Guard", lambda: found)
    monkeypatch.setattr(node_firewall.node_firewall, "Node", Node)
    return found


@pytest.fixture
def call(guard, capsys, monkeypatch):
    """Return a function that runs the module over ssh from an address that no rule lets in."""
    monkeypatch.setattr(node_firewall.ssh_connection, "told", lambda: "192.0.2.1 50000 10.77.0.1 22")

    def run(**options):
        with patch_module_args(options), pytest.raises(SystemExit) as caught:
            node_firewall.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return run


def test_begins_a_change_and_says_which(call, guard):
    code, result = call(rules=RULES, confirm_timeout=33)
    assert (code, result["changed"]) == (0, True)
    assert result["pending"] == {"id": guard.pending_id(), "timeout": 33, "delay": 1}
    assert result["others"] == {"cilium": 8}
    assert CONNECTION in result["ruleset"]
    assert "192.0.2.1" in str(result["warnings"])


def test_check_mode_changes_nothing_and_says_the_same(call, guard):
    _code, checked = call(rules=RULES, _ansible_check_mode=True, _ansible_diff=True)
    assert (guard.pending_id(), "pending" in checked) == (None, False)
    _code, real = call(rules=RULES, _ansible_diff=True)
    same = ("changed", "before", "after", "changes", "diff")
    assert [checked[key] for key in same] == [real[key] for key in same]


@pytest.mark.parametrize("check", [True, False])
def test_nothing_is_compared_while_a_change_is_pending(call, guard, check):
    guard.start(Change("host_network", {}, [], []))
    code, result = call(rules=RULES, _ansible_check_mode=check)
    assert code == 1
    assert result["errors"][0]["path"] == "node_firewall"
    assert "a change of host_network is neither confirmed nor undone yet" in result["msg"]


def test_renders_without_a_node(call, monkeypatch):
    monkeypatch.setattr(node_firewall, "Guard", None)
    monkeypatch.setattr(node_firewall.node_firewall, "Node", None)
    code, result = call(rules=RULES, state="rendered")
    assert (code, result["changed"]) == (0, False)
    assert 'tcp dport 22 counter accept comment "ssh"' in result["ruleset"]
    assert CONNECTION not in result["ruleset"]


def test_errors_have_paths(call, guard):
    code, result = call(rules=[rule(ports=[70000])])
    assert (code, guard.pending_id()) == (1, None)
    assert [error["path"] for error in result["errors"]] == ["rules[0].ports[0]"]
