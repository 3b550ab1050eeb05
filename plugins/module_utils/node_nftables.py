# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and chains of nftables, asked of the kernel over netlink: many nodes have no ``nft``.

Runs on nodes: standard library of Python 3.9 only. Needs CAP_NET_ADMIN. The numbers and structures are those of the
Linux headers linux/netlink.h, linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

NETLINK_NETFILTER = 12
NF_TABLES = 10
GET_TABLE = 1
GET_CHAIN = 4
REQUEST_DUMP = 0x301
INTERRUPTED = 0x10
ERROR, DONE = 2, 3
TABLE_OWNED = 0x2
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
TRIES = 3
BUFFER = 1 << 16

HEADER = struct.Struct("=IHHII")
SUBHEADER = struct.Struct("=BBH")
ATTRIBUTE = struct.Struct("=HH")
CODE = struct.Struct("=i")


def tables(timeout: float) -> list[dict[str, Any]] | None:
    """Return every table as {family, name, owned}, sorted, None where the kernel refuses to say.

    ``owned``: a running process holds the table, nobody else can change it.
    """
    answers = _dump(GET_TABLE, timeout)
    found = map(table, answers or [])
    return None if answers is None else sorted(found, key=lambda one: (one["family"], one["name"]))


def chains(timeout: float) -> list[tuple[str, str, str]] | None:
    """Return every chain as (family, table, name), None where the kernel refuses to say."""
    answers = _dump(GET_CHAIN, timeout)
    return None if answers is None else [chain(answer) for answer in answers]


def table(answer: bytes) -> dict[str, Any]:
    """Read one table."""
    found = dict(_attributes(answer))
    flags = int.from_bytes(found.get(2, b""), "big")
    return {"family": _family(answer), "name": _text(found.get(1, b"")), "owned": bool(flags & TABLE_OWNED)}


def chain(answer: bytes) -> tuple[str, str, str]:
    """Read one chain."""
    found = dict(_attributes(answer))
    return _family(answer), _text(found.get(1, b"")), _text(found.get(3, b""))


def messages(packet: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Return (type, flags, content) of each message of one packet."""
    start = 0
    while start + HEADER.size <= len(packet):
        length, kind, flags, _sequence, _port = HEADER.unpack_from(packet, start)
        yield kind, flags, packet[start + HEADER.size : start + length]
        start += _aligned(max(length, HEADER.size))


def _dump(what: int, timeout: float) -> list[bytes] | None:
    """Ask, and again when the rules were changed meanwhile; after that the last answer is good enough."""
    answers: list[bytes] = []
    for _try in range(TRIES):
        try:
            answers, complete = _ask(what, timeout)
        except OSError:
            return None
        if complete:
            break
    return answers


def _ask(what: int, timeout: float) -> tuple[list[bytes], bool]:
    answers: list[bytes] = []
    complete = True
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.settimeout(timeout)
        kernel.bind((0, 0))
        content = SUBHEADER.pack(0, 0, 0)
        kernel.send(HEADER.pack(HEADER.size + len(content), NF_TABLES << 8 | what, REQUEST_DUMP, 1, 0) + content)
        while True:
            for kind, flags, answer in messages(kernel.recv(BUFFER)):
                complete = complete and not flags & INTERRUPTED
                if kind in (ERROR, DONE):
                    code = CODE.unpack_from(answer)[0] if kind == ERROR else 0
                    if code:
                        raise OSError(-code, os.strerror(-code))
                    return answers, complete
                answers.append(answer)


def _attributes(answer: bytes) -> Iterator[tuple[int, bytes]]:
    start = SUBHEADER.size
    while start + ATTRIBUTE.size <= len(answer):
        length, kind = ATTRIBUTE.unpack_from(answer, start)
        yield kind & 0x3FFF, answer[start + ATTRIBUTE.size : start + length]
        start += _aligned(max(length, ATTRIBUTE.size))


def _family(answer: bytes) -> str:
    number = answer[0] if answer else 0
    return FAMILIES.get(number, str(number))


def _text(value: bytes) -> str:
    return value.partition(b"\0")[0].decode(errors="replace")


def _aligned(length: int) -> int:
    return (length + 3) & ~3
