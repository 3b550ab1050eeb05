"""An image that cannot start stops the change at the first node, and the way back leads to what was there before."""

from __future__ import annotations

import pytest
import snapshot
from plays import play

BROKEN = "public.ecr.aws/docker/library/python:3.13-slim"
BROKEN_CHANGE = {"cilium_values": {"image": {"override": BROKEN}}}
WITHOUT_MULTUS = {"network_check_networks": []}
WITHOUT_FLOWS = {"network_check_flows": False, **WITHOUT_MULTUS}


@pytest.fixture(scope="module")
def stories(lab, project, agents):
    """The whole way, once: each run and what kubectl saw after it."""
    told = {"start": agents()}
    told["broken"] = play(project, "cilium", BROKEN_CHANGE), agents()
    told["foretold"] = play(project, "cilium_rollback", WITHOUT_FLOWS, check=True), agents()
    told["back"] = play(project, "cilium_rollback", WITHOUT_MULTUS), agents()
    told["again"] = play(project, "cilium_rollback", WITHOUT_FLOWS), agents()
    return told


def test_the_change_stops_at_the_first_node(stories):
    _play, seen = stories["broken"]
    assert sorted(seen) == ["cp1", "w1", "w2"]
    broken = [node for node, (image, ready) in seen.items() if image == BROKEN or not ready]
    assert len(broken) == 1, seen
    others = {node: agent for node, agent in seen.items() if node not in broken}
    assert others == {node: agent for node, agent in stories["start"].items() if node not in broken}


def test_it_says_which_node_why_and_how_to_go_back(stories, before):
    done, seen = stories["broken"]
    (node,) = [node for node, (image, _ready) in seen.items() if image == BROKEN]
    assert done.code != 0
    said = done.failures[-1]
    assert said.startswith(f"The agent is not ready on {node}.")
    assert "cannot start" in said
    assert f"go back to revision {before['revision']} (chart 1.17.6)" in said
    assert "ansible-playbook eks_anywhere.network.cilium_rollback" in said


def test_check_mode_foretells_the_way_back_and_changes_nothing(stories):
    done, seen = stories["foretold"]
    assert done.code == 0
    assert seen == stories["broken"][1]
    assert done.changed == stories["back"][0].changed
    assert done.fact("cilium_result")["action"] == "rollback"


def test_every_agent_is_what_it_was(stories):
    done, seen = stories["back"]
    assert done.code == 0
    assert seen == stories["start"]


def test_nothing_was_lost_meanwhile(stories):
    flows = stories["back"][0].fact("network_check_result").get("flows")
    if len([node for node in ("w1", "w2") if stories["broken"][1][node][1]]) == 2:
        assert flows["sent"] > 1000
        assert flows["lost"] <= 5
        assert flows["denied_received"] == 0
    else:
        assert flows is None


def test_going_back_twice_is_going_back_once(stories):
    done, seen = stories["again"]
    assert (done.code, done.changed) == (0, [])
    assert seen == stories["start"]


@pytest.mark.usefixtures("stories")
def test_values_and_configuration_are_as_before(helm, read, before):
    newest = helm("history", "cilium")[-1]
    assert (newest["status"], newest["chart"]) == ("deployed", "cilium-1.17.6")
    assert helm("get", "values", "cilium") == before["values"]
    assert read("configmap", "cilium-config", "-n", "kube-system")["data"] == before["config"]


@pytest.mark.usefixtures("stories")
def test_policies_definitions_and_pods_are_the_same_objects(read, before):
    assert snapshot.policies(read) == before["policies"]
    assert snapshot.crds(read) == before["crds"]
    assert snapshot.workload_pods(read) == before["workload_pods"]


@pytest.mark.usefixtures("stories")
def test_the_record_says_that_it_is_proven(read, before):
    recorded = read("configmap", "eks-anywhere-network-cilium", "-n", "kube-system")["data"]
    assert recorded == {
        "release": "cilium",
        "revision": str(before["revision"]),
        "chart_version": "1.17.6",
        "proven": "true",
    }
