"""Says what the lab is doing and how long it took."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START = time.monotonic()
_LOCK = threading.Lock()
_HEARTBEAT_SECONDS = 30


def say(text: str) -> None:
    """One line, stamped with the seconds since the start."""
    with _LOCK:
        print(f"[{time.monotonic() - _START:6.1f}s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, a heartbeat while it runs, and its duration at the end."""
    begin = time.monotonic()
    done = threading.Event()

    def beat() -> None:
        while not done.wait(_HEARTBEAT_SECONDS):
            say(f"… {title} ({time.monotonic() - begin:.0f} s so far)")

    say(f"→ {title}")
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    say(f"✓ {title} ({time.monotonic() - begin:.1f} s)")
