# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what is removed of Cilium in a Secret on the cluster, and puts it back from there.

The Secret is written before the first object is deleted. A removal that was broken off finds less than there was: then
what the Secret has and the cluster has not any more is kept.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_absent import KINDS, Found, Item
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Conflict, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import DEPLOYED
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

Object = dict[str, Any]

NAME = "eks-anywhere-network-cilium-backup"
LIMIT = 1_000_000
"""Bytes that a Secret can hold, with some to spare."""
OF_THE_SERVER = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation", "managedFields",
    "ownerReferences", "resourceVersion", "selfLink", "uid",
)  # fmt: skip
NEW_EACH_TIME = {"Service": ("clusterIP", "clusterIPs"), "Namespace": ("finalizers",)}


def save(cluster: Cluster, namespace: str, found: Found) -> None:
    """Write the Secret. Raises NetworkError when what there is does not fit."""
    live = {}
    for item in (*found.items, *_deployed(cluster, found.history)):
        content = cluster.get(item.path)
        if content is not None:
            live[item.path] = _clean(item.kind, content)
    body = _secret(namespace, {**read(cluster, namespace), **live})
    path = f"{_secrets(namespace)}/{NAME}"
    try:
        cluster.create(_secrets(namespace), body)
    except Conflict:
        cluster.patch(path, {"data": body["data"]})


def read(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """Return the objects of the Secret by their paths, {} without one. Raises NetworkError when it cannot be read."""
    secret = cluster.get(f"{_secrets(namespace)}/{NAME}")
    if secret is None:
        return {}
    try:
        return dict(json.loads(gzip.decompress(base64.b64decode(secret["data"]["objects"]))))
    except (KeyError, OSError, ValueError) as error:
        problem = Problem("namespace", f"the Secret {namespace}/{NAME} cannot be read: {error}", "See who changed it")
        raise NetworkError(problem) from error


def missing(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """Return what the Secret has and the cluster has not, in the order in which it can be made.

    Raises NetworkError when there is neither a Secret nor Cilium.
    """
    kept = read(cluster, namespace)
    if not kept and cluster.get(f"/apis/apps/v1/namespaces/{namespace}/daemonsets/cilium") is None:
        text = f"there is no Secret {namespace}/{NAME}, so what there was of Cilium is not known"
        raise NetworkError(Problem("namespace", text, "Install Cilium with the playbook cilium.yml"))
    order = [kind.kind for kind in reversed(KINDS)]
    paths = sorted(kept, key=lambda path: (order.index(kept[path]["kind"]), path))
    return {path: kept[path] for path in paths if cluster.get(path) is None}


def restore(cluster: Cluster, objects: Mapping[str, Object]) -> None:
    """Make the objects again. One that is there meanwhile stays as it is."""
    for path, content in objects.items():
        try:
            cluster.create(path.rpartition("/")[0], content)
        except Conflict:
            continue


def forget(cluster: Cluster, namespace: str) -> bool:
    """Delete the Secret; False when there was none."""
    return cluster.delete(f"{_secrets(namespace)}/{NAME}")


def _deployed(cluster: Cluster, history: Iterable[Item]) -> list[Item]:
    """Return the newest revision of the release that is deployed. All of them would not fit."""
    found = []
    for item in history:
        labels = ((cluster.get(item.path) or {}).get("metadata") or {}).get("labels") or {}
        found += [item] if labels.get("status") == DEPLOYED else []
    return found[-1:]


def _clean(kind: str, content: Mapping[str, Any]) -> Object:
    metadata = {key: value for key, value in content["metadata"].items() if key not in OF_THE_SERVER}
    cleaned = {**{key: value for key, value in content.items() if key != "status"}, "kind": kind, "metadata": metadata}
    if kind in NEW_EACH_TIME and cleaned.get("spec"):
        spec = cleaned["spec"]
        # A headless Service keeps its None.
        dropped = () if spec.get("clusterIP") == "None" else NEW_EACH_TIME[kind]
        cleaned["spec"] = {key: value for key, value in spec.items() if key not in dropped}
    return cleaned


def _secret(namespace: str, objects: Mapping[str, Object]) -> Object:
    packed = base64.b64encode(gzip.compress(json.dumps(objects, sort_keys=True).encode(), mtime=0)).decode()
    if len(packed) > LIMIT:
        text = f"what there is of Cilium does not fit into a Secret (got {len(packed)} bytes)"
        raise NetworkError(Problem("backup", text, "Take backup: false, and keep a way to install it again"))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "eks_anywhere.network"},
        },
        "type": "Opaque",
        "data": {"objects": packed},
    }


def _secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"
