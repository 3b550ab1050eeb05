# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the nodes' firewalls, from what runs: which cilium-config, which nodes, which EKS Anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents, eks_anywhere
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import CONFIG
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_facts import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_ports import CLUSTER, TABLE
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import (
    ANY,
    ROLES,
    Reader,
    Rule,
    cidr_problem,
    collapse,
    got,
    read,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

KUBEADM = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
PRESENT_ONLY = "allow_present_nodes_only"
FILTERED = (
    "NodePorts are filtered where they arrive, in a prerouting chain at priority -110: kube-proxy rewrites them at "
    "-100, so the input chain never sees them."
)
REPLACED = (
    "Cilium serves NodePorts itself, before netfilter sees a packet: no rule here filters them. Use Cilium's host "
    "firewall (hostFirewall.enabled, and a CiliumClusterwideNetworkPolicy with a nodeSelector). A Service whose "
    "endpoint is on the network of the host needs a rule for the endpoint's port."
)
"""What becomes of NodePorts, without and with Cilium's replacement of kube-proxy."""

NAMES = {row.name for row in TABLE}

_RANGE = re.compile(r"\[?\s*([0-9]{1,5})\s*[-,]\s*([0-9]{1,5})\s*\]?")


@dataclass(frozen=True)
class Live:
    """What the cluster says. ``nodes`` are addresses by node, ``version`` is EKS Anywhere's, None where unknown."""

    config: Mapping[str, str]
    nodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    version: str | None = None


@dataclass(frozen=True)
class Request:
    """The options of the module. ``tunnel_change`` is ``{"protocol", "port"}``."""

    roles: Sequence[str] = ROLES
    node_cidrs: Sequence[str] = ()
    machines: Sequence[Any] = ()
    control_plane_cidrs: Sequence[str] = ()
    pod_cidrs: Sequence[str] = ()
    admin_sources: Sequence[str] = ()
    extra_rules: Sequence[Any] = ()
    eks_anywhere_version: str | None = None
    tunnel_change: Mapping[str, Any] | None = None
    node_port_range: str | None = None
    allow_present_nodes_only: bool = False


@dataclass
class Found:
    """The rules and what there is to say. ``replaced`` are rules that extra rules of the same name stand for."""

    rules: list[Rule] = field(default_factory=list)
    node_ports: tuple[int, int] = (30000, 32767)
    replaces_kube_proxy: bool = False
    replaced: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def live(cluster: Cluster, namespace: str, roles: Sequence[str]) -> Live:
    """Read what the rules come from. Raises NetworkError where there is no cilium-config."""
    config = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG}")
    if config is None:
        hint = "Give cilium_namespace, or install Cilium first"
        raise NetworkError(Problem("cilium_namespace", f"there is no {CONFIG}" + got(namespace), hint))
    nodes = dict(cluster.list("/api/v1/nodes", pick=_node))
    version = eks_anywhere.read(cluster).version if "tinkerbell" in roles else None
    data = config.get("data") or {}
    return Live(data, nodes, _pod_cidrs(cluster, data), version)


def rules(request: Request, seen: Live) -> Found:
    """Return the rules of nodes with these roles, those of the caller last.

    Raises NetworkError with everything that is wrong with the options, each with its path.
    """
    work = _Work(request, seen)
    found = work.derive()
    if work.problems:
        raise NetworkError(work.problems)
    return found


def table(listed: Iterable[Rule]) -> list[str]:
    """Return rules as the lines of a table for people."""
    heads = ("name", "on", "from", "protocol", "ports", "reason")
    rows = [heads, *map(_row, listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads) - 1)]
    return [
        "  ".join([*(text.ljust(width) for text, width in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()
        for row in rows
    ]


def _row(rule: Rule) -> tuple[str, ...]:
    shown = rule.as_dict()
    origin = named(rule.origin)
    ports = ", ".join(map(str, [*shown["ports"], *shown.get("icmp_types", ())]))
    return rule.name, ", ".join(rule.on), origin, rule.proto, ports or "-", rule.reason


def _node(item: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    listed = (item.get("status") or {}).get("addresses") or []
    return item["metadata"]["name"], tuple(entry["address"] for entry in listed if entry["type"] == "InternalIP")


def _pod_cidrs(cluster: Cluster, config: Mapping[str, str]) -> tuple[str, ...]:
    """Return where pods get their addresses from: Cilium's own pool, else what kubeadm was told."""
    if config.get("ipam") == "cluster-pool":
        keys = ("cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr")
        return tuple(cidr for key in keys for cidr in _networks(config.get(key, "")))
    try:
        found = cluster.get(KUBEADM)
    except Forbidden:
        return ()
    text = ((found or {}).get("data") or {}).get("ClusterConfiguration", "")
    subnet = (documents.load_map(text, "kubeadm-config").get("networking") or {}).get("podSubnet") or ""
    return _networks(str(subnet))


def _networks(text: str) -> tuple[str, ...]:
    """Return the CIDRs of a list that Kubernetes and Cilium take: they put up with addresses within a network."""
    return tuple(str(ip_network(cidr, strict=False)) for cidr in re.split(r"[\s,]+", text) if cidr)


class _Work:
    """What is wrong so far, and what is known of the sources."""

    def __init__(self, request: Request, seen: Live) -> None:
        self.problems: list[Problem] = []
        self._request = request
        self._seen = seen
        self._found = Found()
        self._bmcs: tuple[str, ...] = ()

    def derive(self) -> Found:
        """Return the rules; they are right only where there are no problems."""
        words = self._words()
        facts = self._facts()
        roles = {*self._request.roles}
        reader = Reader(words)
        derived = [
            rule
            for row in TABLE
            if roles & {*row.on}
            and (callable(row.origin) or row.origin in {*words, "any"})
            and (entry := row.rule(facts))
            if (rule := reader.rule(entry, f"{CONFIG} {row.name}"))
        ]
        self.problems += reader.problems
        extra = self._extra(words)
        self._say(facts)
        self._found.replaced = [rule.name for rule in derived if rule.name in extra]
        kept = [extra.pop(rule.name, rule) for rule in derived]
        listed = [rule for rule in [*kept, *extra.values()] if rule.matches_something and roles & {*rule.on}]
        self._found.rules = listed
        return self._found

    def _extra(self, words: Mapping[str, Sequence[str]]) -> dict[str, Rule]:
        """Return the caller's own rules by name."""
        found, wrong = read(self._request.extra_rules, "extra_rules", words=words)
        self.problems += wrong
        given = enumerate(self._request.extra_rules)
        places = {str(entry.get("name")): place for place, entry in given if isinstance(entry, Mapping)}
        for rule in found:
            path = f"extra_rules[{places[rule.name]}].from"
            if not rule.origin and rule.name not in NAMES:
                self._note(path, "it opens nothing (got [])", "Give sources, or remove the rule")
            elif rule.origin and not rule.sources and not self.problems:
                self._note(path, f"which addresses {rule.origin[0]} means is not known", "Give CIDRs")
        return {rule.name: rule for rule in found}

    def _note(self, path: str, message: str, hint: str) -> None:
        self.problems.append(Problem(path, message, hint))

    def _checked(self, option: str) -> tuple[str, ...]:
        """Return the CIDRs of an option; what is none is noted."""
        given = getattr(self._request, option)
        wrong = [problem for place, cidr in enumerate(given) if (problem := cidr_problem(f"{option}[{place}]", cidr))]
        self.problems += wrong
        return () if wrong else collapse(given)

    def _words(self) -> dict[str, tuple[str, ...]]:
        nodes = self._nodes()
        pods = self._checked("pod_cidrs") or self._seen.pod_cidrs
        if not pods and not self._request.pod_cidrs and {*self._request.roles} & {*CLUSTER}:
            hint = "Give the CIDRs of the cluster's pods, clusterNetwork.pods.cidrBlocks in its file"
            self._note("pod_cidrs", "the cluster does not say which addresses its pods have", hint)
        admin = self._checked("admin_sources")
        if not admin and not self._request.admin_sources:
            admin = ANY
            self._found.warnings.append("admin_sources: ssh is open to every address. Give those of administrators.")
        members = self._checked("control_plane_cidrs") or nodes
        words = {"nodes": nodes, "pods": tuple(pods), "control_plane": members, "admin": admin}
        return {word: cidrs for word, cidrs in words.items() if cidrs}

    def _nodes(self) -> tuple[str, ...]:
        """Return the addresses of machines: those of the inventory, not only those that have joined."""
        known = collapse([*self._checked("node_cidrs"), *self._machines()])
        present = [address for listed in self._seen.nodes.values() for address in listed]
        if set(ANY) & set(known):
            self._found.warnings.append("node_cidrs: every address counts as a node. Give narrower CIDRs.")
        if known:
            networks = [ip_network(cidr) for cidr in known]
            self._cut_off(networks)
            return known
        if self._request.node_cidrs or self._request.machines:
            return ()
        if self._request.allow_present_nodes_only and present:
            text = "node_cidrs: only the nodes of today are let in. One that joins later is not Ready before this runs"
            self._found.warnings.append(f"{text} again on all others.")
            return collapse(present)
        hint = f"Give node_cidrs or machines, those not yet joined included, or consent with {PRESENT_ONLY}"
        self._note("node_cidrs", "which addresses machines have, or get when they join, is not known", hint)
        return ()

    def _cut_off(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        for name, addresses in sorted(self._seen.nodes.items()):
            for address in addresses:
                if not any(ip_address(address) in network for network in networks):
                    hint = "Add it: its packets would be dropped"
                    self._note("node_cidrs", f"node {name} has the address {address}, which is in none of them", hint)

    def _machines(self) -> list[str]:
        """Return every address of the machines, of all their NICs; note those of their BMCs."""
        found: list[str] = []
        bmcs: list[str] = []
        for place, machine in enumerate(self._request.machines):
            path = f"machines[{place}]"
            if not isinstance(machine, Mapping):
                self._note(path, "it must be a mapping", "Give its columns by name, at least ip_address")
                continue
            entries = [(path, machine)]
            for number, interface in enumerate(machine.get("interfaces") or []):
                if isinstance(interface, Mapping):
                    entries.append((f"{path}.interfaces[{number}]", interface))
            for where, entry in entries:
                self._address(found, f"{where}.ip_address", entry.get("ip_address"), needed=entry is machine)
            self._address(bmcs, f"{path}.bmc_ip", machine.get("bmc_ip"), needed=False)
        self._bmcs = collapse(bmcs)
        return found

    def _address(self, found: list[str], path: str, text: Any, needed: bool) -> None:
        if not text and not needed:
            return
        problem = cidr_problem(path, text or "")
        if problem:
            self.problems.append(problem)
        else:
            found.append(text)

    def _facts(self) -> Facts:
        request = self._request
        given = request.eks_anywhere_version or self._seen.version
        version = parse_version(given) if given else None
        if given and version is None:
            self._note("eks_anywhere_version", "it is no version" + got(given), "Give one such as v0.25.0")
        elif version is None and "tinkerbell" in request.roles:
            text = "eks_anywhere_version: it is not known, so the Tinkerbell ports of all versions are opened. Give it."
            self._found.warnings.append(text)
        change = request.tunnel_change
        return Facts(
            config=self._seen.config,
            version=version and version[:2],
            tunnel_change=(str(change["protocol"]), str(change.get("port") or 0)) if change else None,
            node_ports=self._node_ports(),
            bmcs=self._bmcs,
        )

    def _node_ports(self) -> tuple[int, int]:
        given = self._request.node_port_range or self._seen.config.get("node-port-range") or "30000-32767"
        match = _RANGE.fullmatch(given)
        low, high = (int(match[1]), int(match[2])) if match else (1, 0)
        if not 0 < low <= high <= 65535:
            self._note("node_port_range", "it is no range of ports" + got(given), "Give one such as 30000-32767")
            return 30000, 32767
        self._found.node_ports = low, high
        return low, high

    def _say(self, facts: Facts) -> None:
        """Note what the rules do not say."""
        self._found.replaces_kube_proxy = facts.replaces_kube_proxy
        self._found.notes.append(REPLACED if facts.replaces_kube_proxy else FILTERED)
        if facts.on("gateway-api-hostnetwork-enabled"):
            text = "Gateways listen on the nodes themselves: each of their listeners needs a rule in extra_rules."
            self._found.warnings.append(f"gateway-api-hostnetwork-enabled: {text}")
        if facts.on("enable-host-firewall"):
            self._found.warnings.append(
                "enable-host-firewall: Cilium's host firewall drops what it does not allow too."
            )
        if facts.text("cluster-id", "0") != "0":
            text = "nodes of other clusters of a mesh need the same ports: their addresses belong into node_cidrs."
            self._found.warnings.append(f"cluster-id: {text}")
