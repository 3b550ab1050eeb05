# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends numbered packets, or knocks where a NetworkPolicy must not let anything through."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
import threading
import time
from typing import Any

from packets import DATA, END, HELLO, INTERVAL, PACKET, READY, milliseconds, pack


class Sender:
    """Sends one flow over one protocol: a greeting until it is answered, then numbered packets until stopped.

    Every tick has a number, sent or not: a packet that could not be handed over is a packet that did not arrive.
    A sender that wakes up late skips the ticks it missed, so its own delay is no loss; ``longest_stall_ms`` tells it.
    """

    CONNECT_SECONDS = 1.0
    FLUSH_SECONDS = 15.0

    def __init__(self, protocol: str, flow: str, target: tuple[str, int], greet: bool = True) -> None:
        """Send ``flow`` to ``target``; without ``greet`` from the first moment, answered or not."""
        self.protocol = protocol
        self.flow = flow
        self.target = target
        self.greet = greet
        self.sent = 0
        self.errors = 0
        self.reconnects = 0
        self.stall = 0.0
        self.started = threading.Event()
        self._socket: socket.socket | None = None
        self._opened = 0.0
        self._pending = b""

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set, then tell the receiver that this was all."""
        while self.greet and not stop.is_set() and not self._greet():
            stop.wait(0.1)
        if not stop.is_set():
            self.started.set()
        due = last = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            self.stall, last = max(self.stall, now - last), now
            self.sent += 1
            if not self._send(pack(DATA, self.flow, self.sent)):
                self.errors += 1
            due = max(due + INTERVAL, now)
        for _repeat in range(1 if self.protocol == "tcp" else 5):
            self._send(pack(END, self.flow, self.sent))
            time.sleep(INTERVAL)
        self._flush()
        self._close()

    def report(self) -> dict[str, Any]:
        """Return what was sent. ``errors`` are packets that could not be handed to the kernel."""
        return {
            "started": self.started.is_set(),
            "sent": self.sent,
            "errors": self.errors,
            "reconnects": self.reconnects,
            "longest_stall_ms": milliseconds(self.stall),
        }

    def _greet(self) -> bool:
        """Send a greeting and wait for its answer: from then on the way there and back is known to be open."""
        sent = self._send(b"" if self._pending else pack(HELLO, self.flow))
        if not sent or self._pending or self._socket is None:
            return False
        answered = bool(select.select([self._socket], [], [], 0.5)[0])
        try:
            answered = answered and self._socket.recv(PACKET.size) == pack(READY, self.flow)
        except OSError:
            answered = False
        if not answered:
            self._close()
        return answered

    def _send(self, data: bytes) -> bool:
        """Hand bytes to the kernel, without waiting. What TCP cannot take yet is kept for the next time.

        A TCP connection that broke, or does not come about, is opened again; what it held is lost.
        """
        now = time.monotonic()
        data = self._pending + data
        broken = False
        written = 0
        try:
            if self._socket is None:
                self._socket = open_socket(self.protocol, self.target)
                self._opened = now
            written = self._socket.send(data)
        except BlockingIOError:
            broken = now - self._opened >= self.CONNECT_SECONDS and not self._connected()
        except OSError:
            broken = True
        if self.protocol == "udp":
            return written == len(data)
        self._pending = data[written:]
        if broken:
            self.reconnects += self.started.is_set()
            self._close()
        return not broken

    def _connected(self) -> bool:
        try:
            return self._socket is not None and bool(self._socket.getpeername())
        except OSError:
            return False

    def _flush(self) -> None:
        """Wait until TCP has delivered what it holds: it sends again what an outage swallowed."""
        deadline = time.monotonic() + self.FLUSH_SECONDS
        while self.protocol == "tcp" and self._connected() and time.monotonic() < deadline:
            if self._pending:
                self._send(b"")
            elif struct.unpack("i", fcntl.ioctl(self._socket, termios.TIOCOUTQ, b"\0" * 4))[0] == 0:
                return
            time.sleep(0.05)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._pending = b""


def open_socket(protocol: str, target: tuple[str, int]) -> socket.socket:
    """Return a socket that is connected to ``target``, or, for TCP, on its way to be. It never blocks."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    sock.setblocking(False)
    if protocol == "tcp":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect_ex(target)
    return sock


class Knocker:
    """Tries TCP connections that a policy must let run into their timeout."""

    def __init__(self, flow: str, target: tuple[str, int], timeout: float = 0.5) -> None:
        """Knock at ``target``, ``timeout`` seconds each time."""
        self.flow = flow
        self.target = target
        self.timeout = timeout
        self.outcomes = {"connected": 0, "refused": 0, "timeouts": 0, "errors": 0}

    def run(self, stop: threading.Event) -> None:
        """Try one connection after the other until ``stop`` is set."""
        while not stop.is_set():
            self.outcomes[knock(self.flow, self.target, self.timeout)] += 1
            stop.wait(0.05)

    def report(self) -> dict[str, Any]:
        """Return how the attempts ended. Only ``timeouts`` is what a policy that drops makes of them."""
        attempts = sum(self.outcomes.values())
        return {"started": attempts > 0, "attempts": attempts, **self.outcomes}


def knock(flow: str, target: tuple[str, int], timeout: float) -> str:
    """Try one TCP connection and say who it is. Returns how it ended, as a key of ``Knocker.outcomes``."""
    try:
        with socket.create_connection(target, timeout=timeout) as sock:
            sock.send(pack(HELLO, flow))
            return "connected"
    except TimeoutError:
        return "timeouts"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "errors"


class Client:
    """The senders of one flow. A denied flow does not wait for an answer before it sends."""

    def __init__(self, flow: str, target: tuple[str, int], denied: bool = False) -> None:
        """Prepare one flow to ``target``; nothing is sent before ``start``."""
        self.flow = flow
        self.denied = denied
        self._stop = threading.Event()
        self._udp = Sender("udp", flow, target, greet=not denied)
        self._tcp = Knocker(flow, target) if denied else Sender("tcp", flow, target)
        self._threads = [
            threading.Thread(target=sender.run, args=(self._stop,), daemon=True) for sender in (self._tcp, self._udp)
        ]

    def start(self) -> None:
        """Start to send."""
        for thread in self._threads:
            thread.start()

    def stop(self, drain: float = 0.3) -> None:
        """Stop to send and give what is on its way the time ``drain`` (seconds) to arrive."""
        self._stop.set()
        for thread in self._threads:
            thread.join(Sender.FLUSH_SECONDS + 5)
        time.sleep(drain)

    def report(self) -> dict[str, Any]:
        """Return what was sent."""
        mode = "denied" if self.denied else "client"
        return {"mode": mode, "flow": self.flow, "tcp": self._tcp.report(), "udp": self._udp.report()}
