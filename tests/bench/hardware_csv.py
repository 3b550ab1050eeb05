# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What checking a hardware.csv of 10,000 machines costs, reading included: all lines right, and all lines wrong."""

from __future__ import annotations

import sys
import time

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group, check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import COLUMNS, parse, render

MACHINES = 10_000
LIMIT = 1.0
"""Seconds that reading and checking may take."""
RUNS = 5
GROUPS = [Group("control plane", {"type": "cp"}, 3), Group("workers", {"type": "worker"}, 1000)]


def text(mac: str) -> str:
    """The text of a file; ``mac`` is the form of its MAC addresses."""
    lines = [",".join(COLUMNS)]
    for number in range(MACHINES):
        high, low = divmod(number, 250)
        row = [
            *(f"m{number}", f"172.16.{high}.{low + 2}", "root", f"secret{number}", mac.format(high, low)),
            *(f"10.{high}.0.{low + 2}", "255.255.0.0", f"10.{high}.255.1", "8.8.8.8|8.8.4.4"),
            *(f"type={'worker' if low else 'cp'}|rack=r{high}", "/dev/sda", str(high + 1)),
        ]
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def measure(name: str, mac: str, problems: int) -> bool:
    """Print the best of several runs and return whether it is within the limit and what it found is right."""
    given = text(mac)
    checked, written = [], []
    found = []
    for _number in range(RUNS):
        start = time.monotonic()
        rows, unread = parse(given, "hardware.csv")
        machines, found = check(rows, GROUPS)
        checked.append(time.monotonic() - start)
        start = time.monotonic()
        render(machines)
        written.append(time.monotonic() - start)
        found = [*unread, *found]
    print(
        f"hardware_csv, {MACHINES} machines, {name}: checked in {min(checked):.2f} s, written in {min(written):.2f} s, "
        f"{len(found)} problems",
        flush=True,
    )
    return len(found) == problems and min(checked) <= LIMIT


def main() -> int:
    """1 when a run takes too long or is wrong."""
    fine = [
        measure("all right", "CC:48:3A:{:02X}:{:02X}:01", 0),
        measure("a wrong MAC address in each", "CC-48-3A-{:02X}-{:02X}-01", MACHINES),
    ]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
