"""EKS Anywhere's Cilium becomes a release when all of it is explained: the same objects, the same pods."""

from __future__ import annotations

import pytest
import yaml
from plays import play

KINDS = (
    "daemonsets,deployments,configmaps,secrets,serviceaccounts,services,roles,rolebindings",
    "clusterroles,clusterrolebindings,namespaces",
)
CLUSTER = "clusters.anywhere.eks.amazonaws.com"


def identities(read):
    """UID of every object and pod of Cilium."""
    found = [*read(KINDS[0], "-n", "kube-system"), *read(KINDS[1]), *read("pods", "-n", "kube-system")]
    return {
        f"{item['kind']} {item['metadata']['name']}": item["metadata"]["uid"]
        for item in found
        if item["metadata"]["name"].startswith(("cilium", "hubble"))
    }


@pytest.fixture(scope="module")
def explained(project):
    """What the practice cluster's start has and EKS Anywhere's own values have not."""
    values = yaml.safe_load((project / "lab" / "start" / "cilium-eks-anywhere.yml").read_text())
    return {key: values[key] for key in ("tunnelProtocol", "l7Proxy", "securityContext")}


@pytest.fixture(scope="module")
def stories(lab, project, read, helm, explained):
    """Each run, in order, and who is who before and after."""
    before = identities(read)
    unexplained = play(project, "adopt")
    untouched = (
        identities(read),
        read(CLUSTER, "practice")["spec"]["clusterNetwork"]["cniConfig"],
        helm("list", "--all"),
    )
    foretold = play(project, "adopt", {"eksa_cni_adopt_values": explained}, check=True)
    assert helm("list", "--all") == []
    done = play(project, "adopt", {"eksa_cni_adopt_values": explained})
    again = play(project, "adopt", {"eksa_cni_adopt_values": explained})
    return {
        "before": before, "after": identities(read), "untouched": untouched,
        "unexplained": unexplained, "foretold": foretold, "done": done, "again": again,
    }  # fmt: skip


def test_what_is_not_explained_is_refused_and_nothing_is_touched(stories):
    assert stories["unexplained"].code != 0
    said = stories["unexplained"].failures[-1]
    assert "cilium-config.tunnel-protocol: EKS Anywhere's values and yours do not explain it" in said
    assert "cilium-config.enable-l7-proxy" in said
    assert stories["untouched"] == (stories["before"], {"cilium": {}}, [])


def test_check_mode_foretells_it(stories):
    assert (stories["foretold"].code, len(stories["foretold"].changed)) == (0, 1)


def test_there_is_a_release(stories, helm):
    assert stories["done"].code == 0, stories["done"].failures
    (release,) = helm("list", "--all")
    assert (release["name"], release["chart"], release["status"]) == ("cilium", "cilium-1.17.6-0", "deployed")


def test_everything_is_what_it_was(stories):
    assert len(stories["before"]) > 15
    gone = {name for name, uid in stories["before"].items() if stories["after"].get(name) != uid}
    assert gone == set()


def test_a_second_run_changes_nothing(stories):
    assert (stories["again"].code, stories["again"].changed) == (0, [])


@pytest.mark.usefixtures("stories")
def test_eks_anywhere_keeps_its_hands_off(read):
    cluster = read(CLUSTER, "practice")
    assert cluster["spec"]["clusterNetwork"]["cniConfig"]["cilium"]["skipUpgrade"] is True
    assert cluster["status"]["reconciledGeneration"] == cluster["metadata"]["generation"]


@pytest.mark.usefixtures("stories")
def test_the_role_cilium_finds_nothing_to_do_but_its_profile(project, explained):
    run = play(project, "cilium", check=True)
    assert run.code == 0, run.failures
    plan = run.fact("__cilium_plan")
    assert [change["key"] for change in plan["changes"]["config"]] == []
