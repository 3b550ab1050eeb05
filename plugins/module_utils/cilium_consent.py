# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of a running Cilium are dangerous, and the variable that consents to each. Pure.

Defaults of absent keys: cmdref of cilium-agent and cilium-operator 1.17, except the identity mode, where every chart
writes the key and crd is the chart's default.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import Refusal

PREFIX = "cilium_"
"""Refusals name variables of the role; the module's options lack this prefix."""

GUARDED: dict[str, tuple[str, str]] = {
    "ipam": ("allow_ipam_change", "cluster-pool"),
    "routing-mode": ("allow_routing_mode_change", "tunnel"),
    "auto-direct-node-routes": ("allow_routing_mode_change", "false"),
    "tunnel-protocol": ("allow_tunnel_change", "vxlan"),
    "tunnel-port": ("allow_tunnel_change", "0"),
    "cluster-name": ("allow_cluster_identity_change", "default"),
    "cluster-id": ("allow_cluster_identity_change", "0"),
    "identity-allocation-mode": ("allow_identity_mode_change", "crd"),
    "kube-proxy-replacement": ("allow_kube_proxy_replacement_change", "false"),
    "enable-policy": ("allow_policy_enforcement_change", "default"),
    "cni-exclusive": ("allow_cni_exclusive_change", "false"),
    "cluster-pool-ipv4-cidr": ("allow_cidr_change", ""),
    "cluster-pool-ipv4-mask-size": ("allow_cidr_change", "24"),
    "cluster-pool-ipv6-cidr": ("allow_cidr_change", ""),
    "cluster-pool-ipv6-mask-size": ("allow_cidr_change", "112"),
    "ipv4-native-routing-cidr": ("allow_cidr_change", ""),
    "ipv6-native-routing-cidr": ("allow_cidr_change", ""),
}
"""cilium-config key: (option that consents to its change, what an absent key means)."""

DOWNGRADE = "allow_downgrade"
VERSION_SKIP = "allow_version_skip"
L7_INTERRUPTION = "allow_l7_interruption"
REPAIR = "allow_repair"
CONSENTS = tuple(dict.fromkeys([option for option, _default in GUARDED.values()])) + (
    DOWNGRADE,
    VERSION_SKIP,
    L7_INTERRUPTION,
    REPAIR,
)
"""Every consent there is, as options of the module."""

TUNNEL_PORTS = {"vxlan": "8472", "geneve": "6081"}
_OLD_PROXY_WORDS = {"disabled": "false", "partial": "false", "strict": "true"}


def effective(config: Mapping[str, str]) -> dict[str, str]:
    """Return what the guarded keys of a cilium-config mean, absent and old-fashioned ones translated."""
    given = {key: str(config.get(key, "")).strip() for key in GUARDED}
    old = str(config.get("tunnel", "")).strip()  # up to 1.13: disabled, vxlan or geneve
    if old and not given["routing-mode"]:
        given["routing-mode"] = "native" if old == "disabled" else "tunnel"
        if old != "disabled":
            given["tunnel-protocol"] = given["tunnel-protocol"] or old
    meant = {key: given[key] or default for key, (_option, default) in GUARDED.items()}
    if meant["tunnel-port"] == "0":
        meant["tunnel-port"] = TUNNEL_PORTS.get(meant["tunnel-protocol"], "0")
    meant["enable-policy"] = meant["enable-policy"].lower()
    meant["kube-proxy-replacement"] = _OLD_PROXY_WORDS.get(
        meant["kube-proxy-replacement"], meant["kube-proxy-replacement"]
    )
    for key in GUARDED:
        if key.endswith("-cidr"):
            meant[key] = " ".join(sorted(re.split(r"[\s,]+", meant[key]))).strip()
    return meant


def config_refusals(before: Mapping[str, str], after: Mapping[str, str], consents: Collection[str]) -> list[Refusal]:
    """Return a refusal for every guarded key that changes its meaning without consent."""
    old, new = effective(before), effective(after)
    return [
        Refusal(key, old[key], new[key], PREFIX + option)
        for key, (option, _default) in GUARDED.items()
        if old[key] != new[key] and option not in consents
    ]


def version_refusals(before: str, after: str, consents: Collection[str]) -> list[Refusal]:
    """Return the refusals of a chart version that goes back, or further than one minor.

    Upstream tests upgrades and downgrades between consecutive minors only.
    """
    old, new = parse_version(before), parse_version(after)
    if not old or not new:
        return []
    refused = []
    if new < old:
        refused.append(DOWNGRADE)
    if new[0] != old[0] or abs(new[1] - old[1]) > 1:
        refused.append(VERSION_SKIP)
    return [Refusal("chart_version", before, after, PREFIX + option) for option in refused if option not in consents]


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Return (major, minor, patch). A vendor's build suffix (1.17.6-0) or a pre-release mark does not count."""
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def needs_envoy(policy: Mapping[str, Any]) -> bool:
    """Say whether a CiliumNetworkPolicy (also clusterwide) sends traffic through Envoy.

    DNS rules do not: the agent has its own DNS proxy.
    """
    specs = [policy.get("spec") or {}, *(policy.get("specs") or [])]
    return any(_port_needs_envoy(port) for spec in specs for port in _ports(spec))


def _ports(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for direction in ("ingress", "egress", "ingressDeny", "egressDeny"):
        for rule in spec.get(direction) or []:
            yield from rule.get("toPorts") or []


def _port_needs_envoy(port: Mapping[str, Any]) -> bool:
    rules = {name for name, listed in (port.get("rules") or {}).items() if listed}
    named = any(port.get(key) for key in ("terminatingTLS", "originatingTLS", "serverNames", "listener"))
    return named or bool(rules - {"dns"})
