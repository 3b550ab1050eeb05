# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of the guard: the module begins a change, a new connection confirms it.

A connection that was open before the change says nothing: packets of an established one pass many a broken firewall.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

CHANGE = "eks_anywhere.network.guarded_change"
PAUSE = 1.0
GRACE = 15
"""Seconds after the time-out in which the node must be reachable again, see docs/adr/0014."""
MARGIN = 3
"""Seconds before the time-out in which no confirmation is begun any more."""

display = Display()


class GuardedAction(ActionBase):
    """Runs the module of the same name and confirms the change that it has begun."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; it has failed when the change was undone."""
        super().run(tmp, task_vars)
        result = self._execute_module(task_vars=task_vars)
        pending = result.pop("pending", None)
        if not pending or result.get("failed"):
            return result
        began = time.monotonic()
        ended = self._confirm(pending, began, task_vars)
        result["reverted"] = ended["ended"] != "confirmed"
        if result["reverted"]:
            result |= {"failed": True, "changed": False, "msg": self._told(pending, ended), "guard": ended}
        return result

    def _confirm(self, pending: dict[str, Any], began: float, task_vars: Any) -> dict[str, Any]:
        """Ask until the node says how the change ended, or cannot be reached for too long."""
        args = self._task.args
        deadline = began + pending["delay"] + pending["timeout"]
        last: dict[str, Any] = {"ended": "unreachable", "why": "no new connection reached the node", "applied": None}
        self._use_host(args.get("confirm_host"))
        time.sleep(pending["delay"])
        while time.monotonic() < deadline + GRACE:
            in_time = time.monotonic() < deadline - MARGIN
            if not in_time:
                self._use_host(None)
            words = {"id": pending["id"], "state": "confirmed" if in_time else "query"}
            words["probes"] = args.get("probes") or []
            found = self._ask(words, task_vars)
            if found:
                last = found
                if found["ended"] not in ("pending",):
                    return found
            time.sleep(PAUSE)
        if last["ended"] == "pending":
            return self._ask({"id": pending["id"], "state": "restored"}, task_vars) or last
        return last

    def _ask(self, words: dict[str, Any], task_vars: Any) -> dict[str, Any] | None:
        """Run guarded_change over a connection of its own; None where the node is not reached."""
        with contextlib.suppress(AnsibleError):
            self._connection.reset()
        try:
            found = self._execute_module(module_name=CHANGE, module_args=words, task_vars=task_vars)
        except (AnsibleConnectionFailure, OSError) as error:
            display.vv(f"guard: {error}")
            return None
        return found if "ended" in found else None

    def _use_host(self, host: str | None) -> None:
        """Let the next connection go to another address, or again to the usual one."""
        usual = getattr(self, "_usual_host", None)
        if usual is None:
            self._usual_host = self._connection.get_option("host") if self._connection.has_option("host") else ""
        wanted = host or self._usual_host
        if wanted and self._connection.has_option("host"):
            self._connection.set_option("host", wanted)

    @staticmethod
    def _told(pending: dict[str, Any], ended: dict[str, Any]) -> str:
        """Say what became of a change that was not confirmed."""
        if ended["ended"] == "restored":
            text = f"The change was undone: {ended['why']}."
            failed = [entry for entry in (ended.get("applied") or {}).get("commands", []) if entry[1]]
            text += "".join(
                f" {' '.join(words)} ended with {code}: {output.strip()}." for words, code, output in failed
            )
            if not ended.get("ok", True):
                text += " What undid it failed too, see guard.commands."
            return text
        seconds = pending["timeout"] + GRACE
        return (
            f"The node was not reached again within {seconds} seconds ({ended['why']}). It undoes the change by "
            "itself, at the latest when it is restarted"
        )
