# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules between networks: addresses given out twice, the cluster's own CIDRs, two kinds of interface on one parent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import Attachment
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import Network, Pool, parse_network
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import Entry
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import PLUGINS

Together = Callable[[Attachment, Attachment], bool]
"""Says whether two networks can be on one node."""


def together(one: Attachment, other: Attachment) -> bool:
    """Say so by node selectors alone: only different values of one label keep networks apart."""
    labels = one.node_selector.keys() & other.node_selector.keys()
    return all(one.node_selector[label] == other.node_selector[label] for label in labels)


def check_cidrs(cidrs: Any, report: Report) -> list[Network]:
    """Read the option ``cluster_cidrs``."""
    found = []
    for place, cidr in enumerate(cidrs or []):
        network = parse_network(cidr, f"cluster_cidrs[{place}]", report)
        if network is not None:
            found.append(network)
    return found


def check_cluster(attachments: Iterable[Attachment], cidrs: Sequence[Network], report: Report) -> None:
    """Note subnets and routes that take what belongs to the cluster's pods and services."""
    for attachment in attachments:
        for pool in attachment.net.pools if attachment.net else ():
            for cidr in cidrs:
                if cidr.version == pool.family and cidr.overlaps(pool.network):
                    message = f"{pool.network} overlaps {cidr} of the cluster's pods or services"
                    report.error(pool.where, message, "Give a subnet of its own")
        for entry in attachment.net.entries if attachment.net else ():
            _check_targets(entry, cidrs, report)


def _check_targets(entry: Entry, cidrs: Sequence[Network], report: Report) -> None:
    routes = entry.ipam.get("routes")
    for place, route in enumerate(routes if isinstance(routes, list) else []):
        path = f"{entry.path}.ipam.routes[{place}].dst"
        target = parse_network(route.get("dst"), path, Report()) if isinstance(route, Mapping) else None
        for cidr in cidrs if target is not None and target.prefixlen else ():
            if target is not None and cidr.version == target.version and cidr.overlaps(target):
                message = f"it takes traffic to {cidr}, the cluster's pods or services, away {got(path, str(target))}"
                report.warn(path, message, "Give only the networks that are behind this one, unless that is meant")


def check_overlaps(attachments: Iterable[Attachment], others: Iterable[Attachment], report: Report) -> None:
    """Note addresses that two networks give out. ``others`` are in the cluster and stay as they are.

    Two networks may share addresses where one store serves both on the same nodes. On parents that are known to be
    different the addresses may be meant to be the same, so that is a warning.
    """
    wanted = list(attachments)
    ours = {attachment.path for attachment in wanted}
    pools = [(pool, one) for one in (*others, *wanted) for pool in (one.net.pools if one.net else ())]
    pools.sort(key=lambda item: (item[0].family, item[0].first, item[0].last, item[1].path))
    active: list[tuple[Pool, Attachment]] = []
    noted: set[tuple[str, str]] = set()
    for pool, one in pools:
        active = [(p, o) for p, o in active if p.family == pool.family and p.last >= pool.first]
        for earlier, other in active:
            newer, older = _order((pool, one), (earlier, other), ours)
            pair = (newer[0].path, older[1].path)
            if newer[1].path in ours and one is not other and pair not in noted and not _one_store(one, other):
                noted.add(pair)
                _note_overlap(newer, older, report)
        active.append((pool, one))


def _order(
    one: tuple[Pool, Attachment], other: tuple[Pool, Attachment], ours: set[str]
) -> tuple[tuple[Pool, Attachment], tuple[Pool, Attachment]]:
    """Return the two with the one first that messages are about: wanted here, and later in the options."""

    def rank(item: tuple[Pool, Attachment]) -> tuple[bool, int, str]:
        return item[1].path in ours, len(item[1].path), item[1].path

    return (one, other) if rank(one) > rank(other) else (other, one)


def _one_store(one: Attachment, other: Attachment) -> bool:
    if one.net is None or other.net is None or one.net.store != other.net.store or not one.net.store[0]:
        return False
    return one.net.store[0] == "whereabouts" or one.node_selector == other.node_selector


def _note_overlap(newer: tuple[Pool, Attachment], older: tuple[Pool, Attachment], report: Report) -> None:
    pool, one = newer
    taken, other = older
    message = f"{pool} overlaps {taken} of {other}"
    segments = segment(one), segment(other)
    if segments[0] and segments[1] and segments[0] != segments[1]:
        hint = "Give each network addresses of its own, unless the two are never connected"
        report.warn(pool.where, f"{message}, on another parent", hint)
    else:
        report.error(pool.where, message, "Give each network addresses of its own")


def segment(attachment: Attachment) -> tuple[str, ...]:
    """Return what tells apart the layer 2 networks that interfaces are on, () when that is not known."""
    if attachment.net is None:
        return ()
    given = attachment.net.main.given
    plugin = PLUGINS.get(attachment.net.main.type)
    if plugin is None or not plugin.parent or not given.get(plugin.parent) or given.get("linkInContainer"):
        return ()
    kind = "bridge" if plugin.parent == "bridge" else "interface"
    return kind, str(given[plugin.parent]), str(given.get("vlanId") or given.get("vlan") or "")


def check_parents(
    attachments: Sequence[Attachment], others: Iterable[Attachment], meet: Together, report: Report
) -> None:
    """Note ipvlan beside macvlan, two ipvlan modes, and passthru beside anything, on one master: the kernel refuses."""
    by_master: dict[str, list[tuple[tuple[str, str], Attachment]]] = {}
    ours = {attachment.path for attachment in attachments}
    for one in (*others, *attachments):
        main = one.net.main if one.net else None
        if main is None or main.type not in ("ipvlan", "macvlan") or main.given.get("linkInContainer"):
            continue
        mode = str(main.given.get("mode") or "")
        kind = (main.type, mode or "l2") if main.type == "ipvlan" else (main.type, mode if mode == "passthru" else "")
        seen = by_master.setdefault(str(main.given.get("master") or ""), [])
        for other_kind, other in seen:
            if one.path in ours and (kind != other_kind or "passthru" in kind) and meet(one, other):
                names = " ".join(kind).strip(), " ".join(other_kind).strip()
                message = f"{names[0]} cannot share a master with {names[1]} of {other}"
                report.error(f"{main.path}.master", message, "Use one kind on it, or another master, as a VLAN of it")
                break
        seen.append((kind, one))


def check_files(attachments: Iterable[Attachment], report: Report) -> None:
    """Note split networks of one name: their files on a node have no namespace."""
    by_name: dict[str, Attachment] = {}
    for attachment in attachments:
        if attachment.per_node is None:
            continue
        first = by_name.setdefault(attachment.name, attachment)
        if first is not attachment:
            message = f"its file on the nodes would be that of {first}"
            report.error(f"{attachment.path}.name", message, "Give networks with ipam_per_node different names")
