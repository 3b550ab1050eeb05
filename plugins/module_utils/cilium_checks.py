# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Cilium as a whole: workloads, nodes, endpoints, policies, agents. Pure: a State in, Findings out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_pods import ExpectedImages
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import Object, State
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import (
    SHOWN,
    Finding,
    condition,
    is_ready,
    named,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.scheduling import daemon_wants

OPTIONAL = ("cilium-envoy", "hubble-relay", "hubble-ui", "clustermesh-apiserver")
AGENT_TAINT = "node.cilium.io/agent-not-ready"
AGENT_PARTS = (
    ("cilium",),
    ("cluster", "ciliumHealth"),
    ("hubble",),
    ("kubernetes",),
    ("kvstore",),
    ("auth-certificate-provider",),
)
SETTLED_RELEASE = ("deployed", "superseded")


def agent_required(state: State) -> Iterator[Finding]:
    """Agent and operator must exist; Envoy must where the agent is told to use it."""
    hint = "Install Cilium with the role eks_anywhere.network.cilium"
    if "cilium" not in state.workloads:
        yield Finding("cilium", f"DaemonSet {state.namespace}/cilium", "does not exist", hint)
    if "cilium-operator" not in state.workloads:
        yield Finding("cilium-operator", f"Deployment {state.namespace}/cilium-operator", "does not exist", hint)
    external = ((state.config or {}).get("data") or {}).get("external-envoy-proxy")
    if external == "true" and "cilium-envoy" not in state.workloads:
        yield Finding(
            "cilium-envoy",
            f"DaemonSet {state.namespace}/cilium-envoy",
            "does not exist although cilium-config sets external-envoy-proxy: true",
            "Set envoy.enabled to what is wanted and apply the chart again",
        )


def workload(state: State, name: str) -> Iterator[Finding]:
    """A workload must be rolled out in full, on the generation its controller has seen."""
    item = state.workloads[name]
    where = f"{item['kind']} {state.namespace}/{name}"
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        yield Finding(name, where, "its controller has not seen the last change", "See kube-controller-manager's log")
        return
    numbers = counts(item)
    desired = numbers["Desired"]
    if not desired:
        yield Finding(name, where, "wants no pod at all", "See its node selector, tolerations and replicas")
    if numbers["Ready"] < desired:
        yield Finding(name, where, f"{numbers['Ready']} of {desired} pods are ready", "See its pods")
    updated = status.get("updatedNumberScheduled" if item["kind"] == "DaemonSet" else "updatedReplicas", 0)
    if updated < desired:
        message = f"{updated} of {desired} pods have the current template"
        yield Finding(name, where, message, _roll_out_hint(item["spec"]))


def _roll_out_hint(spec: Object) -> str:
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return "Its update strategy is OnDelete: delete its old pods one by one"
    if spec.get("paused"):
        return "It is paused: kubectl rollout resume"
    return "Wait for the roll-out"


def counts(item: Object) -> dict[str, Any]:
    """Return a workload's entry of ``pod_state``."""
    status = item.get("status") or {}
    if item["kind"] == "DaemonSet":
        desired = status.get("desiredNumberScheduled", 0)
        ready, available = status.get("numberReady", 0), status.get("numberAvailable", 0)
        unavailable = status.get("numberUnavailable", 0)
    else:
        desired = item["spec"].get("replicas", 1)
        ready, available = status.get("readyReplicas", 0), status.get("availableReplicas", 0)
        unavailable = status.get("unavailableReplicas", 0)
    return {
        "Type": item["kind"],
        "Desired": desired,
        "Ready": ready,
        "Available": available,
        "Unavailable": unavailable,
    }


def expected_absent(state: State, expected: ExpectedImages) -> Iterator[Finding]:
    """An optional component that is expected must be there."""
    for component in sorted((set(expected) & set(OPTIONAL)) - set(state.workloads)):
        yield Finding(component, f"workload {state.namespace}/{component}", "is expected but does not exist")


def operator_spread(state: State) -> Iterator[Finding]:
    """Two ready operators on different nodes, or one where the cluster is one node."""
    item = state.workloads.get("cilium-operator")
    if not item or counts(item)["Ready"] < max(counts(item)["Desired"], 1):
        return
    hosts = {pod["spec"].get("nodeName", "") for pod in state.pods.get("cilium-operator", []) if is_ready(pod)}
    if len(hosts) < min(2, len(_agent_nodes(state))):
        yield Finding(
            "cilium-operator",
            f"Deployment {state.namespace}/cilium-operator",
            f"ready on one node only (got {named(hosts) or 'none'}): losing it stops IP and identity allocation",
            "Set operator.replicas to 2 and keep its anti-affinity",
        )


def nodes(state: State) -> Iterator[Finding]:
    """Every node must be ready, and the network on it up."""
    found: list[Finding] = []
    for node in state.nodes:
        where = f"Node {node['metadata']['name']}"
        ready = condition(node, "Ready")
        if ready.get("status") != "True":
            said = ready.get("message") or "the kubelet reports nothing"
            found.append(Finding("node", where, f"is not Ready: {said}", "See the kubelet's log on the node"))
        network = condition(node, "NetworkUnavailable")
        if network.get("status") == "True":
            said = network.get("message") or network.get("reason") or "no reason given"
            found.append(Finding("node", where, f"NetworkUnavailable: {said}", "See the agent's log on the node"))
        taints = (node.get("spec") or {}).get("taints") or []
        if any(taint.get("key") == AGENT_TAINT for taint in taints):
            hint = "The operator removes it when the agent is ready: see the operator's log"
            found.append(Finding("node", where, f"carries the taint {AGENT_TAINT}", hint))
    yield from _capped(found, "node")


def missing_agents(state: State) -> Iterator[Finding]:
    """Every node the DaemonSet matches must have an agent."""
    covered = {pod["spec"].get("nodeName") for pod in state.pods.get("cilium", [])}
    hint = "See the DaemonSet's events and the node's free resources"
    found = [
        Finding("cilium", f"Node {node['metadata']['name']}", "has no agent pod", hint)
        for node in _agent_nodes(state)
        if node["metadata"]["name"] not in covered
    ]
    yield from _capped(found, "cilium")


def _agent_nodes(state: State) -> list[Object]:
    """Return the nodes the agent's DaemonSet matches: not those of another system or of a virtual kubelet."""
    item = state.workloads.get("cilium")
    return [node for node in state.nodes if item and daemon_wants(item["spec"]["template"]["spec"], node)]


def _capped(found: list[Finding], component: str) -> Iterator[Finding]:
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        yield Finding(component, "nodes", f"{len(found) - SHOWN} more nodes have problems")


def endpoints(state: State, settled: str) -> Iterator[Finding]:
    """Every pod that runs since before ``settled`` and has its own network must be an endpoint, and a ready one."""
    config = (state.config or {}).get("data") or {}
    if "cilium" not in state.workloads or config.get("disable-endpoint-crd") == "true":
        return
    known = {_key(item): item["status"].get("state", "unknown") for item in state.endpoints}
    eligible = {node["metadata"]["name"] for node in _agent_nodes(state)}
    others = {node["metadata"]["name"] for node in state.nodes} - eligible
    unmanaged: set[str] = set()
    unready: set[str] = set()
    for pod in managed_pods(state):
        metadata, status = pod["metadata"], pod["status"]
        if status.get("phase") != "Running" or metadata.get("deletionTimestamp"):
            continue
        if status.get("startTime", "") > settled or pod["spec"].get("nodeName") in others:
            continue
        name = _key(pod)
        if name not in known:
            unmanaged.add(name)
        elif known[name] != "ready":
            unready.add(f"{name} ({known[name]})")
    if unmanaged:
        hint = "Restart these pods: they started before Cilium was there, or their node's agent is broken"
        message = f"{len(unmanaged)} running pods are not managed by Cilium: {named(unmanaged)}"
        yield Finding("endpoints", "pods", message, hint)
    if unready:
        message = f"{len(unready)} endpoints are not ready: {named(unready)}"
        yield Finding("endpoints", "CiliumEndpoints", message, "See the log of the agent on their node")


def managed_pods(state: State) -> Iterator[Object]:
    """Yield the pods with their own network namespace that are running or about to."""
    for listed in (state.workload_pods, *state.pods.values()):
        for pod in listed:
            if not pod["spec"].get("hostNetwork") and pod["status"].get("phase") in ("Running", "Pending"):
                yield pod


def _key(item: Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def policy_name(policy: Object) -> str:
    """Return how messages name a policy."""
    return f"{policy['kind']} " + "/".join(filter(None, (policy["namespace"], policy["name"])))


def policies(state: State) -> Iterator[Finding]:
    """A policy Cilium refuses is not enforced."""
    for policy in state.policies:
        if policy["invalid"]:
            yield Finding("policy", policy_name(policy), f"is not enforced: {policy['invalid']}", "Correct its spec")


def config_errors(config: Object | None) -> list[str]:
    """Return what agents note about a configuration they cannot take, from annotations of cilium-config."""
    annotations = ((config or {}).get("metadata") or {}).get("annotations") or {}
    return [f"{key}: {value}" for key, value in sorted(annotations.items()) if key.startswith("config.cilium.io")]


def release(state: State) -> Iterator[Finding]:
    """A Helm release in an unfinished state blocks the next upgrade and may be half applied."""
    if state.release and state.release.status not in SETTLED_RELEASE:
        yield Finding(
            "helm",
            f"release {state.release.namespace}/{state.release.name}",
            f"revision {state.release.revision} is {state.release.status}",
            f"helm -n {state.release.namespace} history {state.release.name}",
        )


def agents(state: State) -> Iterator[Finding]:
    """Every agent that was asked must call its parts fine and its controllers running."""
    for pod, error in sorted(state.agent_errors.items()):
        yield Finding("cilium", f"Pod {state.namespace}/{pod}", f"cannot be asked: {error}", "See the agent's log")
    for pod, answer in sorted((state.agents or {}).items()):
        where = f"Pod {state.namespace}/{pod}"
        for parts in AGENT_PARTS:
            part: Any = answer
            for name in parts:
                part = (part or {}).get(name)
            if (part or {}).get("state") in ("Failure", "Warning"):
                message = f"{parts[-1]}: {part['state']}: {part.get('msg') or 'no message'}"
                yield Finding("cilium", where, message, "See the agent's log")
        for controller in answer.get("controllers") or []:
            status = controller.get("status") or {}
            failures = status.get("consecutive-failure-count") or 0
            if failures > 0:
                said = status.get("last-failure-msg") or "no message"
                message = f"controller {controller.get('name')} failed {failures} times in a row: {said}"
                yield Finding("cilium", where, message, "See the agent's log")
