# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 1,000 rules of a firewall cost: checked, written as a table of nftables, and compared with what was loaded.

Where there is nft and root, the text is loaded too, into a network namespace of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import (
    SCRATCH,
    differences,
    listing,
    render,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import read
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rules import Live, Request, rules

NUMBER = 1000
RUNS = 5
LIMIT = 1.0
"""Seconds that each of our own steps may take."""
NODES = [f"10.{number % 250}.{number // 250}.{number % 97 * 2 + 1}" for number in range(NUMBER)]
"""As many machines, with addresses that are not one range."""


def given() -> list[dict[str, Any]]:
    """Rules that differ in ports and sources; every tenth is for all nodes."""
    return [
        {
            "name": f"rule-{number}",
            "proto": "udp" if number % 3 == 0 else "tcp",
            "ports": [10000 + number, f"{20000 + number}-{20004 + number}"],
            "from": "nodes" if number % 10 == 0 else [f"172.16.{number // 250}.{number % 250}", "192.168.7.0/24"],
            "reason": "a benchmark",
        }
        for number in range(NUMBER)
    ]


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest of several runs, and what it returned."""
    found, times = None, []
    for _number in range(RUNS):
        begin = time.monotonic()
        found = work()
        times.append(time.monotonic() - begin)
    return min(times), found


def main() -> int:
    """1 when one of our own steps takes too long, or a table is not equal to itself."""
    request = Request(
        node_cidrs=NODES, pod_cidrs=["10.244.0.0/16"], admin_sources=["10.99.0.0/24"], extra_rules=given()
    )
    derived, found = best(lambda: rules(request, Live({})))
    returned = [rule.as_dict() for rule in found.rules]
    checked, (taken, problems) = best(lambda: read(returned, "rules", resolved=True))
    written, text = best(lambda: render(taken))
    steps = {"derived": derived, "checked on a node": checked, "written": written}
    fine = not problems and len(taken) >= NUMBER
    if shutil.which("nft") and shutil.which("unshare") and os.geteuid() == 0:
        loaded, printed = best(
            lambda: subprocess.run(SCRATCH, input=text, capture_output=True, text=True, check=True).stdout
        )
        compared, apart = best(lambda: differences(listing(printed), json.loads(printed)))
        steps["compared"] = compared
        fine = fine and apart == []
        print(f"firewall, {NUMBER} rules: nft loads and lists them in {loaded:.2f} s", flush=True)
    shown = ", ".join(f"{name} in {seconds:.2f} s" for name, seconds in steps.items())
    print(f"firewall, {NUMBER} rules for {NUMBER} machines: {shown}; {len(text.splitlines())} lines", flush=True)
    return 0 if fine and max(steps.values()) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
