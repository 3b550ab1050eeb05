# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of the guard: the module begins a change, a new connection confirms it.

A connection that was open before the change says nothing: packets of an established one pass many a broken firewall.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.eks_anywhere.network.plugins.plugin_utils.confirmation import Answer, Confirmation, told

CHANGE = "eks_anywhere.network.guarded_change"

display = Display()


class GuardedAction(ActionBase):
    """Runs the module of the same name and confirms the change that it has begun, its ``pending``."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; it has failed when the change was undone."""
        super().run(tmp, task_vars)
        result = self._execute_module(task_vars=task_vars)
        begun = result.pop("pending", None)
        if not begun or result.get("failed"):
            return result
        usual = self._connection.get_option("host") if self._connection.has_option("host") else None

        def use_host(host: str | None) -> None:
            if usual:
                self._connection.set_option("host", host or usual)

        def ask(words: Answer) -> Answer | None:
            with contextlib.suppress(AnsibleError):
                self._connection.reset()
            try:
                found = self._execute_module(module_name=CHANGE, module_args=words, task_vars=task_vars)
            except (AnsibleConnectionFailure, OSError) as error:
                display.vv(f"guard: {error}")
                return None
            return found if "ended" in found else None

        args = self._task.args
        ended = Confirmation(ask, use_host).run(begun, args.get("probes") or (), args.get("confirm_host"))
        use_host(None)
        result["reverted"] = ended["ended"] != "confirmed"
        if result["reverted"]:
            result |= {"failed": True, "changed": False, "msg": told(begun, ended), "guard": ended}
        return result
