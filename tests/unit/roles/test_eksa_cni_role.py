# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order replace_cni works, what it does when something fails, where it goes on. Its modules are stand-ins."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from role_runs import ROOT, failures, notes, play, stand_ins

GROUPS = {
    "eks_anywhere.network": {
        "cluster": [
            "cilium_absent", "cilium_info", "cilium_restore", "eksa_cluster_cni", "probe_pods", "probe_run",
        ],
        "others": ["cilium_node_cleanup", "cluster_spec", "node_network_info"],
    },
    "kubernetes.core": {"k8s": ["k8s", "k8s_info"], "helm": ["helm"]},
}  # fmt: skip
READY = [{"type": "Ready", "status": "True"}]
NODE = {
    "metadata": {"name": "w1"},
    "spec": {"podCIDR": "10.244.1.0/24"},
    "status": {
        "desiredNumberScheduled": 1,
        "numberReady": 1,
        "conditions": READY,
        "addresses": [{"type": "InternalIP", "address": "172.30.0.21"}],
    },
}
PODS = [
    {
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{"controller": True}] if owned else []},
        "spec": {"hostNetwork": host},
        "status": {"conditions": [], "phase": phase, **({"podIP": "10.244.1.7"} if address else {})},
    }
    for name, owned, host, phase, address in (
        ("web", True, False, "Running", True),
        ("alone", False, False, "Running", True),
        ("on-the-host", True, True, "Running", True),
        ("ended", True, False, "Succeeded", True),
        ("new", True, False, "Pending", False),
    )
]
FAILED = {"failed": True, "msg": "it did not work"}
NO_LEFT = {"changed": True, "removed": ["x"], "left": []}
LOOKED = {"node_network": {}}
SERVERS = {"resources": [{"status": {"podIP": "10.244.1.9"}}]}

Answer = dict[str, Any]


def cluster_says(skip: str = "absent", annotation: bool = True) -> Answer:
    """An answer of eksa_cluster_cni."""
    return {"changed": True, "before": {"skip_upgrade": skip, "annotation": annotation}}


def answers(phase: str = "", began: int = 0, management: str = "eks_anywhere", **more: list[Answer]) -> Answer:
    """The answers of a cluster, of an earlier run that got as far as ``phase``."""
    data = {"phase": phase, "began": str(began), "flow": "existing_controller"}
    records = [{"data": data}] if phase else []
    return {
        "cilium_info": [{"management": management}],
        "k8s_info": [{"resources": records}, {"resources": [NODE]}, {"resources": [NODE, *PODS]}],
        "eksa_cluster_cni": [cluster_says()],
        "probe_pods": [SERVERS],
        **more,
    }


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return a function that runs the playbook: what was asked on cluster and node, and what it failed with."""

    def run(
        cluster: Answer, node: Answer | None = None, **variables: Any
    ) -> tuple[list[tuple[str, Answer]], list[tuple[str, Answer]], str]:
        stand_ins(tmp_path, GROUPS, ["eksa_cni"])
        (tmp_path / "notes").mkdir()
        become = tmp_path / "become"
        become.write_text('#!/bin/sh\nwhile [ "$1" != /bin/sh ]; do shift; done\nexec "$@"\n')
        become.chmod(0o755)
        common = {"ansible_connection": "local", "ansible_become_method": "doas", "notes": str(tmp_path / "notes")}
        common |= {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        common |= {"ansible_become_exe": str(become), "eksa_cni_conf_dir": str(tmp_path)}
        common |= {"eksa_cni_kubeconfig": "/nowhere", "eksa_cni_wait_timeout": 3}
        common |= {"eksa_cni_custom_chart": {"ref": "oci://x/y", "name": "other", "namespace": "kube-system"}}
        of_node = {"answers": {"cilium_node_cleanup": [NO_LEFT], "node_network_info": [LOOKED], **(node or {})}}
        groups = {
            "cluster": {"hosts": {"here": {"answers": cluster}}},
            "nodes": {"hosts": {"w1": of_node}},
        }
        inventory = {"all": {"children": groups, "vars": {**common, **variables}}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        account = play(tmp_path, ROOT / "playbooks" / "replace_cni.yml")
        asked = [notes(tmp_path / "notes" / name) for name in ("here", "w1")]
        return asked[0], asked[1], failures(account).get("here", "")

    return run


def work(asked: list[tuple[str, Answer]]) -> list[str]:
    """What was asked of the cluster, records by their phase, in short."""
    found = []
    for name, arguments in asked:
        definition = arguments.get("definition")
        if name == "k8s" and isinstance(definition, dict):
            found.append(definition["data"]["phase"])
        elif name == "k8s":
            found.append("restart " + " ".join(item["metadata"]["name"] for item in definition))
        elif name == "eksa_cluster_cni":
            words = {key: arguments[key] for key in ("skip_upgrade", "annotation", "paused") if key in arguments}
            found.append(" ".join(f"{key}={value}" for key, value in words.items()))
        elif name == "probe_pods":
            found.append(f"probe {arguments['state']}")
        elif name != "k8s_info":
            found.append(f"{name} {arguments.get('state', '')}".strip())
    return found


PLAN = ["cilium_info", "skip_upgrade=true annotation=True paused=True"]
PROOF = ["probe fresh", "probe_run", "probe absent"]
AWAY = ["pausing", "paused=True", "removing", "cilium_absent", "removed"]
HANDS_OFF = "skip_upgrade=true annotation=True"
END = ["proven", "paused=False", "cilium_restore absent", "done"]
BACK = ["restoring", "helm absent", "cilium_restore"]
BACK_END = ["cilium_info", "restoring", "paused=False", "cilium_restore absent", "restored"]


def test_the_whole_way(told: Any) -> None:
    cluster, node, said = told(answers())
    assert said == ""
    assert work(cluster) == [
        *PLAN, HANDS_OFF, *AWAY, "installing", "helm", "restart web", *PROOF, *END,
    ]  # fmt: skip
    assert [name for name, _arguments in node] == ["node_network_info", "cilium_node_cleanup"]


def test_where_another_cni_is_already_it_is_only_proven(told: Any) -> None:
    cluster, node, said = told(answers("done", management="absent"))
    assert (said, work(cluster), len(node)) == ("", [*PLAN, *PROOF], 1)


def test_after_an_end_cilium_can_be_replaced_again(told: Any) -> None:
    cluster, _node, _said = told(answers("done"))
    assert work(cluster)[2:8] == [HANDS_OFF, *AWAY]


@pytest.mark.parametrize("phase", ["pausing", "removing", "removed", "installing"])
def test_a_run_that_was_broken_off_is_gone_on_with(told: Any, phase: str) -> None:
    began = 0 if phase == "pausing" else int(time.time()) - 5
    cluster, node, said = told(answers(phase, began, "absent"))
    assert said == ""
    assert [entry for entry in work(cluster) if entry != "pausing"] == [
        *PLAN, HANDS_OFF, *AWAY[1:], "installing", "helm", "restart web", *PROOF, *END,
    ]  # fmt: skip
    assert len(node) == 2
    records = [
        arguments["definition"]["data"] for name, arguments in cluster if name == "k8s" and "state" not in arguments
    ]
    noted = [record["began"] for record in records if record["phase"] == "removing"]
    assert not began or noted == [str(began)]


def test_what_was_proven_already_is_not_done_again(told: Any) -> None:
    cluster, node, said = told(answers("proven", int(time.time()), "absent"))
    assert said == ""
    assert work(cluster) == [*PLAN, *PROOF, *END]
    assert len(node) == 1


def test_what_took_too_long_is_put_back(told: Any) -> None:
    cluster, node, said = told(answers("removed", int(time.time()) - 900, "absent"))
    assert work(cluster) == [*PLAN, *BACK, "restart web", *PROOF, *BACK_END]
    assert "for more than 300 seconds" in said
    assert len(node) == 1


@pytest.mark.parametrize(
    ("cluster", "node"),
    [
        ({"helm": [FAILED, {"changed": True}]}, {}),
        ({}, {"cilium_node_cleanup": [{**NO_LEFT, "left": ["link cilium_host: busy"]}]}),
        ({}, {"cilium_node_cleanup": [FAILED]}),
        ({"probe_run": [FAILED, {}]}, {}),
    ],
)
def test_what_fails_after_the_removal_puts_cilium_back(told: Any, cluster: Answer, node: Answer) -> None:
    asked, _node, said = told(answers(**cluster), node)
    done = work(asked)
    assert "Cilium was put back" in said
    assert done[-len(BACK_END) :] == BACK_END
    assert done.index("cilium_restore") < done.index("paused=False")
    assert done[done.index("paused=False") - 3 - len(PROOF) : done.index("paused=False") - 2] == ["restart web", *PROOF]


def test_a_role_that_is_not_there_puts_cilium_back(told: Any) -> None:
    cluster, _node, said = told(answers(), eksa_cni_custom_role="/no/such/role")
    assert "Not cleaned, or without the other CNI: w1" in said
    assert work(cluster)[-len(BACK_END) :] == BACK_END


def test_a_removal_that_was_refused_restarts_no_pod(told: Any) -> None:
    cluster, node, said = told(answers(cilium_absent=[FAILED], cilium_restore=[{"changed": False}]))
    assert "it did not work" in said
    assert not [entry for entry in work(cluster) if entry.startswith("restart")]
    assert "paused=False" in work(cluster)
    assert len(node) == 1


@pytest.mark.parametrize("broken", ["probe_run", "cilium_info"])
def test_without_a_proof_the_cluster_stays_paused(told: Any, broken: str) -> None:
    more: Answer = {"helm": [FAILED, {"changed": True}]}
    more[broken] = [{"management": "eks_anywhere"}, FAILED] if broken == "cilium_info" else [FAILED]
    cluster, _node, said = told(answers(**more))
    assert "paused=False" not in work(cluster)
    assert "stay paused" in said
    assert "kubectl -n eksa-system patch clusters.cluster.x-k8s.io" in said
    assert "it did not work" in said


def test_nothing_is_paused_before_skip_upgrade_is_reconciled(told: Any) -> None:
    cluster, node, said = told(answers(eksa_cluster_cni=[cluster_says(), FAILED]))
    assert said == "it did not work"
    assert work(cluster) == [*PLAN, HANDS_OFF]
    assert len(node) == 1


def test_a_new_cluster_has_to_say_it_from_its_creation(told: Any) -> None:
    cluster, _node, said = told(answers(), eksa_cni_flow="new_cluster")
    assert "was not created with skipUpgrade: true (got absent)" in said
    assert work(cluster) == PLAN


def test_a_new_cluster(told: Any) -> None:
    more = {"eksa_cluster_cni": [cluster_says("true")]}
    cluster, _node, said = told(answers(**more), eksa_cni_flow="new_cluster")
    assert (said, work(cluster)[2]) == ("", HANDS_OFF)


def eksctl(folder: Path, code: int = 0) -> dict[str, str]:
    """An eksctl that notes how it was called, and a cluster file."""
    program = folder / "eksctl"
    program.write_text(f'#!/bin/sh\necho "$@" > {folder}/called\nexit {code}\n')
    program.chmod(0o755)
    (folder / "cluster.yaml").write_text("x")
    return {"eksa_cni_eksctl_binary": str(program), "eksa_cni_cluster_file": str(folder / "cluster.yaml")}


def test_eksctl_anywhere_applies_the_file(told: Any, tmp_path: Path) -> None:
    cluster, _node, said = told(answers(), eksa_cni_flow="existing_eksctl", **eksctl(tmp_path))
    assert said == ""
    assert work(cluster)[2:4] == ["cluster_spec", HANDS_OFF]
    assert (tmp_path / "called").read_text().split()[:4] == ["anywhere", "upgrade", "cluster", "-f"]


@pytest.mark.parametrize("more", [{"eksa_cni_method": "print"}, {"eksa_cni_eksctl_binary": "no-such-eksctl"}])
def test_a_command_that_is_left_to_the_user(told: Any, tmp_path: Path, more: dict[str, str]) -> None:
    variables = {**eksctl(tmp_path), "eksa_cni_flow": "existing_eksctl", **more}
    cluster, node, said = told(answers(), **variables)
    assert "anywhere upgrade cluster -f" in said
    assert work(cluster) == [*PLAN, "cluster_spec"]
    assert (len(node), (tmp_path / "called").exists()) == (1, False)


def test_eksctl_anywhere_is_not_called_for_what_the_cluster_says_already(told: Any, tmp_path: Path) -> None:
    more = {"eksa_cluster_cni": [cluster_says("true")]}
    cluster, _node, _said = told(answers(**more), eksa_cni_flow="existing_eksctl", **eksctl(tmp_path))
    assert "cluster_spec" not in work(cluster)


def test_a_node_that_the_inventory_does_not_know(told: Any) -> None:
    other = {**NODE, "metadata": {"name": "w9"}, "status": {**NODE["status"], "addresses": []}}
    nodes = [{"resources": []}, {"resources": [NODE, other]}]
    cluster, _node, said = told(answers(k8s_info=nodes))
    assert "w9: is a node of the cluster and not in the inventory's group nodes" in said
    assert work(cluster) == PLAN


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"eksa_cni_custom_chart": {}}, ["no other CNI is named"]),
        (
            {
                "eksa_cni_custom_chart": {"ref": "x"},
                "eksa_cni_custom_manifests": ["/no/such.yml"],
                "eksa_cni_flow": "existing_eksctl",
                "eksa_cni_max_outage": 10,
                "eksa_cni_wait_timeout": 0,
            },
            [
                "eksa_cni_custom_chart.name: must not be empty",
                "eksa_cni_custom_chart.namespace: must not be empty",
                "eksa_cni_custom_manifests[0]: is no file",
                "eksa_cni_cluster_file: is no file on this machine (got '')",
                "eksa_cni_max_outage: must be at least 60 seconds (got 10)",
                "eksa_cni_wait_timeout: must be at least 1 second",
            ],
        ),
    ],
)
def test_all_wrong_variables_are_named_before_anything_is_asked(told: Any, variables: Answer, said: list[str]) -> None:
    cluster, node, failure = told(answers(), **variables)
    assert [part for part in said if part not in failure] == []
    assert (cluster, len(node)) == ([], 1)


@pytest.mark.parametrize("answer", [FAILED, {"changed": False}])
def test_a_node_that_cannot_be_worked_on(told: Any, answer: Answer) -> None:
    cluster, _node, said = told(answers(), {"node_network_info": [answer]})
    assert "w1: cannot be reached, or not as root" in said
    assert cluster == []
