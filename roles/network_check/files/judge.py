# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the reports of the probers' servers and clients together and says what is wrong with them.

Reads one JSON document from standard input and writes one to standard output::

    {"flows": [{"name", "from", "to", "client", "server", "address", "denied"}],
     "reports": {pod: report},
     "max_lost": -1, "max_gap_ms": -1}

``from`` and ``to`` are nodes, ``client`` and ``server`` pods, ``address`` is the client's. A limit of -1 only reports.
"""

from __future__ import annotations

import json
import sys
from typing import Any

NOTHING: dict[str, Any] = {"received": 0, "duplicates": 0, "bytes": 0, "connections": 0, "longest_gap_ms": 0.0}
PROTOCOLS = ("tcp", "udp")


def judge(document: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of every flow, their totals, and ``problems``: one sentence each, empty when all is well."""
    reports: dict[str, dict[str, Any]] = document["reports"]
    flows: list[dict[str, Any]] = []
    denied: list[dict[str, Any]] = []
    problems: list[str] = []
    for flow in document["flows"]:
        client, server = reports.get(flow["client"]), reports.get(flow["server"])
        if not client or not server:
            silent = [pod for pod in (flow["client"], flow["server"]) if not reports.get(pod)]
            problems.append(f"{title(flow)}: no report from {' and '.join(silent)}")
        elif flow["denied"]:
            denied.append(denied_flow(flow, client, server))
        else:
            flows += [allowed_flow(flow, protocol, client, server) for protocol in PROTOCOLS]
    for entry in flows:
        problems += allowed_problems(entry, document["max_lost"], document["max_gap_ms"])
    for entry in denied:
        problems += denied_problems(entry)
    if not document["flows"]:
        problems.append("no flow was started")
    return {
        "flows": flows,
        "denied": denied,
        "sent": sum(entry["sent"] for entry in flows),
        "lost": sum(entry["lost"] for entry in flows),
        "duplicates": sum(entry["duplicates"] for entry in flows),
        "reconnects": sum(entry["reconnects"] for entry in flows),
        "longest_gap_ms": {
            protocol: max((entry["longest_gap_ms"] for entry in flows if entry["protocol"] == protocol), default=0.0)
            for protocol in PROTOCOLS
        },
        "denied_attempts": sum(entry["attempts"] + entry["datagrams"] for entry in denied),
        "denied_received": sum(entry["packets_received"] for entry in denied),
        "problems": problems,
    }


def title(flow: dict[str, Any]) -> str:
    """Return how a flow is called in a sentence."""
    return f"flow {flow['name']} ({flow['from']} to {flow['to']})"


def allowed_flow(flow: dict[str, Any], protocol: str, client: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of one flow over one protocol: what was sent minus what arrived is what was lost."""
    sent = client[protocol]
    arrived = server["flows"].get(flow["name"], {}).get(protocol, NOTHING)
    return {
        "name": flow["name"],
        "protocol": protocol,
        "from": flow["from"],
        "to": flow["to"],
        "started": sent["started"],
        "sent": sent["sent"],
        "received": arrived["received"],
        "lost": sent["sent"] - arrived["received"],
        "duplicates": arrived["duplicates"],
        "reconnects": sent["reconnects"],
        "longest_gap_ms": arrived["longest_gap_ms"],
        "sender_stall_ms": sent["longest_stall_ms"],
    }


def denied_flow(flow: dict[str, Any], client: dict[str, Any], server: dict[str, Any]) -> dict[str, Any]:
    """Return what a denied flow tried and what came through in spite of the policy."""
    arrived = [server["flows"].get(flow["name"], {}).get(protocol, NOTHING) for protocol in PROTOCOLS]
    silent = server["silent"].get(flow["address"], 0)
    bytes_received = sum(entry["bytes"] for entry in arrived)
    tcp, udp = client["tcp"], client["udp"]
    return {
        "name": flow["name"],
        "from": flow["from"],
        "to": flow["to"],
        "attempts": tcp["attempts"],
        "timeouts": tcp["timeouts"],
        "refused": tcp["refused"],
        "connected": tcp["connected"],
        "datagrams": udp["sent"],
        "bytes_received": bytes_received,
        "packets_received": bytes_received // 32 + silent,
    }


def allowed_problems(entry: dict[str, Any], max_lost: int, max_gap_ms: float) -> list[str]:
    """Return what is wrong with an allowed flow, within the limits that were given."""
    name = f"{title(entry)} over {entry['protocol']}"
    if not entry["started"] or not entry["sent"] or not entry["received"]:
        return [f"{name} never worked (sent {entry['sent']}, received {entry['received']})"]
    problems = []
    if 0 <= max_lost < entry["lost"]:
        problems.append(f"{name} lost {entry['lost']} of {entry['sent']} packets (at most {max_lost} allowed)")
    if 0 <= max_gap_ms < entry["longest_gap_ms"]:
        problems.append(f"{name} was silent for {entry['longest_gap_ms']} ms (at most {max_gap_ms} ms allowed)")
    return problems


def denied_problems(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with a denied flow: one packet through, or an attempt that was not left to time out."""
    problems = []
    if entry["packets_received"]:
        problems.append(
            f"{title(entry)} must be denied, but {entry['packets_received']} packets"
            f" ({entry['bytes_received']} bytes) arrived"
        )
    if entry["connected"]:
        problems.append(f"{title(entry)} must be denied, but {entry['connected']} connections were accepted")
    if entry["refused"]:
        problems.append(f"{title(entry)} has to time out, but {entry['refused']} connections were refused")
    if not entry["timeouts"] or not entry["datagrams"]:
        problems.append(f"{title(entry)} never tried: no connection timed out or no datagram was sent")
    return problems


if __name__ == "__main__":
    json.dump(judge(json.load(sys.stdin)), sys.stdout, indent=1)
