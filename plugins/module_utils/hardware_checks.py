# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of hardware.csv: those of EKS Anywhere, and those that spare a machine which boots and then cannot be used.

EKS Anywhere's own are in aws/eks-anywhere v0.26.1, pkg/providers/tinkerbell/hardware/validator.go and
pkg/providers/tinkerbell/{assert,validate}.go. It takes any text for a netmask or a nameserver, a gateway of another
subnet, IPv6, and MAC addresses that the Hardware CRD of tinkerbell.org then refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import (
    LABEL_VALUE,
    QUALIFIED,
    SUBDOMAIN,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import got
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import (
    BMC,
    COLUMNS,
    SEPARATOR,
    HardwareProblem,
    Machine,
    Problems,
    Row,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import (
    LINK_LOCAL,
    MASKS,
    ipv4,
    is_edge,
    is_ipv6,
    mac_hint,
    mask_hint,
    subnet,
    unusable,
)

OWNER_LABELS = ("v1alpha1.tinkerbell.org/ownerName", "v1alpha1.tinkerbell.org/ownerNamespace")
"""What the Tinkerbell provider of Cluster API puts on a machine that it has taken. A machine with it is never used."""
HOSTNAME_LENGTH = 63
"""The kubelet makes the hostname a label of its node, whose values end here; Linux itself would take one more."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_DISK = re.compile(r"/dev/[A-Za-z0-9_-]+")
_PARTITION = re.compile(r"/dev/((sd|vd|hd|xvd)[a-z]+[0-9]+|(nvme[0-9]+n|mmcblk)[0-9]+p[0-9]+)")
_VLAN = re.compile(r"[1-9][0-9]{0,3}")
_ADDRESS_LIKE = re.compile(r"[0-9a-fA-F:./+-]*")
_EXAMPLE = "Give an IPv4 address such as 10.10.50.2"


Seen = dict[str, tuple[Row, str]]
"""Who has a value first, and in which column."""


@dataclass(frozen=True)
class Group:
    """One machine group of the cluster: how many machines it needs, and the one label that selects them."""

    name: str
    selector: Mapping[str, str]
    count: int


def check(rows: Sequence[Row], groups: Sequence[Group] = ()) -> tuple[list[Machine], Problems]:
    """Check every row and all together. The machines are those rows that have no problem of their own."""
    work = _Check(groups)
    machines = [machine for row in rows if (machine := work.row(row))]
    work.gateways()
    work.counts()
    return machines, work.problems


class _Check:
    """What is known so far: which machine has which hostname, MAC and address, and how many a group has."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.problems: Problems = []
        self._hostnames: Seen = {}
        self._macs: Seen = {}
        self._addresses: Seen = {}
        self._gateways: dict[str, Row] = {}
        self._groups = {place: group for place, group in enumerate(groups) if len(group.selector) == 1}
        self._counts = dict.fromkeys(self._groups, 0)
        for place in range(len(groups)):
            if place not in self._groups:
                message = f"it must be one label {got('selector', dict(groups[place].selector))}"
                self._group_problem(place, "selector", message, "Give one key and value, as hardwareSelector has it")

    def row(self, row: Row) -> Machine | None:
        """Check one machine and return it, None where something is wrong with it."""
        before = len(self.problems)
        values = row.values
        if _CONTROL.search("".join(values.values())):
            self._control_characters(row)
        self._hostname(row)
        mac = values.get("mac", "").lower()
        self._mac(row, "mac", mac)
        self._network(row)
        labels = self._labels(row)
        self._disk(row)
        self._vlan(row)
        self._bmc(row)
        self._interfaces(row)
        if labels:
            self._select(row, labels)
        if len(self.problems) > before or any(name not in values for name in COLUMNS):
            return None
        return Machine(
            **{name: values[name] for name in COLUMNS if name not in ("mac", "labels", "nameservers")},
            mac=mac,
            nameservers=tuple(values["nameservers"].split(SEPARATOR)),
            labels=labels,
            interfaces=row.interfaces,
        )

    def gateways(self) -> None:
        """Check that no machine has the address of a gateway."""
        for address in self._gateways.keys() & self._addresses.keys():
            row, column = self._addresses[address]
            router = self._gateways[address]
            if router is not row or column != "ip_address":
                message = f"{address} is the gateway of {router}"
                self.problems.append(row.problem(column, message, "Give each address once"))

    def counts(self) -> None:
        """Check that every group has its machines. Groups with the same selector share them."""
        for place, group in self._groups.items():
            sharing = [other for other in self._groups.values() if other.selector == group.selector]
            wanted = sum(other.count for other in sharing)
            if self._counts[place] < wanted:
                names = " and ".join(other.name for other in sharing)
                label, have = _pairs(group.selector), self._counts[place]
                message = f"machines with {label} are too few for {names} (got {have}, wanted {wanted})"
                self._group_problem(place, "count", message, "Add machines, or give the label to more of them")

    def _group_problem(self, place: int, name: str, message: str, hint: str) -> None:
        self.problems.append(HardwareProblem(f"groups[{place}].{name}", message, hint, -1))

    def _note(self, row: Row, column: str, message: str, hint: str) -> None:
        self.problems.append(row.problem(column, message, hint))

    def _once(self, row: Row, column: str, value: str, seen: Seen) -> None:
        """Note a value that another machine, or another column of this one, has too."""
        other, there = seen.setdefault(value, (row, column))
        if other is not row or there != column:
            self._note(row, column, f"it is the {there} of {other} too (got {value})", "Give each once")

    def _control_characters(self, row: Row) -> None:
        for column, text in row.values.items():
            if _CONTROL.search(text):
                self._note(row, column, "it has a character that cannot be seen", "Remove tabs and control characters")

    def _given(self, row: Row, column: str) -> str:
        """Return the text of a column that every machine needs; "" where it is empty or the column is missing."""
        text = row.values.get(column)
        if text == "":
            self._note(row, column, "a machine needs it", f"Give its {column}")
        return text or ""

    def _hostname(self, row: Row) -> None:
        name = self._given(row, "hostname")
        if not name:
            return
        if len(name) > HOSTNAME_LENGTH:
            message = f"it is too long (got {len(name)} characters)"
            self._note(row, "hostname", message, f"Use at most {HOSTNAME_LENGTH}")
        elif not SUBDOMAIN.fullmatch(name):
            hint = "Use small letters, digits, - and ., with a letter or digit at both ends"
            self._note(row, "hostname", f"it is no hostname {got('hostname', name)}", hint)
        else:
            self._once(row, "hostname", name, self._hostnames)

    def _mac(self, row: Row, column: str, mac: str) -> None:
        if not mac:
            if column == "mac":
                self._given(row, "mac")
        elif not _MAC.fullmatch(mac):
            self._note(row, column, f"it is no MAC address as Tinkerbell takes it{_got(mac)}", mac_hint(mac))
        elif int(mac[1], 16) % 2 or mac == "00:00:00:00:00:00":
            self._note(row, column, f"no NIC has this address (got {mac})", "Give the address of the NIC that boots")
        else:
            self._once(row, column, mac, self._macs)

    def _network(self, row: Row) -> None:
        """Check address, netmask, gateway and nameservers, each and together."""
        address = self._address(row, "ip_address", self._given(row, "ip_address"))
        gateway = self._address(row, "gateway", self._given(row, "gateway"))
        mask = self._mask(row)
        servers = self._given(row, "nameservers")
        for server in servers.split(SEPARATOR) if servers else ():
            self._address(row, "nameservers", server)
        if address is not None:
            self._once(row, "ip_address", row.values["ip_address"], self._addresses)
        if gateway is not None:
            self._gateways.setdefault(row.values["gateway"], row)
        if mask is None or address is None:
            return
        if is_edge(address, mask):
            self._edge(row, "ip_address", address, mask)
        if gateway is None:
            return
        if (address ^ gateway) & mask:
            message = f"{row.values['gateway']} is outside the machine's subnet {subnet(address, mask)}"
            self._note(row, "gateway", message, "Give an address in the subnet, or correct netmask or ip_address")
        elif address == gateway:
            self._note(row, "gateway", f"it is the machine's own address (got {row.values['gateway']})", _EXAMPLE)
        elif is_edge(gateway, mask):
            self._edge(row, "gateway", gateway, mask)

    def _edge(self, row: Row, column: str, value: int, mask: int) -> None:
        message = f"{row.values[column]} is the first or last address of the subnet {subnet(value, mask)}"
        self._note(row, column, message, "Give an address between them")

    def _address(self, row: Row, column: str, text: str) -> int | None:
        """Return the number of a usable IPv4 address; note what is none, unless ``text`` is "" and noted before."""
        value = ipv4(text)
        if value is None:
            if text or column == "nameservers":
                kind = "EKS Anywhere has no IPv6 on bare metal" if is_ipv6(text) else "it is no IPv4 address"
                self._note(row, column, f"{kind}{_got(text)}", _EXAMPLE)
            return None
        meaning = unusable(value)
        if not meaning or (meaning == LINK_LOCAL and column == "nameservers"):
            return value
        self._note(row, column, f"it is {meaning} (got {text})", _EXAMPLE)
        return None

    def _mask(self, row: Row) -> int | None:
        text = self._given(row, "netmask")
        mask = MASKS.get(text)
        if text and mask is None:
            self._note(row, "netmask", f"it is no netmask{_got(text)}", mask_hint(text))
        return mask

    def _labels(self, row: Row) -> dict[str, str]:
        labels: dict[str, str] = {}
        text = row.values.get("labels", "")
        for pair in text.split(SEPARATOR) if text else ():
            key, equals, value = (part.strip() for part in pair.partition("="))
            if not equals or "=" in value:
                shown = f" {got('labels', pair)}" if equals else ""
                self._note(row, "labels", f"it is no label{shown}", "Join key and value by =, and several labels by |")
            elif not QUALIFIED.fullmatch(key) or len(key.rpartition("/")[0]) > 253:
                hint = "Use letters, digits, -, _ and ., after a domain and / if any"
                self._note(row, "labels", f"it is no name of a label {got('labels', key)}", hint)
            elif not LABEL_VALUE.fullmatch(value):
                hint = "Use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"
                self._note(row, "labels", f"it is no value of a label {got('labels', value)}", hint)
            elif key in labels:
                self._note(row, "labels", f"the label is there twice (got {key})", "Remove one")
            elif key in OWNER_LABELS:
                self._note(row, "labels", f"machines with {key} count as taken", "Remove it: Tinkerbell sets it")
            labels[key] = value
        return labels

    def _disk(self, row: Row) -> None:
        disk = self._given(row, "disk")
        if disk and not _DISK.fullmatch(disk):
            shown = f" {got('disk', disk)}" if disk.startswith("/") else ""
            hint = "Give the device itself, such as /dev/sda: EKS Anywhere takes no links below /dev/disk"
            self._note(row, "disk", f"it is no disk{shown}", hint)
        elif _PARTITION.fullmatch(disk):
            self._note(row, "disk", f"it is a partition (got {disk})", "Give the whole disk")

    def _vlan(self, row: Row) -> None:
        text = row.values.get("vlan_id")
        if text and not (_VLAN.fullmatch(text) and int(text) <= 4094):
            self._note(row, "vlan_id", f"it is no VLAN{_got(text)}", "Give a number from 1 to 4094")

    def _bmc(self, row: Row) -> None:
        given = [column for column in BMC if row.values.get(column)]
        for column in BMC:
            if given and row.values.get(column) == "":
                hint = f"Give it, or leave {', '.join(BMC)} all empty"
                self._note(row, column, f"a machine with {given[0]} needs it", hint)
        address = row.values.get("bmc_ip", "")
        if self._address(row, "bmc_ip", address) is not None:
            self._once(row, "bmc_ip", address, self._addresses)

    def _interfaces(self, row: Row) -> None:
        """Check what must be there once among the other NICs; the rest of them is judged where they are rendered."""
        for place, interface in enumerate(row.interfaces):
            path = f"interfaces[{place}]"
            mac, address = interface.get("mac"), interface.get("ip_address")
            if isinstance(mac, str):
                self._mac(row, f"{path}.mac", mac.lower())
            if isinstance(address, str) and ipv4(address) is not None:
                self._once(row, f"{path}.ip_address", address, self._addresses)

    def _select(self, row: Row, labels: Mapping[str, str]) -> None:
        """Count the machine for the groups whose selector it satisfies: by different selectors, for one alone."""
        found: dict[str, str] = {}
        for place, group in self._groups.items():
            if group.selector.items() <= labels.items():
                self._counts[place] += 1
                found.setdefault(_pairs(group.selector), group.name)
        if len(found) > 1:
            named = " and ".join(f"{name} ({label})" for label, name in found.items())
            message = f"several groups select the machine: {named}"
            self._note(row, "labels", message, "Keep the label of one, so that a machine belongs to one group")


def _got(text: str) -> str:
    """Return the value for a message, "" where it looks like none of its column.

    A comma in a password that is not quoted moves a part of it to the next column.
    """
    return f" {got('value', text)}" if _ADDRESS_LIKE.fullmatch(text) else ""


def _pairs(selector: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
