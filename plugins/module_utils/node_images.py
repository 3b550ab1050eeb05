# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulls images on every node before anything needs them.

One pod per node, placed there without the scheduler and on the node's own network, so that it works without a CNI,
on tainted and on cordoned nodes. Its containers run nothing: starting them is what pulls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import condition
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

Object = dict[str, Any]

LABEL = "app.kubernetes.io/name"
NAME = "eks-anywhere-node-images"
POLL = 1.0
PATIENCE = 20.0
"""Seconds a pull may keep failing: long enough for the kubelet's second try."""
GRACE = 5.0
"""Seconds the other pulls get to report once one has failed for good."""
STARTING = ("ContainerCreating", "PodInitializing")
PULL_ERRORS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
FINAL = (
    "not found",
    "manifest unknown",
    "unauthorized",
    "denied",
    "forbidden",
    "no basic auth",
    "no match for platform",
)
"""What a registry says when trying again does not help."""


@dataclass
class Pull:
    """One image on one node and how its pull goes."""

    node: str
    image: str
    done: bool = False
    failing_since: float | None = None
    message: str = ""
    final: bool = False

    def as_dict(self) -> dict[str, str]:
        """Return the entry of ``pulled``."""
        return {"node": self.node, "image": self.image}


@dataclass
class NodeImages:
    """The work: which images on which nodes of which cluster. ``timeout`` is in seconds, for all pulls together."""

    cluster: Cluster
    images: list[str]
    namespace: str
    pull_secrets: list[str] = field(default_factory=list)
    timeout: float = 600.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, check_mode: bool) -> dict[str, Any]:
        """Pull what is missing and return ``changed``, ``pulled`` and ``present``.

        Raises NetworkError with every image that could not be pulled, its node and the kubelet's message.
        """
        nodes = [node for node in self.cluster.list("/api/v1/nodes", pick=pick_node) if node["linux"]]
        missing, present = compare(nodes, self.images)
        result = {
            "changed": bool(missing),
            "pulled": [pull.as_dict() for pull in missing],
            "present": [pull.as_dict() for pull in present],
        }
        if check_mode:
            return result
        self._delete_pods()
        if not missing:
            return result
        dead = sorted({pull.node for pull in missing} & {node["name"] for node in nodes if not node["alive"]})
        if dead:
            hint = "Repair the node, or remove it from the cluster"
            raise NetworkError(Problem(f"node {name}", "its kubelet does not report", hint) for name in dead)
        try:
            self._create_pods(missing)
            self._watch(missing)
        finally:
            self._delete_pods()
        return result

    @property
    def _pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def _delete_pods(self) -> None:
        """Delete all our pods, those of a killed run too, without waiting for their processes."""
        query = {"labelSelector": f"{LABEL}={NAME}", "limit": 1}
        if (self.cluster.get(self._pods, query) or {}).get("items"):
            self.cluster.delete(self._pods, {"labelSelector": query["labelSelector"], "gracePeriodSeconds": 0})

    def _create_pods(self, missing: list[Pull]) -> None:
        by_node: dict[str, list[str]] = {}
        for pull in missing:
            by_node.setdefault(pull.node, []).append(pull.image)
        bodies = [pod(node, images, self.pull_secrets, self.timeout) for node, images in by_node.items()]
        with ThreadPoolExecutor(16) as workers:
            list(workers.map(partial(self.cluster.create, self._pods), bodies))

    def _watch(self, missing: list[Pull]) -> None:
        deadline = self.monotonic() + self.timeout
        give_up: float | None = None
        while True:
            pods = self.cluster.list(self._pods, {"labelSelector": f"{LABEL}={NAME}"}, pick=pick_pod)
            now = self.monotonic()
            observe(missing, {pod["node"]: pod for pod in pods}, now)
            waiting = [pull for pull in missing if not pull.done]
            if not waiting:
                return
            failed = [pull for pull in waiting if is_lost(pull, now)]
            if failed:
                give_up = give_up or now + GRACE
            if len(failed) == len(waiting) or now >= min(give_up or deadline, deadline):
                late = f"not pulled after {self.timeout:g} seconds"
                # A pull that was merely under way when others failed is no problem of its own.
                raise NetworkError(_problem(pull, late) for pull in waiting if pull.message or not failed)
            self.sleep(POLL)


def compare(nodes: Iterable[Object], images: Iterable[str]) -> tuple[list[Pull], list[Pull]]:
    """Return what is missing and what is present, by what the kubelets report."""
    wanted = sorted(set(images))
    missing, present = [], []
    for node in sorted(nodes, key=lambda node: node["name"]):
        for image in wanted:
            (present if normalise(image) in node["images"] else missing).append(Pull(node["name"], image))
    return missing, present


def normalise(image: str) -> str:
    """Return an image's name as the kubelet reports it: with its registry, a tag or a digest, not both.

    >>> normalise("python:3.13-slim")
    'docker.io/library/python:3.13-slim'
    """
    name, at, digest = image.partition("@")
    last = name.rpartition("/")[2]
    repository, tag = (name.rpartition(":")[0], last.rpartition(":")[2]) if ":" in last else (name, "latest")
    first, slash, rest = repository.partition("/")
    if not slash:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return f"{repository}{at}{digest}" if at else f"{repository}:{tag}"


def pick_node(node: Object) -> Object:
    """Reduce a node to its name, its images, whether its kubelet reports and whether it runs Linux images."""
    status = node.get("status") or {}
    names = {name for image in status.get("images") or [] for name in image.get("names") or []}
    alive = condition(node, "Ready").get("status") != "Unknown"
    system = (status.get("nodeInfo") or {}).get("operatingSystem") or "linux"
    return {"name": node["metadata"]["name"], "images": names, "alive": alive, "linux": system == "linux"}


def pick_pod(pod: Object) -> Object:
    """Reduce one of our pods to its node, the state of its containers and why it failed as a whole."""
    status = pod.get("status") or {}
    statuses = {item["name"]: item for item in status.get("containerStatuses") or []}
    containers = {item["image"]: statuses.get(item["name"]) or {} for item in pod["spec"]["containers"]}
    reason = ": ".join(filter(None, (status.get("reason"), status.get("message"))))
    rejected = reason if status.get("phase") == "Failed" and not statuses else ""
    return {"node": pod["spec"]["nodeName"], "containers": containers, "rejected": rejected}


def observe(pulls: Iterable[Pull], pods: dict[str, Object], now: float) -> None:
    """Bring the pulls up to date with what the kubelets say about their containers."""
    for pull in pulls:
        pod = pods.get(pull.node)
        if pod is None or pod["rejected"]:
            pull.final = not pull.done
            pull.message = pod["rejected"] if pod else "its pod was deleted by someone else"
            continue
        status = pod["containers"].get(pull.image) or {}
        state = status.get("state") or {}
        waiting = state.get("waiting") or {}
        reason = waiting.get("reason") or ""
        if status.get("imageID") or "running" in state or "terminated" in state:
            pull.done = True
        elif reason in PULL_ERRORS:
            said = waiting.get("message") or ""
            # "Back-off pulling image" says less than the error before it.
            if reason == "ErrImagePull" or not pull.message or "rror" in said:
                pull.message = f"{reason}: {said}" if said else reason
            pull.failing_since = now if pull.failing_since is None else pull.failing_since
            pull.final = reason == "InvalidImageName" or any(sign in pull.message.lower() for sign in FINAL)
        elif reason and reason not in STARTING:
            pull.done = True


def is_lost(pull: Pull, now: float) -> bool:
    """Return whether waiting longer makes no sense."""
    return pull.final or (pull.failing_since is not None and now - pull.failing_since > PATIENCE)


def _problem(pull: Pull, late: str) -> Problem:
    message = f"image {pull.image}: {pull.message or late}"
    return Problem(f"node {pull.node}", message, "Check the image's name and that the node reaches its registry")


def pod(node: str, images: list[str], pull_secrets: list[str], timeout: float) -> Object:
    """Return the pod that pulls these images on this node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{NAME}-",
            "labels": {LABEL: NAME, "app.kubernetes.io/managed-by": "eks_anywhere.network"},
        },
        "spec": {
            "nodeName": node,
            "hostNetwork": True,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": int(timeout) + 60,
            "tolerations": [{"operator": "Exists"}],
            "imagePullSecrets": [{"name": name} for name in pull_secrets],
            "containers": [
                {
                    "name": f"image-{number}",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["/bin/true"],
                }
                for number, image in enumerate(images)
            ],
        },
    }
