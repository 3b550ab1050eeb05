# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of firewalls for tests: a cluster as EKS Anywhere makes it, single rules, and any rules at all."""

from __future__ import annotations

import ipaddress
from types import MappingProxyType

from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import (
    FAMILY_OF,
    PROTOCOLS,
    ROLES,
    WITH_PORTS,
    read,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rules import Live, Request, rules
from hypothesis import strategies as st

# The data of cilium-config that matters here, as EKS Anywhere's own values render it.
EKS_ANYWHERE = {
    "enable-health-checking": "true",
    "enable-hubble": "true",
    "enable-ipv6": "false",
    "hubble-listen-address": ":4244",
    "ipam": "kubernetes",
    "kube-proxy-replacement": "false",
    "operator-prometheus-serve-addr": ":9963",
    "prometheus-serve-addr": ":9962",
    "proxy-prometheus-port": "9964",
    "routing-mode": "tunnel",
    "tunnel-protocol": "geneve",
}
WORDS = MappingProxyType(
    {
        "nodes": ("10.77.0.0/30", "10.77.0.9/32", "fd77::/126"),
        "pods": ("10.88.0.0/16",),
        "control_plane": ("10.77.0.1/32",),
        "admin": ("10.99.0.0/24",),
    }
)
OPTIONS = {
    "node_cidrs": WORDS["nodes"],
    "pod_cidrs": WORDS["pods"],
    "control_plane_cidrs": WORDS["control_plane"],
    "admin_sources": WORDS["admin"],
    "eks_anywhere_version": "v0.26.1",
}


def derive(config=None, nodes=None, version=None, pods=(), **options):
    """The rules of a cluster with this much of its cilium-config another one."""
    seen = Live({**EKS_ANYWHERE, **(config or {})}, nodes or {}, tuple(pods), version)
    return rules(Request(**{**OPTIONS, **options}), seen)


def by_name(found):
    return {rule.name: rule for rule in found.rules}


def opened(found):
    """Protocol, ports and sources of each rule, by its name."""
    shown = {rule.name: rule.as_dict() for rule in found.rules}
    return {name: (rule["proto"], rule["ports"], rule["from"]) for name, rule in shown.items()}


def rule(**fields):
    """One right rule as a caller gives it."""
    origin = fields.pop("origin", "any")
    return {"name": "one", "proto": "tcp", "ports": [80], "from": origin, **fields}


def right(*given, words=WORDS, resolved=False):
    """The rules that these are; nothing is wrong with them."""
    found, problems = read(given, "extra_rules", resolved, words)
    assert problems == []
    return found


def wrong(*given, words=WORDS, resolved=False):
    """Path and message of all that is wrong with these rules."""
    _found, problems = read(given, "extra_rules", resolved, words)
    return [(problem.path, problem.message) for problem in sorted(problems)]


SAMPLE = [
    rule(name="tunnel", proto="udp", ports=[6081], origin="nodes"),
    rule(name="health", proto="icmp", ports=None, icmp_types=["8/0", 13], origin="nodes"),
    rule(name="health6", proto="icmpv6", ports=None, icmp_types=["128/0"]),
    rule(name="ipsec", proto="esp", ports=None, origin=["10.77.0.9"]),
    rule(name="pods", proto="any", ports=None, origin="pods"),
    rule(name="all", proto="vrrp", ports=None),
    rule(name="web", ports=[443, 80, "8080-8090"], origin=["10.0.0.0/8", "192.0.2.1"], destination=["10.77.0.1"]),
    rule(name="web4", ports=[8443], origin=["0.0.0.0/0"]),
    rule(name="node-ports", ports=["20000-30100", 30200], origin="nodes"),
]
"""One of each kind."""


def _cidr(number, size, version):
    top = 32 if version == 4 else 128
    bits = number << (top - size) if size else 0
    return str(ipaddress.ip_network((bits, size)) if version == 4 else ipaddress.IPv6Network((bits, size)))


CIDRS4 = st.integers(0, 32).flatmap(lambda size: st.integers(0, 2**size - 1).map(lambda one: _cidr(one, size, 4)))
CIDRS6 = st.integers(0, 128).flatmap(lambda size: st.integers(0, 2**size - 1).map(lambda one: _cidr(one, size, 6)))
PORT = st.one_of(st.sampled_from([0, 22, 80, 65535, 29999, 30000, 32767, 32768]), st.integers(0, 65535))
PORTS = st.one_of(PORT, st.tuples(PORT, PORT).map(lambda ends: f"{min(ends)}-{max(ends)}"))
TYPES = st.one_of(
    st.integers(0, 255), st.tuples(st.integers(0, 255), st.integers(0, 255)).map(lambda both: "{}/{}".format(*both))
)


@st.composite
def any_rule(draw, name="one"):
    """A rule that is right: any protocol, sources and ports."""
    proto = draw(st.sampled_from(sorted(PROTOCOLS)))
    cidrs = {4: CIDRS4, 6: CIDRS6}.get(FAMILY_OF.get(proto), st.one_of(CIDRS4, CIDRS6))
    origin = draw(st.one_of(st.sampled_from(["nodes", "any"]), st.lists(cidrs, min_size=1, max_size=4)))
    found = {"name": name, "proto": proto, "from": origin, "on": draw(st.sampled_from([[role] for role in ROLES]))}
    if proto in WITH_PORTS:
        found["ports"] = draw(st.lists(PORTS, min_size=1, max_size=5))
    if proto in FAMILY_OF:
        found["icmp_types"] = draw(st.lists(TYPES, max_size=4))
    if isinstance(origin, str):
        found["destination"] = draw(st.lists(cidrs, max_size=2))
    return found


@st.composite
def any_rules(draw, low=0):
    """Right rules with different names."""
    names = draw(
        st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True), min_size=low, max_size=5, unique=True)
    )
    return [draw(any_rule(name)) for name in names]
