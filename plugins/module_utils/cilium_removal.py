# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against removing Cilium: pods that it connects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import Workload
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster


def problems(cluster: Cluster, own: Collection[Workload]) -> list[Problem]:
    """Return the one problem that counts the connected pods by namespace. ``own`` are the release's workloads.

    Connected is a pod that has a node and is not on its network. Cilium's own, which go with it, do not count.
    """
    found = cluster.list("/api/v1/pods", pick=partial(_namespace_if_connected, own))
    counts = Counter(filter(None, found))
    if not counts:
        return []
    listed = named(f"{count} in {namespace}" for namespace, count in counts.items())
    text = f"pods run that have their network from Cilium (found {counts.total()}: {listed})"
    hint = "Put another CNI in its place with the playbook replace_cni.yml, or delete these pods first"
    return [Problem("state", text, hint)]


def _namespace_if_connected(own: Collection[Workload], pod: Mapping[str, Any]) -> str:
    metadata, spec = pod["metadata"], pod.get("spec") or {}
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    if ended or spec.get("hostNetwork") or not spec.get("nodeName"):
        return ""
    return "" if any(_made_by(workload, metadata) for workload in own) else str(metadata["namespace"])


def _made_by(workload: Workload, metadata: Mapping[str, Any]) -> bool:
    wanted = (workload.template.get("metadata") or {}).get("labels") or {}
    labels = metadata.get("labels") or {}
    same_place = metadata["namespace"] == workload.namespace
    return bool(wanted) and same_place and all(labels.get(key) == value for key, value in wanted.items())
