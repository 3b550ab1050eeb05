# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node made of files and of programs that print what real ones printed.

``node_outputs`` holds the recordings: ``w1.*`` comes from a node of the practice cluster, ``made.*`` from a network
namespace with interfaces, routes and rules of many kinds.
"""

from __future__ import annotations

import struct
from pathlib import Path

OUTPUTS = Path(__file__).parent / "node_outputs"
BUILTIN = "CONFIG_MACVLAN=y\nCONFIG_VXLAN=y\nCONFIG_NF_TABLES=y\n# CONFIG_IPVLAN is not set\n"


def recorded(name: str) -> str:
    """What a program printed."""
    return (OUTPUTS / name).read_text()


def packets(name: str) -> list[bytes]:
    """What the kernel sent, packet by packet."""
    return [bytes.fromhex(line) for line in recorded(name).split()]


def program(folder: Path, name: str, script: str) -> Path:
    """Write a shell script that can be run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def printing(name: str) -> str:
    """A script that prints a recording."""
    return f"/bin/cat {OUTPUTS / name}"


def fake_ip(recording: str) -> str:
    """The script of an ``ip`` that has everything of one recording."""
    words = {
        "-j -d address show": "address",
        "-j -4 route show table all default": "route4",
        "-j -6 route show table all default": "route6",
        "-j -4 -d rule show": "rule4",
        "-j -6 -d rule show": "rule6",
    }
    cases = [f"'{asked}') {printing(f'{recording}.{what}.json')};;" for asked, what in words.items()]
    return "\n".join(['case "$*" in', *cases, '*) echo "fake ip: $*" >&2; exit 1;;', "esac"])


def plugin(*versions: str) -> str:
    """The script of a CNI plugin. It insists on what the specification promises it."""
    listed = ",".join(f'"{version}"' for version in versions)
    answer = f'{{"cniVersion":"1.0.0","supportedVersions":[{listed}]}}'
    return f'[ "$CNI_COMMAND" = VERSION ] && [ -n "$(/bin/cat)" ] && echo \'{answer}\''


def netlink(kind: int, content: bytes = b"", flags: int = 0) -> bytes:
    """One netlink message."""
    padded = content + bytes(-len(content) % 4)
    return struct.pack("=IHHII", 16 + len(content), kind, flags, 1, 0) + padded
