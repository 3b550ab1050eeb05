"""The files of a host's own network: as EKS Anywhere writes them for the first NIC, and the lab's for the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import settings
from .settings import Choices, Node
from .shell import LabError


@dataclass(frozen=True)
class File:
    """A file below the host's root."""

    path: str
    text: str
    mode: int = 0o600


def container(node: Node) -> list[File]:
    """For netplan. Everything matches by name, since a veth has no permanent address."""
    return [
        _netplan("config", _first(node, {"name": "eth0"})),
        _netplan("lab-secondary", {name: _secondary(cidr) for name, _outside, _bridge, cidr in node.nics()[1:]}),
    ]


def networkd(node: Node) -> list[File]:
    """For netplan: config.yaml is as EKS Anywhere's template has it, so the first NIC keeps its kernel's name."""
    others = {
        name: {"match": {"macaddress": mac}, "set-name": name, **_secondary(cidr)}
        for (name, _outside, _bridge, cidr), mac in list(zip(node.nics(), node.macs(), strict=True))[1:]
    }
    return [
        _netplan("config", _first(node, {"macaddress": node.macs()[0]}), mode=0o644),
        _netplan("lab-secondary", others),
    ]


def networkmanager(node: Node) -> list[File]:
    """Keyfiles: the first as EKS Anywhere's template for RHEL has it. udev gives the other NICs their names."""
    files = []
    for (name, _outside, _bridge, cidr), mac in zip(node.nics(), node.macs(), strict=True):
        first = name == "eth0"
        ipv4 = {"method": "manual", "address1": cidr} if cidr else {"method": "disabled"}
        if first:
            ipv4 |= {"gateway": settings.GATEWAY, "dns": f"{settings.GATEWAY};"}
        connection = "static-connection" if first else f"lab-{name}"
        sections = {
            "connection": {"id": connection, "type": "ethernet", "autoconnect-priority": "10"},
            "ethernet": {"mac-address": mac},
            "ipv4": ipv4,
            "ipv6": {"method": "ignore"},
        }
        path = f"etc/NetworkManager/system-connections/{connection}.nmconnection"
        files.append(File(path, _ini(sections)))
        if not first:
            link = {"Match": {"PermanentMACAddress": mac}, "Link": {"Name": name}}
            files.append(File(f"etc/systemd/network/10-{name}.link", _ini(link), 0o644))
    return files


MACHINE: dict[str, Callable[[Node], list[File]]] = {"networkd": networkd, "networkmanager": networkmanager}
"""By what configures the NICs of a virtual machine."""


def of_machine(node: Node, choices: Choices) -> list[File]:
    """What a virtual machine has: the lab's files, or those that were given: {machine: {path: [octal mode, text]}}."""
    if not choices.lab_vm_files:
        return MACHINE[choices.lab_vm_network](node)
    given = json.loads(Path(choices.lab_vm_files).read_text())
    if node.name not in given:
        raise LabError(f"lab_vm_files: {choices.lab_vm_files} has no files of {node.name}. Add them.")
    return [File(path.lstrip("/"), text, int(mode, 8)) for path, (mode, text) in given[node.name].items()]


def _first(node: Node, match: dict[str, str]) -> dict:
    return {
        "id0": {
            "match": match,
            "addresses": [node.nics()[0][3]],
            "nameservers": {"addresses": [settings.GATEWAY]},
            "routes": [{"to": "default", "via": settings.GATEWAY}],
        }
    }


def _secondary(cidr: str | None) -> dict:
    return {"addresses": [cidr] if cidr else [], "link-local": []}


def _netplan(name: str, ethernets: dict, mode: int = 0o600) -> File:
    config = {"network": {"version": 2, "renderer": "networkd", "ethernets": ethernets}}
    return File(f"etc/netplan/{name}.yaml", yaml.safe_dump(config, sort_keys=False), mode)


def _ini(sections: dict[str, dict[str, str]]) -> str:
    blocks = ("".join(f"{key}={value}\n" for key, value in keys.items()) for keys in sections.values())
    return "\n".join(f"[{name}]\n{block}" for name, block in zip(sections, blocks, strict=True))
