# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values with which EKS Anywhere renders its Cilium, and what becomes of them with ``helmValues``. Pure.

Source: aws/eks-anywhere, pkg/networking/cilium/templater.go and upgrade_plan.go, the same from v0.24.0 to v0.26.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten, same

Tree = dict[str, Any]

ENVOY_SINCE = (0, 24)
"""From this version of EKS Anywhere on its values switch the Envoy DaemonSet off."""
DIRECT = "direct"
"""The one routingMode that means native routing; every other word means the tunnel."""

TOLERATED = ("node-role.kubernetes.io/control-plane", "node.kubernetes.io/not-ready", "node.cilium.io/agent-not-ready")
WATCHED = {
    "policyEnforcementMode": "policyEnforcementMode",
    "egressMasqueradeInterfaces": "egressMasqueradeInterfaces",
    "cni.exclusive": "cniExclusive",
}
"""Keys of helmValues that the reconciler compares with a field of the Cluster: field by dotted path."""


def value_set(fields: Mapping[str, Any], version: tuple[int, ...], single_node: bool = False) -> Tree:
    """Return EKS Anywhere's values without image names. ``fields`` are those of ``cniConfig.cilium``.

    ``single_node``: the cluster has no worker groups and one control plane node.
    """
    values: Tree = {
        "cni": {"chainingMode": "portmap"},
        "ipam": {"mode": "kubernetes"},
        "identityAllocationMode": "crd",
        "prometheus": {"enabled": True},
        "rollOutCiliumPods": True,
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
        "operator": {
            "prometheus": {"enabled": True},
            "tolerations": [{"key": key, "operator": "Exists"} for key in TOLERATED],
        },
    }
    if version >= ENVOY_SINCE:
        values["envoy"] = {"enabled": False}
    if single_node:
        values["operator"]["replicas"] = 1
    if fields.get("cniExclusive") is not None:
        values["cni"]["exclusive"] = fields["cniExclusive"]
    for name in ("policyEnforcementMode", "egressMasqueradeInterfaces"):
        if fields.get(name):
            values[name] = fields[name]
    if fields.get("routingMode") == DIRECT:
        del values["tunnelProtocol"]
        values |= {"routingMode": "native", "autoDirectNodeRoutes": "true"}
        for name in ("ipv4NativeRoutingCIDR", "ipv6NativeRoutingCIDR"):
            if fields.get(name):
                values[name] = fields[name]
    return values


def helm_values_warnings(
    helm_values: Mapping[str, Any], fields: Mapping[str, Any], version: tuple[int, ...]
) -> list[str]:
    """Return what a user of ``helmValues`` has to know: they replace the whole set, and some never come to rest."""
    given = flatten(helm_values)
    lost = {path: value for path, value in flatten(value_set(fields, version)).items() if path not in given}
    found = []
    if lost:
        listed = named(f"{path}={_text(value)}" for path, value in lost.items())
        found.append(
            f"helmValues replaces EKS Anywhere's whole set of values: without {listed} the chart's defaults hold."
        )
    drifting = [
        path
        for path, field in WATCHED.items()
        if path in given and not same(given[path], fields.get(field) if fields.get(field) is not None else "")
    ]
    drifting += [path for path in given if path.startswith(("image.", "operator.image."))]
    if drifting:
        found.append(
            f"EKS Anywhere compares what runs with fields of the Cluster and with its bundle, never with helmValues: "
            f"with {named(drifting)} it would apply its Cilium again at every reconciliation."
        )
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "[…]" if isinstance(value, (list, tuple)) else str(value)
