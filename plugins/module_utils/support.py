# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a running or wanted Cilium lies outside AWS's technical support. Pure.

Sources: EKS Anywhere documentation, "Cilium supported by AWS" (AWS supports networking routing, identity-based network
policy by labels and CIDR, and L3/L4 load balancing; from v0.24 the build contains all open source features, before
v0.24 a part) and "Secure connectivity with CNI and Network Policy" (the feature table).
The keys are those that Cilium 1.17's chart writes into the ConfigMap cilium-config.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FULL_BUILD = (0, 24)
"""First EKS Anywhere version whose Cilium build contains all open source features."""


@dataclass(frozen=True)
class Feature:
    """A feature AWS does not support and the cilium-config key that turns it on.

    It is on when the key's value is one of ``values``; without ``values`` any value that is not empty turns it on.
    """

    name: str
    key: str
    values: tuple[str, ...] = ("true",)

    def on(self, value: str) -> bool:
        """Return whether this value of the key uses the feature."""
        return value in self.values if self.values else bool(value.strip())


OUTSIDE = (
    # "Advanced Network Policy & Encryption (DNS, L7, TLS/SNI, ...)"
    Feature("WireGuard encryption", "enable-wireguard"),
    Feature("IPsec encryption", "enable-ipsec"),
    Feature("Mutual authentication", "mesh-auth-mutual-enabled"),
    # "Ingress, Gateway API, & Service Mesh"
    Feature("Ingress controller", "enable-ingress-controller"),
    Feature("Gateway API", "enable-gateway-api"),
    Feature("L7 load balancing", "loadbalancer-l7", ("envoy",)),
    Feature("Envoy configuration resources", "enable-envoy-config"),
    Feature("Envoy DaemonSet", "external-envoy-proxy"),
    # "Multi-Cluster, Egress Gateway, BGP"
    Feature("Multi-cluster services", "clustermesh-enable-mcs-api"),
    Feature("Multi-cluster EndpointSlices", "clustermesh-enable-endpoint-sync"),
    Feature("Egress gateway", "enable-ipv4-egress-gateway"),
    Feature("Egress gateway", "enable-egress-gateway"),
    Feature("BGP control plane", "enable-bgp-control-plane"),
    # "Hubble Network Observability": the agent's own Hubble server is on by default in EKS Anywhere, so not listed.
    Feature("Hubble metrics", "hubble-metrics", ()),
    Feature("Hubble metrics", "hubble-dynamic-metrics-config-path", ()),
    Feature("Hubble flow export", "hubble-export-file-path", ()),
    Feature("Hubble flow export", "hubble-flowlogs-config-path", ()),
    # Named in no row of the table.
    Feature("L2 announcements", "enable-l2-announcements"),
    Feature("L2 pod announcements", "enable-l2-pod-announcements"),
    Feature("Local redirect policy", "enable-local-redirect-policy"),
    Feature("Host firewall", "enable-host-firewall"),
    Feature("Bandwidth manager", "enable-bandwidth-manager"),
    Feature("VXLAN tunnel endpoint integration", "enable-vtep"),
    Feature("NAT46/64 gateway", "enable-nat46x64-gateway"),
    Feature("SCTP", "enable-sctp"),
    Feature("High-scale ipcache", "enable-high-scale-ipcache"),
    Feature("Experimental load balancer", "enable-experimental-lb"),
    Feature("XDP acceleration", "bpf-lb-acceleration", ("native", "best-effort", "testing-only")),
    # Host scope ("kubernetes") is EKS Anywhere's, cluster scope ("cluster-pool") is what AWS's own command installs.
    Feature("IPAM mode", "ipam", ("multi-pool", "delegated-plugin", "crd", "eni", "azure", "alibabacloud")),
)

WORKLOADS = {
    "hubble-relay": "Hubble Relay",
    "hubble-ui": "Hubble UI",
    "clustermesh-apiserver": "ClusterMesh",
}
"""Workloads that are features of their own; no key of cilium-config tells of them."""

POLICY = "DNS, L7 or TLS policy"
"""The feature whose keys are policies instead of keys of cilium-config."""


def support(
    config: Mapping[str, str],
    eks_anywhere_version: str | None = None,
    workloads: Iterable[str] = (),
    l7_policies: Iterable[str] = (),
) -> list[dict[str, str]]:
    """Return what AWS does not support, as ``{feature, key, value, message}``, sorted.

    ``config`` is the data of cilium-config, ``eks_anywhere_version`` for example ``v0.24.1`` (without it the wording
    is that of a warning), ``workloads`` the names of Cilium's workloads, ``l7_policies`` the policies with rules above
    L4, as ``Kind namespace/name``.
    """
    found = [(item.name, item.key, config[item.key]) for item in OUTSIDE if item.on(str(config.get(item.key, "")))]
    found += [(WORKLOADS[name], f"workload {name}", "present") for name in workloads if name in WORKLOADS]
    found += [(POLICY, name, "present") for name in l7_policies]
    missing = is_error(eks_anywhere_version, False)
    message = (
        "The Cilium build of EKS Anywhere {version} does not contain it: turn it off or upgrade EKS Anywhere to v0.24."
        if missing
        else "It works, but lies outside AWS's support (routing, identity-based policy, L3/L4 load balancing)."
    ).format(version=eks_anywhere_version)
    return [
        {"feature": feature, "key": key, "value": value, "message": message} for feature, key, value in sorted(found)
    ]


def is_error(eks_anywhere_version: str | None, require_aws_support: bool) -> bool:
    """Return whether a listed feature stops the work: below v0.24 it cannot run, and ``require`` forbids it."""
    if require_aws_support:
        return True
    numbers = (eks_anywhere_version or "").lstrip("v").split(".")
    try:
        return (int(numbers[0]), int(numbers[1])) < FULL_BUILD
    except (ValueError, IndexError):
        return False


def above_l4(spec: object) -> bool:
    """Return whether a policy spec has rules above L4: HTTP, Kafka, DNS, TLS server names or DNS names."""
    if isinstance(spec, dict):
        return any(
            (key in ("toFQDNs", "serverNames", "originatingTLS", "terminatingTLS", "listener") and bool(value))
            or (key == "rules" and isinstance(value, dict) and bool(value))
            or above_l4(value)
            for key, value in spec.items()
        )
    if isinstance(spec, list):
        return any(above_l4(item) for item in spec)
    return False
