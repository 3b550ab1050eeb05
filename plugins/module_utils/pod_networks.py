# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that pods ask for and have, by the annotations that Multus reads and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
MULTUS_NAMESPACE = "kube-system"
"""Where Multus looks for a default network that names no namespace."""

Key = tuple[str, str]
"""Namespace and name of a network."""

_SHORT = re.compile(
    r"(?:(?P<namespace>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)/)?(?P<name>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)"
    r"(?:@(?P<interface>[^\s/]{1,15}))?"
)


@dataclass(frozen=True)
class Request:
    """One network that a pod asks for; ``interface`` is "" where Multus numbers it (net1, net2, …)."""

    namespace: str
    name: str
    interface: str = ""


@dataclass(frozen=True)
class PodNetworks:
    """A pod that has not ended: what its annotation asks for and what its status says it has.

    ``wrong`` says why the annotation cannot be read, "" when it can. ``controller`` makes the pod anew when it is
    deleted, for example ``ReplicaSet web-5d4f``; "" for a pod that nobody does that for.
    """

    pod: str
    asked: frozenset[Key]
    has: frozenset[Key]
    wrong: str = ""
    controller: str = ""


def parse(annotation: str, namespace: str) -> list[Request]:
    """Return what an annotation asks for, in its order; ``namespace`` is the pod's.

    Multus takes JSON when there is a bracket, a brace or a quote, else names joined by commas. Raises ValueError with
    what is wrong.
    """
    if any(sign in annotation for sign in '[{"'):
        return [_from_json(entry, namespace) for entry in _list(annotation)]
    found = []
    for item in annotation.split(","):
        match = _SHORT.fullmatch(item.strip())
        if not match:
            raise ValueError(f"'{item.strip()}' is not namespace/name@interface")
        found.append(Request(match["namespace"] or namespace, match["name"], match["interface"] or ""))
    return found


def _list(annotation: str) -> list[Any]:
    try:
        found = json.loads(annotation)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(found, list):
        raise ValueError("it is not a list")
    return found


def _from_json(entry: Any, namespace: str) -> Request:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise ValueError("an entry has no name")
    fields = {key: entry.get(key) or "" for key in ("namespace", "interface")}
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError(f"an entry of {entry['name']} has a field that is no string")
    return Request(fields["namespace"] or namespace, entry["name"], fields["interface"])


def pick(item: Mapping[str, Any]) -> PodNetworks | None:
    """Reduce a pod, or its metadata, to its networks; None when it has none."""
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    namespace = metadata["namespace"]
    asked: set[Key] = set()
    wrong = ""
    for key, home in ((NETWORKS, namespace), (DEFAULT_NETWORK, MULTUS_NAMESPACE)):
        text = annotations.get(key)
        try:
            asked |= {(request.namespace, request.name) for request in parse(text, home)} if text else set()
        except ValueError as error:
            wrong = f"{key}: {error}"
    has = _attached(annotations.get(STATUS))
    if not (asked or has or wrong):
        return None
    return PodNetworks(
        f"{namespace}/{metadata['name']}", frozenset(asked), frozenset(has), wrong, _controller(metadata)
    )


def _controller(metadata: Mapping[str, Any]) -> str:
    owners = [owner for owner in metadata.get("ownerReferences") or [] if owner.get("controller")]
    return f"{owners[0]['kind']} {owners[0]['name']}" if owners else ""


def _attached(status: str | None) -> set[Key]:
    """Return the networks of the status; the cluster network has a name without a namespace."""
    try:
        entries = json.loads(status or "[]")
    except ValueError:
        return set()
    names = [str(entry.get("name", "")) for entry in entries if isinstance(entry, Mapping)]
    return {(name.partition("/")[0], name.partition("/")[2]) for name in names if "/" in name}


def read(cluster: Cluster) -> list[PodNetworks]:
    """Return every pod that has not ended and asks for a network or has one. Only metadata is fetched."""
    query = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
    return [pod for pod in cluster.list("/api/v1/pods", query, metadata_only=True, pick=pick) if pod]


def users(pods: Iterable[PodNetworks]) -> dict[Key, list[str]]:
    """Return for each network the pods that ask for it or have it."""
    found: dict[Key, list[str]] = {}
    for pod in pods:
        for key in pod.asked | pod.has:
            found.setdefault(key, []).append(pod.pod)
    return found
