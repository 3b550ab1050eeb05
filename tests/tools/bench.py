"""How long site.yml takes when nothing is to change: what a cluster pays for being checked again."""

from __future__ import annotations

import statistics

import site_yml
import tree

RUNS = 3


def main() -> int:
    """Prints the times of three runs after one that settles the cluster; 1 when one failed or changed something."""
    reports = tree.REPORTS / "bench"
    reports.mkdir(parents=True, exist_ok=True)
    if not site_yml.run(reports).ok:
        return 1
    runs = [site_yml.run(reports, show=False) for _number in range(RUNS)]
    for number, one in enumerate(runs, 1):
        print(f"run {number}: {one.seconds:.1f} s, {one.tasks} tasks, {one.changed} changed")
    print(f"median {statistics.median(one.seconds for one in runs):.1f} s")
    return 0 if all(one.ok and one.changed == 0 for one in runs) else 1
