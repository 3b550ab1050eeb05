# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network files of a machine group: for one machine with its values, or as text of a template for all of them.

Both come out of the same functions. For a template every value of a machine is a placeholder that no machine can have,
and in the text each placeholder becomes an expression over the Hardware object. Expressions have no double quotes and
no line breaks, so that YAML may write the text in any style around them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network, netplan, networkmanager
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import MASKS
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import File
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import definitions
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS, read_config
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import (
    BOOT,
    Slot,
    Values,
    carrier,
    filled,
    names_boot,
    renamed,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import Stack

UBUNTU, REDHAT = "ubuntu", "redhat"
BACKENDS = {UBUNTU: host_network.NETPLAN, REDHAT: host_network.NETWORKMANAGER}
CONFIG = "/etc/netplan/config.yaml"
STATIC, VLAN = (f"{networkmanager.DIRECTORY}/{name}-connection{networkmanager.ENDING}" for name in ("static", "vlan"))
BOOT_ID, BOOT_VLAN_ID = "id0", "mainif"
"""What EKS Anywhere calls the boot NIC in netplan's file, without and with a VLAN."""

_OPEN, _SECRET = "0644", "0600"
_VLAN_NUMBER = 4094
_SERVER = "240.0.0.53"
_SERVER_LINE = re.compile(rf"\n *- {re.escape(_SERVER)}")
_SERVERS = "(index .Hardware.Interfaces 0).DHCP.NameServers"
_LISTED = f"[{{{{ range $i, $server := {_SERVERS} }}}}{{{{ if $i }}}}, {{{{ end }}}}{{{{ $server }}}}{{{{ end }}}}]"
_JOINED = f"{{{{ range {_SERVERS} }}}}{{{{ . }}}};{{{{ end }}}}"

_KEYFILE = """\
[connection]
{connection}
autoconnect-priority=10

[ethernet]
mac-address={mac}

{more}[ipv4]
method=manual
address1={address}
gateway={gateway}
dns={servers}

[ipv6]
method=ignore
"""


def of_machine(machine: Machine, slots: Sequence[Slot]) -> Values:
    """Return the values of one machine."""
    entries = {BOOT: machine.as_dict()} | {str(entry["name"]): dict(entry) for entry in machine.interfaces}

    def text(slot: Slot, key: str) -> str:
        return str(entries[slot.name].get(key) or "")

    return Values(
        mac=lambda slot: text(slot, "mac").lower(),
        address=lambda slot: text(slot, "ip_address"),
        prefix=lambda slot: MASKS.get(text(slot, "netmask"), 0).bit_count(),
        gateway=lambda slot: text(slot, "gateway"),
        nameservers=machine.nameservers,
        vlan=machine.vlan_id,
    )


def placeholders(slots: Sequence[Slot], vlan: bool) -> Values:
    """Return what stands for the values of any machine: addresses of class E, a MAC address that nobody gives out."""
    return Values(
        mac=lambda slot: f"0e:5e:17:00:00:{slot.place:02x}",
        address=lambda slot: f"240.0.{slot.place}.1",
        prefix=lambda slot: slot.prefix or 24,
        gateway=lambda slot: f"240.0.{slot.place}.254",
        nameservers=(_SERVER,),
        vlan=str(_VLAN_NUMBER) if vlan else "",
    )


def machine_files(network: Mapping[str, Any], slots: Sequence[Slot], values: Values, family: str) -> list[File]:
    """Return the files that a machine has at its first boot."""
    boot = _boot_files(network, slots[0], values, family)
    wanted = _config(network, slots, values, family)
    if not any(wanted.get(kind) for kind in KINDS):
        return boot
    given = read_config(wanted, "network", Report())
    settings = {kind: given.get(kind) or {} for kind in KINDS}
    if family == UBUNTU:
        return [
            *boot,
            File(netplan.FILE, _SECRET, netplan.render(settings)),
            File(netplan.NETWORKD, _OPEN, netplan.NETWORKD_TEXT),
            File(netplan.UNMANAGED, _OPEN, netplan.UNMANAGED_TEXT),
        ]
    known = {one.id: one for one in definitions(settings, "network", own=True)}
    texts = networkmanager.render(known, Facts(None))
    modes = {path: _SECRET if path.endswith(networkmanager.ENDING) else _OPEN for path in texts}
    return [
        *boot,
        *(File(path, modes[path], text) for path, text in sorted(texts.items())),
        File(networkmanager.UNMANAGED, _OPEN, networkmanager.UNMANAGED_TEXT),
    ]


def template_files(
    network: Mapping[str, Any], slots: Sequence[Slot], vlan: bool, family: str, stack: Stack
) -> list[File]:
    """Return the files as a template has them."""
    values = placeholders(slots, vlan)
    pairs = [pair for slot in slots for pair in _expressions(slot, values, stack)]
    files = []
    for file in machine_files(network, slots, values, family):
        text = _SERVER_LINE.sub(f" {_LISTED}", file.content).replace(f"{_SERVER};", _JOINED)
        for placeholder, expression in pairs:
            text = text.replace(placeholder, expression)
        if vlan and file.path in (CONFIG, VLAN):
            text = text.replace(str(_VLAN_NUMBER), "{{ (index .Hardware.Interfaces 0).DHCP.VLANID }}")
        files.append(File(file.path, file.mode, text))
    return files


def check(network: Mapping[str, Any], slots: Sequence[Slot], machine: Machine, family: str) -> host_network.Rendered:
    """Judge the network of one machine as module host_network does. Raises NetworkError."""
    values = of_machine(machine, slots)
    request = host_network.Request(
        config=_config(network, slots, values, family),
        backend=BACKENDS[family],
        existing={file.path: file.content for file in _boot_files(network, slots[0], values, family)},
        management_addresses=[machine.ip_address],
        allow_management_nic=names_boot(network),
    )
    return host_network.render(request)


def _expressions(slot: Slot, values: Values, stack: Stack) -> list[tuple[str, str]]:
    """Return each placeholder of a slot and its expression, the longer ones first."""
    dhcp = f"(index .Hardware.Interfaces {slot.place}).DHCP"
    address = f"{{{{ {dhcp}.IP.Address }}}}"
    prefix = f"{{{{ {stack.function} {dhcp}.IP.Netmask }}}}" if stack.function else str(slot.prefix)
    return [
        (values.mac(slot), f"{{{{ {dhcp}.MAC }}}}"),
        (values.gateway(slot), f"{{{{ {dhcp}.IP.Gateway }}}}"),
        (values.interface(slot), f"{address}/{prefix}"),
        (values.address(slot), address),
    ]


def _boot_id(vlan: str) -> str:
    return BOOT_VLAN_ID if vlan else BOOT_ID


def _config(network: Mapping[str, Any], slots: Sequence[Slot], values: Values, family: str) -> dict[str, Any]:
    """Return what stands in our own files, the boot NIC under the name that it has there."""
    found = filled(network, slots, values)
    if not names_boot(network):
        return found
    if family == UBUNTU:
        found = renamed(found, BOOT, _boot_id(values.vlan))
        ethernets = {name: device for name, device in found.get("ethernets", {}).items() if device}
        return {**found, "ethernets": ethernets}
    ethernets = dict(found.get("ethernets") or {})
    device = {"match": {"macaddress": values.mac(slots[0])}, **(ethernets.get(BOOT) or {})}
    if not carrier(network):
        device = {**values.boot_address(slots[0]), **device}
    return {**found, "ethernets": {**ethernets, BOOT: device}}


def _boot_files(network: Mapping[str, Any], boot: Slot, values: Values, family: str) -> list[File]:
    """Return the file of the boot NIC that EKS Anywhere writes too, which has it alone."""
    address = {} if carrier(network) else values.boot_address(boot)
    match = {"match": {"macaddress": values.mac(boot)}}
    if family == UBUNTU:
        settings: dict[str, dict[str, Any]] = {"ethernets": {BOOT_ID: {**match, **address}}}
        if values.vlan:
            vlan = {"id": int(values.vlan), "link": BOOT_VLAN_ID, **address}
            device = {BOOT_VLAN_ID: {**match, "set-name": BOOT_VLAN_ID}}
            settings = {"ethernets": device, "vlans": {f"vlan{values.vlan}": vlan}}
        return [File(CONFIG, _SECRET, netplan.render(settings))]
    if names_boot(network):
        return []
    connection, more = "id=static-connection\ntype=ethernet", ""
    if values.vlan:
        connection = f"id=vlan-connection\ntype=vlan\ninterface-name=vlan{values.vlan}"
        more = f"[vlan]\nid={values.vlan}\n\n"
    text = _KEYFILE.format(
        connection=connection,
        more=more,
        mac=values.mac(boot),
        address=values.interface(boot),
        gateway=values.gateway(boot),
        servers="".join(f"{server};" for server in values.nameservers),
    )
    return [File(VLAN if values.vlan else STATIC, _SECRET, networkmanager.NOTICE + text)]
