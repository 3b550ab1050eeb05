"""What the tests wait for."""

from __future__ import annotations

import time


def eventually(true, seconds):
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
