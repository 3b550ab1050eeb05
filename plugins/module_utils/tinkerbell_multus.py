# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether machines that are not there yet will have what networks of Multus sit on, by the rules for nodes that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_interface
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import attachments
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_nodes import check_nodes, read_nodes
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_checks import Layout
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import BOOT, filled
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_network import BOOT_VLAN_ID, of_machine


def check(given: Sequence[Any], layouts: Iterable[Layout], report: Report) -> None:
    """Judge networks of Multus with the machines of every group that runs pods."""
    nodes = [node(layout, machine) for layout in layouts if layout.group.runs_pods for machine in layout.machines]
    found = attachments.parse(given, report)
    fleet = read_nodes(nodes, report)
    if fleet is not None:
        check_nodes(found, fleet, report)


def node(layout: Layout, machine: Machine) -> dict[str, Any]:
    """Return what will be known of a machine as node: its interfaces, and the labels that its group gives.

    The boot NIC keeps the kernel's name, which nobody knows here, unless the network gives it one.
    """
    network = filled(layout.group.network, layout.slots, of_machine(machine, layout.slots))
    masters = {
        str(port): name
        for kind in ("bonds", "bridges")
        for name, device in (network.get(kind) or {}).items()
        for port in device.get("interfaces") or ()
    }
    interfaces = []
    for kind in KINDS:
        for key, device in (network.get(kind) or {}).items():
            name = device.get("set-name") or key
            if key == BOOT and name == BOOT:
                continue
            interfaces.append(_interface(name, device, masters.get(key), kind))
    if layout.vlan:
        interfaces += [{"name": BOOT_VLAN_ID}, _interface(f"vlan{machine.vlan_id}", {}, None, "ethernets")]
    labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": machine.hostname}
    return {"name": machine.hostname, "labels": {**labels, **layout.group.labels}, "interfaces": interfaces}


def _interface(name: str, device: Mapping[str, Any], master: str | None, kind: str) -> dict[str, Any]:
    texts = [entry for entry in device.get("addresses") or () if isinstance(entry, str)]
    parsed = [ip_interface(text) for text in texts]
    mtu = device.get("mtu")
    found: dict[str, Any] = {
        "name": name,
        "mtu": mtu if isinstance(mtu, int) else None,
        "master": master,
        "addresses": [{"address": str(one.ip), "prefix": one.network.prefixlen} for one in parsed],
    }
    if kind == "vlans":
        found["vlan"] = {"parent": device.get("link"), "id": device.get("id")}
    return found
