# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks against the addresses and subnets that the nodes have themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import Attachment
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_nodes import Fleet, addresses
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import Network, Pool
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import PLUGINS
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named

Place = tuple[str, str]
"""An interface and its node."""


class Subnets:
    """Every address of the nodes, and every subnet with the interfaces on it.

    Interfaces of Cilium (``cilium_*``, ``lxc*``) are left out: the cluster's CIDRs stand for them.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._addresses: dict[int, list[tuple[int, str, Place]]] = {4: [], 6: []}
        self.subnets: dict[Network, set[Place]] = {}
        for node in fleet.nodes:
            for name, interface in node.interfaces.items():
                if name == "lo" or name.startswith(("cilium_", "lxc")):
                    continue
                for address in addresses(interface):
                    place = name, node.name
                    self._addresses[address.version].append((int(address.ip), str(address.ip), place))
                    if address.network.prefixlen < address.max_prefixlen - 1:
                        self.subnets.setdefault(address.network, set()).add(place)
        for listed in self._addresses.values():
            listed.sort()

    def inside(self, pool: Pool) -> list[tuple[str, Place]]:
        """Return the nodes' addresses that a pool would give out."""
        listed = self._addresses[pool.family]
        place = bisect_left(listed, (pool.first, "", ("", "")))
        found = []
        while place < len(listed) and listed[place][0] <= pool.last:
            number, address, where = listed[place]
            if pool.gateway is None or number != int(pool.gateway):
                found.append((address, where))
            place += 1
        return found


def check_subnets(attachments: Iterable[Attachment], fleet: Fleet, report: Report) -> None:
    """Note pools with an address of a node, and subnets that hide a node's subnet on another interface."""
    subnets = Subnets(fleet)
    for attachment in attachments:
        for pool in attachment.net.pools if attachment.net else ():
            _check_addresses(pool, subnets, report)
            _check_subnet(attachment, pool, subnets, report)


def _check_addresses(pool: Pool, subnets: Subnets, report: Report) -> None:
    found = subnets.inside(pool)
    if found:
        owners = named(f"{address} of {name} on {node}" for address, (name, node) in found)
        message = f"{pool} holds addresses of nodes: {owners}"
        report.error(pool.path, message, "Leave them out with rangeStart and rangeEnd, or exclude")


def _check_subnet(attachment: Attachment, pool: Pool, subnets: Subnets, report: Report) -> None:
    """A pod sends to a node's subnet through the new interface once that has it: wrong unless it is the same one."""
    known, own = home(attachment)
    for network, places in subnets.subnets.items():
        if network.version != pool.family or not network.overlaps(pool.network):
            continue
        foreign = [place for place in places if known and place[0] != own]
        if foreign:
            listed = named(f"{name} on {node}" for name, node in foreign)
            message = f"{pool.network} overlaps {network} of {listed}, which pods could no longer reach"
            report.error(pool.where, message, "Give a subnet of its own")
        elif network != pool.network:
            listed = named(f"{name} on {node}" for name, node in places)
            message = f"{pool.network} is not {network}, which {listed} has"
            report.warn(pool.where, message, "Use one prefix length for the whole subnet")


def home(attachment: Attachment) -> tuple[bool, str]:
    """Return whether it is known on which interface of a node the network's subnet belongs, and that interface."""
    main = attachment.net.main if attachment.net else None
    plugin = PLUGINS.get(main.type) if main else None
    if main is None or plugin is None or main.given.get("linkInContainer") or main.type in ("bond", "sriov", "tap"):
        return False, ""
    name = str(main.given.get(plugin.parent) or "") if plugin.parent else ""
    if main.type == "vlan" or (main.type == "bridge" and main.given.get("vlan")):
        return True, ""
    return bool(name) or not plugin.parent, name
