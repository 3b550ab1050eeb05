"""The AWS build of Cilium runs, on every node and in every pod, and pods are reached."""

from __future__ import annotations

import json
from typing import Any

import pytest

NODES = ("cp1", "w1", "w2")
IMAGES = {
    "cilium": "public.ecr.aws/eks/cilium/cilium:v1.17.6-0",
    "cilium-operator": "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0",
}
"""By the label app.kubernetes.io/name of the pods: cilium-agent's image stands under cilium."""


def test_every_container_of_every_pod_has_the_aws_image(lab: Any) -> None:
    pods = lab.cilium_pods()
    assert len(pods) == len(NODES) + 2
    for pod in pods:
        wanted = IMAGES["cilium-operator" if "operator" in pod["metadata"]["name"] else "cilium"]
        containers = pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
        assert {container["image"] for container in containers} == {wanted}, pod["metadata"]["name"]
        assert all(status["ready"] for status in pod["status"]["containerStatuses"]), pod["metadata"]["name"]


def test_the_content_of_the_image_is_aws_build(lab: Any) -> None:
    for pod in lab.get("pods", "-n", "kube-system", "-l", "k8s-app=cilium"):
        words = ("exec", "-n", "kube-system", pod["metadata"]["name"], "-c", "cilium-agent", "--", "cat")
        assert "aws" in lab.kubectl(*words, "/etc/image-vendor").lower()


@pytest.mark.parametrize("name", NODES)
def test_the_container_runtime_runs_no_other_cilium(lab: Any, name: str) -> None:
    node = lab.node(name)
    running = {
        line.split()[0]
        for line in node.check_output("ctr --namespace k8s.io tasks list").splitlines()
        if line.endswith("RUNNING")
    }
    listed = [line.split() for line in node.check_output("ctr --namespace k8s.io containers list").splitlines()[1:]]
    images = {image for container, image, _runtime in listed if container in running and "cilium" in image}
    assert IMAGES["cilium"] in images
    assert images <= set(IMAGES.values())


@pytest.mark.parametrize("workload", ["daemonset/cilium", "deployment/cilium-operator"])
def test_the_rollout_is_complete(lab: Any, workload: str) -> None:
    lab.kubectl("rollout", "status", workload, "-n", "kube-system", "--timeout=5s")


def test_operators_run_on_different_nodes(lab: Any) -> None:
    pods = lab.get("pods", "-n", "kube-system", "-l", "name=cilium-operator")
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 2


def test_the_release_is_the_aws_chart(lab: Any) -> None:
    release = lab.helm("list", "--filter", "^cilium$")[0]
    assert (release["status"], release["chart"]) == ("deployed", "cilium-1.17.6-0")


@pytest.mark.parametrize("name", NODES)
def test_the_agent_is_healthy_by_its_own_word(lab: Any, name: str) -> None:
    assert lab.node(name).check_output("curl --silent --header 'brief: true' http://127.0.0.1:9879/healthz")


def test_every_pod_with_a_network_is_an_endpoint(lab: Any) -> None:
    pods = [pod for pod in lab.get("pods", "-A") if not pod["spec"].get("hostNetwork")]
    names = {(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods}
    endpoints = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in lab.get("ciliumendpoints", "-A")}
    assert endpoints == names


def test_pods_reach_each_other_through_their_service(lab: Any) -> None:
    pods = lab.get("pods", "-n", "shop", "-l", "app=web")
    service = json.loads(lab.kubectl("get", "service", "web", "-n", "shop", "-o", "json"))["spec"]["clusterIP"]
    assert len(pods) == 2
    for pod in pods:
        for address in [f"{other['status']['podIP']}:8080" for other in pods] + [f"{service}:80"]:
            code = f"import urllib.request; print(urllib.request.urlopen('http://{address}', timeout=5).status)"
            words = ("exec", "-n", "shop", pod["metadata"]["name"], "--", "python3", "-c", code)
            assert lab.kubectl(*words).strip() == "200", address


def test_nothing_is_left_behind(lab: Any) -> None:
    assert not [item for item in lab.get("namespaces") if "network-check" in item["metadata"]["name"]]
    assert {pod["metadata"]["name"].split("-")[0] for pod in lab.get("pods", "-n", "kube-system")} == {"cilium"}
