"""What EKS Anywhere would undo is refused, so is removing an Envoy that serves policies; other registries are told."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from plays import play

CLUSTERS = "clusters.anywhere.eks.amazonaws.com"
POLICY = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumNetworkPolicy",
    "metadata": {"name": "http", "namespace": "shop"},
    "spec": {
        "endpointSelector": {"matchLabels": {"app": "no-such-pod"}},
        "ingress": [
            {"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"method": "GET"}]}}]}
        ],
    },
}
ENVOY = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "cilium-envoy", "namespace": "kube-system"},
    "spec": {
        "selector": {"matchLabels": {"name": "double-of-envoy"}},
        "template": {
            "metadata": {"labels": {"name": "double-of-envoy"}},
            "spec": {
                "hostNetwork": True,
                "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "cilium-envoy", "image": "registry.k8s.io/pause:3.10"}],
            },
        },
    },
}
"""A double: its name and that it runs are all that counts here."""


@pytest.fixture(scope="module")
def definition(project, kubectl):
    """The Cluster's definition; it goes with the tests, and its objects with it."""
    path = str(project / "lab" / "start" / "eks-anywhere-crds.yml")
    kubectl("apply", "-f", path)
    kubectl("wait", "--for=condition=Established", f"crd/{CLUSTERS}", "--timeout=30s")
    yield
    kubectl("delete", "-f", path)


@pytest.fixture
def say(project, kubectl, definition):
    """Return a function that makes the Cluster say skipUpgrade, or nothing of it."""

    def apply(value=None):
        manifest = yaml.safe_load((project / "lab" / "start" / "eks-anywhere-cluster.yml").read_text())
        if value is not None:
            manifest["spec"]["clusterNetwork"]["cniConfig"]["cilium"]["skipUpgrade"] = value
        kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    return apply


@pytest.mark.parametrize("value", [None, False])
def test_a_change_that_eks_anywhere_would_undo_is_refused(lab, project, say, value):
    say(value)
    done = play(project, "cilium")
    assert done.code != 0
    assert done.changed == []
    assert "Cluster default/practice does not say" in done.failures[-1]
    assert "skipUpgrade: true" in done.failures[-1]
    assert "eks_anywhere.network.eksa_cni" in done.failures[-1]


def test_where_it_leaves_cilium_alone_the_change_is_planned(lab, project, say):
    say(True)
    done = play(project, "cilium", check=True)
    assert done.code == 0
    assert done.fact("cilium_result")["action"] == "migrate"


def test_the_definition_takes_no_other_type(lab, say):
    with pytest.raises(AssertionError, match=r"skipUpgrade.* must be of type boolean"):
        say("true")


@pytest.fixture
def policy_for_envoy(kubectl):
    """A policy with HTTP rules, and the double of the DaemonSet that would serve it."""
    manifests = json.dumps({"apiVersion": "v1", "kind": "List", "items": [POLICY, ENVOY]})
    kubectl("apply", "-f", "-", stdin=manifests)
    yield
    kubectl("delete", "-f", "-", stdin=manifests)
    time.sleep(1)


@pytest.mark.usefixtures("policy_for_envoy")
def test_policies_that_envoy_serves_are_not_cut_off(lab, project):
    done = play(project, "cilium")
    assert done.code != 0
    assert done.changed == []
    assert "cilium_allow_l7_interruption" in done.failures[-1]
    assert "CiliumNetworkPolicy shop/http" in done.failures[-1]


def test_images_of_another_registry_are_told(lab, project):
    done = play(project, "cilium", {"cilium_values": {"hubble": {"relay": {"enabled": True}}}}, check=True)
    said = [text for _task, result in done.results for text in map(str, result.get("warnings", []))]
    (warning,) = [text for text in said if "Images that do not come from public.ecr.aws" in text]
    assert "quay.io/cilium/hubble-relay" in warning
