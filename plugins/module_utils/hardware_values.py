# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of hardware.csv: what an address, a netmask or a MAC address is, and how a wrong one is put right."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

MASKS = {str(IPv4Address(bits)): bits for bits in ((0xFFFFFFFF << size) & 0xFFFFFFFF for size in range(32))}
"""Every contiguous netmask but 0.0.0.0, and its bits."""
LINK_LOCAL = "a link-local address"

_UNUSABLE = (
    (0x00000000, 8, "no address of a machine"),
    (0x7F000000, 8, "a loopback address"),
    (0xA9FE0000, 16, LINK_LOCAL),
    (0xE0000000, 4, "a multicast address"),
    (0xF0000000, 4, "a reserved address"),
)


@lru_cache(maxsize=1 << 16)
def ipv4(text: str) -> int | None:
    """Return the number of an IPv4 address, None where it is none. Like Go's it takes no leading zeros."""
    try:
        return int(IPv4Address(text))
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)
def unusable(value: int) -> str:
    """Return why no machine can have an address, "" where one can."""
    for network, size, meaning in _UNUSABLE:
        if (value ^ network) >> (32 - size) == 0:
            return meaning
    return ""


def is_ipv6(text: str) -> bool:
    """Say whether it is an IPv6 address."""
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def is_edge(value: int, mask: int) -> bool:
    """Say whether an address stands for its whole subnet or is its broadcast address. /31 and /32 have neither."""
    hosts = ~mask & 0xFFFFFFFF
    return hosts > 1 and value & hosts in (0, hosts)


def subnet(value: int, mask: int) -> str:
    """Return the subnet of an address as messages name it."""
    return f"{IPv4Address(value & mask)}/{mask.bit_count()}"


def mac_hint(mac: str) -> str:
    """Return the same address as it has to be written, where it is one. It is in small letters."""
    digits = re.sub(r"[-.:]", "", mac)
    if re.fullmatch(r"[0-9a-f]{12}", digits):
        return f"Write it as {':'.join(digits[place : place + 2] for place in range(0, 12, 2))}"
    if re.fullmatch(r"[0-9a-f]{16}", digits):
        return "Give the NIC's own address of six bytes, not one of eight"
    return "Give six pairs of hexadecimal digits joined by colons"


def mask_hint(text: str) -> str:
    """Return the netmask of a prefix length, or what a netmask is."""
    size = text.removeprefix("/")
    if re.fullmatch(r"[0-9]{1,2}", size) and 1 <= int(size) <= 32:
        return f"Write it as {IPv4Address((0xFFFFFFFF << (32 - int(size))) & 0xFFFFFFFF)}"
    return "Give a mask such as 255.255.255.0: all ones first, then all zeros"
