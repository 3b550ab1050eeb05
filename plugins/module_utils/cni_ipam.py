# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPAM plugins: fields, the rules they enforce, and those whose breach they take and fail on later."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import (
    ROUTES,
    Address,
    Network,
    Pool,
    check_gateway,
    check_routes,
    is_edge,
    parse_address,
    parse_interface,
    parse_network,
    subtract,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    ANY,
    FLAG,
    NUMBER,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    Field,
    Report,
    check_fields,
    got,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import DNS, number

Given = Mapping[str, Any]

HOST_LOCAL, STATIC, DHCP, WHEREABOUTS = "host-local", "static", "dhcp", "whereabouts"
STORE = "/var/lib/cni/networks"
"""Where host-local keeps what it gave out, a directory per network."""

_TEXT, _COUNT = Field(TEXT), Field(NUMBER, low=0)
_PATH = Field(TEXT, pattern=re.compile(r"/.*"), meaning="an absolute path")
_DNS = Field(OBJECT, fields=DNS, meaning="dns")
_TYPE = {"type": Field(TEXT, required=True, meaning="the name of an IPAM plugin"), "routes": ROUTES}
_RANGE = dict.fromkeys(("subnet", "rangeStart", "rangeEnd", "gateway"), _TEXT)
_WHEREABOUTS_RANGE = {"range": _TEXT, "range_start": _TEXT, "range_end": _TEXT, "exclude": Field(TEXTS)}

FIELDS: dict[str, dict[str, Field]] = {
    HOST_LOCAL: {**_TYPE, **_RANGE, "ranges": Field(ANY), "dataDir": _PATH, "resolvConf": _PATH},
    STATIC: {
        **_TYPE,
        "addresses": Field(OBJECTS, fields={"address": _TEXT, "gateway": _TEXT}, meaning="an entry of addresses"),
        "dns": _DNS,
    },
    DHCP: {
        "type": _TYPE["type"],
        "daemonSocketPath": _PATH,
        "request": Field(OBJECTS, fields={"option": _TEXT, "skipDefault": Field(FLAG)}, meaning="an entry of request"),
        "provide": Field(
            OBJECTS, fields=dict.fromkeys(("option", "value", "fromArg"), _TEXT), meaning="an entry of provide"
        ),
        "priority": _COUNT,
        "skipDefaultOptions": Field(FLAG),
    },
    WHEREABOUTS: {
        **_TYPE,
        **_WHEREABOUTS_RANGE,
        "ipRanges": Field(OBJECTS, fields=_WHEREABOUTS_RANGE, meaning="an entry of ipRanges"),
        "gateway": _TEXT,
        "dns": _DNS,
        "enable_overlapping_ranges": Field(FLAG),
        "network_name": _TEXT,
        "node_slice_size": _TEXT,
        "kubernetes": Field(
            OBJECT, fields={"kubeconfig": _PATH, "k8s_api_root": _TEXT}, meaning="kubernetes of whereabouts"
        ),
        "configuration_path": _PATH,
        "log_file": _PATH,
        "log_level": Field(TEXT, choices=("debug", "verbose", "error", "panic")),
        "reconciler_cron_expression": _TEXT,
        "optimistic_ipam": Field(FLAG),
        **dict.fromkeys(
            ("leader_lease_duration", "leader_renew_deadline", "leader_retry_period", "sleep_for_race"), _COUNT
        ),
    },
}
_DHCP_OPTIONS = (
    "dhcp-client-identifier", "subnet-mask", "routers", "host-name", "user-class", "vendor-class-identifier",
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What an IPAM section needs to know of its plugin: CNI version, capabilities."""

    version: str
    capabilities: Mapping[str, bool] = field(default_factory=dict)


def check_ipam(ipam: Given, path: str, context: Context, report: Report) -> list[Pool]:
    """Check an IPAM section of a known type and return the pools it gives addresses from."""
    kind = ipam["type"]
    if not check_fields(ipam, FIELDS[kind], path, kind, report):
        return []
    pools = _CHECKS[kind](ipam, path, context, report)
    check_routes(ipam, [pool.network for pool in pools], path, report)
    return pools


def _host_local(ipam: Given, path: str, context: Context, report: Report) -> list[Pool]:
    """Check host-local: one address per set of ranges, from any range of the set."""
    sets: list[list[Pool]] = []
    ranges = ipam.get("ranges")
    legacy = {name: ipam[name] for name in _RANGE if ipam.get(name) is not None}
    if "subnet" in legacy:
        pool = _range(legacy, path, report)
        sets.append([pool] if pool else [])
    elif legacy and ranges:
        for name in legacy:
            report.error(f"{path}.{name}", "it is ignored beside ranges", "Move it into the range it belongs to")
    elif not ranges and not context.capabilities.get("ipRanges"):
        report.error(f"{path}.subnet", "host-local needs a subnet or ranges", "Give the subnet of the pods' addresses")
    if ranges is not None:
        sets += _range_sets(ranges, f"{path}.ranges", report)
        if ranges and "subnet" in legacy:
            message = "every pod gets an address of subnet and one of each set here"
            report.warn(f"{path}.ranges", message, "Move subnet into ranges, unless that is meant")
    _overlaps(sets, report)
    families = [pools[0].family for pools in sets if pools]
    _family_limit(families, f"{path}.ranges", context, report)
    if len(families) > len(set(families)) and not (ranges and "subnet" in legacy):
        hint = "Put ranges that are alternatives into one inner list, unless that is meant"
        report.warn(f"{path}.ranges", "every pod gets an address of each set, so several of one family", hint)
    return [pool for pools in sets for pool in pools]


def _range_sets(ranges: Any, path: str, report: Report) -> list[list[Pool]]:
    if not isinstance(ranges, list) or not all(isinstance(entry, list) for entry in ranges):
        hint = "Give a list of lists of ranges: the outer list is one address each, the inner one its alternatives"
        report.error(path, f"it must be a list of lists {got(path, ranges)}", hint)
        return []
    found = []
    for outer, entries in enumerate(ranges):
        pools = []
        if not entries:
            report.error(f"{path}[{outer}]", "the set is empty", "Give a range, or remove the set")
        for inner, entry in enumerate(entries):
            where = f"{path}[{outer}][{inner}]"
            if not isinstance(entry, Mapping):
                report.error(where, f"it must be a mapping {got(where, entry)}", "Give a range with its subnet")
                continue
            check_fields(entry, _RANGE, where, "a range", report)
            pool = _range({name: entry[name] for name in _RANGE if entry.get(name) is not None}, where, report)
            if pool:
                pools.append(pool)
        for pool in pools[1:]:
            if pool.family != pools[0].family:
                report.error(pool.where, "a set cannot mix IPv4 and IPv6", "Give each family a set of its own")
        found.append(pools)
    return found


def _range(given: Given, path: str, report: Report) -> Pool | None:
    """Check one range. What is left out is what host-local fills in."""
    where = f"{path}.subnet"
    if "subnet" not in given:
        report.error(where, "a range needs it", "Give the subnet of the range")
        return None
    network = parse_network(given["subnet"], where, report)
    if network is None:
        return None
    if network.prefixlen > network.max_prefixlen - 2:
        report.error(
            where, f"{network} is too small to give addresses out", f"Give at most a /{network.max_prefixlen - 2}"
        )
        return None
    low, high = network.network_address, network.broadcast_address
    edges = {"rangeStart": low + 1, "rangeEnd": high - 1 if network.version == 4 else high}
    wrong = False
    for name in edges.keys() & given.keys():
        found = _edge(given[name], network, f"{path}.{name}", report)
        wrong |= found is None
        edges[name] = found or edges[name]
    gateway: Address | None = low + 1
    if "gateway" in given:
        gateway = check_gateway(given["gateway"], network, f"{path}.gateway", report)
    if wrong:
        return None
    pool = Pool(path, where, network, int(edges["rangeStart"]), int(edges["rangeEnd"]), gateway)
    if pool.first > pool.last:
        report.error(f"{path}.rangeStart", f"{edges['rangeStart']} is after rangeEnd {edges['rangeEnd']}", "Swap them")
        return None
    if not pool.usable:
        report.error(f"{path}.rangeStart", f"the range holds only the gateway {gateway}", "Give a larger range")
        return None
    return pool


def _edge(value: Any, network: Network, path: str, report: Report) -> Address | None:
    address = parse_address(value, path, report)
    if address is None:
        return None
    if address.version != network.version or address not in network:
        report.error(path, f"{address} is outside {network}", "Give an address in the subnet")
    elif is_edge(address, network):
        report.error(path, f"{address} is the {is_edge(address, network)} of {network}", "Give a host's address")
    else:
        return address
    return None


def _overlaps(sets: list[list[Pool]], report: Report) -> None:
    pools = [pool for pools in sets for pool in pools]
    for place, pool in enumerate(pools):
        for other in pools[:place]:
            if other.family == pool.family and other.first <= pool.last and pool.first <= other.last:
                hint = "Give ranges that do not overlap"
                report.error(pool.path, f"{pool} overlaps {other} of {other.path}", hint)
                break


def _static(ipam: Given, path: str, context: Context, report: Report) -> list[Pool]:
    addresses = ipam.get("addresses") or []
    if not addresses and not context.capabilities.get("ips"):
        hint = "Give addresses, or capabilities: {ips: true} where each pod's annotation gives them"
        report.error(f"{path}.addresses", "static needs at least one", hint)
    pools = []
    for place, entry in enumerate(addresses):
        where = f"{path}.addresses[{place}]"
        if entry.get("address") is None:
            report.error(
                f"{where}.address", "an entry of addresses needs it", "Give it as address/length: 10.0.0.10/24"
            )
            continue
        found = parse_interface(entry["address"], f"{where}.address", report)
        if found is None:
            continue
        address, network = found
        if is_edge(address, network):
            message = f"{address} is the {is_edge(address, network)} of {network}"
            report.error(f"{where}.address", message, "Give a host's address")
            continue
        gateway = entry.get("gateway")
        if gateway is not None:
            gateway = check_gateway(gateway, network, f"{where}.gateway", report)
            if gateway == address:
                report.error(f"{where}.gateway", f"{gateway} is the address itself", "Give the address of the router")
        pools.append(Pool(where, f"{where}.address", network, int(address), int(address)))
    _family_limit([pool.family for pool in pools], f"{path}.addresses", context, report)
    if pools:
        report.warn(
            f"{path}.addresses", "every pod gets the same addresses", "Let only one pod at a time use the network"
        )
    return pools


def _dhcp(ipam: Given, path: str, context: Context, report: Report) -> list[Pool]:
    for name in ("request", "provide"):
        for place, entry in enumerate(ipam.get(name) or []):
            option, where = entry.get("option"), f"{path}.{name}[{place}].option"
            if option is None:
                if not entry.get("skipDefault"):
                    report.error(where, "an entry needs it", "Give the name or the number of a DHCP option")
            elif option not in _DHCP_OPTIONS and not (option.isdecimal() and int(option) <= 255):
                hint = f"Use a number up to 255, or one of: {', '.join(_DHCP_OPTIONS)}"
                report.error(where, f"dhcp knows no such option {got(where, option)}", hint)
    return []


def _whereabouts(ipam: Given, path: str, context: Context, report: Report) -> list[Pool]:
    ranges = [(ipam, path)] if ipam.get("range") is not None else []
    ranges += [(entry, f"{path}.ipRanges[{place}]") for place, entry in enumerate(ipam.get("ipRanges") or [])]
    if not ranges:
        report.error(f"{path}.range", "whereabouts needs a range or ipRanges", "Give the range of the pods' addresses")
        for name in ("range_start", "range_end", "exclude"):
            if ipam.get(name) is not None:
                report.error(f"{path}.{name}", "it is ignored without range", "Give the range it belongs to")
    pools = [pool for given, where in ranges for pool in _whereabouts_range(given, where, report)]
    networks = list(dict.fromkeys(pool.network for pool in pools))
    if ipam.get("gateway") is not None:
        gateway = parse_address(ipam["gateway"], f"{path}.gateway", report)
        if gateway is not None and networks and not any(gateway in network for network in networks):
            listed = ", ".join(map(str, networks))
            report.error(f"{path}.gateway", f"{gateway} is outside {listed}", "Give an address in the range's subnet")
    _slice(ipam.get("node_slice_size"), networks, f"{path}.node_slice_size", report)
    return pools


def _whereabouts_range(given: Given, path: str, report: Report) -> list[Pool]:
    """Check one range; whereabouts ignores what it cannot use of range_start and range_end, so that is an error."""
    where = f"{path}.range"
    if given.get("range") is None:
        report.error(where, "an entry of ipRanges needs it", "Give the range of the pods' addresses")
        return []
    start, dash, rest = given["range"].partition("-")
    network = parse_network(rest.strip() if dash else start, where, report, host_bits=True)
    if network is None:
        return []
    if network.prefixlen > network.max_prefixlen - 2:
        report.error(
            where, f"{network} is too small to give addresses out", f"Give at most a /{network.max_prefixlen - 2}"
        )
        return []
    edges = [network.network_address + 1, network.broadcast_address - (network.version == 4)]
    texts = [(start.strip(), where), (rest.partition("/")[0].strip(), where)] if dash else [(None, ""), (None, "")]
    for place, name in enumerate(("range_start", "range_end")):
        text, at = (given[name], f"{path}.{name}") if given.get(name) is not None else texts[place]
        found = _edge(text, network, at, report) if text is not None else edges[place]
        if found is None:
            return []
        edges[place] = found
    if edges[0] > edges[1]:
        report.error(where, f"{edges[0]} is after {edges[1]}", "Swap the start and the end of the range")
        return []
    holes = []
    for place, text in enumerate(given.get("exclude") or []):
        at = f"{path}.exclude[{place}]"
        hole = parse_network(text if "/" in text else f"{text}/{network.max_prefixlen}", at, report, host_bits=True)
        if hole is not None and not (hole.version == network.version and hole.overlaps(network)):
            report.error(at, f"{hole} is outside {network}", "Give a part of the range, or remove it")
        elif hole is not None:
            holes.append(hole)
    left = subtract(Pool(path, where, network, int(edges[0]), int(edges[1])), holes)
    if not left:
        report.error(f"{path}.exclude", "nothing of the range is left", "Exclude less")
    return left


def _slice(size: Any, networks: list[Network], path: str, report: Report) -> None:
    if size is None:
        return
    text = size.removeprefix("/")
    if not text.isdecimal():
        report.error(path, f"it is not a prefix length {got(path, size)}", "Give it as /26")
        return
    for network in networks:
        if not network.prefixlen <= int(text) <= network.max_prefixlen:
            hint = f"Give a length from {network.prefixlen} to {network.max_prefixlen}"
            report.error(path, f"no slice of that size is in {network} {got(path, size)}", hint)
            return


def _family_limit(families: list[int], path: str, context: Context, report: Report) -> None:
    """Before CNI 0.3.0 a pod had at most one address per family (enforced by host-local and static)."""
    if len(families) > len(set(families)) and number(context.version) < number("0.3.0"):
        report.error(path, f"CNI {context.version} has one address per family", "Use cniVersion 0.3.1 or newer")


_CHECKS: dict[str, Callable[[Given, str, Context, Report], list[Pool]]] = {
    HOST_LOCAL: _host_local,
    STATIC: _static,
    DHCP: _dhcp,
    WHEREABOUTS: _whereabouts,
}
