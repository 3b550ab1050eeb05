"""What a run costs when nothing is to change: the status of Cilium by size of the cluster, and site.yml as a whole."""

from __future__ import annotations

import statistics

import command
import site_yml
import tree

RUNS = 3


def main() -> int:
    """Prints the figures of tests/bench, then the times of three runs of site.yml after one that settles the cluster.

    1 when one failed or changed something.
    """
    env = tree.environment() | {"PYTHONPATH": str(tree.COLLECTIONS)}
    for script in sorted((tree.ROOT / "tests" / "bench").glob("[!_]*.py")):
        if not command.run([tree.VENV_BIN / "python", script], env=env, show=True).ok:
            return 1
    reports = tree.REPORTS / "bench"
    reports.mkdir(parents=True, exist_ok=True)
    if not site_yml.run(reports).ok:
        return 1
    runs = [site_yml.run(reports, show=False) for _number in range(RUNS)]
    for number, one in enumerate(runs, 1):
        print(f"run {number}: {one.seconds:.1f} s, {one.tasks} tasks, {one.changed} changed")
    print(f"median {statistics.median(one.seconds for one in runs):.1f} s")
    return 0 if all(one.ok and one.changed == 0 for one in runs) else 1
