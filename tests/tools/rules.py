"""Does a test fail when a rule is broken? Breaks each rule of tests/rules.toml in a copy and runs the unit tests on it.

Writes docs/testing-rules.md. The exit code is 1 when a broken rule went unnoticed. Words on the command line choose the
areas to check; the page keeps the rows of the others. `new` chooses the rules that have no row yet.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tree

RULES = tree.ROOT / "tests" / "rules.toml"
PAGE = tree.ROOT / "docs" / "testing-rules.md"
UTILS = "plugins/module_utils"
HEAD = """# Rules and the tests that hold them

Each row was checked: with the rule broken in the way of the second column, the test of the third fails.
`.venv/bin/python tests/tools/rules.py` checks all rows again and writes this page, with the name of an area its rows
alone; the breakages are in [tests/rules.toml](../tests/rules.toml).

| rule | broken by | test that fails |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class Rule:
    """One rule and one way to break it: in ``file``, ``old`` becomes ``new``. ``tests`` are the test files to run."""

    area: str
    rule: str
    broken: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def row(self, failure: str) -> str:
        """The line of the page."""
        return f"{self.start}`{failure}` |"

    @property
    def start(self) -> str:
        """What the line begins with, whatever test fails."""
        return f"| {self.area}: {self.rule} | {self.broken} | "


def rules() -> list[Rule]:
    """Every rule; one with ``each`` stands for one rule per word, put in place of ``{}``."""
    found = []
    for entry in tomllib.loads(RULES.read_text())["rule"]:
        words = entry.pop("each", [""])
        entry["tests"] = tuple(entry.get("tests") or [f"test_{entry['file']}"])
        for word in words:
            named = {key: text.replace("{}", word) for key, text in entry.items() if isinstance(text, str)}
            found.append(Rule(**(entry | (named if word else {}))))
    return found


def first_failure(collection: Path, rule: Rule) -> str:
    """Break the rule in a copy of the collection and return the first test that fails, "" when none does."""
    with tempfile.TemporaryDirectory(prefix="rule-") as folder:
        copy = Path(folder) / "ansible_collections" / "eks_anywhere" / "network"
        for name in ("plugins", "roles", "tests/unit/plugins", "tests/unit/roles"):
            shutil.copytree(collection / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "tests/unit/conftest.py"):
            shutil.copy(collection / name, copy / name)
        target = copy / (rule.file if "/" in rule.file else f"{UTILS}/{rule.file}")
        text = target.read_text()
        if text.count(rule.old) != 1:
            sys.exit(f"{rule.area}, {rule.rule}: not once in {rule.file}: {rule.old}")
        target.write_text(text.replace(rule.old, rule.new))
        tests = [str(next((copy / "tests").rglob(name))) for name in rule.tests]
        words = [str(tree.VENV_BIN / "pytest"), "--quiet", "--exitfirst", "--tb=no"]
        words += ["--hypothesis-profile", "any-failure", *tests]
        done = subprocess.run(
            words,
            cwd=copy,
            env=tree.environment() | {"PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    failed = re.search(r"^FAILED \S*?(test_\w+)\.py::(.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        sys.exit(f"{rule.area}, {rule.rule}: pytest could not run\n{done.stdout}{done.stderr}")
    return f"{failed[1]}::{failed[2].partition('[')[0]}" if failed else ""


def rows() -> list[str]:
    """The lines of the page as it is."""
    return [line for line in PAGE.read_text().splitlines() if line.endswith("` |")]


def chosen(words: list[str], written: list[str]) -> list[Rule]:
    """The rules of some areas, of all without a word, or with `new` those without a line."""
    found = rules()
    if words == ["new"]:
        return [rule for rule in found if not any(line.startswith(rule.start) for line in written)]
    return [rule for rule in found if not words or rule.area in words]


def main(words: list[str]) -> int:
    tree.sync()
    written = rows()
    checked = chosen(words, written)
    starts = {rule.start for rule in checked}
    with ThreadPoolExecutor(2) as workers:
        failures = list(workers.map(partial(first_failure, tree.TREE), checked))
    noticed = {rule.start: rule.row(failure) for rule, failure in zip(checked, failures, strict=True) if failure}
    unnoticed = [rule for rule in checked if rule.start not in noticed]
    for rule in unnoticed:
        print(f"unnoticed: {rule.area}: {rule.rule} (broken by: {rule.broken})")
    kept = {start: line for line in written if (start := line[: line.rindex("| `") + 2]) not in starts}
    PAGE.write_text(HEAD + "".join(f"{row}\n" for rule in rules() if (row := (kept | noticed).get(rule.start))))
    print(f"{len(noticed)} passed, {len(unnoticed)} failed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
