"""The test driver behind make: runs phases, measures them against their budgets (pyproject.toml) and counts.

The last line is always ``N passed, N failed``; the exit code is 1 when anything failed or took longer than it may.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import bench
import command
import sanity
import tree

SETTINGS = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["tool"]["network"]
BUDGET: dict[str, int] = SETTINGS["budget"]
CONSUMER = "consumer"


@dataclass
class Row:
    """What one phase did: how many checks passed, which failed, seconds taken and allowed (0: no limit of its own)."""

    name: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    budget: float = 0.0

    @property
    def late(self) -> bool:
        return bool(self.budget) and self.seconds > self.budget


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def heading(text: str) -> float:
    print(f"\n=== {text}", flush=True)
    return time.monotonic()


def lint() -> Row:
    """Every static check. Says nothing but names and times unless one fails."""
    row, started = Row("lint"), heading("lint")
    shell_files = sorted(name for name in tree.project_files() if name.endswith(".sh") or name == ".ci/run")
    checks: dict[str, tuple[list[str | Path], Path]] = {
        "ruff check": (["ruff", "check", "--quiet", "--no-cache", "."], tree.ROOT),
        "ruff format": (["ruff", "format", "--check", "--quiet", "--no-cache", "."], tree.ROOT),
        "yamllint": (["yamllint", "--strict", "."], tree.ROOT),
        "shellcheck": (["shellcheck", *shell_files], tree.ROOT),
        "generated docs": ([tree.VENV_BIN / "python", "tests/tools/docs.py", "--check"], tree.ROOT),
        "changelog": (["antsibull-changelog", "lint"], tree.ROOT),
        "plugin docs": (
            ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck"]
            + ["--validate-collection-refs=self", "--check-extra-docs-refs", "."],
            tree.TREE,
        ),
        "ansible-lint": (["ansible-lint", "-q", "--nocolor"], tree.TREE),
    }
    for name, (words, folder) in checks.items():
        result = command.run(words, cwd=folder, limit=300)
        print(f"{'ok  ' if result.ok else 'FAIL'} {name} {result.seconds:.1f} s", flush=True)
        if result.ok:
            row.passed += 1
        else:
            print(result.output, flush=True)
            row.failed.append(f"lint: {name}")
    row.seconds = time.monotonic() - started
    return row


def unit() -> Row:
    """Unit tests, on both cores."""
    row, started = Row("unit"), heading("unit")
    report = tree.REPORTS / "unit.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    env = tree.environment() | {"PYTHONPATH": str(tree.COLLECTIONS)}
    result = command.run(
        ["pytest", "--quiet", "--numprocesses", "2", f"--junitxml={report}"], cwd=tree.TREE, env=env, show=True
    )
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            # A skipped test proves nothing: it counts as failed.
            if any(case.find(mark) is not None for mark in ("failure", "error", "skipped")):
                row.failed.append(f"unit: {case.get('classname')}.{case.get('name')}")
            else:
                row.passed += 1
    if not result.ok and not row.failed:
        row.failed.append("unit: pytest")
    row.seconds = time.monotonic() - started
    return row


def sanity_tests() -> Row:
    """ansible-test sanity."""
    row, started = Row("sanity"), heading("sanity")
    try:
        passed, failed = sanity.run(limit=600)
    except sanity.BootstrapError as error:
        print(error, flush=True)
        passed, failed = [], ["bootstrap of pip"]
    row.passed, row.failed = len(passed), [f"sanity: {name}" for name in failed]
    row.seconds = time.monotonic() - started
    return row


def lab() -> Row:
    """The practice cluster, started or found running."""
    started = heading("practice cluster")
    limit = BUDGET["lab"]
    result = command.run([tree.VENV_BIN / "python", "-m", "lab", "up"], limit=limit * 1.2, show=True)
    return Row("lab", int(result.ok), [] if result.ok else ["lab: up"], time.monotonic() - started, limit)


def scenario(name: str) -> Row:
    """One Molecule scenario, or the consumer test, on the cluster that runs."""
    started = heading(f"scenario {name}")
    words: list[str | Path] = [
        "molecule",
        "test",
        "--scenario-name",
        name,
        "--destroy",
        "never",
        "--no-command-borders",
    ]
    if name == CONSUMER:
        words = [tree.VENV_BIN / "python", "tests/consumer/consumer.py"]
    # Molecule remembers in this directory what it has prepared: scenarios share a cluster, they must not share that.
    memory = tree.BUILD / "molecule" / name
    shutil.rmtree(memory, ignore_errors=True)
    env = tree.environment() | {"MOLECULE_EPHEMERAL_DIRECTORY": str(memory)}
    limit = SETTINGS["scenarios"]["budget"].get(name, BUDGET["scenario"])
    result = command.run(words, env=env, limit=limit * 2, show=True)
    failed = [] if result.ok else [f"scenario: {name}"]
    return Row(f"scenario {name}", int(result.ok), failed, time.monotonic() - started, limit)


def scenarios() -> list[str]:
    """Every scenario that exists; ``default`` only makes and removes the cluster."""
    found = {file.parent.name for file in tree.ROOT.glob("molecule/*/molecule.yml")} - {"default"}
    return [*sorted(found), CONSUMER]


def chosen(only: list[str], everything: bool) -> list[str]:
    """Names of the scenarios to run, checked against those that exist."""
    known, extra = scenarios(), SETTINGS["scenarios"]["extra"]
    unknown = sorted({*only, *extra} - set(known))
    if unknown:
        sys.exit(f"No such scenario: {', '.join(unknown)}. There are: {', '.join(known)}.")
    return only or [name for name in known if everything or name not in extra]


def cluster_rows(names: list[str]) -> list[Row]:
    """The practice cluster and the given scenarios on it; without a cluster every scenario has failed."""
    rows = [lab()]
    if rows[0].failed:
        return [*rows, *(Row(f"scenario {name}", 0, [f"scenario: {name} (no cluster)"]) for name in names)]
    started = time.monotonic()
    rows += [scenario(name) for name in names]
    limit = 0 if {*names} & {*SETTINGS["scenarios"]["extra"]} else BUDGET["molecule"]
    rows.append(Row("all scenarios", seconds=time.monotonic() - started, budget=limit))
    return rows


def build() -> int:
    """The collection as a tarball in .build/."""
    result = command.run(
        ["ansible-galaxy", "collection", "build", "--force", "--output-path", tree.BUILD], cwd=tree.TREE, show=True
    )
    return 0 if result.ok else 1


def report(rows: list[Row]) -> int:
    """Prints times and counts; returns the exit code."""
    print(f"\n{'phase':<32}{'passed':>7}{'failed':>7}{'time':>8}{'budget':>8}")
    for row in rows:
        if row.late:
            row.failed.append(f"{row.name}: took {clock(row.seconds)}, may take {clock(row.budget)}")
        budget = clock(row.budget) if row.budget else ""
        print(f"{row.name:<32}{row.passed:>7}{len(row.failed):>7}{clock(row.seconds):>8}{budget:>8}")
    failures = [text for row in rows for text in row.failed]
    for text in failures:
        print(f"failed: {text}")
    print(f"\n{sum(row.passed for row in rows)} passed, {len(failures)} failed", flush=True)
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["lint", "unit", "sanity", "molecule", "test", "test-all", "build", "bench"])
    parser.add_argument("scenario", nargs="*")
    options = parser.parse_args()
    tree.sync()
    if options.what == "build":
        return build()
    if options.what == "bench":
        return bench.main()
    static: dict[str, Callable[[], Row]] = {"lint": lint, "unit": unit, "sanity": sanity_tests}
    if options.what in static:
        return report([static[options.what]()])
    names = chosen(options.scenario, everything=options.what != "test")
    rows: list[Row] = []
    if options.what in ("test", "test-all"):
        rows = [phase() for phase in static.values()]
        rows.append(Row("all checks", seconds=sum(row.seconds for row in rows), budget=BUDGET["checks"]))
    return report(rows + cluster_rows(names))


if __name__ == "__main__":
    sys.exit(main())
