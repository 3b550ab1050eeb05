# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One CNI network configuration, a single plugin or a list: read, checked, and compared by what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import Pool
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    OBJECT,
    Field,
    Report,
    check_fields,
    choose,
    got,
    nearest,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_ipam import (
    DHCP,
    FIELDS,
    HOST_LOCAL,
    STATIC,
    STORE,
    WHEREABOUTS,
    Context,
    check_ipam,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_plugins import (
    ENTRY,
    LIST,
    MAIN,
    META,
    NETWORK,
    PLUGINS,
    VERSIONS,
    Plugin,
    number,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_rules import REFUSED, check_plugin

Config = Mapping[str, Any]

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]*")
IPV6_MTU = 1280


@dataclass(frozen=True)
class Entry:
    """One plugin of a network and where it stands."""

    path: str
    given: Config

    @property
    def type(self) -> str:
        """Return the plugin's name."""
        return str(self.given.get("type"))

    @property
    def ipam(self) -> Config:
        """Return its IPAM section, {} when it has none."""
        given = self.given.get("ipam")
        return given if isinstance(given, Mapping) else {}

    @property
    def ipam_type(self) -> str:
        """Return the name of its IPAM plugin, "" when it has none."""
        return str(self.ipam.get("type") or "")


@dataclass(frozen=True)
class NetConf:
    """What a configuration says: CNI version, name of the network, plugins in order, pools of addresses."""

    version: str
    name: str
    entries: tuple[Entry, ...]
    pools: tuple[Pool, ...]

    @property
    def main(self) -> Entry:
        """Return the plugin that makes the interface."""
        return self.entries[0]

    @property
    def store(self) -> tuple[str, str, str]:
        """Return what keeps two pools of one store from giving out the same address; "" when nothing does."""
        ipam = self.main.ipam
        if self.main.ipam_type == HOST_LOCAL:
            return HOST_LOCAL, self.name, str(ipam.get("dataDir") or STORE)
        if self.main.ipam_type == WHEREABOUTS and ipam.get("enable_overlapping_ranges") is not False:
            return WHEREABOUTS, str(ipam.get("network_name") or ""), ""
        return "", "", ""


def read(config: Any, path: str, report: Report) -> Config | None:
    """Return a configuration given as a mapping or as JSON, None after noting why it is neither."""
    if isinstance(config, Mapping):
        return config
    if not isinstance(config, str):
        report.error(path, f"it must be a mapping or JSON {got(path, config)}", "Give a CNI configuration")
        return None
    try:
        found = json.loads(config, object_pairs_hook=_pairs, parse_constant=_constant)
    except ValueError as error:
        report.error(path, f"it is not JSON: {error}", "Correct it, or give a mapping")
        return None
    if not isinstance(found, dict):
        report.error(path, f"it must be a mapping {got(path, found)}", "Give a CNI configuration")
        return None
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)} stands there twice")
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no value of JSON")


def text(config: Config) -> str:
    """Return a configuration as it is written: JSON in the caller's order."""
    return json.dumps(config, indent=2, ensure_ascii=False)


def meaning(config: Any) -> str:
    """Return what two configurations share exactly when they mean the same; order of keys and spaces are nothing."""
    return json.dumps(config, sort_keys=True)


def live(config: str) -> Any:
    """Return what a live configuration holds, the text itself when that is not JSON."""
    try:
        return json.loads(config)
    except ValueError:
        return config


def check_config(config: Config, path: str, name: str, has_resource: bool, report: Report) -> NetConf | None:
    """Check a whole configuration. ``name`` is the network's name where it gives none, as for Multus.

    Returns None when it cannot be understood well enough for the rules that compare networks.
    """
    single = bool(config.get("type"))
    if single and config.get("plugins"):
        report.error(f"{path}.plugins", "it is ignored beside type", "Give a single plugin or a list of plugins")
        return None
    if not single and config.get("plugins") is None:
        report.error(f"{path}.type", "a configuration needs it", "Give type, or plugins")
        return None
    version = _version(config, path, report)
    given_name = config.get("name")
    if isinstance(given_name, str) and not NAME.fullmatch(given_name):
        hint = "Start with a letter or digit; go on with these, _, . and -"
        report.error(f"{path}.name", f"CNI takes no such name {got(path, given_name)}", hint)
    if single:
        entries = (Entry(path, config),)
        sound = True
    else:
        sound = check_fields({key: config[key] for key in config if key != "type"}, LIST, path, "a list", report)
        if not sound:
            return None
        entries = tuple(Entry(f"{path}.plugins[{place}]", entry) for place, entry in enumerate(config["plugins"]))
        if not entries:
            report.error(f"{path}.plugins", "the list is empty", "Give the plugins in their order")
            return None
    pools: list[Pool] = []
    for entry in entries:
        found = _check_entry(entry, single, version, has_resource, report)
        sound &= found is not None
        pools += found or []
    if not sound:
        return None
    _check_chain(entries, version, report)
    return NetConf(version, given_name or name, entries, tuple(pools))


def _version(config: Config, path: str, report: Report) -> str:
    """Return the CNI version to judge by: the newest after noting that the given one is wrong."""
    given = config.get("cniVersion")
    if given is None:
        report.warn(f"{path}.cniVersion", f"without it {VERSIONS[0]} counts", 'Give one, as "0.3.1"')
        return VERSIONS[0]
    if given in VERSIONS:
        return str(given)
    if isinstance(given, str):
        hint = f"Use one of: {', '.join(VERSIONS)}"
        report.error(f"{path}.cniVersion", f"there is no such CNI version {got(path, given)}", hint)
    return VERSIONS[-1]


def _check_entry(entry: Entry, single: bool, version: str, has_resource: bool, report: Report) -> list[Pool] | None:
    """Check one plugin and return its pools, None when its fields are not of their kinds."""
    given, path = entry.given, entry.path
    if not isinstance(given.get("type"), str):
        check_fields({"type": given.get("type")}, {"type": ENTRY["type"]}, path, "a plugin", report)
        return None
    if entry.type.startswith(REFUSED):
        message = f"it belongs to the cluster network and cannot be a further one {got(path, entry.type)}"
        report.error(f"{path}.type", message, f"Use one of: {', '.join(MAIN)}")
        return None
    if not single:
        for field in NETWORK:
            if given.get(field) is not None:
                report.warn(f"{path}.{field}", "that of the list counts", "Move it to the list, or remove it")
    plugin = PLUGINS.get(entry.type)
    pools = _check_ipam(entry, version, report)
    if plugin is None:
        _unknown(entry.type, f"{path}.type", PLUGINS, report)
        common = {**NETWORK, **ENTRY, "ipam": Field(OBJECT)}
        known = {key: given[key] for key in common.keys() & given.keys()}
        return pools if check_fields(known, common, path, "a plugin", report) else None
    table = {**NETWORK, **ENTRY, **plugin.fields, **({} if plugin.ipam == "none" else {"ipam": Field(OBJECT)})}
    if not check_fields(given, table, path, entry.type, report):
        return None
    _check_place(entry, plugin, version, report)
    mtu = given.get("mtu") or 0
    if 0 < mtu < IPV6_MTU and any(pool.family == 6 for pool in pools):
        report.error(f"{path}.mtu", f"IPv6 needs at least {IPV6_MTU} {got(path, mtu)}", f"Give {IPV6_MTU} or more")
    check_plugin(given, path, has_resource, report)
    return pools


def _check_place(entry: Entry, plugin: Plugin, version: str, report: Report) -> None:
    """Check what a plugin wants of the network around it."""
    if number(version) < number(plugin.since):
        hint = f"Use cniVersion {plugin.since} or newer"
        report.error(f"{entry.path}.type", f"{entry.type} does not speak CNI {version}", hint)
    if plugin.ipam == "required" and not entry.ipam:
        hint = f"Give ipam with type {HOST_LOCAL}, {STATIC}, {DHCP} or {WHEREABOUTS}"
        report.error(f"{entry.path}.ipam", f"{entry.type} needs it", hint)
    if entry.type in ("ipvlan", "macvlan") and not entry.given.get("master"):
        message = "without it the interface of the node's default route is taken"
        report.warn(f"{entry.path}.master", message, "Name the interface")


def _check_ipam(entry: Entry, version: str, report: Report) -> list[Pool]:
    """Check the IPAM section and return its pools."""
    path = f"{entry.path}.ipam"
    if not entry.ipam:
        return []
    if not isinstance(entry.ipam.get("type"), str) or not entry.ipam_type:
        report.error(f"{path}.type", "it must name an IPAM plugin", f"Use one of: {', '.join(FIELDS)}")
        return []
    if entry.ipam_type not in FIELDS:
        _unknown(entry.ipam_type, f"{path}.type", FIELDS, report)
        return []
    if entry.ipam_type == DHCP:
        message = "a default route that the DHCP server gives takes the pods' traffic away from their first interface"
        report.warn(f"{path}.type", message, "Look at what the server gives to these pods")
    capabilities = entry.given.get("capabilities")
    context = Context(version, capabilities if isinstance(capabilities, Mapping) else {})
    return check_ipam(entry.ipam, path, context, report)


def _unknown(kind: str, path: str, known: Mapping[str, Any], report: Report) -> None:
    """Note a plugin that is not known here: misspelt, or one that cannot be checked."""
    if nearest(kind, known, 0.8):
        report.error(path, f"there is no such plugin {got(path, kind)}", choose(kind, known))
    else:
        report.warn(path, f"its configuration is not checked {got(path, kind)}", "See the plugin's documentation")


def _check_chain(entries: tuple[Entry, ...], version: str, report: Report) -> None:
    """Check the order of plugins: one that makes the interface comes first, then those that change it."""
    first, *rest = entries
    if first.type in META:
        message = f"{first.type} changes what another plugin made, and none is before it"
        report.error(f"{first.path}.type", message, f"Begin a list with one of: {', '.join(MAIN)}")
    for entry in rest:
        if entry.type in MAIN:
            message = f"the interface was made before it {got(entry.path, entry.type)}"
            report.error(f"{entry.path}.type", message, f"Go on with: {', '.join(META)}")
        if entry.type == "bandwidth" and first.type in MAIN and first.type not in ("bridge", "ptp"):
            message = f"bandwidth limits veth interfaces, and {first.type} makes another kind"
            report.error(f"{entry.path}.type", message, "Remove it, or use bridge or ptp")
