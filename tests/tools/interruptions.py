"""Breaks a migration off in every way that tests/testinfra/test_interruptions.py knows, on the practice cluster, and
writes what was seen into docs/guides/cilium-interruptions.md.

`.venv/bin/python tests/tools/interruptions.py` runs all stories (about 15 minutes).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import command
import tree

PAGE = tree.ROOT / "docs" / "guides" / "cilium-interruptions.md"
REPORT = tree.REPORTS / "interruptions.xml"
HEAD = """\
# When a change of Cilium is broken off
<!-- Written by tests/tools/interruptions.py from a run on the practice cluster: change the tests, not this page. -->

Run the play again. That is all there is to do in every case but one: a Helm that was killed leaves its revision
pending, and nothing can tell a dead Helm from one that still works. The play then changes nothing, says since when the
revision is pending, and asks for `cilium_allow_repair: true`. Make sure that no Helm runs, and give it.

What the last change left is in the ConfigMap `eks-anywhere-network-cilium`: the revision to go back to, and whether
what runs now was ever proven.

Each row is a migration from upstream Cilium to the AWS build on the practice cluster (three nodes), broken off once.
Afterwards every agent and operator ran the new image, values, configuration, policies, CRDs and the users' pods were
what they were before, no helper pod was left, and a third run changed nothing.

| broken off | by | found then: release | new agents | the broken run | the next run | seconds |
| --- | --- | --- | --- | --- | --- | --- |
"""


def stories(report: Path) -> list[dict[str, Any]]:
    """What each story that passed has told."""
    return [
        json.loads(entry.get("value", "{}"))
        for case in ElementTree.parse(report).iter("testcase")
        for entry in case.iter("property")
        if entry.get("name") == "interruption"
    ]


def row(story: dict[str, Any]) -> str:
    """One line of the table."""
    again = "finishes it" if story["changed"] else "has nothing left to do"
    if story["consent"]:
        again = f"is refused without `cilium_allow_repair`; with it {again}"
    found = story["found"]
    cells = (
        story["point"],
        story["breaks"],
        found["release"],
        found["agents"],
        story["itself"] or "is dead",
        again,
        str(story["seconds"]),
    )
    return f"| {' | '.join(cells)} |"


def page(told: list[dict[str, Any]]) -> str:
    """The whole page."""
    return HEAD + "\n".join(map(row, told)) + "\n"


def main() -> int:
    tree.sync()
    memory = tree.BUILD / "molecule" / "interruptions"
    memory.mkdir(parents=True, exist_ok=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    words = [
        tree.VENV_BIN / "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "junit_family=xunit1",
        f"--junitxml={REPORT}",
    ]
    ran = command.run(
        [*words, "test_interruptions.py"],
        cwd=tree.ROOT / "tests" / "testinfra",
        env=tree.environment() | {"MOLECULE_EPHEMERAL_DIRECTORY": str(memory)},
        limit=2400,
        show=True,
    )
    if ran.ok:
        PAGE.write_text(page(stories(REPORT)))
    return 0 if ran.ok else 1


if __name__ == "__main__":
    sys.exit(main())
