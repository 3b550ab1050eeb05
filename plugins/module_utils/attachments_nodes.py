# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network needs of the nodes that can run its pods: binaries, kernel, the interface below, MTU, addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import Attachment
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import Entry
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got, nearest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_ipam import HOST_LOCAL
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import KERNEL
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named

Interface = Mapping[str, Any]
UNUSABLE = (False, "missing", "blocked")
"""What facts say of a kind of interface that the kernel cannot make."""


@dataclass(frozen=True, eq=False)
class Node:
    """A node as module ``node_network_info`` sees it. What is not known is None or empty, and not judged."""

    name: str
    labels: Mapping[str, str] | None = None
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    binaries: Mapping[str, list[str]] | None = None
    kernel: Mapping[str, Any] = field(default_factory=dict)


class Fleet:
    """All nodes. Answers are remembered, because many networks ask the same."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(nodes)
        self._eligible: dict[tuple[tuple[str, str], ...], tuple[Node, ...]] = {}

    def eligible(self, attachment: Attachment) -> tuple[Node, ...]:
        """Return the nodes that can run the network's pods; one whose labels are not known can."""
        selector = tuple(sorted(attachment.node_selector.items()))
        if selector not in self._eligible:
            self._eligible[selector] = tuple(
                node
                for node in self.nodes
                if node.labels is None or all(node.labels.get(key) == value for key, value in selector)
            )
        return self._eligible[selector]

    def meet(self, one: Attachment, other: Attachment) -> bool:
        """Say whether a node can run pods of both networks."""
        names = {node.name for node in self.eligible(one)}
        return any(node.name in names for node in self.eligible(other))


def read_nodes(given: Any, report: Report) -> Fleet | None:
    """Read the option ``nodes``; None when it is not given, and nothing that depends on nodes is judged."""
    if not given:
        return None
    nodes: dict[str, Node] = {}
    for place, entry in enumerate(given):
        path = f"nodes[{place}]"
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not name:
            report.error(f"{path}.name", f"a node needs it {got(path, name)}", "Give the node's name in the cluster")
            continue
        if name in nodes:
            report.error(f"{path}.name", f"the node is there twice {got(path, name)}", "Give each node once")
            continue
        interfaces = entry.get("interfaces") or []
        nodes[name] = Node(
            name,
            entry.get("labels"),
            {item["name"]: item for item in interfaces if isinstance(item, Mapping) and item.get("name")},
            entry.get("cni_binaries"),
            entry.get("kernel") or {},
        )
    return Fleet(nodes.values())


def check_nodes(attachments: Iterable[Attachment], fleet: Fleet, report: Report) -> None:
    """Check every network against the nodes that can run its pods."""
    for attachment in attachments:
        net = attachment.net
        nodes = fleet.eligible(attachment)
        if not nodes:
            path = f"{attachment.path}.node_selector"
            message = f"no node has these labels {got(path, attachment.node_selector)}"
            report.warn(path, message, "Label the nodes that shall have the network")
        if net is None or not nodes:
            continue
        _check_split(attachment, nodes, report)
        for entry in net.entries:
            _check_binaries(entry, net.version, nodes, report)
        _check_kernel(net.main, nodes, report)
        rule = _RULES.get(net.main.type)
        if rule and not net.main.given.get("linkInContainer"):
            rule(net.main, nodes, report)


def _names(nodes: Iterable[Node]) -> str:
    return named(node.name for node in nodes)


def _check_split(attachment: Attachment, nodes: tuple[Node, ...], report: Report) -> None:
    main = attachment.net.main if attachment.net else None
    if main is None or main.ipam_type != HOST_LOCAL or attachment.per_node is not None or len(nodes) < 2:
        return
    message = f"{HOST_LOCAL} on each of {len(nodes)} nodes gives out the same addresses (on {_names(nodes)})"
    hint = "Set ipam_per_node: true, use IPAM whereabouts, static or dhcp, or a node_selector for one node"
    report.error(f"{main.path}.ipam", message, hint)


def _check_binaries(entry: Entry, version: str, nodes: tuple[Node, ...], report: Report) -> None:
    for kind, path in ((entry.type, f"{entry.path}.type"), (entry.ipam_type, f"{entry.path}.ipam.type")):
        known = {node: node.binaries.get(kind) for node in nodes if kind and node.binaries is not None}
        missing = [node for node, speaks in known.items() if speaks is None]
        if missing:
            report.error(path, f"the CNI plugin {kind} is not there on {_names(missing)}", "Install it in /opt/cni/bin")
        silent = [node for node, speaks in known.items() if speaks is not None and not speaks]
        if silent:
            message = f"the CNI plugin {kind} does not answer on {_names(silent)}"
            report.error(path, message, "Install it again in /opt/cni/bin, for the node's architecture")
        old = {node: speaks for node, speaks in known.items() if speaks and version not in speaks}
        if old:
            first, speaks = next(iter(old.items()))
            message = f"{kind} does not speak CNI {version} on {_names(old)}"
            hint = f"Use a cniVersion that {first.name} has ({', '.join(speaks)}), or install newer plugins"
            report.error(path, message, hint)


def _check_kernel(entry: Entry, nodes: tuple[Node, ...], report: Report) -> None:
    need = KERNEL.get(entry.type)
    lacking = [node for node in nodes if need and node.kernel.get(need) in UNUSABLE]
    if lacking:
        message = f"the kernel cannot make {need} interfaces on {_names(lacking)}"
        report.error(f"{entry.path}.type", message, f"Install the kernel's module for {need}, and do not block it")


def _check_master(entry: Entry, nodes: tuple[Node, ...], report: Report) -> None:
    """Check the interface below ipvlan, macvlan and vlan."""
    name, path = entry.given.get("master"), f"{entry.path}.master"
    if not name:
        return
    present = _present(name, path, nodes, report)
    dead = [node for node in present if _is_down(node.interfaces[name])]
    if dead:
        message = f"{name} has no carrier on {_names(dead)}"
        report.error(path, message, "Connect it, set it up, or limit the network with node_selector")
    if entry.type != "vlan":
        ports = [node for node in present if node.interfaces[name].get("master")]
        if ports:
            above = ports[0].interfaces[name]["master"]
            message = f"{name} is a port of {above} on {_names(ports)}"
            report.error(path, message, f"Use {above}, which has the traffic")
    _check_mtu(entry, name, present, report)


def _check_vlan(entry: Entry, nodes: tuple[Node, ...], report: Report) -> None:
    _check_master(entry, nodes, report)
    name, number = entry.given.get("master"), entry.given.get("vlanId") or 0
    taken = {
        node: interface["name"]
        for node in nodes
        for interface in node.interfaces.values()
        if _vlan(interface) == (name, number)
    }
    if taken:
        used = next(iter(taken.values()))
        message = f"VLAN {number} of {name} is {used} already on {_names(taken)}"
        report.error(f"{entry.path}.vlanId", message, f"Use macvlan or ipvlan with master {used}, or another VLAN")


def _vlan(interface: Interface) -> tuple[str, int]:
    """Return of which interface this is a VLAN, and which one."""
    vlan = interface.get("vlan") or {}
    return str(vlan.get("parent") or ""), int(vlan.get("id") or 0)


def _check_bridge(entry: Entry, nodes: tuple[Node, ...], report: Report) -> None:
    name, path = entry.given.get("bridge") or "cni0", f"{entry.path}.bridge"
    missing = [node for node in nodes if name not in node.interfaces]
    if missing:
        message = f"{name} is not on {_names(missing)}, where it will be made without any port"
        report.warn(path, message, "Make the bridge on the node, with its ports, unless pods shall stay on one node")
    _check_mtu(entry, name, [node for node in nodes if name in node.interfaces], report)


def _check_device(entry: Entry, nodes: tuple[Node, ...], report: Report) -> None:
    """Check host-device by name or MAC: the node loses the interface, and every address on it."""
    name, mac = entry.given.get("device"), str(entry.given.get("hwaddr") or "").lower().replace("-", ":")
    path = f"{entry.path}.{'device' if name else 'hwaddr'}"
    if not name and not mac:
        return
    found: dict[Node, Interface] = {}
    for node in nodes:
        for interface in node.interfaces.values():
            if name == interface["name"] or (not name and mac == str(interface.get("mac")).lower()):
                found[node] = interface
    missing = [node for node in nodes if node not in found]
    if missing:
        hint = "Correct it, or limit the network with node_selector"
        report.error(path, f"{name or mac} is not there on {_names(missing)}", hint)
    used = [node for node, interface in found.items() if addresses(interface)]
    if used:
        message = f"{name or mac} has addresses of the node, which it would lose, on {_names(used)}"
        report.error(path, message, "Use an interface without addresses")


def _present(name: str, path: str, nodes: tuple[Node, ...], report: Report) -> list[Node]:
    missing = [node for node in nodes if name not in node.interfaces]
    if missing:
        near = nearest(name, missing[0].interfaces)
        hint = "Name an interface that all of them have, or limit the network with node_selector"
        report.error(path, f"{name} is not there on {_names(missing)}", f"{hint} (there is {near})" if near else hint)
    return [node for node in nodes if name in node.interfaces]


def _is_down(interface: Interface) -> bool:
    """Say whether it has no carrier; an interface that is not up knows of none."""
    return interface.get("carrier") is False or (
        interface.get("carrier") is None and interface.get("operstate") in ("down", "lowerlayerdown", "notpresent")
    )


def addresses(interface: Interface) -> list[IPv4Interface | IPv6Interface]:
    """Return the addresses of an interface without link-local ones, which every interface has."""
    given = interface.get("addresses") or []
    found = [ip_interface(f"{entry['address']}/{entry['prefix']}") for entry in given]
    return [address for address in found if not address.is_link_local]


def _check_mtu(entry: Entry, name: str, nodes: list[Node], report: Report) -> None:
    mtu, path = entry.given.get("mtu") or 0, f"{entry.path}.mtu"
    small = [node for node in nodes if 0 < (node.interfaces[name].get("mtu") or 0) < mtu]
    if small:
        least = min(node.interfaces[name]["mtu"] for node in small)
        message = f"{name} has an MTU of {least} on {_names(small)} {got(path, mtu)}"
        report.error(path, message, f"Give at most {least}, or raise the MTU of {name}")


_RULES: dict[str, Callable[[Entry, tuple[Node, ...], Report], None]] = {
    "ipvlan": _check_master,
    "macvlan": _check_master,
    "vlan": _check_vlan,
    "bridge": _check_bridge,
    "host-device": _check_device,
}
