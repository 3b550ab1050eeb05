# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets of the prober: the same over TCP and UDP."""

from __future__ import annotations

import struct

PACKET = struct.Struct("!4sB3x16sQ")
"""One packet: magic, kind, name of the flow, number."""
MAGIC = b"EANF"
HELLO, READY, DATA, END = range(1, 5)
INTERVAL = 0.01
"""Seconds between two packets of a flow: 100 packets a second."""
PORT = 7400


def pack(kind: int, flow: str, number: int = 0) -> bytes:
    """Return one packet."""
    return PACKET.pack(MAGIC, kind, flow.encode(), number)


def unpack(data: bytes) -> tuple[int, str, int] | None:
    """Return kind, flow and number of a packet, or None when it is not one of ours."""
    if len(data) != PACKET.size:
        return None
    magic, kind, flow, number = PACKET.unpack(data)
    return (kind, flow.rstrip(b"\0").decode(errors="replace"), number) if magic == MAGIC else None


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds with one decimal."""
    return round(seconds * 1000, 1)
