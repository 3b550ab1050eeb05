# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is Multus healthy on every node, and has every running pod the networks that it asked for?

A daemon that is away leaves annotated pods Running with their first interface only: nothing but a look at each pod's
status tells (k8snetworkplumbingwg/multus-cni#1527).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import pod_networks
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import Finding, is_ready, named
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.scheduling import daemon_wants

DAEMON_SET = "kube-multus-ds"
"""The name of upstream's DaemonSet, thick and thin alike."""
SELECTOR = {"labelSelector": "name=multus"}
CRD = "network-attachment-definitions.k8s.cni.cncf.io"
POLL = 2.0
LOST = 60.0
"""Seconds the API server may be away during a wait."""

Object = dict[str, Any]


@dataclass
class State:
    """What the API says of Multus. ``running`` are the running pods that have or want networks."""

    namespace: str
    daemon_set: Object | None = None
    pods: list[Object] = field(default_factory=list)
    nodes: list[Object] = field(default_factory=list)
    running: list[pod_networks.PodNetworks] = field(default_factory=list)
    defined: bool = False


def read(cluster: Cluster, namespace: str) -> State:
    """Read what the status is judged by."""
    return State(
        namespace,
        cluster.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets/{DAEMON_SET}"),
        cluster.list(f"/api/v1/namespaces/{namespace}/pods", SELECTOR),
        cluster.list("/api/v1/nodes"),
        [pod for pod in cluster.list("/api/v1/pods", _RUNNING, metadata_only=True, pick=pod_networks.pick) if pod],
        cluster.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}") is not None,
    )


_RUNNING = {"fieldSelector": "status.phase=Running"}


def judge(state: State, image: str | None = None) -> dict[str, Any]:
    """Return the module's result. ``image`` is what every daemon must run, by default what its template says."""
    problems = list(_problems(state, image))
    missing = [
        {
            "pod": pod.pod,
            "missing": sorted("/".join(key) for key in pod.asked - pod.has),
            "reason": pod.wrong or "it started while Multus was away, or its network does not exist",
            "controller": pod.controller,
        }
        for pod in state.running
        if pod.wrong or pod.asked - pod.has
    ]
    return {
        "healthy": not problems,
        "layout": layout(state.daemon_set),
        "problems": [problem.as_dict() for problem in problems],
        "nodes": [_node(pod) for pod in sorted(state.pods, key=lambda pod: str(pod["spec"].get("nodeName", "")))],
        "pods_missing_networks": sorted(missing, key=lambda item: item["pod"]),
        "networks_defined": state.defined,
    }


def layout(daemon_set: Mapping[str, Any] | None) -> str:
    """Return ``thick``, ``thin`` or ``absent``."""
    if daemon_set is None:
        return "absent"
    containers = daemon_set["spec"]["template"]["spec"].get("containers") or []
    words = [word for item in containers for word in [*(item.get("command") or []), *(item.get("args") or [])]]
    return "thin" if any("thin_entrypoint" in word for word in words) else "thick"


def _node(pod: Object) -> Object:
    status = (pod.get("status") or {}).get("containerStatuses") or [{}]
    ended = (status[0].get("lastState") or {}).get("terminated") or {}
    return {
        "name": pod["spec"].get("nodeName", ""),
        "pod": pod["metadata"]["name"],
        "image": _image(pod),
        "ready": is_ready(pod),
        "restarts": int(status[0].get("restartCount") or 0),
        "last_end": str(ended.get("reason") or ""),
    }


def _image(pod: Object) -> str:
    return str((pod["spec"].get("containers") or [{}])[0].get("image", ""))


def _problems(state: State, image: str | None) -> Iterator[Finding]:
    where = f"DaemonSet {state.namespace}/{DAEMON_SET}"
    if not state.defined:
        yield Finding("multus", f"CustomResourceDefinition {CRD}", "does not exist", "Run the role multus")
    if state.daemon_set is None:
        yield Finding("multus", where, "does not exist", "Run the role multus")
        return
    template = state.daemon_set["spec"]["template"]["spec"]
    wanted = image or str(template["containers"][0].get("image", ""))
    status = state.daemon_set.get("status") or {}
    if status.get("observedGeneration", 0) < state.daemon_set["metadata"].get("generation", 0):
        yield Finding("multus", where, "its controller has not seen the last change", "Wait for the roll-out")
    desired, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    if updated < desired:
        yield Finding("multus", where, f"{updated} of {desired} pods have the current template", "Wait")
    staying = [pod for pod in state.pods if not pod["metadata"].get("deletionTimestamp")]
    covered = {pod["spec"].get("nodeName") for pod in staying}
    bare = {node["metadata"]["name"] for node in state.nodes if daemon_wants(template, node)} - covered
    if bare:
        yield Finding("multus", where, f"no daemon on {named(bare)}", "See the DaemonSet's events")
    for pod in state.pods:
        yield from _pod(state.namespace, pod, wanted)


def _pod(namespace: str, pod: Object, image: str) -> Iterator[Finding]:
    about = _node(pod)
    where = f"Pod {namespace}/{about['pod']} on {about['name'] or 'no node'}"
    if pod["metadata"].get("deletionTimestamp"):
        yield Finding("multus", where, "is terminating", "Wait; if it stays, see the kubelet of its node")
        return
    if about["image"] != image:
        yield Finding("multus", where, f"runs {about['image']} instead of {image}", "Wait for the roll-out")
    if not about["ready"]:
        waiting = [
            f"container {item['name']}: {': '.join(filter(None, (reason['reason'], reason.get('message'))))}"
            for section in ("initContainerStatuses", "containerStatuses")
            for item in (pod.get("status") or {}).get(section) or []
            if (reason := (item.get("state") or {}).get("waiting") or {}).get("reason")
        ]
        hint = f"kubectl -n {namespace} logs {about['pod']} --previous"
        yield Finding("multus", where, f"is not ready{': ' if waiting else ''}{'; '.join(waiting)}", hint)
    elif about["last_end"] == "OOMKilled":
        hint = "Raise its memory limit: a burst of pods needs more than upstream's 50Mi"
        yield Finding("multus", where, "was killed for want of memory", hint)


@dataclass
class Watch:
    """Waits until Multus is healthy. ``timeout`` is how many seconds its roll-out may stand still."""

    cluster: Cluster
    namespace: str
    image: str | None = None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def once(self) -> dict[str, Any]:
        """Return the status as it is now."""
        return judge(read(self.cluster, self.namespace), self.image)

    def until_healthy(self, timeout: float) -> dict[str, Any]:
        """Return the status when it is healthy; raise NetworkError with every problem, and the status, otherwise."""
        moved = answered = self.now()
        furthest = 0
        result: dict[str, Any] = {}
        while True:
            try:
                state = read(self.cluster, self.namespace)
            except Unreachable:
                if self.now() - answered > LOST:
                    raise
            else:
                answered = self.now()
                result = judge(state, self.image)
                if result["healthy"]:
                    return result
                updated = int(((state.daemon_set or {}).get("status") or {}).get("updatedNumberScheduled") or 0)
                if updated > furthest:
                    furthest, moved = updated, answered
            if self.now() + POLL > moved + timeout:
                text = f"Multus is not healthy, and its roll-out stood still for {timeout:g} seconds"
                problems = [
                    Problem(item["object"], item["message"], item["hint"]) for item in result.get("problems", [])
                ]
                raise NetworkError([Problem("wait_timeout", text), *problems], result)
            self.sleep(POLL)
