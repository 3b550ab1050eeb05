# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for a module: answers with what the variable ``answers`` of the host says, and notes that it was asked.

``answers`` maps a module's name to its answers, one after the other; the last one stays. The notes are the lines of
``<directory of notes>/<host>``: the module's name, and its arguments as JSON.
"""

from __future__ import annotations

import json
from pathlib import Path

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The same for every module."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2]
        notes = Path(task_vars["notes"]) / task_vars["inventory_hostname"]
        asked = [line.split(" ", 1)[0] for line in notes.read_text().splitlines()] if notes.exists() else []
        with notes.open("a") as file:
            file.write(f"{name} {json.dumps(self._task.args)}\n")
        answers = task_vars["answers"].get(name) or [{"changed": True}]
        return result | answers[min(asked.count(name), len(answers) - 1)]
