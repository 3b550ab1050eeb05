# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says of every network whether its pods have it, with an address of its range, and reach each other over it.

Reads one JSON document from standard input and writes one to standard output::

    {"networks": [{"name", "namespace", "config"}],
     "pods": [{"pod", "node", "network", "interface", "addresses", "to": [pod]}],
     "reports": {pod: {"mtu", "pings": [{"to", "size", "sent", "received", "rtt_ms", "error"}]}},
     "unproven": {network: why}}

``network`` is namespace/name; ``interface`` is "" where Multus' network-status does not name the network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Range = tuple[Address, Address]


def judge(document: dict[str, Any]) -> dict[str, Any]:
    """Return ``networks`` (network, pods, pings, lost, longest round trip, problems, unproven) and ``problems``."""
    networks = []
    for declared in document["networks"]:
        name = f"{declared.get('namespace') or 'default'}/{declared['name']}"
        pods = [pod for pod in document["pods"] if pod["network"] == name]
        networks.append(_network(name, declared, pods, document))
    problems = [f"network {item['network']}: {text}" for item in networks for text in item["problems"]]
    return {"networks": networks, "problems": problems}


def _network(name: str, declared: dict[str, Any], pods: list[dict[str, Any]], document: dict[str, Any]) -> Any:
    pings = [
        {"from": pod["pod"], **ping}
        for pod in pods
        for ping in (document["reports"].get(pod["pod"]) or {"pings": []})["pings"]
    ]
    times = [ping["rtt_ms"] for ping in pings if ping["rtt_ms"] is not None]
    shown = [{key: pod[key] for key in ("pod", "node", "interface", "addresses")} for pod in pods]
    for entry in shown:
        entry["mtu"] = (document["reports"].get(entry["pod"]) or {}).get("mtu")
    return {
        "network": name,
        "nodes": sorted({pod["node"] for pod in pods}),
        "pods": shown,
        "pings": pings,
        "sent": sum(ping["sent"] for ping in pings),
        "received": sum(ping["received"] for ping in pings),
        "longest_rtt_ms": max(times, default=None),
        "unproven": document["unproven"].get(name, ""),
        "problems": [*_membership(declared, pods), *_reached(pods, pings, document["reports"])],
    }


def _membership(declared: dict[str, Any], pods: list[dict[str, Any]]) -> Iterator[str]:
    """Say which pods lack the network, and whose address is foreign to its ranges or given out twice."""
    allowed = list(ranges(declared.get("config") or {}))
    owners: dict[str, dict[str, Any]] = {}
    for pod in pods:
        where = f"the pod on {pod['node']}"
        if not pod["interface"]:
            yield f"{where} runs without it: Multus is not there, or was away when it started"
            continue
        if not pod["addresses"]:
            yield f"{where} has no address on {pod['interface']}"
        for text in pod["addresses"]:
            address = ip_address(text)
            near = [(first, last) for first, last in allowed if first.version == address.version]
            if near and not any(int(first) <= int(address) <= int(last) for first, last in near):
                yield f"{where} has {text}, which is in none of its ranges"
            other = owners.setdefault(text, pod)
            if other is not pod:
                yield f"{text} was given out twice, on {other['node']} and on {pod['node']}"


def _reached(
    pods: list[dict[str, Any]], pings: list[dict[str, Any]], reports: Mapping[str, dict[str, Any]]
) -> Iterator[str]:
    """Say which pods did not answer which, and which were not even asked."""
    nodes = {pod["pod"]: pod["node"] for pod in pods}
    mtus = {pod["pod"]: (reports.get(pod["pod"]) or {}).get("mtu") for pod in pods}
    asked = {(ping["from"], ping["to"]) for ping in pings}
    for pod in pods:
        for peer in pod["to"]:
            if (pod["pod"], peer) not in asked:
                yield f"{pod['node']} did not try {nodes[peer]}"
    for ping in pings:
        way = f"{nodes[ping['from']]} to {nodes[ping['to']]}, {ping['size']} bytes"
        if ping["error"]:
            yield f"{way}: {ping['error']} (MTU {mtus[ping['from']]})"
        elif not ping["received"]:
            yield f"{way}: no answer to {ping['sent']} echo requests (MTU {mtus[ping['from']]})"
        elif ping["received"] < ping["sent"]:
            yield f"{way}: {ping['sent'] - ping['received']} of {ping['sent']} echo requests were lost"


def ranges(config: Any) -> Iterator[Range]:
    """Return the first and last address of every range that a configuration gives out from, none where it tells none.

    host-local has a subnet with rangeStart and rangeEnd, or lists of such; whereabouts a range with range_start and
    range_end, or a list (the documentation of both plugins).
    """
    read = json.loads(config) if isinstance(config, str) else config
    for plugin in read.get("plugins") or [read]:
        ipam = plugin.get("ipam") or {}
        if ipam.get("type") not in ("host-local", "whereabouts"):
            continue
        sets = [entry for listed in ipam.get("ranges") or [] for entry in listed]
        for entry in [ipam, *sets, *(ipam.get("ipRanges") or [])]:
            text = str(entry.get("subnet") or entry.get("range") or "")
            # whereabouts also takes first-last/prefix as its range.
            low, dash, high = text.partition("-")
            if dash:
                yield ip_address(low), ip_address(high.partition("/")[0])
            elif text:
                net = ip_network(text, strict=False)
                start = entry.get("rangeStart") or entry.get("range_start") or net[0]
                end = entry.get("rangeEnd") or entry.get("range_end") or net[-1]
                yield ip_address(start), ip_address(end)


if __name__ == "__main__":
    json.dump(judge(json.load(sys.stdin)), sys.stdout)
