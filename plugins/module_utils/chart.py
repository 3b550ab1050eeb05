# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Helm chart as files: its version, its default values, and every value key it knows."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem

MAX_FILE = 4 * 1024 * 1024

_PATH = r"\.Values((?:\.\w+)+)"
_REFERENCE = re.compile(_PATH)
_HAS_KEY = re.compile(r"hasKey\s+\.Values((?:\.\w+)*)\s+\"(\w+)\"")
_OPEN = re.compile(
    rf"to(?:Yaml|Json|PrettyJson)\s+\(?{_PATH}|{_PATH}\s*\|\s*to(?:Yaml|Json|PrettyJson)"
    rf"|range\s+\$\w+\s*,\s*\$\w+\s*:=\s*{_PATH}"
)
_WITH_OPEN = re.compile(rf"with\s+{_PATH}\s*-?}}}}(?:[^\n]*\n){{0,4}}?[^\n]*toYaml\s+\.[\s|)]")
_ALIAS_LINE = re.compile(r"(?::=|\bwith\b|\brange\b|\binclude\b).*\.Values\.")
_BUILTIN = re.compile(r"\$?\.(?:Values|Chart|Release|Capabilities|Files|Template)(?:\.\w+)*")
_RELATIVE = re.compile(r"(?:\.|\")(\w+)")
_API_VERSION = re.compile(r"\.APIVersions\.Has\s+\"([^\"]+)\"")
_FREE_FORM = re.compile(r"(?:[aA]nnotations|[lL]abels|[nN]odeSelector|^extraConfig|^resources)$")


@dataclass
class Key:
    """One value key a chart knows. ``open``: below it anything may stand. ``scalar``: nothing may stand below it."""

    children: dict[str, Key] = field(default_factory=dict)
    open: bool = False
    scalar: bool = False
    boolean: bool = False
    relative: bool = False

    def child(self, name: str) -> Key:
        """Return the key below, made when it is new."""
        return self.children.setdefault(name, Key())

    def walk(self, prefix: str = "") -> Iterator[str]:
        """Return the dotted path of every key below, parents before children."""
        for name, key in self.children.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from key.walk(path)


@dataclass(frozen=True)
class Chart:
    """A chart that was read. ``path`` is the archive or directory Helm is given, ``relative_names`` are field names
    the templates read from something they first gave another name."""

    ref: str
    path: str
    name: str
    version: str
    app_version: str
    values: Mapping[str, Any] = field(repr=False)
    keys: Key = field(repr=False)
    relative_names: frozenset[str] = field(default=frozenset(), repr=False)
    api_versions: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name the chart as messages do."""
        return f"{self.name} {self.version}"


def read_chart(ref: str, path: str) -> Chart:
    """Read a packaged chart (.tgz) or a chart directory. ``ref`` is what the user called it."""
    files = _directory(path) if os.path.isdir(path) else _archive(ref, path)
    about = documents.load_map(files.get("Chart.yaml", ""), f"{ref}: Chart.yaml")
    if not about.get("name") or not about.get("version"):
        raise NetworkError(
            Problem("chart_ref", f"it is not a Helm chart: no name and version in Chart.yaml (got {ref})")
        )
    values = documents.load_map(files.get("values.yaml", ""), f"{ref}: values.yaml")
    sources = [
        text.decode("utf-8", "replace") for name, text in files.items() if name.startswith(("templates/", "files/"))
    ]
    templates = "\n".join(text for text in sources if ".Values" in text)
    return Chart(
        ref=ref,
        path=path,
        name=str(about["name"]),
        version=str(about["version"]),
        app_version=str(about.get("appVersion", "")),
        values=values,
        keys=known_keys(values, _schema(ref, files), templates),
        relative_names=frozenset(_RELATIVE.findall(_BUILTIN.sub("", templates))),
        api_versions=tuple(sorted(set(_API_VERSION.findall(templates)))),
    )


def known_keys(values: Mapping[str, Any], schema: Mapping[str, Any], templates: str) -> Key:
    """Return every key the chart knows: from its default values, its schema, and what its templates read.

    All three are needed: Cilium's chart reads keys (kubeProxyReplacement, devices, loadBalancer.mode ...) that have
    no default, and its schema does not name them either.
    """
    root = Key()
    _from_defaults(root, values)
    _from_schema(root, schema)
    for path in _REFERENCE.findall(templates):
        _at(root, path)
    for path, name in _HAS_KEY.findall(templates):
        _at(root, f"{path}.{name}")
    for match in (*_OPEN.finditer(templates), *_WITH_OPEN.finditer(templates)):
        _at(root, next(group for group in match.groups() if group)).open = True
    for line in templates.splitlines():
        if ".Values." in line and _ALIAS_LINE.search(line):
            for path in _REFERENCE.findall(line):
                _at(root, path).relative = True
    return root


def _at(root: Key, path: str) -> Key:
    key = root
    for name in path.strip(".").split("."):
        key = key.child(name)
    return key


def _from_defaults(key: Key, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        child = key.child(str(name))
        if isinstance(value, Mapping) and value:
            child.open = bool(_FREE_FORM.search(str(name)))
            _from_defaults(child, value)
        else:
            child.open = value is None or value in ({}, "")
            child.boolean = isinstance(value, bool)
            child.scalar = isinstance(value, (bool, int, float)) or (isinstance(value, str) and value != "")


def _from_schema(key: Key, schema: Mapping[str, Any]) -> None:
    for name, rule in (schema.get("properties") or {}).items():
        if not isinstance(rule, Mapping):
            continue
        child = key.child(name)
        types = rule.get("type", [])
        types = {types} if isinstance(types, str) else set(types)
        if types and types <= {"boolean", "null"}:
            child.boolean = True
        if "object" in types and not rule.get("properties"):
            child.open = True
        _from_schema(child, rule)


def _schema(ref: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        found = json.loads(files.get("values.schema.json", b"{}"))
    except ValueError as error:
        raise NetworkError(Problem("chart_ref", f"its values.schema.json is not JSON: {error} (got {ref})")) from error
    return found if isinstance(found, dict) else {}


def _wanted(name: str, size: int) -> bool:
    top = name.split("/", 1)[0]
    return size <= MAX_FILE and (
        name in ("Chart.yaml", "values.yaml", "values.schema.json") or top in ("templates", "files")
    )


def _archive(ref: str, path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                name = member.name.removeprefix("./").partition("/")[2]
                source = archive.extractfile(member) if member.isfile() and _wanted(name, member.size) else None
                if source:
                    files[name] = source.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        reason = str(error).partition(":\n")[0]
        raise NetworkError(
            Problem("chart_ref", f"the packaged chart cannot be read: {reason} (got {ref})", "Give a chart's .tgz")
        ) from error
    return files


def _directory(path: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for folder, _folders, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            relative = os.path.relpath(full, path)
            if _wanted(relative, os.path.getsize(full)):
                with open(full, "rb") as source:
                    files[relative] = source.read()
    return files
