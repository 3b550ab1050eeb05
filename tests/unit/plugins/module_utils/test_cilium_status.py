# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of Cilium: its keys, who manages it, and its text."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins import breakers
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects

CLI_KEYS = {
    "image_count",
    "phase_count",
    "pod_state",
    "pods_count",
    "cilium_status",
    "cilium_endpoints",
    "errors",
    "collection_errors",
    "helm_chart_version",
    "config_errors",
}


def test_healthy(judge):
    result = judge(Objects())
    assert breakers.texts(result) == []
    assert result["healthy"] is True
    assert set(result) >= CLI_KEYS
    assert result["pod_state"]["cilium"] == {
        "Type": "DaemonSet",
        "Desired": 3,
        "Ready": 3,
        "Available": 3,
        "Unavailable": 0,
    }
    assert result["image_count"] == {
        "cilium": {objects.AGENT_IMAGE: 3},
        "cilium-operator": {objects.OPERATOR_IMAGE: 2},
    }
    assert result["phase_count"] == {"cilium": {"Running": 3}, "cilium-operator": {"Running": 2}}
    assert result["pods_count"] == {"all": 6, "by_cilium": 6}
    assert result["helm_chart_version"] == "1.17.6-0"
    assert result["management"] == "helm"
    assert result["support"] == []
    assert result["crds"] == [{"name": "ciliumnodes.cilium.io", "uid": "crd-1"}]
    assert result["cilium_status"] == {}
    assert result["cilium_endpoints"] == {}
    assert result["nodes"][1] == {
        "name": "w1",
        "agent_pod": "cilium-1",
        "image": objects.AGENT_IMAGE,
        "ready": True,
        "started": objects.STARTED,
        "ready_at": objects.STARTED,
    }
    assert result["errors"]["cilium-envoy"] == {"cilium-envoy": {"Errors": [], "Warnings": [], "Disabled": True}}
    assert "Envoy DaemonSet:    disabled (using embedded mode)" in result["box"]
    assert "DaemonSet           cilium                  Desired: 3, Ready: 3/3, Available: 3/3" in result["box"]
    assert "Cluster Pods:       6/6 managed by Cilium" in result["box"]


def test_one_node_needs_one_operator(judge):
    assert breakers.texts(judge(Objects(nodes=("w1",)))) == []


def test_completed_pods_do_not_count(judge):
    content = Objects()
    content.workload_pods[0]["status"]["phase"] = "Succeeded"
    content.endpoints.pop(0)
    assert judge(content)["pods_count"] == {"all": 5, "by_cilium": 5}


def test_relay_is_judged_too(judge):
    content = Objects()
    content.deployments.append(objects.deployment(1, "hubble-relay", "quay.io/cilium/hubble-relay:v1.17.6"))
    breakers.set_status(content.deployments[1], readyReplicas=0)
    result = judge(content)
    assert breakers.texts(result) == ["hubble-relay | Deployment kube-system/hubble-relay | 0 of 1 pods are ready"]
    assert "Hubble Relay:       1 error" in result["box"]
    assert [item["key"] for item in result["support"]] == ["workload hubble-relay"]


def strip_release(content):
    content.release = None


@pytest.mark.parametrize(
    ("change", "management"),
    [
        (lambda c: None, "helm"),
        (
            lambda c: (
                strip_release(c),
                c.daemon_set["metadata"].update(labels={"app.kubernetes.io/managed-by": "Helm"}),
            ),
            "helm",
        ),
        (strip_release, "eks_anywhere"),
        (
            lambda c: (
                strip_release(c),
                upstream(c),
                c.daemon_set["metadata"].update(managedFields=[{"manager": "eks-a-controller"}]),
            ),
            "eks_anywhere",
        ),
        (lambda c: (strip_release(c), upstream(c)), "manifest"),
        (
            lambda c: (strip_release(c), c.daemon_sets.clear(), c.deployments.clear(), setattr(c, "config", None)),
            "absent",
        ),
    ],
)
def test_management(judge, change, management):
    content = Objects()
    change(content)
    assert judge(content)["management"] == management


def upstream(content):
    for item in (content.daemon_set, content.deployment):
        for container in item["spec"]["template"]["spec"]["containers"]:
            container["image"] = "quay.io/cilium/x:v1.17.6"


def test_absent_cilium_is_two_problems(judge):
    content = Objects()
    content.daemon_sets.clear()
    content.deployments.clear()
    content.agents.clear()
    content.operators.clear()
    content.endpoints.clear()
    assert breakers.texts(judge(content)) == [breakers.AGENT + "does not exist", breakers.OPERATOR + "does not exist"]


def test_l7_policies_are_named(judge):
    content = Objects()
    rules = {"egress": [{"toPorts": [{"rules": {"http": [{}]}}]}]}
    content.policies["CiliumNetworkPolicy"].append(objects.policy("l7", rules))
    assert [item["key"] for item in judge(content)["support"]] == ["CiliumNetworkPolicy shop/l7"]
