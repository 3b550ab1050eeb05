# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a file whole: a reader sees the old one or the new one, also after a power cut."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def replace(path: Path, data: bytes, mode: int) -> None:
    """Put ``data`` in place of what is at ``path``, with these permission bits and the owner that the file had.

    Where ``path`` is a link the file behind it is replaced. Raises OSError; the old file is as it was then.
    """
    target = Path(os.path.realpath(path))
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            # Only root can give a file away; for others the owner becomes who writes it, as with any editor.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                before = target.stat()
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
