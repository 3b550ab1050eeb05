# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits the ranges of a network among nodes, because host-local on one node does not know of another.

Each node has a block of every range. Their number is a power of two and they are placed in bit-reversed order, so that
with twice the blocks each node keeps the first half of what it had. Who has which block is remembered in an annotation
of the network: a node that joins never moves another, a node that is gone gives its block to a new one.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import Attachment
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import Pool, parse_address
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import text
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_ipam import HOST_LOCAL

Parts = dict[str, list[Pool]]
"""Node -> its part of each pool, in the order of the pools."""


def natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts w2 before w10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def blocks(nodes: Iterable[str], before: Mapping[str, int]) -> dict[str, int]:
    """Return the block of each node, and of each that is gone as long as nobody needs its block.

    ``before`` is what this function returned last time; the result keeps all of it that it can.
    """
    wanted = sorted(set(nodes), key=natural)
    found = {node: before[node] for node in wanted if node in before}
    gone = {node: block for node, block in before.items() if node not in found}
    for node in wanted:
        if node in found:
            continue
        taken = {*found.values(), *gone.values()}
        free = next(block for block in range(len(taken) + 1) if block not in taken)
        if free >= count(taken) and gone:
            oldest = min(gone, key=lambda name: gone[name])
            free = gone.pop(oldest)
        found[node] = free
    return {**gone, **found}


def count(taken: Iterable[int]) -> int:
    """Return into how many blocks a range is divided: the power of two that has room for all."""
    return 1 << max(taken, default=0).bit_length()


def part(pool: Pool, block: int, total: int) -> Pool:
    """Return one of ``total`` blocks of a pool; it is empty (last before first) where the pool is too small."""
    place = int(f"{block:0{total.bit_length() - 1}b}"[::-1], 2) if total > 1 else 0
    first = pool.first + (pool.gateway is not None and int(pool.gateway) == pool.first)
    size = pool.last - first + 1
    return replace(pool, first=first + place * size // total, last=first + (place + 1) * size // total - 1)


def remembered(annotation: str | None) -> dict[str, int]:
    """Return what an earlier run noted in the annotation; parts that the caller gave are not remembered."""
    try:
        found = json.loads(annotation or "{}")
    except ValueError:
        return {}
    usable = isinstance(found, Mapping) and all(
        isinstance(block, int) and not isinstance(block, bool) and block >= 0 for block in found.values()
    )
    return dict(found) if usable and len(set(found.values())) == len(found) else {}


def split(
    attachment: Attachment, nodes: list[str] | None, annotation: str | None, report: Report
) -> tuple[Parts, str] | None:
    """Return the parts of the network's eligible nodes and the annotation that remembers them.

    None when the network is not split, or cannot be.
    """
    path = f"{attachment.path}.ipam_per_node"
    net = attachment.net
    if attachment.per_node is None or net is None:
        return None
    if net.main.ipam_type != HOST_LOCAL:
        message = f"only ranges of {HOST_LOCAL} are split {got(path, net.main.ipam_type)}"
        report.error(path, message, "Remove it: other IPAM plugins give out addresses for all nodes")
        return None
    if net.name != attachment.name:
        message = f"Multus finds the file of a node by the name {attachment.name} {got(path, net.name)}"
        report.error(f"{attachment.path}.config.name", message, "Remove it")
        return None
    if attachment.per_node:
        return _given(attachment, nodes, report)
    if nodes is None:
        report.error(path, "the nodes are not known", "Give nodes, or the ranges of each node here")
        return None
    before = remembered(annotation)
    found = blocks(nodes, before)
    total = count(found.values())
    if before and total > count(before.values()):
        kept = ", ".join(sorted(before.keys() & set(nodes), key=natural))
        message = f"each node has half of the addresses it had: {kept}"
        report.warn(path, message, "Restart the pods that have others, before new nodes give these out")
    parts: Parts = {node: [part(pool, found[node], total) for pool in net.pools] for node in sorted(set(nodes))}
    for pool in net.pools:
        if any(part(pool, block, total).usable < 1 for block in found.values()):
            message = f"{pool} is too small for {total} parts"
            report.error(pool.path, message, "Give a larger range, or the ranges of each node in ipam_per_node")
            return None
    return parts, json.dumps(found, sort_keys=True)


def _given(attachment: Attachment, nodes: list[str] | None, report: Report) -> tuple[Parts, str] | None:
    """Check the caller's own split: inside the network's range, and no address twice."""
    path, pools = f"{attachment.path}.ipam_per_node", attachment.net.pools if attachment.net else ()
    if len(pools) != 1:
        message = f"parts of one range can be given, and the configuration has {len(pools)}"
        report.error(path, message, "Give one range, or ipam_per_node: true")
        return None
    parts: Parts = {}
    for node, given in (attachment.per_node or {}).items():
        found = _given_part(pools[0], given, f"{path}[{node}]", report)
        if found is None:
            continue
        for other, (taken,) in parts.items():
            if found.first <= taken.last and taken.first <= found.last:
                report.error(
                    f"{path}[{node}]", f"{found} overlaps {taken} of {other}", "Give parts that do not overlap"
                )
        parts[node] = [found]
    for node in sorted(set(nodes or []) - set(attachment.per_node or {}), key=natural):
        report.error(f"{path}[{node}]", "the node can run pods of the network and has no part", "Give it one")
    if nodes is not None:
        for node in sorted(parts.keys() - set(nodes)):
            report.error(f"{path}[{node}]", "it is no node that can run pods of the network", "Remove it")
    return parts, json.dumps({node: str(found) for node, (found,) in parts.items()}, sort_keys=True)


def _given_part(pool: Pool, given: Mapping[str, Any], path: str, report: Report) -> Pool | None:
    numbers = []
    for name in ("rangeStart", "rangeEnd"):
        address = parse_address(given[name], f"{path}.{name}", report)
        if address is None:
            return None
        if address.version != pool.family or not pool.first <= int(address) <= pool.last:
            report.error(f"{path}.{name}", f"{address} is outside {pool}", "Give an address of the network's range")
            return None
        numbers.append(int(address))
    found = replace(pool, first=numbers[0], last=numbers[1])
    if found.first > found.last:
        report.error(f"{path}.rangeStart", "it is after rangeEnd", "Swap them")
    elif found.usable < 1:
        report.error(f"{path}.rangeStart", f"the part holds only the gateway {pool.gateway}", "Give a larger part")
    else:
        return found
    return None


def conflist(attachment: Attachment, pools: list[Pool]) -> str:
    """Return the file of one node: the network as a list whose ranges are the node's parts."""
    config = copy.deepcopy(dict(attachment.config))
    head = {"cniVersion": config.pop("cniVersion")} if config.get("cniVersion") else {}
    head["name"] = attachment.name
    config.pop("name", None)
    config = {**head, **(config if config.get("plugins") else {"plugins": [config]})}
    ipam = config["plugins"][0]["ipam"]
    inside = f"{attachment.net.main.path}.ipam" if attachment.net else ""
    for pool in pools:
        target = ipam
        for place in re.findall(r"\[(\d+)\]", pool.path.removeprefix(inside)):
            target = target["ranges"] if target is ipam else target
            target = target[int(place)]
        target.update(rangeStart=pool.address(pool.first), rangeEnd=pool.address(pool.last))
    return text(config) + "\n"
