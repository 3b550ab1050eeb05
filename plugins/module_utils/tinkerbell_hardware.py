# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware, BMC Machine and Secret of a machine, as EKS Anywhere makes them of a row of hardware.csv, and more NICs.

The first interface is the NIC that boots: the Tinkerbell provider of Cluster API takes its address for the machine's.
Every interface has ``dhcp`` and ``netboot``: the tink-controller of EKS Anywhere up to v0.24 crashes where one has no
``netboot``, the DHCP server of later ones where one has no ``dhcp``. Fields are those of aws/eks-anywhere,
pkg/providers/tinkerbell/hardware/catalogue_{hardware,bmc,secret}.go.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import HIDDEN

LEASE_FOREVER = 4294967294
HARDWARE, BMC, SECRET = "Hardware", "Machine", "Secret"
PATHS = {
    HARDWARE: "/apis/tinkerbell.org/v1alpha1/namespaces/{namespace}/hardware",
    BMC: "/apis/bmc.tinkerbell.org/v1alpha1/namespaces/{namespace}/machines",
    SECRET: "/api/v1/namespaces/{namespace}/secrets",
}
"""Where the objects of each kind are."""

_VERSIONS = {HARDWARE: "tinkerbell.org/v1alpha1", BMC: "bmc.tinkerbell.org/v1alpha1", SECRET: "v1"}


def render(machine: Machine, namespace: str) -> list[dict[str, Any]]:
    """Return the objects of one machine: its Hardware, and for one with a BMC the Machine and the Secret."""
    objects = [_hardware(machine, namespace)]
    if machine.bmc_ip:
        objects += [_bmc(machine, namespace), _secret(machine, namespace)]
    return objects


def hidden(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as it may be shown."""
    if item.get("kind") != SECRET:
        return dict(item)
    return {**item, "data": dict.fromkeys(item.get("data") or {}, HIDDEN)}


def bmc_name(machine: Machine) -> str:
    """Return the name of a machine's BMC object."""
    return f"bmc-{machine.hostname}"


def _object(kind: str, name: str, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": _VERSIONS[kind], "kind": kind, "metadata": metadata}


def _hardware(machine: Machine, namespace: str) -> dict[str, Any]:
    address = {"address": machine.ip_address, "netmask": machine.netmask, "gateway": machine.gateway, "family": 4}
    boot = _dhcp(machine, machine.mac, address, machine.nameservers)
    if machine.vlan_id:
        boot["vlan_id"] = machine.vlan_id
    spec: dict[str, Any] = {
        "disks": [{"device": machine.disk}],
        "metadata": {
            "facility": {"facility_code": "onprem", "plan_slug": "c2.medium.x86"},
            "instance": {
                "id": machine.mac,
                "hostname": machine.hostname,
                "allow_pxe": True,
                "always_pxe": True,
                "operating_system": {},
                "ips": [{**address, "public": True}],
            },
        },
        "interfaces": [
            {"dhcp": boot, "netboot": {"allowPXE": True, "allowWorkflow": True}},
            *(_interface(machine, entry) for entry in sorted(machine.interfaces, key=lambda entry: str(entry["name"]))),
        ],
    }
    if machine.bmc_ip:
        spec["bmcRef"] = {"kind": BMC, "name": bmc_name(machine)}
    return {**_object(HARDWARE, machine.hostname, namespace, machine.labels), "spec": spec}


def _interface(machine: Machine, entry: Mapping[str, Any]) -> dict[str, Any]:
    address: dict[str, Any] = {}
    if entry.get("ip_address"):
        address = {"address": entry["ip_address"], "netmask": entry["netmask"], "family": 4}
        if entry.get("gateway"):
            address["gateway"] = entry["gateway"]
    dhcp = _dhcp(machine, str(entry.get("mac") or "").lower(), address, entry.get("nameservers") or ())
    return {
        "dhcp": {**dhcp, "iface_name": str(entry["name"])},
        "netboot": {"allowPXE": False, "allowWorkflow": False},
    }


def _dhcp(machine: Machine, mac: str, address: Mapping[str, Any], nameservers: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"arch": "x86_64", "hostname": machine.hostname, "lease_time": LEASE_FOREVER, "uefi": True}
    if mac:
        found["mac"] = mac
    if address:
        found["ip"] = dict(address)
    if nameservers:
        found["name_servers"] = list(nameservers)
    return found


def _bmc(machine: Machine, namespace: str) -> dict[str, Any]:
    connection = {
        "host": machine.bmc_ip,
        "port": 0,
        "insecureTLS": True,
        "authSecretRef": {"name": f"{bmc_name(machine)}-auth", "namespace": namespace},
        "providerOptions": {"preferredOrder": ["gofish"]},
    }
    return {**_object(BMC, bmc_name(machine), namespace, {}), "spec": {"connection": connection}}


def _secret(machine: Machine, namespace: str) -> dict[str, Any]:
    labels = {"clusterctl.cluster.x-k8s.io/move": "true"}
    given = {"username": machine.bmc_username, "password": machine.bmc_password}
    return {
        **_object(SECRET, f"{bmc_name(machine)}-auth", namespace, labels),
        "type": "kubernetes.io/basic-auth",
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in given.items()},
    }
