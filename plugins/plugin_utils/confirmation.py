# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When and how often a change that a node has begun is confirmed, and what is said when it could not be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PAUSE = 1.0
GRACE = 15
"""Seconds after the time-out in which a node must be reachable again."""
MARGIN = 3
"""Seconds before the time-out from which no confirmation is begun any more."""

Answer = dict[str, Any]


@dataclass
class Confirmation:
    """``ask`` runs guarded_change over a new connection and returns its result, None where the node is not reached.

    ``use_host`` sends further connections to an address, or with None to the usual one.
    """

    ask: Callable[[Answer], Answer | None]
    use_host: Callable[[str | None], None]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = field(default=time.monotonic)

    def run(self, begun: Mapping[str, Any], probes: Sequence[Any] = (), host: str | None = None) -> Answer:
        """Return how the change ended, as guarded_change says it, with ``ended`` unreachable where nobody could.

        One that was undone has in ``before`` why it was not confirmed until then, if the node said so. ``begun`` is
        ``{"id", "timeout", "delay"}``, in seconds. Near the time-out, and after it, the node is only asked what became
        of the change, at its usual address.
        """
        deadline = self.now() + begun["delay"] + begun["timeout"]
        last: Answer = {"ended": "unreachable", "why": "no new connection reached it", "applied": None}
        silent = ""
        self.use_host(host)
        self.sleep(begun["delay"])
        while self.now() < deadline + GRACE:
            in_time = self.now() < deadline - MARGIN
            if not in_time:
                self.use_host(None)
            state = "confirmed" if in_time else "query"
            found = self.ask({"id": begun["id"], "state": state, "probes": list(probes)})
            if found and found["ended"] != "pending":
                return {**found, "before": silent} if silent and found["ended"] == "restored" else found
            silent = found["why"] if found and found["why"] else silent
            last = found or last
            self.sleep(PAUSE)
        if last["ended"] == "pending":
            return self.ask({"id": begun["id"], "state": "restored"}) or last
        return last


def told(begun: Mapping[str, Any], ended: Mapping[str, Any]) -> str:
    """Say what became of a change that was not confirmed."""
    if ended["ended"] != "restored":
        return (
            f"The node was not reached again within {begun['timeout'] + GRACE} seconds: {ended['why']}. It undoes the "
            "change by itself, at the latest when it is restarted"
        )
    before = f" ({ended['before']})" if ended.get("before") else ""
    text = f"The change was undone: {ended['why']}{before}."
    for words, code, output in (ended.get("applied") or {}).get("commands", []):
        text += f" {' '.join(words)} ended with {code}: {output.strip()}." if code else ""
    if not ended.get("ok", True):
        text += " What undid it failed too, see guard.commands."
    return text
