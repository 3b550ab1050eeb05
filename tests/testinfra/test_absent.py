"""Where no pod has its network from Cilium any more, cilium_state=absent takes the release away, and nothing else."""

from __future__ import annotations

import pytest
import snapshot
from plays import play

ABSENT = {"cilium_state": "absent"}


def connected(read):
    """The pods that have a network of their own, by namespace."""
    pods = read("pods", "--all-namespaces")
    return sorted(pod["metadata"]["namespace"] for pod in pods if not pod["spec"].get("hostNetwork"))


@pytest.fixture(scope="module")
def stories(lab, project, kubectl, read):
    """Each run, in order, and Cilium's CRDs before the first."""
    assert set(connected(read)) == {"shop"}
    definitions = snapshot.crds(read)
    kubectl("delete", "namespace", "shop", "--timeout=60s")
    assert connected(read) == []
    foretold = play(project, "cilium", ABSENT, check=True)
    assert read("daemonset", "cilium", "-n", "kube-system")["status"]["numberReady"] == 3
    return {
        "foretold": foretold,
        "removed": play(project, "cilium", ABSENT),
        "again": play(project, "cilium", ABSENT),
        "definitions": definitions,
    }


def test_check_mode_foretells_it(stories):
    assert stories["foretold"].code == 0
    assert stories["foretold"].changed == stories["removed"].changed
    assert stories["removed"].changed[-1].endswith("Remove the release")


def test_nothing_of_the_release_is_left(stories, read, helm):
    assert stories["removed"].code == 0, stories["removed"].failures
    assert helm("list", "--all") == []
    names = [item["metadata"]["name"] for item in read("all,configmaps,secrets,serviceaccounts", "-n", "kube-system")]
    assert [name for name in names if "cilium" in name] == []
    names = [item["metadata"]["name"] for item in read("clusterroles,clusterrolebindings")]
    assert [name for name in names if "cilium" in name] == []


def test_the_definitions_stay(stories, read):
    assert len(stories["definitions"]) >= 10
    assert snapshot.crds(read) == stories["definitions"]


@pytest.mark.usefixtures("stories")
def test_what_it_wrote_on_the_nodes_stays(node):
    assert node.file("/etc/cni/net.d/05-cilium.conflist").exists
    assert node.interface("cilium_host").exists


def test_taking_it_away_twice_is_taking_it_away_once(stories):
    assert (stories["again"].code, stories["again"].changed) == (0, [])
