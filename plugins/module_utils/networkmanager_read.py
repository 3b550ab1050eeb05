# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads NetworkManager's keyfiles into definitions in netplan's words, as far as rules ask for it.

Keyfiles do not merge: of several that take a NIC, the one with the highest autoconnect-priority is in force.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Mapping
from posixpath import basename, dirname
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts, conflict
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_routes import routes
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import Definition, Part
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import parsed
from ansible_collections.eks_anywhere.network.plugins.module_utils.networkmanager import (
    DIRECTORY,
    ENDING,
    KINDS,
    PREFIX,
    PRIORITY,
    SCOPES,
    WITH_ADDRESS,
    method,
    parent,
    rule_version,
)

DIRECTORIES = (
    DIRECTORY,
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
)
_KINDS = {kind: name for name, kind in KINDS.items()} | {"802-3-ethernet": "ethernets"}
_RULE = re.compile(r"(from|to) (\S+)|(priority|fwmark|tos|table) (0x[0-9a-fA-F]+|[0-9]+)")
_WORDS = {"fwmark": "mark", "tos": "type-of-service"}

NOWHERE = {
    **dict.fromkeys(("ipv6-mtu", "ignore-carrier", "neigh-suppress", "emit-lldp", "infiniband-mode", "link",
                     "embedded-switch-mode", "delay-virtual-functions-rebind", "optional-addresses")),
    "activation-mode": "off",
    "dhcp-identifier": "duid",
}  # fmt: skip
"""Keys that NetworkManager has nothing for, or only not for this value."""
OVERRIDES = ("use-dns", "use-routes", "route-metric", "hostname", "send-hostname")
ROUTE_TYPES = ("unicast", "blackhole", "local", "prohibit", "throw", "unreachable")


def reads(path: str) -> bool:
    """Say whether NetworkManager reads a file of this path."""
    return dirname(path) in DIRECTORIES and path.endswith(ENDING)


def is_own(path: str) -> bool:
    """Say whether a keyfile is one of ours."""
    return dirname(path) == DIRECTORY and basename(path).startswith(PREFIX)


def read(files: Mapping[str, str], report: Report) -> dict[str, Definition]:
    """Return the definitions in keyfiles, given as texts by path, by a name that is theirs alone.

    That of ours is the id they were written for, that of others the connection's. A file that cannot be read is
    noted; NetworkManager ignores it.
    """
    found: dict[str, Definition] = {}
    masters: list[tuple[str, str]] = []
    for path in sorted(files):
        where = f"existing[{path}]"
        sections = _parse(files[path], where, report)
        connection = sections.get("connection", {})
        kind = _KINDS.get(connection.get("type", ""))
        if kind is None:
            continue
        name = connection.get("id") or basename(path)[: -len(ENDING)]
        name = name[len(PREFIX) :] if is_own(path) else name
        found[name] = Definition(kind, name, (Part(where, _settings(kind, sections)),))
        if connection.get("master") or connection.get("controller"):
            masters.append((name, connection.get("master") or connection["controller"]))
    return _joined(found, masters)


def _joined(found: Mapping[str, Definition], masters: Iterable[tuple[str, str]]) -> dict[str, Definition]:
    """Write ports into their bond or bridge, and names of definitions in place of names and UUIDs of interfaces."""
    ids = {key: name for name, definition in found.items() for key in (definition.get("uuid"), definition.name) if key}
    ports: dict[str, list[str]] = {}
    for port, master in masters:
        ports.setdefault(ids.get(master, ""), []).append(port)
    joined = {}
    for name, definition in found.items():
        (part,) = definition.parts
        settings = dict(part.settings)
        if name in ports and definition.kind != "vlans":
            settings["interfaces"] = sorted(ports[name])
        if "link" in settings:
            settings["link"] = ids.get(settings["link"], settings["link"])
        joined[name] = Definition(definition.kind, name, (Part(part.path, settings),))
    return joined


class _Keyfile(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        """Keep a key as it is: they are case-sensitive."""
        return optionstr


def _parse(text: str, where: str, report: Report) -> dict[str, dict[str, str]]:
    parser = _Keyfile(delimiters=("=",), comment_prefixes=("#", ";"), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        report.warn(where, f"it is no keyfile: {' '.join(str(error).split())}", "NetworkManager ignores it")
        return {}
    aliases = {"802-3-ethernet": "ethernet"}
    return {aliases.get(name, name): dict(parser.items(name)) for name in parser.sections()}


def _settings(kind: str, sections: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    connection, ethernet = sections.get("connection", {}), sections.get("ethernet", {})
    name, mac = connection.get("interface-name"), ethernet.get("mac-address")
    settings: dict[str, Any] = {"uuid": connection.get("uuid"), "priority": _number(connection, "autoconnect-priority")}
    if kind == "ethernets":
        match = {"name": name, "macaddress": mac.lower() if mac else None}
        settings["match"] = {key: value for key, value in match.items() if value}
    else:
        settings["set-name"] = name
    settings["mtu"] = _number(ethernet, "mtu")
    settings["macaddress"] = ethernet.get("cloned-mac-address")
    if kind == "vlans":
        vlan = sections.get("vlan", {})
        settings["id"], settings["link"] = _number(vlan, "id"), vlan.get("parent")
    if kind in ("bonds", "bridges"):
        settings["parameters"] = dict(sections.get(KINDS[kind], {}))
    settings["addresses"], settings["routes"], settings["routing-policy"] = [], [], []
    for version in (4, 6):
        ip = sections.get(f"ipv{version}", {})
        settings[f"dhcp{version}"] = ip.get("method") in ("auto", "dhcp") or None
        if ip.get("ignore-auto-routes") == "true" or ip.get("never-default") == "true":
            settings[f"dhcp{version}-overrides"] = {"use-routes": False}
        _read_ip(ip, version, settings)
    return {key: value for key, value in settings.items() if value not in (None, [], {}) or key == "match"}


def _number(section: Mapping[str, str], key: str) -> int | None:
    text = section.get(key, "")
    return int(text) if text.lstrip("-").isdigit() else None


def _read_ip(ip: Mapping[str, str], version: int, settings: dict[str, Any]) -> None:
    gateways = [ip["gateway"]] if ip.get("gateway") else []
    for key, value in ip.items():
        words = [word.strip() for word in value.replace(";", ",").split(",")]
        if re.fullmatch(r"address(es)?\d*", key):
            settings["addresses"].append(words[0])
            gateways += words[1:2]
        elif re.fullmatch(r"route(s)?\d*", key):
            settings["routes"].append(_route(words, ip.get(f"{key}_options", ""), ip.get("route-table", "")))
        elif re.fullmatch(r"routing-rule\d+", key):
            settings["routing-policy"].append(_rule(value))
    every = "::/0" if version == 6 else "0.0.0.0/0"
    settings["routes"] += [{"to": every, "via": gateway} for gateway in dict.fromkeys(filter(None, gateways))]


def _route(words: list[str], options: str, table: str) -> dict[str, Any]:
    given = dict(option.strip().partition("=")[::2] for option in options.split(","))
    found: dict[str, Any] = {"to": words[0]}
    if len(words) > 1 and words[1] not in ("", "0.0.0.0", "::"):
        found["via"] = words[1]
    if len(words) > 2 and words[2].isdigit():
        found["metric"] = int(words[2])
    table = given.get("table", table)
    if table.isdigit() and table != "0":
        found["table"] = int(table)
    if given.get("type"):
        found["type"] = given["type"]
    scope = next((word for word, number in SCOPES.items() if given.get("scope") == str(number)), None)
    return {**found, "scope": scope} if scope else found


def _rule(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for selector, network, word, number in _RULE.findall(text):
        if selector:
            found[selector] = network
        else:
            found[_WORDS.get(word, word)] = int(number, 0)
    return found


def settle(others: Mapping[str, Definition], own: Mapping[str, Definition], facts: Facts) -> dict[str, Definition]:
    """Return the definitions in force: ours, and those of others that take no NIC of ours."""
    kept = {
        name: other for name, other in others.items() if not any(conflict(mine, other, facts) for mine in own.values())
    }
    return {**{name: definition for name, definition in kept.items() if name not in own}, **own}


def check_taken(others: Mapping[str, Definition], own: Mapping[str, Definition], facts: Facts, report: Report) -> None:
    """Say which keyfile of somebody else ours takes the NIC from, and refuse one that would win."""
    for mine in own.values():
        for other in others.values():
            if conflict(mine, other, facts):
                _note_taken(mine, other, report)
            elif mine.id == other.id:
                report.error(mine.path, f"a connection has that name already: {other.path}", "Give another name")


def _note_taken(mine: Definition, other: Definition, report: Report) -> None:
    if (other.get("priority") or 0) >= PRIORITY:
        message = f"{other.path} takes the NIC with autoconnect-priority {other.get('priority')}"
        report.error(mine.path, message, f"Lower it below {PRIORITY}, or remove the file")
    else:
        report.warn(mine.path, f"it takes the NIC from {other.path}", "Give everything that the NIC needs here")


def check_support(after: Mapping[str, Definition], facts: Facts, report: Report) -> None:
    """Note what NetworkManager has nothing for."""
    for definition in after.values():
        if not definition.own:
            continue
        for key, value in NOWHERE.items():
            given = definition.get(key)
            if key == "link" and definition.virtual:
                continue
            if given not in (None, [], {}) and value in (None, given):
                _nowhere(definition.where(key), report)
        for key in ("dhcp4-overrides", "dhcp6-overrides"):
            for name in definition.get(key) or {}:
                if name not in OVERRIDES:
                    _nowhere(f"{definition.where(key)}.{name}", report)
        for entry in definition.entries("routes"):
            if entry.value.get("type", "unicast") not in ROUTE_TYPES:
                _nowhere(f"{entry.path}.type", report)
        for entry in definition.entries("addresses"):
            if isinstance(entry.value, Mapping) and next(iter(entry.value.values())):
                _nowhere(entry.path, report)
        by_name = not definition.virtual and not definition.get("match", "macaddress")
        if by_name and definition.get("set-name") not in (None, definition.live_name):
            message = "NetworkManager gives no names, and udev only by MAC address"
            report.error(definition.where("set-name"), message, "Give match.macaddress")
        _check_families(definition, report)
        _check_below(definition, after, facts, report)


def _check_families(definition: Definition, report: Report) -> None:
    """Note servers, routes and rules of a family in which the interface gets no address."""
    servers = list(definition.entries("nameservers", "addresses"))
    found = [(entry.path, getattr(parsed(entry.value), "version", 0)) for entry in servers]
    found += [(route.entry.path, route.family) for route in routes(definition)]
    found += [(entry.path, rule_version(entry.value)) for entry in definition.entries("routing-policy")]
    for path, version in found:
        if version and method(definition, version) not in WITH_ADDRESS:
            message = f"NetworkManager takes it only where the interface has an IPv{version} address"
            report.error(path, message, f"Give an address or dhcp{version}, or take it away")


def _check_below(definition: Definition, after: Mapping[str, Definition], facts: Facts, report: Report) -> None:
    for port in definition.ports:
        lower = after.get(port.value)
        if lower is not None and not lower.own:
            message = f"its keyfile is not ours, {lower.path}, and says nothing of {definition.id}"
            report.error(port.path, message, "Define it below ethernets, too")
    lower = after.get(definition.get("link") or "")
    if definition.kind == "vlans" and lower is not None and not parent(lower, facts):
        message = f"nothing says what {lower.id} is called"
        report.error(definition.where("link"), message, "Give the facts of the node, or define the NIC here")


def _nowhere(path: str, report: Report) -> None:
    report.error(path, "NetworkManager has nothing for it", "Remove it, or use backend netplan")
