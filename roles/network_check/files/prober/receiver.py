# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts packets where they arrive, per flow and protocol. Times come from the receiver's own monotonic clock."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import Any

from packets import DATA, END, HELLO, PACKET, PORT, READY, milliseconds, pack, unpack


class Counter:
    """What arrived of one flow over one protocol."""

    def __init__(self) -> None:
        """Nothing arrived yet."""
        self.bytes = 0
        self.highest = 0
        self.missing: set[int] = set()
        self.duplicates = 0
        self.connections = 0
        self._gap = 0.0
        self._last: float | None = None
        self._ended = False

    def data(self, number: int, now: float) -> None:
        """Count packet ``number`` (the first is 1). Only a packet not seen before ends a gap."""
        if number > self.highest:
            self.missing.update(range(self.highest + 1, number))
            self.highest = number
        elif number in self.missing:
            self.missing.remove(number)
        else:
            self.duplicates += 1
            return
        self._gap = self.longest_gap(now)
        self._last = now

    def end(self, now: float) -> None:
        """The sender says that no new packet follows: the time from here on is not a gap."""
        self._gap = self.longest_gap(now)
        self._ended = True

    def longest_gap(self, now: float) -> float:
        """Longest time without a new packet, in seconds, the one still open included."""
        return self._gap if self._last is None or self._ended else max(self._gap, now - self._last)

    def report(self, now: float) -> dict[str, Any]:
        """Return the numbers of this counter."""
        return {
            "received": self.highest - len(self.missing),
            "duplicates": self.duplicates,
            "bytes": self.bytes,
            "connections": self.connections,
            "longest_gap_ms": milliseconds(self.longest_gap(now)),
        }


def listen(kind: int, port: int) -> socket.socket:
    """Return a socket for every address of the pod, IPv4 and IPv6 where there is both."""
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if kind == socket.SOCK_DGRAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("", port))
    if kind == socket.SOCK_STREAM:
        sock.listen(256)
    sock.setblocking(False)
    return sock


class Stream:
    """One accepted TCP connection: the bytes that are not a whole packet yet, and the flow it belongs to."""

    def __init__(self, peer: str) -> None:
        """A connection from the address ``peer``."""
        self.peer = peer
        self.rest = b""
        self.flow: str | None = None


class Server:
    """Counts flows. A connection that never says which flow it is, is counted by the address it came from."""

    def __init__(self, port: int = PORT) -> None:
        """Listen on ``port`` over TCP and UDP; 0 takes a free one."""
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, str], Counter] = {}
        self._silent: dict[str, int] = {}
        self._streams: dict[socket.socket, Stream] = {}
        self._tcp = listen(socket.SOCK_STREAM, port)
        self.port: int = self._tcp.getsockname()[1]
        self._udp = listen(socket.SOCK_DGRAM, self.port)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._tcp, selectors.EVENT_READ, self._accept)
        self._selector.register(self._udp, selectors.EVENT_READ, self._datagrams)

    def serve(self, stop: threading.Event) -> None:
        """Count until ``stop`` is set."""
        while not stop.is_set():
            for key, _events in self._selector.select(timeout=0.2):
                with self._lock:
                    key.data(key.fileobj)
        for sock in (self._tcp, self._udp, *self._streams):
            sock.close()
        self._selector.close()

    def report(self) -> dict[str, Any]:
        """Return what arrived: per flow and protocol, and per address for connections that stayed silent."""
        now = time.monotonic()
        with self._lock:
            flows: dict[str, dict[str, Any]] = {}
            for (flow, protocol), counter in self._counters.items():
                flows.setdefault(flow, {})[protocol] = counter.report(now)
            silent = dict(self._silent)
            for stream in self._streams.values():
                if stream.flow is None:
                    silent[stream.peer] = silent.get(stream.peer, 0) + 1
        return {"mode": "server", "flows": flows, "silent": silent}

    def _packet(self, protocol: str, data: bytes) -> tuple[str, bytes | None] | None:
        """Count one packet. Returns its flow and the answer it wants, or None when it is not one of ours."""
        now = time.monotonic()
        packet = unpack(data)
        if packet is None:
            return None
        kind, flow, number = packet
        counter = self._counters.setdefault((flow, protocol), Counter())
        counter.bytes += len(data)
        if kind == DATA:
            counter.data(number, now)
        elif kind == END:
            counter.end(now)
        return flow, pack(READY, flow) if kind == HELLO else None

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._streams[connection] = Stream(address[0].removeprefix("::ffff:"))
        self._selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection: socket.socket) -> None:
        stream = self._streams[connection]
        try:
            data = connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection, stream)
            return
        stream.rest += data
        whole = len(stream.rest) // PACKET.size * PACKET.size
        packets, stream.rest = stream.rest[:whole], stream.rest[whole:]
        for start in range(0, whole, PACKET.size):
            counted = self._packet("tcp", packets[start : start + PACKET.size])
            if counted is None:
                self._close(connection, stream)
                return
            flow, answer = counted
            if stream.flow is None:
                stream.flow = flow
                self._counters[flow, "tcp"].connections += 1
            if answer:
                self._answer(connection, answer)

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        try:
            connection.send(answer)
        except OSError:
            return

    def _close(self, connection: socket.socket, stream: Stream) -> None:
        if stream.flow is None:
            self._silent[stream.peer] = self._silent.get(stream.peer, 0) + 1
        self._selector.unregister(connection)
        del self._streams[connection]
        connection.close()

    def _datagrams(self, sock: socket.socket) -> None:
        while True:
            try:
                data, address = sock.recvfrom(2048)
                counted = self._packet("udp", data)
                if counted and counted[1]:
                    sock.sendto(counted[1], address)
            except OSError:
                return
