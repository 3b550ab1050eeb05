"""What was refused or failed has changed nothing."""

from __future__ import annotations

import snapshot


def test_release_and_values_are_as_before(before, helm):
    assert helm("history", "cilium")[-1]["revision"] == before["revision"]
    assert helm("history", "cilium")[-1]["status"] == "deployed"
    assert helm("get", "values", "cilium") == before["values"]


def test_configuration_policies_and_pods_are_as_before(before, read):
    assert read("configmap", "cilium-config", "-n", "kube-system")["data"] == before["config"]
    assert snapshot.policies(read) == before["policies"]
    assert snapshot.workload_pods(read) == before["workload_pods"]


def test_no_pod_of_a_pre_pull_is_left(read):
    names = [pod["metadata"]["name"] for pod in read("pods", "-n", "kube-system")]
    assert names
    assert [name for name in names if not name.startswith("cilium")] == []
