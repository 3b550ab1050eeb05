# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the playbook node_firewall works, and where it stops. Its modules are stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from role_runs import ROOT, failures, notes, play, stand_ins

GROUPS = {
    "eks_anywhere.network": {
        "cluster": ["cilium_info", "node_firewall_rules", "probe_pods", "probe_run"],
        "nodes": ["node_firewall"],
    },
    "kubernetes.core": {"k8s": ["k8s", "k8s_info"]},
}
RULE = {"name": "ssh", "proto": "tcp", "ports": [22], "from": "any", "on": ["worker"], "sources": ["0.0.0.0/0"]}
RULES = {"rules": [RULE], "table": ["name"], "notes": [], "replaced": [], "node_port_range": "30000-32000"}
SAME = {"changes": [], "before": "", "lost": "", "others": {"cilium": 8}}
MISSING = {**SAME, "changes": ["the table is missing"]}
DONE = {"changed": True, "reverted": False, **MISSING}
UNDONE = {"failed": True, "msg": "The change was undone: nobody came."}
READY = {"resources": [{"metadata": {"name": "w1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}]}
TIRED = {"resources": [{"metadata": {"name": "w1"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}]}

Answer = dict[str, Any]


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return a function that runs the playbook: what cluster, cp1 and w1 were asked, and what each failed with."""

    def run(cp1: list[Answer], w1: list[Answer], nodes: Answer | None = None, **variables: Any) -> Any:
        stand_ins(tmp_path, GROUPS, ["node_firewall", "network_check"])
        (tmp_path / "notes").mkdir()
        common = {"ansible_connection": "local", "ansible_become_method": "doas", "notes": str(tmp_path / "notes")}
        common |= {"node_firewall_kubeconfig": "/nowhere", "network_check_flows": False, "network_check_networks": []}
        cluster = {
            "node_firewall_rules": [RULES],
            "k8s_info": [nodes or READY],
            "cilium_info": [{"failed": True, "msg": "the proof begins"}],
        }
        groups = {
            "cluster": {"hosts": {"here": {"answers": cluster}}},
            "nodes": {
                "children": {
                    "control_plane": {"hosts": {"cp1": {"answers": {"node_firewall": cp1}}}},
                    "workers": {"hosts": {"w1": {"answers": {"node_firewall": w1}}}},
                }
            },
            "tinkerbell": {},
        }
        inventory = {"all": {"children": groups, "vars": {**common, **variables}}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        account = play(tmp_path, ROOT / "playbooks" / "node_firewall.yml")
        asked = {name: notes(tmp_path / "notes" / name) for name in ("here", "cp1", "w1")}
        return asked, failures(account)

    return run


def test_every_node_is_compared_changed_and_asked_again(told: Any) -> None:
    asked, failed = told([MISSING, DONE, SAME], [SAME])
    assert failed == {"here": "the proof begins"}
    assert [len(asked[name]) for name in ("cp1", "w1")] == [3, 1]
    _name, words = asked["cp1"][1]
    assert words["rules"] == [RULE]
    assert (words["roles"], words["node_port_range"], words["state"]) == (["control_plane"], "30000-32000", "present")
    assert asked["w1"][0][1]["roles"] == ["worker"]


def test_a_node_that_is_refused_keeps_all_others_as_they_are(told: Any) -> None:
    asked, failed = told([MISSING, DONE, SAME], [{"failed": True, "msg": "firewalld"}])
    assert failed["w1"] == "firewalld"
    assert [len(asked[name]) for name in ("cp1", "w1")] == [1, 1]


def test_the_first_node_that_fails_ends_it(told: Any) -> None:
    asked, failed = told([MISSING, UNDONE], [MISSING, DONE, SAME])
    assert len(asked["w1"]) == 1
    first, second = failed["here"].splitlines()
    assert first == "cp1: The change was undone: nobody came."
    assert second == "The nodes after it were left as they are. Correct it and run this again."


def test_a_node_that_is_not_as_planned_has_failed(told: Any) -> None:
    _asked, failed = told([MISSING, DONE, MISSING], [SAME])
    assert "cp1: the firewall is not what was planned (the table is missing)" in failed["here"]


def test_chains_of_others_that_are_gone_are_a_failure(told: Any) -> None:
    _asked, failed = told([MISSING, DONE, {**SAME, "others": {}}], [SAME])
    assert 'someone has no chains of iptables any more (before: {"cilium": 8}, now: {})' in failed["here"]


def test_a_node_that_is_not_ready_is_a_failure(told: Any) -> None:
    _asked, failed = told([MISSING, DONE, SAME], [SAME], nodes=TIRED)
    assert failed["here"].startswith("nodes: not Ready are w1.")


def test_absent_asks_for_no_rules(told: Any) -> None:
    asked, failed = told([MISSING, DONE, SAME], [SAME], node_firewall_state="absent")
    assert failed == {"here": "the proof begins"}
    assert [name for name, _words in asked["here"]] == ["k8s_info", "cilium_info"]
    assert (asked["cp1"][1][1]["state"], asked["cp1"][1][1]["rules"]) == ("absent", [])


@pytest.mark.parametrize(
    ("values", "change"),
    [
        ({}, None),
        ({"tunnelProtocol": "geneve", "hubble": {"enabled": True}}, {"protocol": "geneve", "port": 0}),
        ({"tunnelProtocol": None, "tunnelPort": 8473}, {"protocol": "vxlan", "port": 8473}),
    ],
)
def test_both_sides_of_a_change_of_the_tunnel(told: Any, values: Answer, change: Answer | None) -> None:
    asked, _failed = told([SAME], [SAME], cilium_values=values)
    assert dict(asked["here"])["node_firewall_rules"].get("tunnel_change") == change


def test_a_tinkerbell_host_has_its_rules_derived(told: Any) -> None:
    asked, _failed = told([SAME], [SAME], node_firewall_roles=["control_plane", "tinkerbell"])
    assert dict(asked["here"])["node_firewall_rules"]["roles"] == ["control_plane", "worker", "tinkerbell"]
