# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, subnets, pools and routes as the CNI plugins read them: stricter than Python's own parser."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    NUMBER,
    OBJECTS,
    TEXT,
    Field,
    Report,
    got,
)

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_PREFIX = re.compile(r"[^/%]+/\d{1,3}")
_POSITIVE = Field(NUMBER, low=0)

ROUTES = Field(
    OBJECTS,
    meaning="a route",
    fields={
        "dst": Field(TEXT),
        "gw": Field(TEXT),
        **dict.fromkeys(("mtu", "advmss", "priority", "table", "scope"), _POSITIVE),
    },
)


@dataclass(frozen=True)
class Pool:
    """The addresses ``first`` to ``last`` (as numbers) of ``network`` that one place of a configuration gives out.

    ``path`` is that place, ``where`` the field below it that names the network. ``gateway`` is never given out.
    """

    path: str
    where: str
    network: Network
    first: int
    last: int
    gateway: Address | None = None

    @property
    def family(self) -> int:
        """Return 4 or 6."""
        return self.network.version

    @property
    def usable(self) -> int:
        """Return how many addresses it can give out."""
        inside = self.gateway is not None and self.first <= int(self.gateway) <= self.last
        return self.last - self.first + 1 - inside

    def address(self, number: int) -> str:
        """Return one of its addresses as text."""
        return str(type(self.network.network_address)(number))

    def __str__(self) -> str:
        first, last = self.address(self.first), self.address(self.last)
        return first if first == last else f"{first} to {last}"


def parse_address(value: Any, path: str, report: Report) -> Address | None:
    """Return an address, or None after noting what is wrong: CIDR form, leading zeros and zones are refused."""
    try:
        if isinstance(value, str) and "%" not in value:
            return ipaddress.ip_address(value)
    except ValueError:
        pass
    hint = "Give the address without a prefix length" if "/" in str(value) else "Give an address, as 10.0.0.10"
    report.error(path, f"it is not an IP address {got(path, value)}", hint)
    return None


def parse_network(value: Any, path: str, report: Report, host_bits: bool = False) -> Network | None:
    """Return a network given as address/length, or None after noting what is wrong."""
    try:
        if isinstance(value, str) and _PREFIX.fullmatch(value):
            network = ipaddress.ip_network(value, strict=False)
            address = ipaddress.ip_address(value.partition("/")[0])
            if getattr(address, "ipv4_mapped", None):
                raise ValueError(value)
            if host_bits or address == network.network_address:
                return network
            report.error(path, f"it has host bits set {got(path, value)}", f"Write {network}")
            return None
    except ValueError:
        pass
    report.error(path, f"it is not a network {got(path, value)}", "Give it as address/length, for example 10.0.0.0/24")
    return None


def parse_interface(value: Any, path: str, report: Report) -> tuple[Address, Network] | None:
    """Return an address and its network from address/length, or None after noting what is wrong."""
    try:
        if isinstance(value, str) and _PREFIX.fullmatch(value):
            found = ipaddress.ip_interface(value)
            return found.ip, found.network
    except ValueError:
        pass
    report.error(
        path,
        f"it is not an address with its prefix length {got(path, value)}",
        "Give it as address/length: 10.0.0.10/24",
    )
    return None


def check_gateway(value: Any, network: Network, path: str, report: Report) -> Address | None:
    """Return the gateway, None when it is not one in this network. The plugins themselves do not look."""
    gateway = parse_address(value, path, report)
    if gateway is None:
        return None
    if gateway.version != network.version:
        report.error(path, f"{gateway} is not of the family of {network}", "Give an address in the subnet")
    elif gateway not in network:
        report.error(path, f"{gateway} is outside {network}", "Give an address in the subnet")
    elif is_edge(gateway, network):
        report.error(path, f"{gateway} is the {is_edge(gateway, network)} of {network}", "Give a host's address")
    else:
        return gateway
    return None


def is_edge(address: Address, network: Network) -> str:
    """Return what makes an address of a network no host's address, "" when it is one."""
    if network.prefixlen >= network.max_prefixlen - 1:
        return ""
    if address == network.network_address:
        return "network address"
    return "broadcast address" if network.version == 4 and address == network.broadcast_address else ""


def subtract(pool: Pool, holes: Iterable[Network]) -> list[Pool]:
    """Return what is left of a pool without the addresses of these networks."""
    left, first = [], pool.first
    for hole in sorted(holes, key=lambda network: int(network.network_address)):
        start, end = int(hole.network_address), int(hole.broadcast_address)
        if hole.version != pool.family or end < first or start > pool.last:
            continue
        if start > first:
            left.append(Pool(pool.path, pool.where, pool.network, first, start - 1, pool.gateway))
        first = end + 1
    if first <= pool.last:
        left.append(Pool(pool.path, pool.where, pool.network, first, pool.last, pool.gateway))
    return left


def check_routes(ipam: Mapping[str, Any], networks: list[Network], path: str, report: Report) -> None:
    """Check the routes of an IPAM section against the networks its addresses come from; [] says: not known.

    The plugins take a route without dst, with host bits or with a gateway nobody reaches, and fail when a pod starts.
    """
    routes = ipam.get("routes")
    for number, route in enumerate(routes if isinstance(routes, list) else []):
        if isinstance(route, Mapping):
            _check_route(route, networks, f"{path}.routes[{number}]", report)


def _check_route(route: Mapping[str, Any], networks: list[Network], path: str, report: Report) -> None:
    if route.get("dst") is None:
        report.error(f"{path}.dst", "a route needs it", "Give the network behind the route, for example 10.20.0.0/16")
        return
    target = parse_network(route["dst"], f"{path}.dst", report)
    if target is None:
        return
    if target.prefixlen == 0:
        report.warn(
            f"{path}.dst",
            f"a default route here takes the pods' traffic away from their first interface {got(path, route['dst'])}",
            "Give only the networks that are behind this one, unless that is meant",
        )
    same = [network for network in networks if network.version == target.version]
    if networks and not same:
        report.error(
            f"{path}.dst",
            f"no address of IPv{target.version} comes with it {got(path, route['dst'])}",
            f"Give a range of IPv{target.version}, or remove the route",
        )
        return
    if route.get("gw") is None:
        return
    gateway = parse_address(route["gw"], f"{path}.gw", report)
    if gateway is not None and gateway.version != target.version:
        report.error(
            f"{path}.gw", f"{gateway} is not of the family of {target}", f"Give an IPv{target.version} address"
        )
    elif gateway is not None and same and not any(gateway in network for network in same):
        listed = ", ".join(map(str, same))
        report.error(f"{path}.gw", f"{gateway} is outside {listed}", "Give a gateway that is in the subnet of the pods")
