# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netplan's files: which of them it reads and in which order, what they say, and the files we write beside them.

Files that are on the host already are YAML, and Python's standard library has no parser for it. The distribution does:
``netplan`` itself is a Python program that imports PyYAML, so every node with netplan has python3-yaml
(Depends of netplan.io in Debian 12). That, and only that, is imported here when such a file is read; what we write is
written without it. All scalars are taken as text, as netplan takes them: YAML 1.1 would make numbers of MAC addresses.
Runs on nodes: standard library of Python 3.9 otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import permutations
from posixpath import basename, dirname
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import (
    Definition,
    definitions,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import KINDS, OTHERS, read_config

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

DIRECTORIES = ("/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan")
"""A file of an earlier one hides the file of that name in those that follow."""
FILE = "/etc/netplan/zz-eks-anywhere.yaml"
"""Ours. It sorts behind EKS Anywhere's config.yaml: before it, a definition without match cuts the host off."""
NOTICE = "# Written by the collection eks_anywhere.network. What is changed here is lost.\n"

NETWORKD = "/etc/systemd/networkd.conf.d/50-eks-anywhere.conf"
NETWORKD_TEXT = NOTICE + "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n"
"""Without it networkd removes Cilium's rules when it starts, and the rule that looks up local addresses with them."""
UNMANAGED = "/etc/systemd/network/05-eks-anywhere-cni.network"
UNMANAGED_TEXT = NOTICE + "[Match]\nName=cilium_* lxc*\n\n[Link]\nUnmanaged=yes\n"
"""It sorts before what netplan generates (10-netplan-*), so that no wide match of a file takes these interfaces."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+(\.[0-9]+){3}(/[0-9]+)?")
_WORDS = {"true", "yes", "on", "y", "false", "no", "off", "n", "null"}


def reads(path: str) -> bool:
    """Say whether netplan reads a file of this path."""
    return dirname(path) in DIRECTORIES and path.endswith(".yaml")


def in_order(paths: Iterable[str]) -> list[str]:
    """Return the paths that netplan reads in its order: by name, whatever the directory."""
    found: dict[str, str] = {}
    for path in sorted((path for path in paths if reads(path)), key=lambda path: DIRECTORIES.index(dirname(path))):
        found.setdefault(basename(path), path)
    return [found[name] for name in sorted(found)]


def load(text: Any, path: str, report: Report) -> Mapping[str, Any]:
    """Return what stands under ``network:`` in a file, given as text or as what it says; {} where it is no netplan."""
    document = text
    if isinstance(text, str):
        if not HAS_YAML:
            raise LibraryMissing("PyYAML")
        try:
            document = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        except yaml.YAMLError as error:
            hint = "Correct or remove it: netplan writes nothing at all while one file is wrong"
            report.error(path, f"it is not YAML: {' '.join(str(error).split())}", hint)
            return {}
    if document is None or document == "":
        return {}
    found = document.get("network") if isinstance(document, Mapping) else None
    if isinstance(found, Mapping):
        return found
    hint = "Correct or remove it: netplan writes nothing at all while one file is wrong"
    report.error(path, "it has no mapping network", hint)
    return {}


def read(given: Mapping[str, Any], path: str) -> list[Definition]:
    """Return what a file of somebody else defines, as far as it is known here."""
    settings = read_config(given, path, Report())
    found = definitions({kind: settings.get(kind) for kind in KINDS}, path)
    foreign = {kind: {str(name): {} for name in _names(given.get(kind))} for kind in OTHERS if kind != "openvswitch"}
    return found + definitions(foreign, path)


def _names(devices: Any) -> list[Any]:
    return [name for name in devices if name != "renderer"] if isinstance(devices, Mapping) else []


def render(settings: Mapping[str, Any]) -> str:
    """Return our file: what others sit on first, the rest in the order in which it was given.

    Where netplan meets a name that is defined further down it reads the file again, and 0.106 then writes each rule of
    routing-policy twice.
    """
    given = {kind: settings[kind] for kind in KINDS if settings.get(kind)}
    order = min(permutations(given), key=lambda kinds: _unknown_yet(given, kinds))
    network: dict[str, Any] = {"version": 2, **{kind: _inside(given[kind]) for kind in order}}
    return NOTICE + "\n".join(_lines({"network": network}, "")) + "\n"


def _names_in(device: Mapping[str, Any]) -> list[str]:
    return [*device.get("interfaces", ()), *([device["link"]] if "link" in device else ())]


def _unknown_yet(given: Mapping[str, Any], kinds: Iterable[str]) -> int:
    """Return how many names are used before the kind that defines them."""
    seen: set[str] = set()
    every = {name for devices in given.values() for name in devices}
    count = 0
    for kind in kinds:
        seen |= set(given[kind])
        count += sum(name in every - seen for device in given[kind].values() for name in _names_in(device))
    return count


def _inside(devices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the devices of one kind, each after those it names."""
    found: dict[str, Any] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        for lower in _names_in(devices[name]):
            if lower in devices and lower not in above:
                add(lower, (*above, name))
        found.setdefault(name, devices[name])

    for name in devices:
        add(name, (name,))
    return found


def _lines(value: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            lines += [f"{indent}{_scalar(key)}:", *_lines(inner, indent + "  ")]
        elif isinstance(inner, list) and inner:
            lines += [f"{indent}{_scalar(key)}:", *(line for entry in inner for line in _item(entry, indent))]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(inner)}")
    return lines


def _item(entry: Any, indent: str) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"{indent}- {_scalar(entry)}"]
    first, *rest = _lines(entry, indent + "  ")
    return [f"{indent}- {first[len(indent) + 2 :]}", *rest]


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)
