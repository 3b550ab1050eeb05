"""Every Cilium pod on every node runs the AWS build, and pods talk."""

from __future__ import annotations

import pytest

REGISTRY = "public.ecr.aws/eks/cilium/"
TAG = "v1.17.6-0"


@pytest.fixture(scope="module")
def cilium_pods(read):
    return [
        pod
        for selector in ("k8s-app=cilium", "io.cilium/app=operator")
        for pod in read("pods", "-n", "kube-system", "-l", selector)
    ]


def test_there_is_an_agent_on_every_node_and_two_operators_on_different_ones(read, cilium_pods):
    nodes = {node["metadata"]["name"] for node in read("nodes")}
    agents = [p["spec"]["nodeName"] for p in cilium_pods if p["metadata"]["labels"].get("k8s-app") == "cilium"]
    operators = [p["spec"]["nodeName"] for p in cilium_pods if p["metadata"]["labels"].get("io.cilium/app")]
    assert sorted(agents) == sorted(nodes)
    assert len(operators) == len(set(operators)) == 2


def test_every_container_and_init_container_is_of_the_aws_build(cilium_pods):
    images = {
        (pod["metadata"]["name"], container["name"]): container["image"]
        for pod in cilium_pods
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
    }
    assert len(images) >= 3 * 6 + 2
    wrong = {
        where: image for where, image in images.items() if not (image.startswith(REGISTRY) and image.endswith(TAG))
    }
    assert not wrong


def test_every_container_is_ready_and_did_not_crash(cilium_pods):
    statuses = [status for pod in cilium_pods for status in pod["status"]["containerStatuses"]]
    assert all(status["ready"] for status in statuses)
    assert [status["restartCount"] for status in statuses] == [0] * len(statuses)


def test_containerd_runs_the_image_that_says_it_is_aws(node, read):
    """Content, not names: the lab marks its images in /etc/image-vendor."""
    name = node.check_output("hostname")
    (pod,) = read("pods", "-n", "kube-system", "-l", "k8s-app=cilium", "--field-selector", f"spec.nodeName={name}")
    (status,) = [s for s in pod["status"]["containerStatuses"] if s["name"] == "cilium-agent"]
    container = status["containerID"].removeprefix("containerd://")
    assert container in node.check_output("ctr -n k8s.io tasks list")
    shown = node.check_output("ctr -n k8s.io containers info %s", container)
    assert f'"Image": "{REGISTRY}cilium:{TAG}"' in shown
    vendor = node.check_output("ctr -n k8s.io tasks exec --exec-id look %s cat /etc/image-vendor", container)
    assert vendor.strip() == "aws"


def test_nodes_are_ready(read):
    for node in read("nodes"):
        conditions = {c["type"]: c["status"] for c in node["status"]["conditions"]}
        assert conditions["Ready"] == "True", node["metadata"]["name"]
        assert not any(t["key"] == "node.cilium.io/agent-not-ready" for t in node["spec"].get("taints", []))


def test_the_conflist_on_the_node_is_cilium(node):
    assert node.file("/etc/cni/net.d/05-cilium.conflist").exists
    assert node.file("/opt/cni/bin/cilium-cni").exists
