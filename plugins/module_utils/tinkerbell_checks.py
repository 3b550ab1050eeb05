# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one template can serve all machines of a group, and whether each of them gets a network that works.

What is not noticed here fails when the machine boots: a template that asks for an interface that the Hardware object
lacks is never rendered, and the machine waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell_network
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import (
    MASKS,
    ipv4,
    is_edge,
    mask_hint,
    subnet,
    unusable,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import (
    BOOT,
    Group,
    Slot,
    carrier,
    slots,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import Stack

FIELDS = ("name", "mac", "ip_address", "netmask", "gateway", "nameservers", "vlan_id")
"""Of an entry of ``interfaces``; the inventory plugin hardware_csv gives them all."""


@dataclass(frozen=True)
class Layout:
    """A group, its machines, and what they have in common. ``vlan`` says whether they boot in one."""

    group: Group
    machines: tuple[Machine, ...]
    slots: tuple[Slot, ...]
    vlan: bool

    @property
    def needs_template(self) -> bool:
        """Say whether EKS Anywhere's own template, which knows the NIC that boots alone, is not enough."""
        return len(self.slots) > 1 or any(self.group.network.values()) or self.group.asked


def layouts(
    groups: Iterable[Group], machines: Sequence[Machine], family: str, stack: Stack, report: Report
) -> list[Layout]:
    """Return the layout of every group that has machines; what is wrong is noted."""
    good = {machine.hostname for place, machine in enumerate(machines) if _check_interfaces(machine, place, report)}
    found = []
    for group in groups:
        mine = [machine for machine in machines if group.has(machine)]
        if not mine or not _check_shape(group, report):
            continue
        if any(machine.hostname not in good for machine in mine):
            continue
        layout = _layout(group, mine, stack, report)
        _check_devices(layout, report)
        if layout.slots:
            _check_disks(layout, stack, report)
            _check_network(layout, family, report)
            found.append(layout)
    return found


def _check_interfaces(machine: Machine, place: int, report: Report) -> bool:
    """Check the further interfaces of one machine."""
    before = len(report.errors)
    names: set[str] = set()
    for number, entry in enumerate(machine.interfaces):
        path = f"machines[{place}].interfaces[{number}]"
        for key in sorted(map(str, entry.keys() - set(FIELDS))):
            report.error(f"{path}.{key}", "an interface has no such field", choose(key, FIELDS, "Its fields are"))
        name = entry.get("name")
        if not isinstance(name, str) or not name:
            report.error(f"{path}.name", f"an interface needs it {got('name', name)}", "Give the name it shall have")
        elif name == BOOT:
            report.error(f"{path}.name", f"{BOOT} is the NIC that boots", "Give another name")
        elif name in names:
            report.error(f"{path}.name", f"the machine has it twice (got {name})", "Give each name once")
        else:
            names.add(name)
        if not entry.get("mac") and not entry.get("ip_address"):
            report.error(path, "it has neither mac nor ip_address", "Give mac for a NIC, ip_address for an address")
        if entry.get("vlan_id"):
            report.error(f"{path}.vlan_id", "only the NIC that boots has one", "Put a VLAN into the group's network")
        _check_address(entry, path, report)
    return len(report.errors) == before


def _check_address(entry: Mapping[str, Any], path: str, report: Report) -> None:
    text = entry.get("ip_address")
    if not text:
        for key in ("netmask", "gateway"):
            if entry.get(key):
                report.error(f"{path}.{key}", "it has no ip_address", "Give ip_address, or leave it out")
        return
    value, mask = ipv4(str(text)), MASKS.get(str(entry.get("netmask") or ""))
    if value is None or unusable(value):
        why = f": {unusable(value)}" if value is not None else ""
        report.error(f"{path}.ip_address", f"it is no address of a machine{why} (got {text})", "Give an IPv4 address")
    if mask is None:
        given = str(entry.get("netmask") or "")
        report.error(f"{path}.netmask", f"it is no netmask (got {given})", mask_hint(given))
    if value is None or mask is None:
        return
    if is_edge(value, mask):
        report.error(f"{path}.ip_address", f"it is the first or last address of {subnet(value, mask)}", "Give another")
    gateway = entry.get("gateway")
    if not gateway:
        return
    router = ipv4(str(gateway))
    if router is None or (router ^ value) & mask or router == value or is_edge(router, mask):
        hint = f"Give another address in {subnet(value, mask)}"
        report.error(f"{path}.gateway", f"it is no gateway of the interface (got {gateway})", hint)
        return
    message = "HookOS, which provisions the machine, gets a second default route by it"
    report.warn(f"{path}.gateway", message, "Better give via in the routes of the group's network")


def _check_shape(group: Group, report: Report) -> bool:
    """Check that the network is made of mappings; what is in them is judged with each machine's values."""
    before = len(report.errors)
    for kind in KINDS:
        path = f"{group.path}.network.{kind}"
        devices = group.network.get(kind)
        if devices is not None and not isinstance(devices, Mapping):
            report.error(path, f"it must be a mapping {got(path, devices)}", "Give a mapping of names to definitions")
            continue
        for name, device in (devices or {}).items():
            if not isinstance(device, Mapping):
                report.error(f"{path}.{name}", f"it must be a mapping {got(path, device)}", "Give its settings by name")
            elif kind != "ethernets" and name == BOOT:
                report.error(f"{path}.{name}", f"{BOOT} is the NIC that boots", "Give another name")
    return len(report.errors) == before


def _layout(group: Group, machines: Sequence[Machine], stack: Stack, report: Report) -> Layout:
    first = machines[0]
    before = len(report.errors)
    for other in machines[1:]:
        _check_alike(group, first, other, report)
    if len({bool(machine.vlan_id) for machine in machines}) > 1:
        with_vlan = named(machine.hostname for machine in machines if machine.vlan_id)
        message = f"only some machines of group {group.name} boot in a VLAN: {with_vlan}"
        report.error(f"{group.path}.name", message, "Give vlan_id to all of them, or make two groups")
    if first.vlan_id and carrier(group.network):
        message = f"the NIC that boots has a VLAN, and cannot be in {carrier(group.network)} too"
        report.error(f"{group.path}.network", message, "Leave vlan_id away, and let the switch send untagged frames")
    prefixes = _prefixes(group, machines, stack, report)
    found = slots(first, prefixes) if len(report.errors) == before else []
    return Layout(group, tuple(machines), tuple(found), bool(first.vlan_id))


def _check_alike(group: Group, first: Machine, other: Machine, report: Report) -> None:
    """Note where two machines have not the same interfaces, as one template asks for them by their place."""
    mine, theirs = ({str(entry["name"]): entry for entry in machine.interfaces} for machine in (first, other))
    hint = "Give the machines of a group the same interfaces, or make two groups"
    for one, have, two, lacks in ((first, mine, other, theirs), (other, theirs, first, mine)):
        for name in sorted(have.keys() - lacks.keys()):
            message = f"{two.hostname} has no {name}, as {one.hostname} of group {group.name} has"
            report.error(f"{group.path}.name", message, hint)
    for name in sorted(mine.keys() & theirs.keys()):
        for key in ("mac", "ip_address", "gateway"):
            if bool(mine[name].get(key)) != bool(theirs[name].get(key)):
                owner, lacking = (first, other) if mine[name].get(key) else (other, first)
                message = f"{name} of {lacking.hostname} has no {key}, and that of {owner.hostname} has"
                report.error(f"{group.path}.name", message, hint)


def _prefixes(group: Group, machines: Sequence[Machine], stack: Stack, report: Report) -> dict[str, int | None]:
    """Return the prefix length of each interface where all machines share it.

    A version without a function for netmasks has them written into the template, so there they must.
    """
    found: dict[str, int | None] = {}
    masks: dict[str, set[int]] = {}
    for machine in machines:
        given = [(BOOT, machine.netmask)]
        given += [(str(entry["name"]), str(entry.get("netmask") or "")) for entry in machine.interfaces]
        for name, mask in given:
            if mask in MASKS:
                masks.setdefault(name, set()).add(MASKS[mask].bit_count())
    for name, lengths in masks.items():
        found[name] = next(iter(lengths)) if len(lengths) == 1 else None
        if len(lengths) > 1 and not stack.function:
            shown = ", ".join(f"/{length}" for length in sorted(lengths))
            message = f"templates of EKS Anywhere {stack.version} know no netmasks, and {name} has several: {shown}"
            report.error(f"{group.path}.name", message, "Give its machines one netmask, or use v0.23.4 or later")
    return found


def _check_devices(layout: Layout, report: Report) -> None:
    """Note a NIC of which no machine says what it is, and an address that no device has."""
    group = layout.group
    if not layout.slots:
        return
    known = {slot.name: slot for slot in layout.slots}
    for name, device in (group.network.get("ethernets") or {}).items():
        path = f"{group.path}.network.ethernets.{name}"
        match = device.get("match") or {}
        if name in known and known[name].mac and "match" in device:
            report.error(f"{path}.match", "the machine's MAC address is the match", "Remove it")
        elif not (name in known and known[name].mac) and not match.get("name"):
            hint = f"Give each machine of group {group.name} an interface {name} with mac, or match by name here"
            report.error(path, "nothing says which NIC it is", hint)
    made = {str(name) for kind in KINDS for name in (group.network.get(kind) or {})}
    for slot in layout.slots:
        if not slot.mac and slot.name not in made:
            message = f"no device of the group's network has the address of {slot.name}"
            hint = f"Define {slot.name} below bonds, bridges or vlans, or give the interface its mac"
            report.error(f"{group.path}.network", message, hint)


def _check_disks(layout: Layout, stack: Stack, report: Report) -> None:
    for machine in layout.machines:
        if not stack.names_partitions(machine.disk):
            message = (
                f"EKS Anywhere {stack.version} does not find the partitions of {machine.disk} ({machine.hostname}), "
                "and would write over the whole disk"
            )
            report.error(f"{layout.group.path}.name", message, "Use an sd, vd, hd or nvme disk, or v0.25 or later")


def _check_network(layout: Layout, family: str, report: Report) -> None:
    """Judge the network with the values of every machine; a problem that all have is noted once."""
    group = layout.group
    errors: dict[Problem, list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for machine in layout.machines:
        try:
            found = tinkerbell_network.check(group.network, layout.slots, machine, family)
        except NetworkError as error:
            for problem in error.problems:
                errors.setdefault(problem, []).append(machine.hostname)
        else:
            for warning in found.warnings:
                warnings.setdefault(warning, []).append(machine.hostname)
    for problem, hosts in errors.items():
        where = "" if len(hosts) == len(layout.machines) else f" on {named(hosts)}"
        path = problem.path.replace("config.", f"{group.path}.network.", 1)
        report.error(path, f"{problem.message}{where}", problem.hint)
    for warning, hosts in warnings.items():
        path, _colon, text = warning.partition(": ")
        message, _dot, hint = text.partition(". ")
        report.warn(path.replace("config.", f"{group.path}.network.", 1), f"{message} on {named(hosts)}", hint)
