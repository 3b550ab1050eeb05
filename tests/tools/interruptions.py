"""Breaks a migration off in every way that tests/testinfra/test_interruptions.py knows, on the practice cluster, and
writes what was seen into docs/guides/cilium-interruptions.md.

`.venv/bin/python tests/tools/interruptions.py` tells all stories (about 20 minutes). Words on the command line choose
stories to tell anew; what the others told last is kept. The page is written when all have been told.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import command
import tree

PAGE = tree.ROOT / "docs" / "guides" / "cilium-interruptions.md"
MEMORY = tree.BUILD / "molecule" / "interruptions"
TOLD = MEMORY / "interruptions.json"
PLAY = "`ansible-playbook eks_anywhere.network.cilium`"
CONSENT = "`-e cilium_allow_repair=true`"
LIMIT = 2700
HEAD = f"""\
# When a change of Cilium is broken off
<!-- Written by tests/tools/interruptions.py from a run on the practice cluster: change the tests, not this page. -->

Run the play again, with the variables of the run that was broken off: {PLAY},
or `site.yml`. It looks at the cluster, not at what the broken run remembered, and goes on from there.

There is one case in which it does not. A Helm that is killed leaves its revision pending, and nothing can tell it from
one that still works. The play then changes nothing and says:

```text
{{refusal}}
```

Make sure that no Helm works on this release any more, then run the play with {CONSENT}.
It marks that revision as failed and upgrades from the last one that was deployed, with all its values.

To go back instead of on: `ansible-playbook eks_anywhere.network.cilium_rollback`. The ConfigMap
`eks-anywhere-network-cilium` keeps the revision to go back to, and whether what runs now was ever proven.

## What was tried
Each row is one migration from upstream Cilium to the AWS build on three nodes, broken off once (the last row: twice).
Afterwards each time: every agent and operator on the AWS image, the release deployed, the user's values, configuration,
policies, CRDs and pods as before, no helper pod left, the record proven, and one more run changed nothing.

| broken off | by | found on the cluster | what to run | outcome |
| --- | --- | --- | --- | --- |
"""


def found(story: dict[str, Any]) -> str:
    """What there was right after the break."""
    seen = story["found"]
    parts = [seen["release"], f"{seen['replaced']} of 3 agents new"]
    if seen["pullers"]:
        parts.append("1 helper pod" if seen["pullers"] == 1 else f"{seen['pullers']} helper pods")
    parts.append({None: "no record", "false": "not proven", "true": "proven"}[seen["proven"]])
    return ", ".join(parts)


def what_to_run(story: dict[str, Any]) -> str:
    """What an operator does about it."""
    if story["survives"] is not None:
        return "nothing: the run waits"
    words = f"the play; it is refused; the play with {CONSENT}" if story["refusal"] else "the play"
    return f"{story['first']}, then {words}" if story["first"] else words


def outcome(story: dict[str, Any]) -> str:
    """How it ended, and after how many seconds."""
    if story["survives"] is not None:
        return f"finished {story['survives']} s after the break began"
    said = f"the broken run failed and named `{story['says']}`; " if story["says"] else ""
    only_recorded = all(name.rpartition(" : ")[2].startswith("Record ") for name in story["changed"])
    did = "waited for the roll-out and proved it" if only_recorded else "changed what was missing and proved it"
    return f"{said}{did} in {story['seconds']} s"


def page(told: list[dict[str, Any]]) -> str:
    """The whole page."""
    (refusal,) = {story["refusal"] for story in told} - {""}
    rows = [
        f"| {story['point']} | {story['by']} | {found(story)} | {what_to_run(story)} | {outcome(story)} |"
        for story in told
    ]
    return HEAD.replace("{refusal}", refusal) + "\n".join(rows) + "\n"


def main(chosen: list[str]) -> int:
    tree.sync()
    MEMORY.mkdir(parents=True, exist_ok=True)
    if not chosen:
        TOLD.unlink(missing_ok=True)
    words = [tree.VENV_BIN / "python", "-m", "pytest", "-v", "--durations=0", "-p", "no:cacheprovider"]
    ran = command.run(
        [*words, "test_interruptions.py", "-k", " or ".join(chosen)],
        cwd=tree.ROOT / "tests" / "testinfra",
        env=tree.environment() | {"MOLECULE_EPHEMERAL_DIRECTORY": str(MEMORY)},
        limit=LIMIT,
        show=True,
    )
    if not ran.ok:
        return 1
    told = json.loads(TOLD.read_text())
    if None in told.values():
        print("Not told yet: " + ", ".join(name for name, story in told.items() if story is None))
    else:
        PAGE.write_text(page(list(told.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
