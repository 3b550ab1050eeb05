# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of hardware.csv, or Hardware objects of a management cluster, as hosts of an inventory. No passwords."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import OWNER_LABELS, check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine, decode, parse
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

HARDWARE = "/apis/tinkerbell.org/v1alpha1/namespaces/{namespace}/hardware"
"""Where the Hardware objects are, in every EKS Anywhere from v0.22 to v0.26."""
ALL = "hardware"
PROVISIONED, AVAILABLE = "hardware_provisioned", "hardware_available"
"""Groups of Hardware objects: taken by a cluster, or free. A file does not know."""
TEMPLATE = ("{{", "{%", "{#")
"""What begins a template. Ansible would run it wherever the variable is used."""


@dataclass(frozen=True)
class Host:
    """One host: its name, its variables, and the groups it is in, whose names may hold any character."""

    name: str
    variables: dict[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()


def from_csv(data: bytes, source: str) -> list[Host]:
    """Return the hosts of a file. Raises NetworkError with everything that is wrong in it."""
    rows, problems = parse(decode(data, source), source)
    machines, more = check(rows)
    if problems or more:
        raise NetworkError([*problems, *more])
    return [_from_machine(machine) for machine in machines]


def from_cluster(cluster: Cluster, namespace: str) -> list[Host]:
    """Return the hosts of a management cluster. Raises NetworkError where it has none or cannot be read."""
    hosts: list[Host] = cluster.list(HARDWARE.format(namespace=namespace), pick=from_object)
    if not hosts:
        message = f"{cluster.server} has no Hardware in namespace {namespace}"
        raise NetworkError(Problem("kubeconfig", message, "Give the kubeconfig of the management cluster"))
    return hosts


def from_object(item: Mapping[str, Any]) -> Host:
    """Return the host of one Hardware object. The first of its interfaces is the one that boots."""
    metadata, spec = item["metadata"], item.get("spec") or {}
    labels = metadata.get("labels") or {}
    first, *others = [_interface(entry) for entry in spec.get("interfaces") or []] or [_interface({})]
    disks = spec.get("disks") or []
    first.pop("name")
    facts = {
        **first,
        "disk": disks[0].get("device", "") if disks else "",
        "labels": {key: value for key, value in labels.items() if key not in OWNER_LABELS},
        "interfaces": others,
    }
    return _host(metadata["name"], facts, PROVISIONED if labels.get(OWNER_LABELS[0]) else AVAILABLE)


def _from_machine(machine: Machine) -> Host:
    facts = machine.as_dict()
    return _host(facts.pop("hostname"), facts)


def _host(name: str, facts: dict[str, Any], *groups: str) -> Host:
    if any(mark in json.dumps(facts) for mark in TEMPLATE):
        raise NetworkError(
            Problem(f"machine {name}", "one of its values is a template of Ansible", "Remove its braces")
        )
    variables = {f"hardware_{key}": value for key, value in facts.items()}
    if facts["ip_address"]:
        variables["ansible_host"] = facts["ip_address"]
    labels = [f"{key}_{value}" if value else key for key, value in sorted(facts["labels"].items())]
    return Host(name, variables, (ALL, *groups, *labels))


def _interface(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an interface of a Hardware object, named like the columns of the file."""
    dhcp = entry.get("dhcp") or {}
    ip = dhcp.get("ip") or {}
    return {
        "name": dhcp.get("iface_name", ""),
        "mac": dhcp.get("mac", ""),
        "ip_address": ip.get("address", ""),
        "netmask": ip.get("netmask", ""),
        "gateway": ip.get("gateway", ""),
        "nameservers": dhcp.get("name_servers") or [],
        "vlan_id": dhcp.get("vlan_id", ""),
    }
