"""Where the other CNI never comes, Cilium is put back as it was, and no machine is replaced."""

from __future__ import annotations

import pytest
from plays import play
from replaced import CLUSTER, MACHINES, marked, phase, with_none

PAUSED = "anywhere.eks.amazonaws.com/paused"


@pytest.fixture(scope="module")
def story(lab, project, read, tmp_path_factory):
    """What was before, and the run."""
    before = read("configmap", "cilium-config", "-n", "kube-system")["data"]
    uid = read("daemonset", "cilium", "-n", "kube-system")["metadata"]["uid"]
    run = play(project, "replace_cni", with_none(tmp_path_factory.mktemp("nothing")), timeout=280)
    return before, uid, run


def test_it_says_what_happened(story):
    _before, _uid, run = story
    assert run.code != 0
    assert "Cilium was put back, and pods reach each other again" in run.failures[-1]
    assert "container runtime network not ready" in run.failures[-1] or "proof-" in run.failures[-1]


def test_cilium_is_as_it_was(story, read, agents):
    before, uid, _run = story
    assert read("configmap", "cilium-config", "-n", "kube-system")["data"] == before
    assert read("daemonset", "cilium", "-n", "kube-system")["metadata"]["uid"] != uid
    assert [ready for _image, ready in agents().values()] == [True, True, True]


@pytest.mark.usefixtures("story")
def test_pods_have_its_network_again(kubectl, read):
    kubectl("rollout", "status", "daemonset/web", "-n", "shop", "--timeout=60s")
    pods = [pod for pod in read("pods", "-n", "shop") if not pod["metadata"].get("deletionTimestamp")]
    endpoints = {item["metadata"]["name"] for item in read("ciliumendpoints", "-n", "shop")}
    assert {pod["metadata"]["name"] for pod in pods} <= endpoints


@pytest.mark.usefixtures("story")
def test_no_machine_was_replaced_and_everything_goes_on(read):
    assert marked(read) == []
    assert phase(read) == "restored"
    assert PAUSED not in read(CLUSTER, "practice")["metadata"]["annotations"]
    assert not read(MACHINES, "practice", "-n", "eksa-system")["spec"].get("paused")


def test_nothing_of_the_other_cni_stays(story, read):
    assert story
    assert [item for item in read("configmaps") if item["metadata"]["name"] == "no-cni-at-all"] == []
