# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a machine group: one configuration for all its machines, with the values of each filled in.

A machine's ``interfaces`` are what it has beside the NIC that boots: NICs with a MAC address, and addresses of bonds,
bridges and VLANs. They become the Hardware object's interfaces 1, 2, ... in the order of their names, so that one
template finds them on every machine. The group's ``network`` is in netplan's words; the NIC that boots is ``boot``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS

BOOT = "boot"
"""What the NIC that boots is called in a group's network."""
FROM_HARDWARE = "hardware"
"""Stands for the device's own address in ``from``, for its gateway in ``via``."""


@dataclass(frozen=True)
class Group:
    """A machine group: the TinkerbellMachineConfig ``name``, and how its machines are to boot.

    ``path`` is where messages find it. ``runs_pods`` is False for machines that only run the control plane, ``asked``
    is True where a template is asked for, whatever it has.
    """

    name: str
    path: str
    selector: Mapping[str, str]
    count: int
    template: str
    os_image_url: str
    network: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    runs_pods: bool = True
    asked: bool = False

    def has(self, machine: Machine) -> bool:
        """Say whether the group selects a machine."""
        return bool(self.selector) and self.selector.items() <= machine.labels.items()


@dataclass(frozen=True)
class Slot:
    """One of a group's interfaces: its name, its place in the Hardware object, and what every machine gives for it.

    ``prefix`` is the prefix length where it is the same on all machines.
    """

    name: str
    place: int
    mac: bool
    address: bool
    gateway: bool
    prefix: int | None = None


@dataclass(frozen=True)
class Values:
    """Where the values of a slot come from: a machine, or what stands for it in a template.

    ``nameservers`` and ``vlan`` are those of the NIC that boots; ``vlan`` is "" without one.
    """

    mac: Callable[[Slot], str]
    address: Callable[[Slot], str]
    prefix: Callable[[Slot], int]
    gateway: Callable[[Slot], str]
    nameservers: tuple[str, ...]
    vlan: str = ""

    def interface(self, slot: Slot) -> str:
        """Return the address with its prefix length."""
        return f"{self.address(slot)}/{self.prefix(slot)}"

    def boot_address(self, boot: Slot) -> dict[str, Any]:
        """Return address, nameservers and default route of the boot NIC in netplan's words."""
        return {
            "addresses": [self.interface(boot)],
            "nameservers": {"addresses": list(self.nameservers)},
            "routes": [{"to": "default", "via": self.gateway(boot)}],
        }


def slots(first: Machine, prefixes: Mapping[str, int | None]) -> list[Slot]:
    """Return the slots of a group by one of its machines, all of which are alike; the boot NIC has place 0."""
    boot = Slot(BOOT, 0, True, True, True, prefixes.get(BOOT))
    named = [(str(entry["name"]), entry) for entry in first.interfaces]
    rest = [
        Slot(
            name,
            place,
            bool(entry.get("mac")),
            bool(entry.get("ip_address")),
            bool(entry.get("gateway")),
            prefixes.get(name),
        )
        for place, (name, entry) in enumerate(sorted(named, key=lambda pair: pair[0]), 1)
    ]
    return [boot, *rest]


def names_boot(network: Mapping[str, Any]) -> bool:
    """Say whether a network says anything of the NIC that boots."""
    return bool(BOOT in (network.get("ethernets") or {}) or _above(network, BOOT))


def carrier(network: Mapping[str, Any]) -> str:
    """Return the bond or bridge that has the boot NIC, "" where it has its address itself."""
    for kind in ("bonds", "bridges"):
        for name, device in (network.get(kind) or {}).items():
            if BOOT in (device.get("interfaces") or ()):
                return str(name)
    return ""


def _above(network: Mapping[str, Any], lower: str) -> list[str]:
    return [
        str(name)
        for kind in KINDS
        for name, device in (network.get(kind) or {}).items()
        if lower in (device.get("interfaces") or ()) or device.get("link") == lower
    ]


def renamed(network: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return the network with another id for one device, wherever it is named."""
    found: dict[str, Any] = copy.deepcopy(dict(network))
    for kind in KINDS:
        devices = found.get(kind) or {}
        for device in devices.values():
            if device.get("link") == old:
                device["link"] = new
            if old in (device.get("interfaces") or ()):
                device["interfaces"] = [new if name == old else name for name in device["interfaces"]]
            parameters = device.get("parameters") or {}
            if parameters.get("primary") == old:
                parameters["primary"] = new
            for key in ("path-cost", "port-priority"):
                if old in (parameters.get(key) or {}):
                    parameters[key][new] = parameters[key].pop(old)
        if kind in found:
            found[kind] = {new if name == old else name: device for name, device in devices.items()}
    return found


def filled(network: Mapping[str, Any], given: Sequence[Slot], values: Values) -> dict[str, Any]:
    """Return the network with the values of all slots.

    The bond or bridge that has the boot NIC gets the latter's address, nameservers and default route.
    """
    found: dict[str, Any] = {kind: copy.deepcopy(dict(network.get(kind) or {})) for kind in KINDS}
    found |= {key: value for key, value in network.items() if key not in KINDS}
    boot, *rest = given
    for slot in rest:
        kind = next((kind for kind in KINDS if slot.name in found[kind]), "ethernets")
        device = found[kind].get(slot.name) or {}
        if slot.mac:
            device = {"match": {"macaddress": values.mac(slot)}, "set-name": slot.name, **device}
        if slot.address:
            device = _added(device, {"addresses": [values.interface(slot)]})
        found[kind][slot.name] = device
        _fill(device, slot, values)
    above = carrier(network)
    if above:
        kind = next(kind for kind in KINDS if above in found[kind])
        found[kind][above] = _added(found[kind][above], values.boot_address(boot))
        found["ethernets"].setdefault(BOOT, {})
    return {key: value for key, value in found.items() if value}


def _added(device: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device with more in its lists, before what it has."""
    found = dict(device)
    for key, value in more.items():
        if isinstance(value, list):
            found[key] = [*value, *(device.get(key) or ())]
        else:
            found[key] = _added(device.get(key) or {}, value)
    return found


def _fill(device: Mapping[str, Any], slot: Slot, values: Values) -> None:
    for key in ("routes", "routing-policy"):
        for entry in device.get(key) or ():
            if isinstance(entry, dict):
                if slot.address and entry.get("from") == FROM_HARDWARE:
                    entry["from"] = values.address(slot)
                if slot.gateway and entry.get("via") == FROM_HARDWARE:
                    entry["via"] = values.gateway(slot)
