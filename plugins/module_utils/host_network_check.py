# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether the interfaces of the node on which this runs are as configured, and whether large packets get through.

Only reads, and sends echo requests. Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    host_network_proof,
    node_links,
    node_programs,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_proof import FAMILIES, Seen
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import parsed
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_ethtool import Ethtool
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_network import ask_ip

PAUSE = 0.5
TRIES = 3
HEADERS = {4: 28, 6: 48}
"""Bytes of IP and ICMP before the data of an echo request."""
SMALL = 56
WORKERS = 8
TIMEOUT = 10.0
"""Seconds for each program of the node."""


@dataclass(frozen=True)
class Request:
    """The options of the module. ``kept`` must still be there, ``paths`` have ``source``, ``target`` and ``mtu``."""

    config: Mapping[str, Any]
    kept: Sequence[str] = ()
    paths: Sequence[Mapping[str, Any]] = ()
    timeout: float = 30


def look() -> Seen:
    """Read interfaces, routes and rules, with numbers in place of names of tables."""
    entries = {
        family: ask_ip(TIMEOUT, "-N", f"-{number}", "route", "show", "table", "all")
        for number, family in FAMILIES.items()
    }
    rules = [
        rule
        for number, family in FAMILIES.items()
        for rule in node_links.rules(family, ask_ip(TIMEOUT, "-N", f"-{number}", "-d", "rule", "show"))
    ]
    with Ethtool() as ethtool:
        found = node_links.interfaces(ask_ip(TIMEOUT, "-d", "address", "show"), ethtool.hardware, [])
    return Seen(Facts({"interfaces": found}), entries, rules)


def check(request: Request) -> dict[str, Any]:
    """Return what the module returns. What is missing has ``timeout`` seconds to come."""
    deadline = time.monotonic() + request.timeout
    while True:
        seen = look()
        wanted = host_network_proof.wanted(request.config, seen.facts)
        foreign = seen.foreign()
        lost = sorted({*request.kept} - {*foreign})
        missing = host_network_proof.problems(wanted, seen)
        if not (lost or missing) or time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    with ThreadPoolExecutor(WORKERS) as workers:
        paths = list(workers.map(lambda path: {**path, "answered": answer(path)}, request.paths))
    hint = "Restart the Cilium agent of the node, and see what removed it"
    found = [Problem("kept", f"{entry} is gone", hint) for entry in lost]
    found += [*missing, *host_network_proof.unanswered(paths)]
    return {
        "problems": [problem.as_dict() for problem in found],
        "foreign": foreign,
        "addresses": host_network_proof.addresses(wanted, seen.facts),
        "paths": paths,
    }


def answer(path: Mapping[str, Any]) -> str:
    """Return which packets get there and back: ``full`` ones of the MTU, ``small`` ones only, or ``none``."""
    target = parsed(path["target"])
    size = int(path["mtu"]) - HEADERS[target.version if target else 4]
    if any(_ping(path, size) for _try in range(TRIES)):
        return "full"
    return "small" if _ping(path, SMALL) else "none"


def _ping(path: Mapping[str, Any], size: int) -> bool:
    words = ["ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", str(size), "-I", path["source"], path["target"]]
    return not node_programs.run(words, TIMEOUT).error
