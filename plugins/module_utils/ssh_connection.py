# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh connection that a module came over, as sshd has noted it.

Runs on nodes: standard library only, Python 3.8. sshd tells the user's shell in the environment variable
``SSH_CONNECTION``. sudo and su drop it, so it is looked for in the processes above this one too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

NAME = b"SSH_CONNECTION="


def told(pid: int | None = None, proc: Path = Path("/proc")) -> str | None:
    """Return ``<client> <its port> <own address> <own port>``, None where no process above says it.

    ``pid`` is where to begin, by default this process.
    """
    seen = set()
    current = os.getpid() if pid is None else pid
    while current > 0 and current not in seen:
        seen.add(current)
        found = _variable(proc / str(current) / "environ")
        if found:
            return found
        current = _parent(proc / str(current) / "status")
    return None


def _variable(path: Path) -> str:
    try:
        entries = path.read_bytes().split(b"\0")
    except OSError:
        return ""
    return next((entry[len(NAME) :].decode(errors="replace") for entry in entries if entry.startswith(NAME)), "")


def _parent(path: Path) -> int:
    try:
        match = re.search(r"^PPid:\s*(\d+)$", path.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0
