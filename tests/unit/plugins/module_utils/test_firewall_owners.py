# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which firewalls of others ours can live beside."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_owners import FLUSHING, judge, touched
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_owners import UNITS

OFF = {"installed": False, "active": False, "enabled": False, "version": None, "package": None}
NONE = {
    "nftables": {**OFF, "tables": []},
    "iptables": {"version": None, "backend": None, "nft": None, "legacy": None, "service_active": False},
    "firewalld": OFF,
    "ufw": {**OFF, "active": False},
}


def node(name, **facts):
    return {**NONE, name: {**NONE[name], **facts}}


def test_a_node_of_eks_anywhere():
    assert judge(NONE) == ([], [])
    assert judge({}) == ([], [])


@pytest.mark.parametrize("facts", [{"active": True}, {"enabled": True}])
@pytest.mark.parametrize("version", ["0.9.11", "1.3.4", "1.9.9"])
def test_an_old_firewalld_is_refused(facts, version):
    (problem,), warnings = judge(node("firewalld", version=version, **facts), "nodes[w1]")
    assert str(problem) == (
        "nodes[w1].firewalld: firewalld below 2.0 flushes the chains of Kubernetes and Cilium whenever it starts "
        f"(got {version}). Upgrade it to 2.0, or stop and disable it: systemctl disable --now firewalld."
    )
    assert warnings == []


@pytest.mark.parametrize("version", ["2.0", "2.0.1", "2.1.2", "10.0"])
def test_a_new_firewalld_is_respected(version):
    problems, (warning,) = judge(node("firewalld", version=version, active=True))
    assert problems == []
    assert warning.startswith("firewalls.firewalld: it stays in charge beside this table.")


def test_a_firewalld_whose_version_is_not_known_is_refused():
    (problem,), _warnings = judge(node("firewalld", active=True))
    assert problem.message.endswith("whenever it starts (its version is not known)")


def test_a_firewalld_that_is_only_installed():
    assert judge(node("firewalld", installed=True, version="1.3.4")) == ([], [])
    assert judge(node("firewalld", active=None, enabled=None, version="1.3.4")) == ([], [])


@pytest.mark.parametrize(
    ("name", "facts", "word"),
    [
        ("ufw", {"active": True}, "MANAGE_BUILTINS=yes"),
        ("nftables", {"active": True}, "flushes every table"),
        ("nftables", {"enabled": True}, "flushes every table"),
        ("iptables", {"service_active": True}, "as whole tables"),
    ],
)
def test_others_are_respected_with_a_warning(name, facts, word):
    problems, (warning,) = judge(node(name, **facts))
    assert problems == []
    assert warning.startswith(f"firewalls.{name}: ")
    assert word in warning


def test_ufw_that_is_installed_and_off():
    assert judge(node("ufw", installed=True, enabled=True)) == ([], [])


def test_who_touched_the_firewall_after_the_table_was_loaded():
    times = {"nftables.service": 200.0, "firewalld.service": 100.0, "NetworkManager.service": 300.0}
    assert touched(times, 150.5) == "nftables.service was started, stopped or reloaded at 1970-01-01 00:03:20 UTC"
    assert touched(times, 200.0) == ""
    assert touched(times, 50.0).startswith(
        "firewalld.service was started, stopped or reloaded at 1970-01-01 00:01:40 UTC, n"
    )


def test_the_units_that_flush_are_units_that_are_looked_at():
    assert {*FLUSHING} <= {*UNITS}
