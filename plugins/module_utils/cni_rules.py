# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of single CNI plugins that a table of fields cannot say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import CAPABILITIES

Given = Mapping[str, Any]

REFUSED = ("cilium-cni", "multus")
"""Plugins of the cluster network itself: as a pod's further network they recurse, or want what only Cilium knows."""


def check_plugin(given: Given, path: str, has_resource: bool, report: Report) -> None:
    """Apply the rules of one plugin to a configuration whose fields are of the right kind."""
    for name in given.get("capabilities") or {}:
        if name not in CAPABILITIES:
            hint = f"The known ones are: {', '.join(CAPABILITIES)}"
            report.warn(f"{path}.capabilities.{name}", "no such capability is known", hint)
    rule = _RULES.get(given["type"])
    if rule:
        rule(given, path, has_resource, report)


def _ipvlan(given: Given, path: str, has_resource: bool, report: Report) -> None:
    if (given.get("capabilities") or {}).get("mac"):
        message = "ipvlan interfaces have the MAC address of their master"
        report.warn(f"{path}.capabilities.mac", message, "Remove it, or use macvlan")
    if ((given.get("ipam") or {}).get("type")) == "dhcp":
        hint = "Use macvlan, or another IPAM plugin"
        report.error(f"{path}.ipam.type", "ipvlan interfaces share one MAC address, dhcp needs one each", hint)


def _macvlan(given: Given, path: str, has_resource: bool, report: Report) -> None:
    if given.get("mode") == "passthru":
        hint = "Let only one pod per node use the network, or use mode bridge"
        report.warn(f"{path}.mode", "passthru takes the master for one pod alone", hint)


def _bridge(given: Given, path: str, has_resource: bool, report: Report) -> None:
    if given.get("hairpinMode") and given.get("promiscMode"):
        report.error(f"{path}.promiscMode", "a bridge cannot have it beside hairpinMode", "Set one of them")
    if given.get("disableContainerInterface") and given.get("ipam"):
        message = "an interface that is down has no address"
        report.error(f"{path}.ipam", message, "Remove it, or disableContainerInterface")
    if given.get("isDefaultGateway"):
        message = "the bridge becomes the pods' default gateway in place of their first interface"
        report.warn(f"{path}.isDefaultGateway", message, "Use isGateway and routes, unless that is meant")
    for place, entry in enumerate(given.get("vlanTrunk") or []):
        _trunk(entry, f"{path}.vlanTrunk[{place}]", report)


def _trunk(entry: Given, path: str, report: Report) -> None:
    low, high = entry.get("minID"), entry.get("maxID")
    if entry.get("id") is None and low is None and high is None:
        report.error(path, "it names no VLAN", "Give id, or minID and maxID")
    elif (low is None) is not (high is None):
        missing = "minID" if low is None else "maxID"
        report.error(f"{path}.{missing}", "minID and maxID go together", "Give both, or id alone")
    elif low is not None and high is not None and low > high:
        report.error(f"{path}.minID", f"{low} is greater than maxID {high}", "Swap them")


def _host_device(given: Given, path: str, has_resource: bool, report: Report) -> None:
    names = ("device", "hwaddr", "kernelpath", "pciBusID", "deviceID")
    if not has_resource and not any(given.get(name) for name in names):
        hint = "Give device, hwaddr, kernelpath or pciBusID, or resource_name beside config"
        report.error(f"{path}.device", "host-device needs to know which device", hint)


def _vlan(given: Given, path: str, has_resource: bool, report: Report) -> None:
    message = (
        f"a node can have VLAN {given.get('vlanId', 0)} of {given['master']} only once, so one pod per node has it"
    )
    report.warn(f"{path}.vlanId", message, "For more pods make the VLAN on the node and use macvlan or ipvlan on it")


def _bond(given: Given, path: str, has_resource: bool, report: Report) -> None:
    names = [entry.get("name") for entry in given.get("links") or []]
    if len(names) < 2:
        report.error(f"{path}.links", f"a bond needs two links {got(path, names)}", "Name at least two interfaces")
    elif len(names) > len(set(names)):
        report.error(f"{path}.links", f"a link stands there twice {got(path, names)}", "Name different interfaces")
    if 0 < (given.get("mtu") or 0) < 68:
        report.error(f"{path}.mtu", f"it is too small {got(path, given['mtu'])}", "Give 0, or at least 68")
    if not given.get("linksInContainer"):
        hint = "Set linksInContainer: true to bond networks that stand before this one in the pod's annotation"
        report.warn(f"{path}.linksInContainer", "the bond takes interfaces of the node away from it", hint)


def _sriov(given: Given, path: str, has_resource: bool, report: Report) -> None:
    if not has_resource and not given.get("deviceID"):
        hint = "Give resource_name beside config: the resource of the SR-IOV device plugin"
        report.error(f"{path}.deviceID", "sriov needs a device", hint)
    for name, unset in (("vlanQoS", 0), ("vlanProto", "802.1q")):
        if given.get(name, unset) not in (unset, None) and not given.get("vlan"):
            report.error(f"{path}.{name}", f"it needs a VLAN {got(path, given[name])}", "Give vlan, from 1 to 4094")
    low, high = given.get("min_tx_rate"), given.get("max_tx_rate")
    if low and high and low > high:
        report.error(f"{path}.min_tx_rate", f"{low} is greater than max_tx_rate {high}", "Swap them")


def _tuning(given: Given, path: str, has_resource: bool, report: Report) -> None:
    for name, value in (given.get("sysctl") or {}).items():
        where = f"{path}.sysctl[{name}]"
        if not name.replace("/", ".").startswith("net.") or ".." in name:
            report.error(where, "tuning sets only what is below net", "Give a key as net.ipv4.conf.IFNAME.arp_filter")
        elif not value:
            report.error(where, "the value is empty", "Give the value in quotes")


def _bandwidth(given: Given, path: str, has_resource: bool, report: Report) -> None:
    for way in ("ingress", "egress"):
        rate, burst = given.get(f"{way}Rate") or 0, given.get(f"{way}Burst") or 0
        if bool(rate) is not bool(burst):
            missing = f"{way}Burst" if rate else f"{way}Rate"
            report.error(f"{path}.{missing}", "a rate and its burst go together", "Give both above 0, or none")


def _portmap(given: Given, path: str, has_resource: bool, report: Report) -> None:
    if given.get("markMasqBit") is not None and given.get("externalSetMarkChain") is not None:
        report.error(f"{path}.markMasqBit", "it cannot stand beside externalSetMarkChain", "Give one of them")


_RULES: dict[str, Callable[[Given, str, bool, Report], None]] = {
    "ipvlan": _ipvlan,
    "macvlan": _macvlan,
    "bridge": _bridge,
    "host-device": _host_device,
    "vlan": _vlan,
    "bond": _bond,
    "sriov": _sriov,
    "tuning": _tuning,
    "bandwidth": _bandwidth,
    "portmap": _portmap,
}
