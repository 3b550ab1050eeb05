"""A double of EKS Anywhere's controller, as far as Cilium is concerned.

It decides as the real one of v0.24 does (aws/eks-anywhere, pkg/networking/cilium/reconciler and controllers/
cluster_controller.go): a Cluster that is paused, or whose generations are as it noted them, is not looked at; Cilium
that is not there, or that it takes for its own and outdated, is applied from its rendered manifests. What it leaves
out: the preflight DaemonSet before an upgrade, and everything about machines but that it takes a pause of Cluster API
away.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client

from . import cluster, settings
from .progress import say

Object = dict[str, Any]

GROUP, VERSION = "anywhere.eks.amazonaws.com", "v1alpha1"
CAPI_GROUP, CAPI_VERSION, CAPI_NAMESPACE = "cluster.x-k8s.io", "v1beta1", "eksa-system"
MARKER = f"{GROUP}/eksa-cilium"
PAUSED = f"{GROUP}/paused"
MANAGER = "eks-a-controller"

NOTHING, INSTALL, UPGRADE, WAIT = "nothing", "install", "upgrade", "wait"
CONFIGURED = {"type": "DefaultCNIConfigured", "status": "True"}
SKIPPED = {
    "type": "DefaultCNIConfigured",
    "status": "False",
    "severity": "Warning",
    "reason": "SkipUpgradesForDefaultCNIConfigured",
    "message": "Configured to skip default Cilium CNI upgrades",
}
UPGRADING = {
    "type": "DefaultCNIConfigured",
    "status": "False",
    "severity": "Info",
    "reason": "DefaultCNIUpgradeInProgressReason",
}


@dataclass(frozen=True)
class Bundle:
    """The images of the bundle."""

    agent: str
    operator: str


@dataclass(frozen=True)
class Running:
    """What of Cilium the cluster has, None for what it has not."""

    agent: Object | None = None
    operator: Object | None = None
    config: Mapping[str, str] | None = None

    @property
    def installed(self) -> bool:
        """Whether both are there and an image of the agent's DaemonSet looks like EKS Anywhere's."""
        return bool(self.agent and self.operator) and any("eks" in image for image in _images(self.agent))


@dataclass(frozen=True)
class Decision:
    """What to do with Cilium, and the condition to note; None leaves it as it was."""

    action: str
    condition: Object | None


def due(item: Object, children: int) -> bool:
    """Whether the Cluster is looked at. ``children`` is the sum of the generations of what belongs to it."""
    metadata, status = item["metadata"], item.get("status") or {}
    if (metadata.get("annotations") or {}).get(PAUSED) == "true":
        return False
    noted = status.get("reconciledGeneration"), status.get("childrenReconciledGeneration")
    return noted != (metadata["generation"], children)


def decide(item: Object, running: Running, bundle: Bundle) -> Decision:
    """What is to be done with Cilium of a Cluster that is looked at."""
    fields = item["spec"]["clusterNetwork"]["cniConfig"]["cilium"]
    skips = fields.get("skipUpgrade") is True
    marked = MARKER in (item["metadata"].get("annotations") or {})
    if not running.installed:
        if marked and skips:
            return Decision(NOTHING, SKIPPED)
        return Decision(INSTALL, CONFIGURED)
    if skips:
        return Decision(NOTHING, SKIPPED)
    if not _outdated(running, bundle) and not _drifted(running, fields):
        return Decision(NOTHING, CONFIGURED)
    return Decision(UPGRADE, CONFIGURED) if _settled(running.agent) else Decision(WAIT, UPGRADING)


def _images(workload: Object | None) -> list[str]:
    spec = ((workload or {}).get("spec") or {}).get("template", {}).get("spec") or {}
    return [container["image"] for container in spec.get("containers") or []]


def _outdated(running: Running, bundle: Bundle) -> bool:
    return bundle.agent not in _images(running.agent) or bundle.operator not in _images(running.operator)


def _drifted(running: Running, fields: Object) -> bool:
    """Whether one of the three keys that are looked at is not as the Cluster's old fields say."""
    config = running.config or {}
    exclusive = fields.get("cniExclusive")
    wanted = {
        "enable-policy": fields.get("policyEnforcementMode") or "default",
        "egress-masquerade-interfaces": fields.get("egressMasqueradeInterfaces") or "",
        "cni-exclusive": "true" if exclusive is None else str(exclusive).lower(),
    }
    return any(config.get(key, "") != value for key, value in wanted.items())


def _settled(agent: Object | None) -> bool:
    status = (agent or {}).get("status") or {}
    observed = status.get("observedGeneration") == (agent or {})["metadata"]["generation"]
    return observed and status.get("desiredNumberScheduled") == status.get("numberReady")


def noted(item: Object, children: int, decision: Decision) -> Object:
    """The status to write after a decision. While Cilium is waited for, no generation is noted."""
    status = copy.deepcopy(item.get("status") or {})
    generation = item["metadata"]["generation"]
    kept = [entry for entry in status.get("conditions") or [] if entry["type"] not in ("DefaultCNIConfigured", "Ready")]
    condition = decision.condition or CONFIGURED
    ready = decision.action != WAIT
    status["conditions"] = [*kept, condition, {"type": "Ready", "status": str(ready)}]
    status["observedGeneration"] = generation
    if ready:
        status |= {"reconciledGeneration": generation, "childrenReconciledGeneration": children}
    return status


class Controller:
    """The double itself: asks, decides, does."""

    def __init__(self, api: client.ApiClient) -> None:
        self._objects = client.CustomObjectsApi(api)
        self._apps = client.AppsV1Api(api)
        self._core = client.CoreV1Api(api)
        self._api = api
        tag = f"v{settings.CILIUM_AWS}"
        repository = "public.ecr.aws/eks/cilium"
        self._bundle = Bundle(f"{repository}/cilium:{tag}", f"{repository}/operator-generic:{tag}")

    def step(self) -> None:
        """Look at every Cluster once."""
        for item in self._objects.list_cluster_custom_object(GROUP, VERSION, "clusters")["items"]:
            children = self._children(item)
            if due(item, children):
                self._reconcile(item, children)

    def _children(self, item: Object) -> int:
        namespace = item["metadata"]["namespace"]
        found = 0
        for plural in ("tinkerbelldatacenterconfigs", "tinkerbellmachineconfigs", "tinkerbelltemplateconfigs"):
            listed = self._objects.list_namespaced_custom_object(GROUP, VERSION, namespace, plural)["items"]
            found += sum(child["metadata"]["generation"] for child in listed)
        return found

    def _reconcile(self, item: Object, children: int) -> None:
        name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
        running = self._running()
        decision = decide(item, running, self._bundle)
        say(f"{namespace}/{name} generation {item['metadata']['generation']}: {decision.action}")
        self._resume_machines(name)
        if decision.action in (INSTALL, UPGRADE):
            manifests = str(settings.EKS_ANYWHERE_MANIFESTS)
            options = ("--server-side", f"--field-manager={MANAGER}", "--force-conflicts")
            cluster.kubectl("apply", *options, "-f", manifests)
        if MARKER not in (item["metadata"].get("annotations") or {}):
            body = {"metadata": {"annotations": {MARKER: ""}}}
            self._objects.patch_namespaced_custom_object(GROUP, VERSION, namespace, "clusters", name, body)
        body = {"status": noted(item, children, decision)}
        self._objects.patch_namespaced_custom_object_status(GROUP, VERSION, namespace, "clusters", name, body)

    def _running(self) -> Running:
        namespace = "kube-system"

        def read(listed: Any, name: str) -> Object | None:
            found = [entry for entry in listed.items if entry.metadata.name == name]
            return self._api.sanitize_for_serialization(found[0]) if found else None

        config = read(self._core.list_namespaced_config_map(namespace), "cilium-config")
        return Running(
            read(self._apps.list_namespaced_daemon_set(namespace), "cilium"),
            read(self._apps.list_namespaced_deployment(namespace), "cilium-operator"),
            (config or {}).get("data"),
        )

    def _resume_machines(self, name: str) -> None:
        """Its own manifests of the machines' Cluster do not say paused (aws/eks-anywhere issue 2846)."""
        where = (CAPI_GROUP, CAPI_VERSION, CAPI_NAMESPACE, "clusters", name)
        if (self._objects.get_namespaced_custom_object(*where).get("spec") or {}).get("paused"):
            self._objects.patch_namespaced_custom_object(*where, {"spec": {"paused": False}})
