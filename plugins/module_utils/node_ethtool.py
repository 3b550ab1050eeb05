# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the driver of a network interface says: the ethtool ioctl, without the program of that name.

Runs on nodes: standard library of Python 3.9 only. None of the requests needs root. The numbers and structures are
those of the Linux headers linux/ethtool.h and linux/sockios.h.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any

SIOCETHTOOL = 0x8946
GET_DRIVER_INFO = 0x03
GET_PERMANENT_ADDRESS = 0x20
GET_LINK_SETTINGS = 0x4C

DRIVER_INFO = struct.Struct("=I32s32s32s32s32s12s5I")
PERMANENT_ADDRESS = struct.Struct("=II32s")
LINK_SETTINGS = struct.Struct("=II3B2x2xb32x")
MASKS = 3
"""Each link mode mask follows the settings three times: supported, advertised, and by the peer."""

UNKNOWN_SPEED = 0xFFFFFFFF
DUPLEX = {0: "half", 1: "full"}


@dataclass(frozen=True)
class Hardware:
    """What is known of the hardware; None where it has none, or the driver does not say. ``speed`` in Mbit/s."""

    driver: str | None = None
    bus: str | None = None
    permanent_mac: str | None = None
    speed: int | None = None
    duplex: str | None = None


def driver_info(answer: bytes) -> tuple[str | None, str | None]:
    """Return (driver, address on the bus)."""
    fields = DRIVER_INFO.unpack_from(answer)
    return _text(fields[1]), _text(fields[4])


def permanent_address(answer: bytes) -> str | None:
    """Return the address that was burnt in, None for an interface that has none."""
    _request, size, address = PERMANENT_ADDRESS.unpack_from(answer)
    return address[:size].hex(":") if any(address[:size]) else None


def link_settings(answer: bytes) -> tuple[int | None, str | None]:
    """Return (speed in Mbit/s, duplex)."""
    _request, speed, duplex, *_rest = LINK_SETTINGS.unpack_from(answer)
    return None if speed in (0, UNKNOWN_SPEED) else speed, DUPLEX.get(duplex)


def _text(field: bytes) -> str | None:
    text = field.partition(b"\0")[0].decode(errors="replace")
    return None if text in ("", "N/A") else text


class Ethtool:
    """A socket to ask the kernel about the interfaces of this network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Ethtool:
        return self

    def __exit__(self, *_about: Any) -> None:
        self._socket.close()

    def hardware(self, name: str) -> Hardware:
        """Ask about one interface. What the kernel refuses to say is None."""
        about = self._ask(name, DRIVER_INFO.pack(GET_DRIVER_INFO, *[b""] * 6, *[0] * 5))
        address = self._ask(name, PERMANENT_ADDRESS.pack(GET_PERMANENT_ADDRESS, 32, b""))
        settings = self._link_settings(name)
        driver, bus = driver_info(about) if about else (None, None)
        speed, duplex = link_settings(settings) if settings else (None, None)
        return Hardware(driver, bus, permanent_address(address) if address else None, speed, duplex)

    def _link_settings(self, name: str) -> bytes | None:
        """The first request learns how many words a mask has, the second gets the answer."""
        learnt = self._ask(name, LINK_SETTINGS.pack(GET_LINK_SETTINGS, 0, 0, 0, 0, 0))
        if learnt is None:
            return None
        words = -LINK_SETTINGS.unpack_from(learnt)[-1]
        request = LINK_SETTINGS.pack(GET_LINK_SETTINGS, 0, 0, 0, 0, words)
        return self._ask(name, request + bytes(4 * MASKS * words)) if words > 0 else None

    def _ask(self, name: str, request: bytes) -> bytes | None:
        answer = array.array("B", request)
        try:
            fcntl.ioctl(self._socket, SIOCETHTOOL, struct.pack("16sP16x", os.fsencode(name), answer.buffer_info()[0]))
        except OSError:
            return None
        return answer.tobytes()
