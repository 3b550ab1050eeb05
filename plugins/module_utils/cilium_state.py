# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads everything the status of Cilium is judged by, and nothing more.

Objects keep the shape of the API. What is not looked at is dropped page by page, so that 500 nodes and 5000 pods
stay small.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, support
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Forbidden,
    NetworkError,
    Unreachable,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import Release, read_release
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

Object = dict[str, Any]

DAEMON_SETS = ("cilium", "cilium-envoy")
DEPLOYMENTS = ("cilium-operator", "hubble-relay", "hubble-ui", "clustermesh-apiserver")
COMPONENTS = (*DAEMON_SETS, *DEPLOYMENTS)
POLICY_KINDS = {
    "NetworkPolicy": "/apis/networking.k8s.io/v1/networkpolicies",
    "CiliumNetworkPolicy": "/apis/cilium.io/v2/ciliumnetworkpolicies",
    "CiliumClusterwideNetworkPolicy": "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies",
}
CONTAINER_STATUS = ("name", "image", "imageID", "ready", "restartCount", "state", "lastState")


@dataclass
class State:
    """What the API says. ``pods`` are Cilium's own by component, ``workload_pods`` all others."""

    namespace: str = "kube-system"
    config: Object | None = None
    workloads: dict[str, Object] = field(default_factory=dict)
    pods: dict[str, list[Object]] = field(default_factory=dict)
    workload_pods: list[Object] = field(default_factory=list)
    nodes: list[Object] = field(default_factory=list)
    endpoints: list[Object] = field(default_factory=list)
    policies: list[Object] = field(default_factory=list)
    crds: list[Object] = field(default_factory=list)
    release: Release | None = None
    eks_anywhere_version: str | None = None
    agents: dict[str, Object] | None = None
    agent_errors: dict[str, str] = field(default_factory=dict)
    collection_errors: list[str] = field(default_factory=list)


def read(cluster: Cluster, release_name: str, namespace: str, agents: bool = False) -> State:
    """Read the state of Cilium in ``namespace``. Raises one error that holds everything that could not be read."""
    state = State(namespace=namespace)
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    first = _together(
        {
            "config": partial(cluster.get, f"/api/v1/namespaces/{namespace}/configmaps/cilium-config"),
            "daemonsets": partial(cluster.list, f"{apps}/daemonsets"),
            "deployments": partial(cluster.list, f"{apps}/deployments"),
        }
    )
    state.config = first["config"]
    state.workloads = {
        item["metadata"]["name"]: {**item, "kind": kind}
        for kind, listed, names in (
            ("DaemonSet", first["daemonsets"], DAEMON_SETS),
            ("Deployment", first["deployments"], DEPLOYMENTS),
        )
        for item in listed
        if item["metadata"]["name"] in names
    }
    selectors = {name: item["spec"]["selector"].get("matchLabels") or {} for name, item in state.workloads.items()}
    rest = _together(
        {
            "pods": partial(cluster.list, "/api/v1/pods", pick=partial(pick_pod, namespace, selectors)),
            "endpoints": partial(cluster.list, "/apis/cilium.io/v2/ciliumendpoints", pick=pick_endpoint),
            "nodes": partial(cluster.list, "/api/v1/nodes", pick=pick_node),
            "crds": partial(
                cluster.list,
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                metadata_only=True,
                pick=pick_crd,
            ),
            "release": partial(_release, cluster, release_name, namespace),
            "eks_anywhere": partial(eks_anywhere.read, cluster),
            **{
                kind: partial(cluster.list, path, pick=partial(pick_policy, kind))
                for kind, path in POLICY_KINDS.items()
            },
        }
    )
    for pod in rest["pods"]:
        component = pod.pop("component", None)
        (state.pods.setdefault(component, []) if component else state.workload_pods).append(pod)
    state.endpoints = rest["endpoints"]
    state.nodes = rest["nodes"]
    state.eks_anywhere_version = rest["eks_anywhere"].version
    state.crds = [crd for crd in rest["crds"] if crd]
    state.policies = [policy for kind in POLICY_KINDS for policy in rest[kind]]
    state.release, error = rest["release"]
    if error:
        state.collection_errors.append(error)
    if agents:
        ask_agents(cluster, state)
    return state


def ask_agents(cluster: Cluster, state: State) -> None:
    """Run ``cilium status -o json`` in every running agent, in parallel, and note what could not be asked."""
    names = sorted(
        pod["metadata"]["name"]
        for pod in state.pods.get("cilium", [])
        if pod["status"].get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")
    )
    state.agents = {}
    with ThreadPoolExecutor(16) as workers:
        for name, answer in zip(names, workers.map(partial(_ask, cluster, state.namespace), names), strict=True):
            if isinstance(answer, str):
                state.agent_errors[name] = answer
                state.collection_errors.append(f"{name}: {answer}")
            else:
                state.agents[name] = answer


def _ask(cluster: Cluster, namespace: str, pod: str) -> Object | str:
    try:
        try:
            text = cluster.exec(namespace, pod, "cilium-agent", ["cilium", "status", "-o", "json"])
        except NetworkError as error:
            if "not found" not in str(error):
                raise
            text = cluster.exec(namespace, pod, "cilium-agent", ["cilium-dbg", "status", "-o", "json"])
        answer = json.loads(text)
    except NetworkError as error:
        return "; ".join(problem.message for problem in error.problems)
    except ValueError:
        return "its status is not JSON"
    return answer if isinstance(answer, dict) else "its status is not a JSON object"


def _release(cluster: Cluster, name: str, namespace: str) -> tuple[Release | None, str]:
    """Read the Helm release. A user without access to Secrets still gets the rest of the status."""
    try:
        return read_release(cluster, name, namespace), ""
    except Forbidden as error:
        return None, "; ".join(problem.message for problem in error.problems)


def _together(reads: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Do all reads at once; raise one error with all their problems."""
    with ThreadPoolExecutor(4) as workers:
        futures = {name: workers.submit(read_one) for name, read_one in reads.items()}
    failed = [error for error in (future.exception() for future in futures.values()) if error]
    expected = [error for error in failed if isinstance(error, NetworkError)]
    if len(expected) < len(failed):
        raise next(error for error in failed if not isinstance(error, NetworkError))
    if expected:
        lost = [error for error in expected if isinstance(error, Unreachable)]
        kinds = {type(error) for error in lost or expected}
        kind = kinds.pop() if len(kinds) == 1 else NetworkError
        raise kind([problem for error in lost or expected for problem in error.problems])
    return {name: future.result() for name, future in futures.items()}


def _keep(source: Object, *keys: str) -> Object:
    return {key: source[key] for key in keys if key in source}


def pick_pod(namespace: str, selectors: dict[str, dict[str, str]], pod: Object) -> Object:
    """Reduce a pod; one of Cilium's own keeps its containers and gets its ``component``."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    labels = metadata.get("labels") or {}
    component = None
    if metadata["namespace"] == namespace:
        for name, wanted in selectors.items():
            if wanted and all(labels.get(key) == value for key, value in wanted.items()):
                component = name
                break
    if component is None:
        return {
            "metadata": _keep(metadata, "namespace", "name", "deletionTimestamp"),
            "spec": _keep(spec, "nodeName", "hostNetwork"),
            "status": _keep(status, "phase", "startTime"),
        }
    kept = {
        "component": component,
        "metadata": _keep(metadata, "namespace", "name", "uid", "creationTimestamp", "deletionTimestamp"),
        "spec": _keep(spec, "nodeName", "hostNetwork"),
        "status": _keep(status, "phase", "reason", "message", "startTime", "conditions", "hostIP", "podIP"),
    }
    for section in ("containers", "initContainers"):
        kept["spec"][section] = [_keep(item, "name", "image") for item in spec.get(section) or []]
    for section in ("containerStatuses", "initContainerStatuses"):
        kept["status"][section] = [_keep(item, *CONTAINER_STATUS) for item in status.get(section) or []]
    return kept


def pick_endpoint(endpoint: Object) -> Object:
    """Reduce a CiliumEndpoint to what names it and its state."""
    status = endpoint.get("status") or {}
    kept = _keep(status, "id", "state")
    kept["networking"] = _keep(status.get("networking") or {}, "node")
    return {"metadata": _keep(endpoint["metadata"], "namespace", "name"), "status": kept}


def pick_node(node: Object) -> Object:
    """Reduce a node to its labels, taints and conditions."""
    return {
        "metadata": _keep(node["metadata"], "name", "labels"),
        "spec": _keep(node.get("spec") or {}, "taints", "unschedulable"),
        "status": _keep(node.get("status") or {}, "conditions"),
    }


def pick_crd(crd: Object) -> Object | None:
    """Return name and uid of Cilium's CRDs, None for others."""
    name = crd["metadata"]["name"]
    return {"name": name, "uid": crd["metadata"]["uid"]} if name.endswith(".cilium.io") else None


def pick_policy(kind: str, policy: Object) -> Object:
    """Reduce a policy to its identity, a hash of what it says, and whether Cilium takes it."""
    metadata = policy["metadata"]
    said = {key: policy[key] for key in ("spec", "specs") if key in policy}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    conditions = (policy.get("status") or {}).get("conditions") or []
    refused = [item for item in conditions if item.get("type") == "Valid" and item.get("status") == "False"]
    return {
        "kind": kind,
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "l7": kind != "NetworkPolicy" and support.above_l4(said),
        "invalid": refused[0].get("message", "no reason given") if refused else "",
    }
