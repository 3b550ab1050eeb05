"""Each problem of the status is caused on the real cluster, seen by name, and undone."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager

import pytest
import testinfra

CONFIG = ("configmap", "cilium-config", "-n", "kube-system")


@pytest.fixture(scope="module")
def status(lab, project):
    """Ask cilium_info, as an ad-hoc call."""

    def ask(**options):
        arguments = json.dumps({"kubeconfig": lab["KUBECONFIG"]} | options)
        words = ["ansible", "localhost", "-i", "inventories/lab", "-m", "eks_anywhere.network.cilium_info"]
        done = subprocess.run([*words, "-a", arguments], cwd=project, capture_output=True, text=True, check=False)
        assert "=>" in done.stdout, done.stdout + done.stderr
        return json.loads(done.stdout.split("=>", 1)[1])

    return ask


@pytest.fixture(scope="module")
def problems(status):
    """The problems as lines of text."""

    def ask(**options):
        found = status(**options)
        assert found["healthy"] is (found["problems"] == [])
        return [f"{p['component']}: {p['object']}: {p['message']}" for p in found["problems"]]

    return ask


@pytest.fixture(scope="module", autouse=True)
def start_and_end_healthy(status, kubectl):
    """Nothing is broken before, and nothing after: pods that have to be restarted are."""
    assert status(wait=True, wait_timeout=60)["problems"] == []
    yield
    for workload in ("daemonset/cilium", "deployment/cilium-operator"):
        kubectl("rollout", "restart", workload, "-n", "kube-system")
    after = status(wait=True, wait_timeout=120)
    assert after["problems"] == []


def until(words, ask, seconds=75):
    """Wait for a problem whose line has all the words, and return all lines."""
    deadline = time.monotonic() + seconds
    while True:
        lines = ask()
        if any(all(word in line for word in words) for line in lines):
            return lines
        assert time.monotonic() < deadline, f"{words} not in {lines}"
        time.sleep(1)


@contextmanager
def scaled(kubectl, replicas):
    words = ("scale", "deployment/cilium-operator", "-n", "kube-system")
    kubectl(*words, f"--replicas={replicas}")
    try:
        yield
    finally:
        kubectl(*words, "--replicas=2")
        kubectl("rollout", "status", "deployment/cilium-operator", "-n", "kube-system", "--timeout=60s")


def test_one_operator_is_not_enough(kubectl, problems, project):
    with scaled(kubectl, 1):
        lines = until(["cilium-operator", "ready on one node only"], problems)
        assert len(lines) == 1, lines
        done = subprocess.run(
            ["ansible-playbook", "-i", "inventories/lab", "playbooks/verify.yml"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "ready on one node only" in done.stdout


def test_no_operator_and_what_it_would_repair(kubectl, problems):
    entry = {"type": "NetworkUnavailable", "status": "True", "reason": "Test", "message": "cable pulled"}
    patch = json.dumps({"status": {"conditions": [entry]}})
    with scaled(kubectl, 0):
        until(["cilium-operator", "wants no pod at all"], problems)
        kubectl("taint", "node", "w2", "node.cilium.io/agent-not-ready=:NoSchedule")
        until(["Node w2", "node.cilium.io/agent-not-ready"], problems)
        kubectl("patch", "node", "w2", "--subresource=status", "--type=strategic", "-p", patch)
        until(["Node w2", "NetworkUnavailable", "cable pulled"], problems, seconds=10)


def test_a_pod_without_an_endpoint(kubectl, problems, read):
    pod = read("pods", "-n", "shop")[0]["metadata"]["name"]
    kubectl("delete", "ciliumendpoint", "-n", "shop", pod)
    until(["not managed by Cilium", f"shop/{pod}"], problems, seconds=5)


def test_errors_the_agent_writes_to_its_configuration(kubectl, problems):
    kubectl("annotate", *CONFIG[:2], *CONFIG[2:], "config.cilium.io/problem=unknown key")
    try:
        until(["config.cilium.io/problem", "unknown key"], problems, seconds=5)
    finally:
        kubectl("annotate", *CONFIG, "config.cilium.io/problem-")


def test_a_policy_the_agent_refuses(kubectl, problems):
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "contradiction", "namespace": "shop"},
        "spec": {
            "endpointSelector": {"matchLabels": {"app": "nothing"}},
            "egress": [{"toEndpoints": [{}], "toCIDR": ["192.0.2.0/24"]}],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(policy))
    try:
        until(["CiliumNetworkPolicy shop/contradiction", "not enforced"], problems, seconds=20)
    finally:
        kubectl("delete", "ciliumnetworkpolicy", "-n", "shop", "contradiction")


def test_agents_that_run_an_older_configuration(kubectl, problems):
    kubectl("patch", *CONFIG, "--type=merge", "-p", json.dumps({"data": {"mesh-auth-queue-size": "1023"}}))
    try:
        lines = until(["DaemonSet kube-system/cilium", "runs the old configuration"], problems, seconds=10)
        assert any("Deployment kube-system/cilium-operator" in line for line in lines), lines
    finally:
        kubectl("patch", *CONFIG, "--type=merge", "-p", json.dumps({"data": {"mesh-auth-queue-size": "1024"}}))


def test_an_image_that_cannot_be_pulled(kubectl, problems, status):
    kubectl("set", "image", "daemonset/cilium", "-n", "kube-system", "cilium-agent=quay.io/cilium/cilium:absent")
    try:
        lines = until(["Pod kube-system/cilium-", "container cilium-agent"], problems)
        assert any("of 3 pods are ready" in line for line in lines), lines
    finally:
        kubectl("rollout", "undo", "daemonset/cilium", "-n", "kube-system")


def test_images_other_than_expected(status):
    wanted = {"cilium": {"cilium-agent": "public.ecr.aws/eks/cilium/cilium:v9"}}
    found = [p for p in status(expected_images=wanted)["problems"] if p["component"] == "cilium"]
    assert any("instead of public.ecr.aws/eks/cilium/cilium:v9" in p["message"] for p in found), found


def test_a_node_whose_container_runtime_stopped(lab, problems):
    node = testinfra.get_host("ssh://w2", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)
    node.check_output("systemctl stop containerd")
    try:
        until(["Node w2", "is not Ready"], problems)
    finally:
        node.check_output("systemctl start containerd")
