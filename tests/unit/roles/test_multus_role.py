# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the playbook multus works, and that nodes are left alone when it failed. Its modules are stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from role_runs import ROOT, failures, notes, play, stand_ins

GROUPS = {
    "eks_anywhere.network": {
        "cluster": ["multus_info", "multus_plan", "network_attachments", "node_images", "probe_pods", "probe_run"],
        "nodes": ["multus_node", "node_network_info"],
    },
    "kubernetes.core": {"k8s": ["k8s", "k8s_info"]},
}
NODE = {"node_network": {"hostname": "w1", "cni_binaries": {"macvlan": ["0.3.1"]}, "interfaces": []}}
NETWORK = {"name": "storage", "namespace": "shop", "config": {"type": "macvlan"}, "ipam_per_node": True}
DAEMON = {"metadata": {"name": "kube-multus-ds-x", "namespace": "kube-system"}}
HEALTHY = {"layout": "thick", "nodes": [], "pods_missing_networks": []}
LATE = {"pod": "shop/late", "missing": ["shop/storage"], "reason": "Multus was away", "controller": "ReplicaSet late"}
ALONE = {**LATE, "pod": "shop/alone", "controller": ""}

Answer = dict[str, Any]


def plan(action: str = "none", **more: Any) -> Answer:
    """An answer of multus_plan."""
    nodes = [{"name": "w1", "labels": {"zone": "a"}}, {"name": "w2", "labels": {}}]
    return {"action": action, "changes": [], "cilium_values": {}, "nodes": nodes, "refusals": [], **more}


def networks(action: str = "none") -> Answer:
    """An answer of network_attachments."""
    found = {"name": "storage", "namespace": "shop", "action": action}
    return {"attachments": [found], "node_files": {"w1": {"storage.conflist": "{}"}}}


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return a function that runs the playbook: what was asked on cluster and node, and what it failed with."""

    def run(cluster: Answer, **variables: Any) -> tuple[list[tuple[str, Answer]], list[tuple[str, Answer]], str]:
        stand_ins(tmp_path, GROUPS, ["multus", "network_check"])
        (tmp_path / "notes").mkdir()
        common = {"ansible_connection": "local", "ansible_become_method": "doas", "notes": str(tmp_path / "notes")}
        common |= {"multus_kubeconfig": "/nowhere", "network_check_networks": [], "multus_networks": [NETWORK]}
        groups = {
            "cluster": {"hosts": {"here": {"answers": cluster}}},
            "nodes": {"hosts": {"w1": {"answers": {"node_network_info": [NODE]}}}},
        }
        inventory = {"all": {"children": groups, "vars": {**common, **variables}}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        account = play(tmp_path, ROOT / "playbooks" / "multus.yml")
        asked = [notes(tmp_path / "notes" / name) for name in ("here", "w1")]
        return asked[0], asked[1], failures(account).get("here", "")

    return run


def changes(asked: list[tuple[str, Answer]]) -> list[str]:
    """What was asked to change something, with its state."""
    return [
        f"{name} {arguments.get('state', '')}".strip()
        for name, arguments in asked
        if name not in ("multus_plan", "multus_info", "k8s_info", "node_network_info")
    ]


def test_images_come_first_and_networks_when_the_daemons_run(told: Any) -> None:
    answers = {
        "multus_plan": [plan("install")],
        "multus_info": [HEALTHY],
        "network_attachments": [networks("render"), networks("create")],
        "k8s_info": [{"resources": []}],
    }
    cluster, node, said = told(answers)
    assert said == ""
    assert changes(cluster) == ["network_attachments rendered", "node_images", "k8s", "network_attachments present"]
    assert [name for name, _arguments in node] == ["node_network_info", "multus_node"]
    assert node[1][1]["networks"] == {"storage.conflist": "{}"}


def test_the_networks_are_judged_by_what_every_node_of_the_cluster_is_and_said(told: Any) -> None:
    answers = {"multus_plan": [plan()], "multus_info": [HEALTHY], "network_attachments": [networks()]}
    cluster, _node, _said = told(answers)
    nodes = dict(cluster)["network_attachments"]["nodes"]
    assert [(node["name"], node["labels"], "interfaces" in node) for node in nodes] == [
        ("w1", {"zone": "a"}, True),
        ("w2", {}, False),
    ]


def test_daemons_of_another_daemon_set_count_as_outdated_before_it_goes(told: Any) -> None:
    answers = {
        "multus_plan": [plan("replace")],
        "multus_info": [HEALTHY],
        "network_attachments": [networks()],
        "k8s_info": [{"resources": [DAEMON]}],
    }
    cluster, _node, _said = told(answers)
    k8s = [arguments for name, arguments in cluster if name == "k8s"]
    assert [arguments.get("state", "applied") for arguments in k8s] == ["patched", "absent", "applied"]
    assert k8s[0]["definition"][0]["metadata"]["labels"] == {"pod-template-generation": "0"}
    assert k8s[1]["delete_options"] == {"propagationPolicy": "Orphan"}


@pytest.mark.parametrize(
    "answers",
    [
        {"multus_plan": [{"failed": True, "msg": "no"}]},
        {"multus_plan": [plan()], "network_attachments": [{"failed": True, "msg": "no"}]},
        {"multus_plan": [plan("remove", refusals=[{"key": "k", "before": "b", "after": "a", "variable": "v"}])]},
    ],
)
def test_a_run_that_failed_touches_neither_cluster_nor_nodes(told: Any, answers: Answer) -> None:
    answers = {"network_attachments": [networks()], **answers}
    cluster, node, said = told(answers)
    assert said
    assert [change for change in changes(cluster) if change != "network_attachments present"] == []
    assert [name for name, _arguments in node] == ["node_network_info"]


@pytest.mark.parametrize(("wanted", "deleted"), [(False, []), (True, ["late"])])
def test_pods_are_restarted_on_demand_if_somebody_makes_them_anew(told: Any, wanted: bool, deleted: list[str]) -> None:
    answers = {
        "multus_plan": [plan()],
        "multus_info": [{**HEALTHY, "pods_missing_networks": [ALONE, LATE]}],
        "network_attachments": [networks()],
    }
    cluster, _node, said = told(answers, multus_restart_pods=wanted)
    assert said == ""
    gone = [item for name, arguments in cluster if name == "k8s" for item in arguments["definition"]]
    assert [item["metadata"]["name"] for item in gone] == deleted
