# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs and what a chart renders, in one shape: cilium-config and workloads with their images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import needs_envoy
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_pods import config_changed, read_config_at
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import History, Release
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.support import above_l4

CONFIG = "cilium-config"
AGENT = "cilium"
OPERATOR = "cilium-operator"
ENVOY = "cilium-envoy"
LONG_LIVED = {"DaemonSet": "daemonsets", "Deployment": "deployments", "StatefulSet": "statefulsets"}
ENVOY_USERS = {
    "CiliumNetworkPolicy": "/apis/cilium.io/v2/ciliumnetworkpolicies",
    "CiliumClusterwideNetworkPolicy": "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies",
    "CiliumEnvoyConfig": "/apis/cilium.io/v2/ciliumenvoyconfigs",
    "CiliumClusterwideEnvoyConfig": "/apis/cilium.io/v2/ciliumclusterwideenvoyconfigs",
}


@dataclass(frozen=True)
class Workload:
    """A workload and the images of its containers, init containers too. ``template`` is its pod template.

    ``rolling``: a roll-out is under way. ``oldest_pod``: when the first of its pods read its configuration (RFC 3339,
    UTC), "" when unknown. ``on_delete``: its controller replaces no pod by itself.
    """

    kind: str
    namespace: str
    name: str
    images: Mapping[str, str]
    template: Mapping[str, Any] = field(default_factory=dict)
    rolling: bool = False
    on_delete: bool = False
    oldest_pod: str = ""

    @property
    def reads_config(self) -> bool:
        """Say whether its pods read cilium-config."""
        return _mentions(self.template.get("spec") or {}, CONFIG)


@dataclass(frozen=True)
class Manifests:
    """What a chart renders: cilium-config, long-lived workloads by name, and every image, those of jobs too."""

    config: Mapping[str, str]
    workloads: Mapping[str, Workload]
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class Current:
    """What runs. ``config`` is None when there is no cilium-config; ``managers`` are its keys' field managers.

    ``config_time`` is when its data last changed (RFC 3339, UTC). ``envoy_users`` are the policies and Envoy
    configurations that would lose their Envoy DaemonSet; only read when the wanted chart has none.

    ``release`` is the base of the comparison and ``rendered`` what Helm takes for running. After a change that did not
    end, ``broken`` is its revision, and ``aside`` what the one of the two renders that Helm does not take: of both,
    parts may live.
    """

    release: Release | None
    config: Mapping[str, str] | None = None
    managers: Mapping[str, str] = field(default_factory=dict)
    config_time: str = ""
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    rendered: Manifests = field(default_factory=lambda: Manifests({}, {}))
    envoy_users: tuple[str, ...] = ()
    broken: Release | None = None
    aside: Manifests = field(default_factory=lambda: Manifests({}, {}))


def manifests(documents_: Iterable[Mapping[str, Any]], namespace: str) -> Manifests:
    """Sort rendered manifests. ``namespace`` is where an object without one goes."""
    config: dict[str, str] = {}
    workloads: dict[str, Workload] = {}
    images: set[str] = set()
    for document in documents_:
        kind, metadata = document.get("kind"), document.get("metadata") or {}
        if kind == "ConfigMap" and metadata.get("name") == CONFIG:
            config = {str(key): _text(value) for key, value in (document.get("data") or {}).items()}
        elif kind in LONG_LIVED:
            found = workload(document, namespace)
            workloads[found.name] = found
            images.update(found.images.values())
        elif kind in ("Job", "CronJob"):
            spec = document.get("spec") or {}
            job = (spec.get("jobTemplate") or {}).get("spec") or {} if kind == "CronJob" else spec
            images.update(_images(job.get("template") or {}).values())
    return Manifests(config, workloads, tuple(sorted(images)))


def workload(document: Mapping[str, Any], namespace: str) -> Workload:
    """Return a DaemonSet, Deployment or StatefulSet, rendered or live, as a workload."""
    metadata, spec = document["metadata"], document.get("spec") or {}
    template = spec.get("template") or {}
    return Workload(
        kind=str(document.get("kind", "")),
        namespace=metadata.get("namespace") or namespace,
        name=metadata["name"],
        images=_images(template),
        template=template,
        rolling=_rolling(document),
        on_delete=(spec.get("updateStrategy") or {}).get("type") == "OnDelete",
    )


def of_release(release: Release | None) -> Manifests:
    """Return what a revision of a release renders, hooks left out; nothing for None."""
    return (
        manifests(documents.load_all(release.manifest, "release"), release.namespace) if release else Manifests({}, {})
    )


def read(cluster: Cluster, history: History, wanted: Manifests, namespace: str, from_newest: bool = False) -> Current:
    """Read what runs: cilium-config, the workloads of the release and of ``wanted``, and their pods' age.

    Without a release, agents of other namespaces are among the workloads. Helm upgrade takes the newest deployed
    revision for what runs; helm rollback and uninstall take the newest, which ``from_newest`` is for.
    """
    broken = None if history.broken is history.base else history.broken
    rendered, aside = of_release(history.base), of_release(broken)
    if from_newest and broken:
        rendered, aside = aside, rendered
    config = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG}")
    known = {**aside.workloads, **rendered.workloads, **wanted.workloads}
    workloads = _read_workloads(cluster, known, namespace)
    if history.base is None:
        workloads = {**_agents_anywhere(cluster), **workloads}
    return Current(
        release=history.base,
        config=None if config is None else dict(config.get("data") or {}),
        managers=_managers(config or {}),
        config_time=config_changed(config),
        workloads=workloads,
        rendered=rendered,
        envoy_users=_envoy_users(cluster) if ENVOY in workloads and ENVOY not in wanted.workloads else (),
        broken=history.broken,
        aside=aside,
    )


def _read_workloads(cluster: Cluster, known: Mapping[str, Workload], namespace: str) -> dict[str, Workload]:
    places = {(item.kind, item.namespace) for item in known.values()}
    places |= {("DaemonSet", namespace), ("Deployment", namespace)}
    names = {*known, AGENT, OPERATOR, ENVOY}
    found: dict[str, Workload] = {}
    for kind, place in sorted(places):
        for item in cluster.list(f"/apis/apps/v1/namespaces/{place}/{LONG_LIVED[kind]}"):
            if item["metadata"]["name"] in names:
                live = workload({**item, "kind": kind}, place)
                found[live.name] = _with_age(cluster, live, item) if live.reads_config else live
    return found


def _agents_anywhere(cluster: Cluster) -> dict[str, Workload]:
    """Find an agent in any namespace: a cluster bears one Cilium only."""
    found = cluster.list("/apis/apps/v1/daemonsets", {"labelSelector": f"k8s-app={AGENT}"})
    return {item["metadata"]["name"]: workload({**item, "kind": "DaemonSet"}, "") for item in found}


def _with_age(cluster: Cluster, live: Workload, item: Mapping[str, Any]) -> Workload:
    labels = ((item.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    query = {"labelSelector": selector}
    starts = cluster.list(f"/api/v1/namespaces/{live.namespace}/pods", query, pick=_start)
    return Workload(**{**vars(live), "oldest_pod": min((start for start in starts if start), default="")})


def _start(pod: Mapping[str, Any]) -> str:
    """Return when a pod that is to stay read its configuration, "" for one on its way in or out."""
    status = pod.get("status") or {}
    staying = status.get("phase") in ("Running", "Pending") and not pod["metadata"].get("deletionTimestamp")
    return read_config_at(pod) if staying and status.get("startTime") else ""


def _envoy_users(cluster: Cluster) -> tuple[str, ...]:
    found: list[str] = []
    for kind, path in ENVOY_USERS.items():
        found += cluster.list(path, pick=partial(_envoy_user, kind))
    return tuple(sorted(filter(None, found)))


def _envoy_user(kind: str, item: Mapping[str, Any]) -> str:
    return _named(kind, item) if "EnvoyConfig" in kind or needs_envoy(item) else ""


def policies_above_l4(cluster: Cluster) -> tuple[str, ...]:
    """Return the policies of Cilium with rules above L4, as ``Kind namespace/name``, sorted."""
    found: list[str] = []
    for kind, path in ENVOY_USERS.items():
        if kind.endswith("Policy"):
            found += cluster.list(path, pick=partial(_above_l4, kind))
    return tuple(sorted(filter(None, found)))


def _above_l4(kind: str, item: Mapping[str, Any]) -> str:
    return _named(kind, item) if above_l4([item.get("spec"), item.get("specs")]) else ""


def _named(kind: str, item: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    return f"{kind} {'/'.join(filter(None, (metadata.get('namespace'), metadata['name'])))}"


def _images(template: Mapping[str, Any]) -> dict[str, str]:
    spec = template.get("spec") or {}
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return {item["name"]: str(item.get("image", "")) for item in containers}


def _rolling(document: Mapping[str, Any]) -> bool:
    """Say whether the controller has not yet replaced all pods by ones of the newest template."""
    status = document.get("status")
    if not status:
        return False
    generation = document["metadata"].get("generation", 0)
    if status.get("observedGeneration", generation) < generation:
        return True
    if document.get("kind") == "DaemonSet":
        return int(status.get("updatedNumberScheduled", 0)) < int(status.get("desiredNumberScheduled", 0))
    return int(status.get("updatedReplicas", 0)) < int(status.get("replicas", 0))


def _managers(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of the ConfigMap and who set each."""
    owners: dict[str, set[str]] = {}
    for entry in (config.get("metadata") or {}).get("managedFields") or []:
        for key in (entry.get("fieldsV1") or {}).get("f:data") or {}:
            owners.setdefault(key.removeprefix("f:"), set()).add(str(entry.get("manager", "")))
    owners.pop(".", None)
    return {key: ", ".join(sorted(names)) for key, names in owners.items()}


def _mentions(value: Any, name: str) -> bool:
    """Say whether a pod spec refers to the ConfigMap, as a volume, for the environment or by argument."""
    if isinstance(value, Mapping):
        return any(_mentions(inner, name) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(_mentions(inner, name) for inner in value)
    return value == name


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
