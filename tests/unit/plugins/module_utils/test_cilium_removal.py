"""What stands against removing Cilium."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import Workload
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_removal import problems

RELAY = Workload("Deployment", "kube-system", "hubble-relay", {}, {"metadata": {"labels": {"k8s-app": "relay"}}})
BARE = Workload("Deployment", "kube-system", "bare", {}, {})
OWN = [RELAY, BARE]


def pod(namespace="shop", phase="Running", labels=None, **spec):
    return {
        "metadata": {"name": "p", "namespace": namespace, "labels": labels or {}},
        "spec": {"nodeName": "w1", **spec},
        "status": {"phase": phase},
    }


class Api:
    def __init__(self, *pods):
        self.pods = pods

    def list(self, path, query=None, metadata_only=False, pick=None):
        assert path == "/api/v1/pods"
        return [pick(item) for item in self.pods]


def test_connected_pods_are_counted_by_namespace():
    (problem,) = problems(Api(pod(), pod(phase="Pending"), pod("web"), pod("web", labels={"k8s-app": "relay"})), OWN)
    assert str(problem).startswith(
        "state: pods run that have their network from Cilium (found 4: 2 in shop, 2 in web)."
    )
    assert "replace_cni.yml" in problem.hint


def test_what_loses_nothing_does_not_count():
    relay = pod("kube-system", labels={"k8s-app": "relay", "pod-template-hash": "1"})
    others = [pod(hostNetwork=True), pod(phase="Succeeded"), pod(phase="Failed"), pod(nodeName="")]
    assert problems(Api(relay, *others), OWN) == []


def test_a_pod_beside_cilium_counts():
    assert len(problems(Api(pod("kube-system", labels={"k8s-app": "dns"})), OWN)) == 1
