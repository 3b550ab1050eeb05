# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be open on a node of an EKS Anywhere cluster, as a table, and when. Pure.

Sources are files of cilium/cilium v1.17.6 (CI) and of aws/eks-anywhere v0.26.1, for earlier ports of Tinkerbell those
of v0.24 and v0.21 (EKSA), or standards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_facts import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import ROLES

CLUSTER = ("control_plane", "worker")
CONTROL_PLANE = ("control_plane",)
TINKERBELL = ("tinkerbell",)

REQUIREMENTS = "CI Documentation/operations/system_requirements.rst, Firewall Rules"
CONFIGMAP = "CI install/kubernetes/cilium/templates/cilium-configmap.yaml"
PORTS = "EKSA docs/content/en/docs/getting-started/ports/_index.md"
STACK = "EKSA pkg/providers/tinkerbell/stack/stack.go"


Find = Callable[[Facts], "tuple[str, ...] | None"]


@dataclass(frozen=True)
class Opening:
    """One row. ``find`` returns the ports, () for a protocol without, None where nothing is to be opened.

    ``shown`` are the ports as the documentation has them, ``when`` is the condition. ``origin`` is a word of ``from``,
    or returns addresses.
    """

    name: str
    proto: str
    shown: str
    origin: str | Callable[[Facts], tuple[str, ...]]
    on: tuple[str, ...]
    find: Find
    when: str
    reason: str
    source: str
    icmp_types: tuple[str, ...] = ()

    def rule(self, facts: Facts) -> dict[str, Any] | None:
        """Return the rule as a caller would give it, None where it does not apply."""
        ports = self.find(facts)
        origin = (self.origin,) if isinstance(self.origin, str) else self.origin(facts)
        if ports is None or not origin:
            return None
        given = {
            "name": self.name,
            "proto": self.proto,
            "ports": list(ports),
            "icmp_types": list(self.icmp_types),
            "from": list(origin),
            "on": list(self.on),
            "reason": self.reason,
            "source": self.source,
        }
        return {key: value for key, value in given.items() if value not in ([], "")}


def fixed(*ports: str) -> Find:
    """Find ports that are always the same."""
    return lambda _facts: ports


def one(find: Callable[[Facts], str]) -> Find:
    """Find a port, "" for none."""
    return lambda facts: (port,) if (port := find(facts)) else None


def listens(key: str, needs: str = "") -> Find:
    """Find the port of an address such as ``:4244``. What listens on the node's loopback alone needs no rule.

    ``needs`` is a key that has to be true.
    """

    def find(facts: Facts) -> tuple[str, ...] | None:
        host, _colon, port = facts.text(key).rpartition(":")
        if needs and not facts.on(needs):
            return None
        return (port,) if port.isdigit() and not _is_loopback(host) else None

    return find


def number(key: str, default: str, needs: str, assumed: str = "false") -> Find:
    """Find the port that a key holds while the key ``needs``, which means ``assumed`` where it is absent, is true."""
    return lambda facts: (facts.text(key, default),) if facts.on(needs, assumed) else None


def without_ports(needs: str, assumed: str = "false", also: str = "") -> Find:
    """Find a protocol without ports, while the key ``needs``, and ``also`` where it is given, are true."""
    return lambda facts: () if facts.on(needs, assumed) and (not also or facts.on(also)) else None


def since(low: tuple[int, int], ports: str, before: str) -> Find:
    """Find the port of a version of EKS Anywhere; where that is not known, the ports of all."""

    def find(facts: Facts) -> tuple[str, ...]:
        if facts.version is None:
            return (ports, before)
        return (ports,) if facts.version >= low else (before,)

    return find


def _is_loopback(host: str) -> bool:
    name = host.strip("[]")
    return name == "localhost" or (bool(re.fullmatch(r"[0-9a-f:.]+", name)) and ip_address(name).is_loopback)


def _envoy(facts: Facts) -> str:
    return facts.text("proxy-prometheus-port", "9964" if facts.on("external-envoy-proxy") else "")


def _vteps(facts: Facts) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\s,]+", facts.text("vtep-endpoint"))) if facts.on("enable-vtep") else ()


def _bmcs(facts: Facts) -> tuple[str, ...]:
    return facts.bmcs


def _link_local(_facts: Facts) -> tuple[str, ...]:
    return ("fe80::/10",)


def _ingress(facts: Facts) -> str:
    port = facts.text("ingress-hostnetwork-shared-listener-port", "0")
    return port if facts.on("ingress-hostnetwork-enabled") and port != "0" else ""


def _node_ports(facts: Facts) -> tuple[str, ...]:
    return (f"{facts.node_ports[0]}-{facts.node_ports[1]}",)


METRICS = "Prometheus reads it, from the address of the node it runs on"
ALWAYS = "always"

TABLE = (
    Opening(
        "cilium-tunnel", "udp", "6081 (geneve), 8472 (vxlan) or tunnel-port", "nodes", CLUSTER,
        one(lambda facts: facts.tunnel),
        "routing-mode tunnel, or a feature that tunnels in native routing: egress gateway, DSR with Geneve",
        "packets between pods of different nodes", REQUIREMENTS,
    ),
    Opening(
        "cilium-tunnel-change", "udp", "the other port of a change", "nodes", CLUSTER,
        one(lambda facts: facts.other_tunnel),
        "while protocol or port of the tunnel change",
        "nodes whose agent has, or has not yet, the other tunnel", "CI pkg/datapath/tunnel/tunnel.go",
    ),
    Opening(
        "cilium-vtep", "udp", "as cilium-tunnel", _vteps, CLUSTER, one(lambda facts: facts.meant["tunnel-port"]),
        "enable-vtep", "VXLAN endpoints outside of the cluster (vtep-endpoint)",
        "CI Documentation/network/vtep.rst",
    ),
    Opening(
        "cilium-wireguard", "udp", "51871", "nodes", CLUSTER,
        lambda facts: ("51871",) if facts.on("enable-wireguard") else None,
        "enable-wireguard", "encrypted packets between nodes", "CI pkg/wireguard/types/types.go",
    ),
    Opening(
        "cilium-ipsec", "esp", "", "nodes", CLUSTER, without_ports("enable-ipsec"),
        "enable-ipsec", "encrypted packets between nodes", REQUIREMENTS,
    ),
    Opening(
        "pods", "any", "", "pods", CLUSTER, fixed(), ALWAYS,
        "pods to the nodes with their own address: in native routing, and where nothing is masqueraded",
        "CI Documentation/network/concepts/masquerading.rst",
    ),
    Opening(
        "cilium-health", "tcp", "4240 or cluster-health-port", "nodes", CLUSTER,
        number("cluster-health-port", "4240", "enable-health-checking", "true"),
        "enable-health-checking", "cilium-health asks every node", REQUIREMENTS,
    ),
    Opening(
        "cilium-health-icmp", "icmp", "type 8, code 0", "nodes", CLUSTER,
        without_ports("enable-health-checking", "true"),
        "enable-health-checking", "cilium-health pings every node", REQUIREMENTS, ("8/0",),
    ),
    Opening(
        "cilium-health-icmpv6", "icmpv6", "type 128, code 0", "nodes", CLUSTER,
        without_ports("enable-health-checking", "true", also="enable-ipv6"),
        "enable-health-checking and enable-ipv6", "cilium-health pings every node", REQUIREMENTS, ("128/0",),
    ),
    Opening(
        "hubble", "tcp", "4244 or that of hubble-listen-address", "nodes", CLUSTER,
        listens("hubble-listen-address", "enable-hubble"),
        "enable-hubble and hubble-listen-address", "Hubble Relay asks every node", CONFIGMAP,
    ),
    Opening(
        "cilium-mutual-auth", "tcp", "4250 or mesh-auth-mutual-listener-port", "nodes", CLUSTER,
        number("mesh-auth-mutual-listener-port", "4250", "mesh-auth-mutual-enabled"),
        "mesh-auth-mutual-enabled", "nodes authenticate each other", "CI pkg/auth/mutual_authhandler.go",
    ),
    Opening(
        "cilium-agent-metrics", "tcp", "9962 or that of prometheus-serve-addr", "nodes", CLUSTER,
        listens("prometheus-serve-addr"), "prometheus-serve-addr", METRICS, CONFIGMAP,
    ),
    Opening(
        "cilium-operator-metrics", "tcp", "9963 or that of operator-prometheus-serve-addr", "nodes", CLUSTER,
        listens("operator-prometheus-serve-addr"), "operator-prometheus-serve-addr", METRICS, CONFIGMAP,
    ),
    Opening(
        "cilium-envoy-metrics", "tcp", "9964 or proxy-prometheus-port", "nodes", CLUSTER, one(_envoy),
        "proxy-prometheus-port or external-envoy-proxy", METRICS, CONFIGMAP,
    ),
    Opening(
        "hubble-metrics", "tcp", "9965 or that of hubble-metrics-server", "nodes", CLUSTER,
        listens("hubble-metrics-server", "enable-hubble"), "hubble-metrics-server", METRICS, CONFIGMAP,
    ),
    Opening(
        "cilium-bgp", "tcp", "179", "any", CLUSTER,
        lambda facts: ("179",) if facts.on("enable-bgp-control-plane") else None,
        "enable-bgp-control-plane", "routers that open the session; a rule of this name can say which ones",
        "RFC 4271, 8; CI pkg/bgpv1/types/bgp.go",
    ),
    Opening(
        "cilium-ingress", "tcp", "ingress-hostnetwork-shared-listener-port", "any", CLUSTER, one(_ingress),
        "ingress-hostnetwork-enabled", "clients of Ingresses that listen on the nodes", CONFIGMAP,
    ),
    Opening(
        "kube-apiserver", "tcp", "6443", "any", CONTROL_PLANE, fixed("6443"), ALWAYS,
        "clients, nodes and pods, also at the address that kube-vip holds (by ARP, which is not filtered)", PORTS,
    ),
    Opening(
        "etcd", "tcp", "2379-2380", "control_plane", CONTROL_PLANE, fixed("2379-2380"), ALWAYS,
        "members and API servers; on bare metal etcd is always stacked", PORTS,
    ),
    Opening(
        "kubelet", "tcp", "10250", "nodes", CLUSTER, fixed("10250"), ALWAYS,
        "API servers, and metrics-server with the address of the node it runs on", PORTS,
    ),
    Opening(
        "kube-vip-metrics", "tcp", "2112", "nodes", CONTROL_PLANE, fixed("2112"), ALWAYS, METRICS,
        "kube-vip cmd/kube-vip.go",
    ),
    Opening(
        "node-ports-tcp", "tcp", "30000-32767 or node-port-range", "any", CLUSTER, _node_ports, ALWAYS,
        "clients of Services; a rule of this name can say which ones", PORTS,
    ),
    Opening(
        "node-ports-udp", "udp", "30000-32767 or node-port-range", "any", CLUSTER, _node_ports, ALWAYS,
        "clients of Services; a rule of this name can say which ones", PORTS,
    ),
    Opening("ssh", "tcp", "22", "admin", ROLES, fixed("22"), ALWAYS, "administrators, and Ansible", PORTS),
    Opening(
        "dhcpv6-client", "udp", "546", _link_local, ROLES, fixed("546"), ALWAYS,
        "answers to a request that went to a multicast address, so no connection knows them", "RFC 8415, 7.2",
    ),
    Opening(
        "tinkerbell-dhcp", "udp", "67", "any", TINKERBELL, fixed("67"), ALWAYS,
        "machines that boot have no address yet", PORTS,
    ),
    Opening(
        "tinkerbell-tftp", "udp", "69", "nodes", TINKERBELL, fixed("69"), ALWAYS, "machines load iPXE", PORTS,
    ),
    Opening(
        "tinkerbell-syslog", "udp", "514", "nodes", TINKERBELL, fixed("514"), ALWAYS,
        "machines report how their provisioning goes", PORTS,
    ),
    Opening(
        "tinkerbell-http", "tcp", "7171 (80 before v0.22)", "nodes", TINKERBELL, since((0, 22), "7171", "80"), ALWAYS,
        "machines load the iPXE script and the installer", f"{STACK} smeeHTTPPort",
    ),
    Opening(
        "tinkerbell-iso", "tcp", "as tinkerbell-http", _bmcs, TINKERBELL,
        since((0, 22), "7171", "80"), "machines with a bmc_ip", "BMCs load the installer as an ISO image",
        f"{STACK} smeeHTTPPort",
    ),
    Opening(
        "tinkerbell-metadata", "tcp", "7172 (50061 before v0.25)", "nodes", TINKERBELL,
        since((0, 25), "7172", "50061"), ALWAYS, "cloud-init asks for the machine's metadata", f"{STACK} tootles",
    ),
    Opening(
        "tinkerbell-grpc", "tcp", "42113", "nodes", TINKERBELL, fixed("42113"), ALWAYS,
        "the worker on a machine asks for its workflow", f"{STACK} grpcPort",
    ),
    Opening(
        "tinkerbell-kube-vip-metrics", "tcp", "2213", "nodes", TINKERBELL, fixed("2213"), ALWAYS, METRICS,
        f"{STACK} prometheus_server",
    ),
)  # fmt: skip
"""What packets meet most often comes first: those of the tunnel are no connections, each meets every rule before it."""


def documented() -> list[dict[str, str]]:
    """Return the table for documentation: every rule that there can be, each as texts."""
    words = {_vteps: "vtep-endpoint", _bmcs: "bmc_ip of machines", _link_local: "fe80::/10"}
    return [
        {
            "name": row.name,
            "on": ", ".join(row.on),
            "proto": row.proto,
            "ports": row.shown,
            "from": row.origin if isinstance(row.origin, str) else words[row.origin],
            "when": row.when,
            "reason": row.reason,
            "source": row.source,
        }
        for row in TABLE
    ]
