# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes NetworkManager's keyfiles from definitions in netplan's words.

Keys are those of nm-settings-keyfile(5) and nm-settings-nmcli(5), no newer than NetworkManager 1.40 (RHEL 8). A NIC
is found by its permanent MAC address where the definition has one. A new name is given by a .link file of udev, since
NetworkManager renames nothing. Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_routes import Route, routes
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan import NOTICE
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import Definition
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import (
    DEFAULT,
    milliseconds,
    parsed,
    parsed_network,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import OFFLOADS

if TYPE_CHECKING:
    from typing import TypeAlias

Known: TypeAlias = "Mapping[str, Definition]"
Section: TypeAlias = "dict[str, Any]"

DIRECTORY = "/etc/NetworkManager/system-connections"
PREFIX = "eks-anywhere-"
LINKS = "/etc/systemd/network"
ENDING = ".nmconnection"
PRIORITY = 20
"""autoconnect-priority of ours; static-connection of EKS Anywhere has 10, and NetworkManager takes the higher one."""
NAMESPACE = uuid.UUID("5b9dd4a3-63f5-5d29-9f0c-0d9f5f3c9c55")

UNMANAGED = "/etc/NetworkManager/conf.d/90-eks-anywhere.conf"
UNMANAGED_TEXT = NOTICE + "[keyfile]\nunmanaged-devices+=interface-name:cilium_*;interface-name:lxc*\n"

KINDS = {"ethernets": "ethernet", "bonds": "bond", "bridges": "bridge", "vlans": "vlan"}
SCOPES = {"link": 253, "host": 254}
BOND = {
    "mode": "mode",
    "lacp-rate": "lacp_rate",
    "min-links": "min_links",
    "transmit-hash-policy": "xmit_hash_policy",
    "ad-select": "ad_select",
    "all-slaves-active": "all_slaves_active",
    "arp-validate": "arp_validate",
    "arp-all-targets": "arp_all_targets",
    "fail-over-mac-policy": "fail_over_mac",
    "gratuitous-arp": "num_grat_arp",
    "packets-per-slave": "packets_per_slave",
    "primary-reselect-policy": "primary_reselect",
    "resend-igmp": "resend_igmp",
}
BOND_TIMES = {
    "mii-monitor-interval": "miimon",
    "arp-interval": "arp_interval",
    "up-delay": "updelay",
    "down-delay": "downdelay",
}
WITH_ADDRESS = ("auto", "manual")
BRIDGE_TIMES = ("ageing-time", "forward-delay", "hello-time", "max-age")


def keyfile(name: str) -> str:
    """Return the path of our keyfile for a definition."""
    return f"{DIRECTORY}/{PREFIX}{name}{ENDING}"


def link_file(name: str) -> str:
    """Return the path of our .link file for a definition."""
    return f"{LINKS}/10-{PREFIX}{name}.link"


def is_link(path: str) -> bool:
    """Say whether a file is a .link file of ours."""
    return path.startswith(link_file("")[: -len(".link")]) and path.endswith(".link")


def connection_uuid(name: str) -> str:
    """Return the UUID of our connection for a definition, the same at every run."""
    return str(uuid.uuid5(NAMESPACE, name))


def render(known: Known, facts: Facts) -> dict[str, str]:
    """Return our files by path: a keyfile for each definition of ours, a .link file for each that has a new name."""
    files = {}
    owners = {port.value: (owner, PORTS[owner.kind]) for owner in known.values() for port in owner.ports}
    for definition in known.values():
        if definition.own:
            owner, kind = owners.get(definition.id, (None, ""))
            files[keyfile(definition.id)] = _text(_sections(definition, owner, kind, known, facts))
            mac, name = definition.get("match", "macaddress"), definition.get("set-name")
            if mac and name:
                match = f"[Match]\nMACAddress={mac}\nType=ether\n"
                files[link_file(definition.id)] = f"{NOTICE}{match}\n[Link]\nName={name}\n"
    return files


PORTS = {"bonds": "bond", "bridges": "bridge"}


def _text(sections: Mapping[str, Section]) -> str:
    blocks = []
    for section, values in sections.items():
        lines = [f"{key}={_value(value)}" for key, value in values.items() if value is not None]
        if lines or section in ("ipv4", "ipv6"):
            blocks.append("\n".join([f"[{section}]", *lines]) + "\n")
    return NOTICE + "\n".join(blocks)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(f"{entry};" for entry in value) if isinstance(value, list) else str(value)


def _sections(
    definition: Definition, owner: Definition | None, port: str, known: Known, facts: Facts
) -> dict[str, Section]:
    sections: dict[str, Section] = {"connection": _connection(definition, owner, port)}
    sections.update(_device(definition, known, facts))
    if owner is not None and port == "bridge":
        costs, priorities = (owner.get("parameters", key) or {} for key in ("path-cost", "port-priority"))
        sections["bridge-port"] = {"path-cost": costs.get(definition.id), "priority": priorities.get(definition.id)}
    if owner is None:
        sections["ipv4"], sections["ipv6"] = _ip(definition, 4), _ip(definition, 6)
    return sections


def _connection(definition: Definition, owner: Definition | None, port: str) -> Section:
    mac = definition.get("match", "macaddress")
    drivers, pattern = definition.get("match", "driver"), definition.get("match", "name")
    several = definition.get("match") is not None and not mac and not definition.live_name
    return {
        "id": f"{PREFIX}{definition.id}",
        "uuid": connection_uuid(definition.id),
        "type": KINDS[definition.kind],
        "interface-name": None if mac and not pattern else definition.live_name or None,
        "autoconnect": False if definition.get("activation-mode") == "manual" else None,
        "autoconnect-priority": PRIORITY,
        "multi-connect": 3 if several or drivers else None,
        "master": owner.name if owner else None,
        "slave-type": port or None,
    }


def _device(definition: Definition, known: Known, facts: Facts) -> dict[str, Section]:
    ethernet: Section = {
        "mac-address": definition.get("match", "macaddress"),
        "cloned-mac-address": definition.get("macaddress"),
        "mtu": definition.get("mtu"),
        "wake-on-lan": 64 if definition.get("wakeonlan") else None,
    }
    drivers, pattern = definition.get("match", "driver"), definition.get("match", "name")
    sections = {
        "match": {
            "driver": [drivers] if isinstance(drivers, str) else drivers,
            "interface-name": [pattern] if pattern and not definition.live_name else None,
        },
        "ethernet": ethernet,
        "sriov": {"total-vfs": definition.get("virtual-function-count")},
        "ethtool": {f"feature-{feature}": definition.get(key) for key, feature in OFFLOADS.items()},
    }
    if definition.kind == "bonds":
        sections["bond"] = _bond(definition, known)
    elif definition.kind == "bridges":
        sections["bridge"] = _bridge(definition)
    elif definition.kind == "vlans":
        sections["vlan"] = {"id": definition.get("id"), "parent": parent(known[definition.get("link")], facts)}
    return sections


def parent(lower: Definition, facts: Facts) -> str:
    """Return how a VLAN names what it sits on, by UUID or name; "" if nothing is known."""
    if lower.own:
        return connection_uuid(lower.id)
    return lower.get("uuid") or lower.name or next(iter(facts.taken(lower)), "")


def _bond(definition: Definition, known: Known) -> Section:
    given = definition.get("parameters") or {}
    found: Section = {name: given.get(key) for key, name in BOND.items()}
    found["mode"] = given.get("mode", "balance-rr")
    if given.get("all-slaves-active") is not None:
        found["all_slaves_active"] = int(given["all-slaves-active"])
    for key, name in BOND_TIMES.items():
        found[name] = milliseconds(given[key], "ms") if key in given else None
    targets = [entry.value for entry in definition.entries("parameters", "arp-ip-targets")]
    found["arp_ip_target"] = ",".join(targets) or None
    interval = given.get("learn-packet-interval")
    found["lp_interval"] = (milliseconds(interval, "s") or 0) // 1000 if interval else None
    found["primary"] = known[given["primary"]].name if "primary" in given else None
    return found


def _bridge(definition: Definition) -> Section:
    given = definition.get("parameters") or {}
    found: Section = {key: (milliseconds(given[key], "s") or 0) // 1000 for key in BRIDGE_TIMES if key in given}
    return {**found, "priority": given.get("priority"), "stp": given.get("stp")}


def _ip(definition: Definition, version: int) -> Section:
    addresses = [str(found) for _entry, found in definition.addresses if found.version == version]
    overrides = definition.get(f"dhcp{version}-overrides") or {}
    servers = [entry.value for entry in definition.entries("nameservers", "addresses")]
    how = method(definition, version)
    own = [server for server in servers if getattr(parsed(server), "version", 0) == version and how in WITH_ADDRESS]
    found: Section = {
        "method": how,
        **_numbered("address", addresses),
        "dns": own or None,
        "dns-search": [entry.value for entry in definition.entries("nameservers", "search")] if own else None,
        "ignore-auto-dns": True if overrides.get("use-dns") is False else None,
        "ignore-auto-routes": True if overrides.get("use-routes") is False else None,
        "never-default": True if overrides.get("use-routes") is False else None,
        "route-metric": overrides.get("route-metric"),
        "dhcp-hostname": overrides.get("hostname"),
        "dhcp-send-hostname": overrides.get("send-hostname"),
    }
    if version == 4:
        found["dhcp-client-id"] = "mac" if definition.get("dhcp-identifier") == "mac" else None
    else:
        token = definition.get("ipv6-address-token")
        found["token"] = token
        found["addr-gen-mode"] = "eui64" if token else definition.get("ipv6-address-generation")
        found["ip6-privacy"] = {True: 2, False: 0, None: None}[definition.get("ipv6-privacy")]
    if how in WITH_ADDRESS:
        for place, route in enumerate((one for one in routes(definition) if one.family == version), 1):
            found.update(_route(route, place))
        rules = [entry.value for entry in definition.entries("routing-policy")]
        found.update(_numbered("routing-rule", [_rule(rule) for rule in rules if rule_version(rule) == version]))
    return found


def method(definition: Definition, version: int) -> str:
    """Return NetworkManager's method of one family. Only those in WITH_ADDRESS may have servers, routes and rules."""
    local = definition.get("link-local")
    wanted = f"ipv{version}" in (["ipv6"] if local is None else local)
    if definition.get(f"dhcp{version}") or (version == 6 and definition.get("accept-ra")):
        return "auto"
    static = any(found.version == version for _entry, found in definition.addresses)
    return "manual" if static else "link-local" if wanted else "disabled"


def _numbered(name: str, values: Iterable[str]) -> Section:
    return {f"{name}{place}": value for place, value in enumerate(values, 1)}


def _route(route: Route, place: int) -> Section:
    given = route.given
    target = {4: "0.0.0.0/0", 6: "::/0"}[route.family] if given["to"] == DEFAULT else str(route.target)
    via, metric = given.get("via"), given.get("metric")
    words = [target, *([via] if via else []), *([str(metric)] if via and metric is not None else [])]
    words += ["::" if route.family == 6 else "0.0.0.0", str(metric)] if not via and metric is not None else []
    kind = given.get("type", "unicast")
    options: dict[str, Any] = {
        "table": given.get("table"),
        "type": None if kind == "unicast" else kind,
        "onlink": given.get("on-link"),
        "src": given.get("from"),
        "scope": SCOPES.get(given.get("scope", "")) if route.family == 4 else None,
        "mtu": given.get("mtu"),
        "initcwnd": given.get("congestion-window"),
        "initrwnd": given.get("advertised-receive-window"),
    }
    joined = ",".join(f"{key}={_value(value)}" for key, value in sorted(options.items()) if value is not None)
    found = {f"route{place}": ",".join(words)}
    return {**found, f"route{place}_options": joined} if joined else found


def rule_version(rule: Mapping[str, Any]) -> int:
    """Return the family of a rule."""
    network = parsed_network(rule.get("from", rule.get("to")))
    return network.version if network else 0


def _rule(rule: Mapping[str, Any]) -> str:
    words = [f"priority {rule['priority']}"]
    for word in ("from", "to"):
        network = parsed_network(rule.get(word))
        if network is not None:
            alone = network.network.prefixlen == network.max_prefixlen
            words.append(f"{word} {network.ip if alone else network}")
    shown: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("tos", "type-of-service", "{:#04x}".format),
        ("fwmark", "mark", hex),
        ("table", "table", str),
    )
    words += [f"{word} {write(rule[key])}" for word, key, write in shown if rule.get(key) is not None]
    return " ".join(words)
