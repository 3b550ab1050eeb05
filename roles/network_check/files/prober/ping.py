# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests over one interface of the pod, small ones and ones that fill the MTU and must not be fragmented.

ICMP datagram sockets need no capability where the pod's ``net.ipv4.ping_group_range`` admits its group
(Linux, Documentation/networking/ip-sysctl.rst); the kernel fills in identifier and checksum.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

COUNT = 3
"""Echo requests that are counted, after the first one that was answered."""
SMALL = 56
SIOCGIFMTU = 0x8921
SO_BINDTODEVICE = 25
DO_NOT_FRAGMENT = 2
FAMILIES = {
    4: (socket.AF_INET, socket.IPPROTO_ICMP, 8, 0, 28, (socket.IPPROTO_IP, 10)),
    6: (socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129, 48, (socket.IPPROTO_IPV6, 23)),
}
"""Family, protocol, types of request and reply, bytes of both headers, and the option IP_MTU_DISCOVER, by version."""


class Echo:
    """A socket that asks one address over one interface."""

    def __init__(self, interface: str, source: str, target: str, timeout: float = 1.0) -> None:
        version = 6 if ":" in target else 4
        family, protocol, self.request, self.reply, self.headers, discover = FAMILIES[version]
        self.socket = socket.socket(family, socket.SOCK_DGRAM, protocol)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(*discover, DO_NOT_FRAGMENT)
        # Below Linux 5.7 this needs a capability; there the source address alone decides.
        with contextlib.suppress(PermissionError):
            self.socket.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, interface.encode())
        self.socket.bind((source, 0))
        self.target = target
        self.sequence = 0

    def ask(self, size: int) -> float | None:
        """Send one request with ``size`` bytes and return the milliseconds until its reply, None without one."""
        self.sequence += 1
        payload = os.urandom(size)
        begin = time.monotonic()
        try:
            self.socket.sendto(struct.pack("!BBHHH", self.request, 0, 0, 0, self.sequence) + payload, (self.target, 0))
            while True:
                data = self.socket.recv(size + 64)
                kind, sequence = data[0], struct.unpack("!H", data[6:8])[0]
                if (kind, sequence, data[8:]) == (self.reply, self.sequence, payload):
                    return (time.monotonic() - begin) * 1000
        except TimeoutError:
            return None


def mtu_of(interface: str) -> int:
    """Return the MTU of an interface of this pod."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = fcntl.ioctl(sock, SIOCGIFMTU, struct.pack("16si12x", interface.encode(), 0))
    return int(struct.unpack("16si12x", answer)[1])


def try_target(member: dict[str, Any], target: dict[str, Any], full: bool, seconds: float) -> dict[str, Any]:
    """Return ``{to, size, sent, received, rtt_ms, error}`` of one target; ``size`` is the payload in bytes."""
    told: dict[str, Any] = {"to": target["pod"], "size": SMALL, "sent": 0, "received": 0, "rtt_ms": None, "error": ""}
    deadline = time.monotonic() + seconds
    try:
        echo = Echo(member["interface"], member["address"], target["address"])
        told["size"] = mtu_of(member["interface"]) - echo.headers if full else SMALL
        with echo.socket:
            while echo.ask(told["size"]) is None:
                if time.monotonic() > deadline:
                    return {**told, "sent": echo.sequence}
            times = [echo.ask(told["size"]) for _number in range(COUNT)]
    except OSError as error:
        return {**told, "error": error.strerror or str(error)}
    answered = [took for took in times if took is not None]
    told["rtt_ms"] = round(max(answered), 2) if answered else None
    return {**told, "sent": COUNT, "received": len(answered)}


def ping(job: dict[str, Any], pod: str) -> dict[str, Any]:
    """Do this pod's part of a job and return ``{"mtu": bytes, "pings": [...]}``.

    A job is ``{"seconds": n, "members": [{"pod", "interface", "address", "to": [pod]}]}``, the same for all pods.
    """
    members = {member["pod"]: member for member in job["members"]}
    member = members[pod]
    tries = [(members[name], full) for name in member["to"] for full in (False, True)]
    with ThreadPoolExecutor(max_workers=16) as pool:
        done = [pool.submit(try_target, member, target, full, float(job["seconds"])) for target, full in tries]
        return {"mtu": mtu_of(member["interface"]), "pings": [future.result() for future in done]}
