# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes in a template, and why: each change of a template that is in use provisions its machines anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents, tinkerbell_versions
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten, same
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_template import REBOOT, actions
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import Stack

CONSENT = "allow_reprovision"
VARIABLE = "tinkerbell_hardware_allow_reprovision"


@dataclass(frozen=True)
class Change:
    """One template that differs from the one that is in use. ``machines`` are those that would be provisioned anew."""

    template: str
    path: str
    machines: tuple[str, ...]
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the module's ``changes``."""
        return {"template": self.template, "machines": list(self.machines), "reasons": list(self.reasons)}

    def refusal(self) -> Problem:
        """Return why it is not made without consent."""
        who = f"{len(self.machines)} machines: {named(self.machines)}" if len(self.machines) > 1 else self.machines[0]
        message = f"template {self.template} is in use, and a change images anew {who} ({'; '.join(self.reasons)})"
        return Problem(self.path, message, f"Give {CONSENT}: true (variable {VARIABLE}) when they may be")


def compare(before: Mapping[str, Any], after: Mapping[str, Any], stack: Stack) -> list[str]:
    """Return what differs between two TinkerbellTemplateConfigs, [] for nothing; what broke first."""
    old, new = ((one.get("spec") or {}).get("template") or {} for one in (before, after))
    if same(old, new):
        return []
    mine, theirs = actions(after), actions(before)
    found = tinkerbell_versions.reasons(documents.dump(dict(old)), stack)
    last = next(reversed(theirs), "")
    if last != REBOOT:
        found.append(f"its last action is {last or 'missing'}, and Tinkerbell takes only {REBOOT} for done")
    for name in sorted(mine.keys() - theirs.keys()):
        found.append(f"action {name} is new")
    for name in sorted(theirs.keys() - mine.keys()):
        found.append(f"action {name} goes")
    for name in mine:
        if name in theirs and not same(mine[name], theirs[name]):
            found.append(f"action {name} has another {', '.join(_differing(theirs[name], mine[name]))}")
    if list(mine) != list(theirs) and mine.keys() == theirs.keys():
        found.append("the order of the actions differs")
    heads = [{key: value for key, value in one.items() if key != "tasks"} for one in (old, new)]
    if not same(*heads):
        found.append(f"the template has another {', '.join(_differing(*heads))}")
    return sorted(found, key=lambda reason: reason.startswith("action ")) or ["its tasks differ"]


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    one, other = flatten(old), flatten(new)
    names = {path for path in one.keys() | other.keys() if not same(one.get(path), other.get(path))}
    return sorted(path.removeprefix("environment.") for path in names)


def diff(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return both sides as text, each template under its name."""
    texts = []
    for side in (before, after):
        by_name = {str(one["metadata"]["name"]): (one.get("spec") or {}).get("template") for one in side}
        texts.append(documents.dump(by_name))
    return texts[0], texts[1]
