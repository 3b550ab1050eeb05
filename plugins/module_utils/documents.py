# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML in and out, with the fast C parser where it is there."""

from __future__ import annotations

from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing, NetworkError, Problem

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True


def load_all(text: str | bytes, source: str) -> list[Any]:
    """Return all YAML documents in ``text`` that are not empty. ``source`` names the text in errors."""
    if not HAS_YAML:
        raise LibraryMissing("PyYAML")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [document for document in yaml.load_all(text, Loader=loader) if document is not None]
    except yaml.YAMLError as error:
        raise NetworkError(Problem(source, f"it is not YAML: {' '.join(str(error).split())}")) from error


def load_map(text: str | bytes, source: str) -> dict[str, Any]:
    """Return the one mapping in ``text``, {} when it is empty."""
    found = load_all(text, source)
    if not found:
        return {}
    if len(found) > 1 or not isinstance(found[0], dict):
        raise NetworkError(Problem(source, "it must hold one mapping"))
    return found[0]


def dump(data: Any) -> str:
    """Return readable YAML: block style, sorted keys, no line folding; "" for nothing."""
    if not HAS_YAML:
        raise LibraryMissing("PyYAML")
    if not data:
        return ""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(data, Dumper=dumper, default_flow_style=False, allow_unicode=True, width=10_000)
