# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI plugins and CNI configuration of a node.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.node_programs import run

WORKERS = 8
EXTENSIONS = (".conf", ".conflist", ".json")
BACKUP = ".cilium_bak"
"""Cilium with ``cni.exclusive`` renames the configuration of others to this, and never back."""


def binaries(folder: Path, timeout: float) -> tuple[dict[str, list[str]] | None, dict[str, str]]:
    """Ask every file of ``folder`` for the CNI versions that it knows.

    Returns ({name: versions, [] where it did not answer}, {name: why it did not answer}). Hidden files are left out:
    installers put their unfinished ones there under such names. A folder that is not there holds no binaries; of one
    that cannot be read nothing is known (None, and an error under its own path).
    """
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        return ({}, {}) if isinstance(error, FileNotFoundError) else (None, {str(folder): _reason(error)})
    with ThreadPoolExecutor(WORKERS) as workers:
        answers = list(workers.map(lambda name: (name, _probe(folder / name, timeout)), names))
    known: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    for name, answer in answers:
        if isinstance(answer, str):
            errors[name] = answer
        if answer is not None:
            known[name] = [] if isinstance(answer, str) else answer
    return known, errors


def _probe(path: Path, timeout: float) -> list[str] | str | None:
    """The versions, or why there are none; None for a directory."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _reason(error)
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode) or not os.access(path, os.X_OK):
        return "not executable"
    asked = run([str(path)], timeout, json.dumps({"cniVersion": "0.3.1"}), {"CNI_COMMAND": "VERSION"})
    return asked.error or versions(asked.output)


def versions(printed: str) -> list[str] | str:
    """Return the versions in a plugin's answer, or what is wrong with it."""
    try:
        answer = json.loads(printed)
        listed = answer["supportedVersions"]
    except (ValueError, KeyError, TypeError):
        return "the answer is not that of a CNI plugin"
    if not isinstance(listed, list) or not all(isinstance(version, str) for version in listed):
        return "the answer is not that of a CNI plugin"
    return listed


def configuration(folder: Path) -> dict[str, Any]:
    """Return the CNI configuration files of ``folder`` in the order in which the container runtime takes them.

    ``wins`` is the file that it loads: the first one. A broken first file makes containerd load none at all
    (source: containerd/go-cni, opts.go), so then nothing wins.
    """
    found: dict[str, Any] = {"directory": str(folder), "state": "present", "files": [], "wins": None, "cilium_bak": []}
    try:
        names = sorted(os.listdir(folder), key=os.fsencode)
    except OSError as error:
        found["state"] = "absent" if isinstance(error, FileNotFoundError) else "unreadable"
        return found
    for name in names:
        path = folder / name
        if name.endswith(BACKUP):
            found["cilium_bak"].append(name)
        elif path.suffix in EXTENSIONS and not (path.is_dir() and not path.is_symlink()):
            found["files"].append(_file(path))
    first = next(iter(found["files"]), None)
    found["wins"] = first["file"] if first and first["error"] is None else None
    return found


def _file(path: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {"file": path.name, "readable": True, **describe(path.suffix, "")}
    try:
        if not path.is_file():
            return {**entry, "error": "not a file"}
        return {**entry, **describe(path.suffix, path.read_text(errors="replace"))}
    except PermissionError:
        return {**entry, "readable": False, "error": None}
    except OSError as error:
        return {**entry, "error": _reason(error)}


def describe(suffix: str, text: str) -> dict[str, Any]:
    """Return name, type, plugins, cni_version and cluster_network of one configuration file, and what is wrong with it.

    The rules are those by which the container runtime loads it (source: containernetworking/cni, libcni/conf.go).
    """
    empty = dict.fromkeys(("name", "type", "cni_version", "cluster_network", "error"))
    try:
        config = json.loads(text)
    except ValueError:
        return {**empty, "plugins": [], "error": "not JSON"}
    if not isinstance(config, dict):
        return {**empty, "plugins": [], "error": "not a JSON object"}
    types = list(_types(config, suffix))
    return {
        "name": config.get("name"),
        "type": types[0] if types else None,
        "plugins": types,
        "cni_version": config.get("cniVersion"),
        "cluster_network": config.get("clusterNetwork"),
        "error": _fault(config, suffix, types),
    }


def _types(config: Mapping[str, Any], suffix: str) -> Iterator[Any]:
    plugins = config.get("plugins") if suffix == ".conflist" else [config]
    for plugin in plugins if isinstance(plugins, list) else []:
        yield plugin.get("type") if isinstance(plugin, dict) else None


def _fault(config: Mapping[str, Any], suffix: str, types: list[Any]) -> str | None:
    if suffix == ".conflist" and not isinstance(config.get("name"), str):
        return "no name"
    if not types:
        return "no plugins"
    return None if all(isinstance(one, str) and one for one in types) else "a plugin without type"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
