"""A double of Cluster API's machine health check.

It judges as the real one does (kubernetes-sigs/cluster-api, internal/controllers/machinehealthcheck): a node whose
condition Ready is not True since longer than the timeout is replaced, at the moment of resuming too, for the time in
the condition has gone on meanwhile. ``spec.paused`` of the Cluster keeps it away, the annotation
``cluster.x-k8s.io/paused`` on the Cluster does not. It is never milder than a real one: the timeout is shorter, and any
number of nodes may be replaced at once. To replace a node is to mark it: the mark never goes away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client

from . import settings
from .eksa_controller import CAPI_GROUP, CAPI_NAMESPACE, CAPI_VERSION
from .progress import say

REPLACED = "eks-anywhere-lab/replaced"
"""Annotation on a node that a machine health check would have replaced."""


def replaced(nodes: Iterable[Any], paused: bool, now: datetime) -> list[str]:
    """Names of the nodes (V1Node) to replace."""
    return [] if paused else [node.metadata.name for node in nodes if _unhealthy(node, now)]


def _unhealthy(node: Any, now: datetime) -> bool:
    limit = timedelta(seconds=settings.UNHEALTHY_SECONDS)
    return any(
        condition.type == "Ready" and condition.status != "True" and now - condition.last_transition_time > limit
        for condition in node.status.conditions or []
    )


class HealthCheck:
    """The double itself."""

    def __init__(self, api: client.ApiClient) -> None:
        self._objects = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)

    def step(self) -> None:
        """Judge every node once."""
        where = (CAPI_GROUP, CAPI_VERSION, CAPI_NAMESPACE, "clusters", settings.CLUSTER_NAME)
        spec = self._objects.get_namespaced_custom_object(*where).get("spec") or {}
        nodes = [node for node in self._core.list_node().items if REPLACED not in (node.metadata.annotations or {})]
        now = datetime.now(UTC)
        for name in replaced(nodes, spec.get("paused") is True, now):
            say(f"{name} is not Ready for more than {settings.UNHEALTHY_SECONDS} s: replaced")
            self._core.patch_node(name, {"metadata": {"annotations": {REPLACED: now.isoformat(timespec="seconds")}}})
