# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says on which nodes a DaemonSet wants a pod. Pure functions over API objects."""

from __future__ import annotations

from typing import Any

# What the DaemonSet controller tolerates for every pod, whatever the template says.
# https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
DAEMON_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists"}
    for key in ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
]
HOST_NETWORK_TOLERATION = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists"}


def daemon_wants(spec: dict[str, Any], node: dict[str, Any]) -> bool:
    """Return whether a DaemonSet with this pod spec runs a pod on this node."""
    labels = node["metadata"].get("labels") or {}
    selector = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity and not any(_term(term, node) for term in affinity.get("nodeSelectorTerms") or []):
        return False
    tolerations = [*(spec.get("tolerations") or []), *DAEMON_TOLERATIONS]
    if spec.get("hostNetwork"):
        tolerations.append(HOST_NETWORK_TOLERATION)
    taints = (node.get("spec") or {}).get("taints") or []
    repelling = (taint for taint in taints if taint.get("effect") in ("NoSchedule", "NoExecute"))
    return all(any(_tolerates(toleration, taint) for toleration in tolerations) for taint in repelling)


def _term(term: dict[str, Any], node: dict[str, Any]) -> bool:
    """Requirements of one term are ANDed; a term without any matches nothing."""
    expressions = term.get("matchExpressions") or []
    fields = term.get("matchFields") or []
    if not expressions and not fields:
        return False
    labels = node["metadata"].get("labels") or {}
    names = {"metadata.name": node["metadata"]["name"]}
    return all(_requirement(item, labels) for item in expressions) and all(_requirement(item, names) for item in fields)


def _requirement(item: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(item["key"])
    values = item.get("values") or []
    operator = item["operator"]
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    try:
        found, bound = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return found > bound if operator == "Gt" else found < bound


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key = toleration.get("key")
    if toleration.get("operator") == "Exists":
        return not key or key == taint["key"]
    return key == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")
