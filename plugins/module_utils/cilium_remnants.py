# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what programs of a node print, and picks out what is Cilium's. Pure.

Runs on nodes: standard library of Python 3.8 only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

OWN_LINK = re.compile(r"cilium_\w+|lxc_health|lxc[0-9a-f]{12}|lxc[0-9a-f]{5}")
"""The agent's links and those of pods. Not lxcbr0 and the like, which are of LXC."""
PROGRAM = re.compile(r"cil_\w+")
CHAIN = re.compile(r":((?:OLD_)?CILIUM_\S+) ")
LOCAL = "local"
MOVED = 100
"""Priority to which Cilium moves the rule that looks up local addresses, from 0."""
MASK = 0xF00
MARKS = (0x200, 0xA00, 0xD00, 0xE00)
TABLES = ("200", "201", "202", "2004", "2005")
"""Marks (to and from the proxy, IPsec and WireGuard) and routing tables of its rules
(cilium/cilium, pkg/datapath/linux/linux_defaults)."""
XDP_MODES = {1: "xdpdrv", 2: "xdpgeneric", 3: "xdpoffload"}


def lacks_local(rules: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether the rule that looks up local addresses is not where the kernel puts it."""
    return not any(rule.get("priority") == 0 and rule.get("table") == LOCAL for rule in rules)


def moved_local(rule: Mapping[str, Any]) -> bool:
    """Say whether a rule is the one that Cilium moved."""
    plain = rule.get("src") == "all" and not {"fwmark", "iif", "oif", "dst"} & rule.keys()
    return plain and rule.get("priority") == MOVED and rule.get("table") == LOCAL


def marked(rule: Mapping[str, Any]) -> bool:
    """Say whether a rule is one of Cilium's by its mark, mask and table together."""
    mark, mask = (_number(rule.get(key)) for key in ("fwmark", "fwmask"))
    return mark in MARKS and mask == MASK and str(rule.get("table")) in TABLES


def _number(value: Any) -> int | None:
    try:
        return int(str(value), 0)
    except ValueError:
        return None


def own_links(links: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of Cilium's links of ``ip -j -d link``. One of a pair goes with its peer, so half is enough."""
    return [str(link["ifname"]) for link in links if OWN_LINK.fullmatch(str(link["ifname"])) and _is_kind(link)]


def _is_kind(link: Mapping[str, Any]) -> bool:
    kind = (link.get("linkinfo") or {}).get("info_kind")
    return kind == "veth" or not str(link["ifname"]).startswith("lxc")


def xdp(links: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (interface, word that ``ip link set`` knows the mode by) of every XDP program of Cilium."""
    found = []
    for link in links:
        attached = link.get("xdp") or {}
        # With several modes at once each program has an entry of its own.
        for one in attached.get("attached") or [attached]:
            program = one.get("prog") or {}
            if PROGRAM.match(str(program.get("name", ""))):
                found.append((str(link["ifname"]), XDP_MODES.get(one.get("mode"), "xdp")))
    return found


def filters(printed: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (preference, handle) of every filter of ``tc -j filter show`` that runs a program of Cilium."""
    found = []
    for entry in printed:
        options = entry.get("options") or {}
        if entry.get("kind") == "bpf" and PROGRAM.match(str(options.get("bpf_name", ""))) and options.get("handle"):
            found.append((str(entry["pref"]), str(options["handle"])))
    return found


def chains(saved: str) -> list[str]:
    """Return Cilium's chains in ``iptables-save``, as table/chain."""
    found, table = [], ""
    for line in saved.splitlines():
        table = line[1:] if line.startswith("*") else table
        chain = CHAIN.match(line)
        if chain:
            found.append(f"{table}/{chain[1]}")
    return found


def restore_script(saved: str) -> str:
    """Return the input of ``iptables-restore --noflush`` that removes Cilium's chains and every jump to them.

    Each table is one transaction. "" when there is nothing of it.
    """
    lines: list[str] = []
    table: list[str] = []
    own: list[str] = []
    for line in saved.splitlines():
        chain = CHAIN.match(line)
        if line.startswith("*"):
            table, own = [line], []
        elif chain:
            own.append(chain[1])
        elif line.startswith("-A ") and _jumps(line, own):
            table.append("-D" + line[2:])
        elif line == "COMMIT" and own:
            lines += [*table, *(f"-F {name}" for name in own), *(f"-X {name}" for name in own), line]
    return "".join(f"{line}\n" for line in lines)


def _jumps(rule: str, own: Iterable[str]) -> bool:
    words = rule.split()
    target = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-j", "-g")), "")
    return words[1] not in own and target in own


def sets(listed: str) -> list[str]:
    """Return Cilium's sets of ``ipset list -n``."""
    return [name for name in listed.split() if name.startswith("cilium_")]


def mounts(mountinfo: str, below: str) -> list[str]:
    """Return the mount points at or below a path, the innermost first."""
    points = [line.split()[4] for line in mountinfo.splitlines() if len(line.split()) > 4]
    return sorted((point for point in points if point == below or point.startswith(f"{below}/")), reverse=True)
