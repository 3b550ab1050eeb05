# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes Cilium's API objects, whoever made them: Helm, EKS Anywhere or a manifest.

What belongs to Cilium is known by the label that its chart gives, by names that the chart gives without one, and by the
manifest of its Helm release where there is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    cilium_current,
    cilium_record,
    cilium_removal,
    documents,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_checks import AGENT_TAINT
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import read_history
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import PARALLEL, Cluster

Object = dict[str, Any]

SELECTOR = {"labelSelector": "app.kubernetes.io/part-of=cilium"}
SECRETS_NAMESPACE = "cilium-secrets"
WORKLOADS = ("Deployment", "DaemonSet")
POLL = 1.0
NODE_MARKS = ("io.cilium", "cilium.io/", "network.cilium.io/")


@dataclass(frozen=True)
class Kind:
    """A kind of the API: where its collection is, and names without the label that the chart gives in it."""

    kind: str
    api: str
    plural: str
    namespaced: bool = True
    names: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Return its API group."""
        return self.api.split("/")[2] if self.api.startswith("/apis/") else ""

    def collection(self, namespace: str) -> str:
        """Return the path of its objects in a namespace, of all where it has none."""
        return f"{self.api}/namespaces/{namespace}/{self.plural}" if self.namespaced else f"{self.api}/{self.plural}"


@dataclass(frozen=True, order=True)
class Item:
    """One object of the API."""

    kind: str
    namespace: str
    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.kind} {'/'.join(filter(None, (self.namespace, self.name)))}"


_CORE, _APPS, _RBAC = "/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"
_ACCOUNTS = (
    "cilium", "cilium-envoy", "cilium-operator", "cilium-pre-flight", "clustermesh-apiserver", "hubble-generate-certs",
    "hubble-relay", "hubble-ui",
)  # fmt: skip
_SECRETS = (
    "cilium-ca", "clustermesh-apiserver-admin-cert", "clustermesh-apiserver-local-cert",
    "clustermesh-apiserver-remote-cert", "clustermesh-apiserver-server-cert", "hubble-ca-secret",
    "hubble-relay-client-certs", "hubble-relay-server-certs", "hubble-server-certs", "hubble-ui-client-certs",
)  # fmt: skip
KINDS = (
    Kind("Deployment", _APPS, "deployments", names=("cilium-operator", "hubble-relay", "hubble-ui")),
    Kind("DaemonSet", _APPS, "daemonsets", names=("cilium", "cilium-envoy", "cilium-pre-flight-check")),
    Kind("CronJob", "/apis/batch/v1", "cronjobs"),
    Kind("Job", "/apis/batch/v1", "jobs"),
    Kind("PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets"),
    Kind("Service", _CORE, "services", names=("cilium-agent", "cilium-envoy", "hubble-peer")),
    Kind(
        "ConfigMap",
        _CORE,
        "configmaps",
        names=("cilium-config", "cilium-envoy-config", "hubble-relay-config", "hubble-ui-nginx", cilium_record.NAME),
    ),
    Kind("Secret", _CORE, "secrets", names=_SECRETS),
    Kind("RoleBinding", _RBAC, "rolebindings", names=("cilium-config-agent",)),
    Kind("Role", _RBAC, "roles", names=("cilium-config-agent",)),
    Kind("ClusterRoleBinding", _RBAC, "clusterrolebindings", False, ("cilium", "cilium-operator")),
    Kind("ClusterRole", _RBAC, "clusterroles", False, ("cilium", "cilium-operator")),
    Kind("ServiceAccount", _CORE, "serviceaccounts", names=_ACCOUNTS),
    Kind("IngressClass", "/apis/networking.k8s.io/v1", "ingressclasses", False, ("cilium",)),
    Kind("Namespace", _CORE, "namespaces", False, (SECRETS_NAMESPACE,)),
)
"""In the order in which they go. The operator goes before the agents: it taints nodes without one."""

RUNTIME = (
    Kind("CiliumEndpoint", "/apis/cilium.io/v2", "ciliumendpoints"),
    Kind("CiliumEndpointSlice", "/apis/cilium.io/v2alpha1", "ciliumendpointslices", False),
    Kind("CiliumIdentity", "/apis/cilium.io/v2", "ciliumidentities", False),
    Kind("CiliumNode", "/apis/cilium.io/v2", "ciliumnodes", False),
)
"""What the agents and the operator note of themselves. Policies and other objects of users are not among it."""
CRDS = Kind("CustomResourceDefinition", "/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False)
NODES = Kind("Node", _CORE, "nodes", False)


@dataclass(frozen=True)
class Request:
    """What is wanted. ``remove_crds`` removes policies too; ``allow_in_use`` does so while pods are connected."""

    release_name: str = "cilium"
    namespace: str = "kube-system"
    remove_crds: bool = False
    allow_in_use: bool = False
    timeout: float = 120.0


@dataclass(frozen=True)
class Found:
    """What there is of Cilium: objects in the order in which they go, and nodes that bear its marks."""

    items: tuple[Item, ...] = ()
    runtime: tuple[Item, ...] = ()
    nodes: tuple[Object, ...] = ()
    crds: tuple[Item, ...] = ()
    history: tuple[Item, ...] = ()

    def names(self) -> list[str]:
        """Name everything, in order."""
        marks = [f"marks on Node {node['metadata']['name']}" for node in self.nodes]
        return [*map(str, self.items), *map(str, self.runtime), *marks, *map(str, self.crds), *map(str, self.history)]


def find(cluster: Cluster, request: Request) -> Found:
    """Read what there is of Cilium. Changes nothing."""
    history = read_history(cluster, request.release_name, request.namespace)
    rendered = [
        (str(item.get("kind")), str((item.get("metadata") or {}).get("name")))
        for release in (history.base, history.newest)
        for item in (documents.load_all(release.manifest, "release") if release else [])
    ]
    with ThreadPoolExecutor(PARALLEL) as workers:
        listed = list(workers.map(lambda kind: _of_kind(cluster, kind, request.namespace, rendered), KINDS))
        runtime = list(workers.map(lambda kind: _all(cluster, kind), RUNTIME))
    secrets = f"/api/v1/namespaces/{request.namespace}/secrets"
    return Found(
        items=tuple(item for items in listed for item in items),
        runtime=tuple(item for items in runtime for item in items),
        nodes=tuple(node for node in cluster.list("/api/v1/nodes", pick=_marked_node) if node),
        crds=tuple(crd for crd in _all(cluster, CRDS) if crd.name.endswith(".cilium.io"))
        if request.remove_crds
        else (),
        history=tuple(
            Item("Secret", request.namespace, revision.secret, f"{secrets}/{revision.secret}")
            for revision in history.revisions
        ),
    )


def _of_kind(cluster: Cluster, kind: Kind, namespace: str, rendered: Sequence[tuple[str, str]]) -> list[Item]:
    names = {*kind.names, *(name for one, name in rendered if one == kind.kind)}
    found = []
    for place in (namespace, SECRETS_NAMESPACE) if kind.namespaced else ("",):
        collection = kind.collection(place)
        labelled = {item["metadata"]["name"] for item in cluster.list(collection, SELECTOR, metadata_only=True)}
        there = {item["metadata"]["name"] for item in cluster.list(collection, metadata_only=True)}
        wanted = labelled | (names & there if place != SECRETS_NAMESPACE else set())
        found += [Item(kind.kind, place, name, f"{collection}/{name}") for name in sorted(wanted)]
    return found


def _all(cluster: Cluster, kind: Kind) -> list[Item]:
    found = []
    for item in cluster.list(f"{kind.api}/{kind.plural}", metadata_only=True):
        name, namespace = item["metadata"]["name"], item["metadata"].get("namespace", "")
        found.append(Item(kind.kind, namespace, name, f"{kind.collection(namespace)}/{name}"))
    return found


def _marked_node(node: Mapping[str, Any]) -> Object | None:
    """Return the strategic merge patch that takes annotations and the taint from a node, None when it has neither."""
    metadata = node["metadata"]
    marks = [key for key in metadata.get("annotations") or {} if key.startswith(NODE_MARKS)]
    taints = [taint for taint in (node.get("spec") or {}).get("taints") or [] if taint.get("key") == AGENT_TAINT]
    if not marks and not taints:
        return None
    patch: Object = {"metadata": {"name": metadata["name"], "annotations": dict.fromkeys(marks)}}
    if taints:
        patch["spec"] = {"taints": [{"key": AGENT_TAINT, "$patch": "delete"}]}
    return patch


def check(cluster: Cluster, request: Request, found: Found) -> None:
    """Raise Forbidden with every permission that lacks, or NetworkError while pods are connected."""
    lacking = cluster.access(_needs(found, request.namespace))
    if lacking:
        raise Forbidden(lacking)
    if found.items and not request.allow_in_use:
        wrong = cilium_removal.problems(cluster, _own(cluster, found.items))
        if wrong:
            raise NetworkError(wrong)


def _needs(found: Found, namespace: str) -> list[tuple[str, str, str, str | None]]:
    kinds = {kind.kind: kind for kind in (*KINDS, *RUNTIME, CRDS)}
    items = (*found.items, *found.runtime, *found.crds, *found.history)
    places = {(kinds[item.kind].group, kinds[item.kind].plural, item.namespace or None) for item in items}
    needs = [("delete", *place) for place in places]
    needs += [("patch", "", "nodes", None)] if found.nodes else []
    return [*needs, *([("create", "", "secrets", namespace)] if found.items else [])]


def _own(cluster: Cluster, items: Iterable[Item]) -> list[cilium_current.Workload]:
    workloads = [(item, cluster.get(item.path)) for item in items if item.kind in cilium_current.LONG_LIVED]
    return [cilium_current.workload({**live, "kind": item.kind}, item.namespace) for item, live in workloads if live]


def remove(
    cluster: Cluster,
    request: Request,
    found: Found,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Remove what was found: the operator, the agents, the rest, and last what tells the next run what there was.

    Of each workload the pods are waited for. Raises NetworkError when they do not end.
    """
    end = now() + request.timeout

    def await_end(items: Iterable[Item]) -> None:
        while left := [str(item) for item in items if cluster.get(item.path)]:
            if now() > end:
                text = f"not gone within {request.timeout:g} seconds: {', '.join(left)}"
                raise NetworkError(Problem("wait_timeout", text, "See the kubelets of their nodes, then run again"))
            sleep(POLL)

    for kind in WORKLOADS:
        workloads = [item for item in found.items if item.kind == kind]
        for item in workloads:
            cluster.delete(item.path, {"propagationPolicy": "Foreground"})
        await_end(workloads)
    rest = [item for item in found.items if item.kind not in WORKLOADS]
    with ThreadPoolExecutor(PARALLEL) as workers:
        for items in (rest, found.runtime):
            list(workers.map(lambda item: cluster.delete(item.path), items))
    for node in found.nodes:
        cluster.patch(f"/api/v1/nodes/{node['metadata']['name']}", node, "application/strategic-merge-patch+json")
    for item in found.crds:
        cluster.delete(item.path)
    await_end([*rest, *found.runtime, *found.crds])
    for item in found.history:
        cluster.delete(item.path)
