# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check reports, and small helpers to read pods."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import Object, State

SHOWN = 10
"""How many objects of one kind are named; the rest is counted."""


@dataclass(frozen=True, order=True)
class Finding:
    """One problem: which component, which object, what is wrong, what to do."""

    component: str
    object: str
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the entry of ``problems``."""
        return {"component": self.component, "object": self.object, "message": self.message, "hint": self.hint}


def named(names: Iterable[str]) -> str:
    """Name up to ten, count the rest."""
    listed = sorted(names)
    rest = len(listed) - SHOWN
    return ", ".join(listed[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def is_ready(pod: Object) -> bool:
    """Return whether the pod's Ready condition is true and it is here to stay."""
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def condition(item: Object, kind: str) -> Object:
    """Return the condition of that type of a pod or node, {} when it has none."""
    for entry in (item.get("status") or {}).get("conditions") or []:
        if entry.get("type") == kind:
            return entry
    return {}


def present(state: State, component: str) -> list[Object]:
    """Return the pods of a component that have neither failed nor begun to terminate."""
    return [
        pod
        for pod in state.pods.get(component, [])
        if not pod["metadata"].get("deletionTimestamp") and pod["status"].get("phase") != "Failed"
    ]


def label(pod: Object) -> str:
    """Return how messages name a pod."""
    return f"{pod['metadata']['name']} ({pod['spec'].get('nodeName', 'no node')})"
