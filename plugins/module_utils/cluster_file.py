# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module cluster_spec: read, change, write. Secrets in Helm values are in no diff."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import atomic_file
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Spec, Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import HIDDEN, flatten, secrets


def load(path: str, option: str = "src") -> str:
    """Return the text of a file, its line ends as they are. Raises NetworkError."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError as error:
        raise NetworkError(Problem(option, f"there is no file {path}", "Correct the path")) from error
    except (OSError, UnicodeDecodeError) as error:
        raise NetworkError(Problem(option, f"{path} cannot be read: {error}", "Check what it is")) from error


def run(src: str, dest: str, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    """Change the text of ``src`` and write it to ``dest``, which may be the same. Raises NetworkError.

    The result's ``warnings`` are texts.
    """
    spec = Spec(load(src), src)
    old_values = spec.helm_values
    warnings = spec.change(wanted)
    path = Path(dest)
    # In check mode an earlier task would have made the directory.
    if not path.parent.is_dir() and not check_mode:
        raise NetworkError(Problem("dest", f"there is no directory {path.parent}", "Make it first"))
    before = load(dest, "dest") if path.exists() else None
    changed = before != spec.text
    if changed and not check_mode:
        mode = stat.S_IMODE(Path(src if before is None else dest).stat().st_mode)
        try:
            atomic_file.replace(path, spec.text.encode(), mode)
        except OSError as error:
            message = f"{dest} cannot be written: {error.strerror}"
            raise NetworkError(Problem("dest", message, "Check its permissions")) from error
    kept = _secret_texts(old_values) | _secret_texts(spec.helm_values)
    return {
        "changed": changed,
        "cluster_name": spec.name,
        "groups": [group.as_dict() for group in spec.groups],
        "diff": {
            "before": _shown(before or "", kept),
            "after": _shown(spec.text, kept),
            "before_header": dest,
            "after_header": dest,
        },
        "warnings": list(warnings),
    }


def _secret_texts(values: Mapping[str, Any]) -> set[str]:
    """Return every line of every text or list in ``helmValues`` that holds a secret."""
    flat = flatten(values)
    return {line.strip() for path in secrets(values) for line in _lines(flat[path])}


def _lines(value: Any) -> list[str]:
    if isinstance(value, list):
        return [line for entry in value for line in _lines(entry)]
    if isinstance(value, Mapping):
        return [line for entry in value.values() for line in _lines(entry)]
    return [line for line in str(value).splitlines() if line.strip()]


def _shown(text: str, kept: set[str]) -> str:
    for secret in sorted(kept, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
