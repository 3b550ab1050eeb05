# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every change is before it is made: a plan. Check mode and diff show it, a real run carries it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import documents

HIDDEN = "(hidden)"
HIDDEN_CHANGED = "(hidden, changed)"

_SECRET_NAME = re.compile(
    r"(?i)(passw(or)?d|passphrase|token|credential|api-?_?key|(access|secret|private|client|encryption)-?_?key|secret$|psk)"
)
_KEY_MATERIAL = {"key", "cert", "crt", "pem", "ca", "cacert", "cabundle", "keyfile", "keys"}
_CERTIFICATE_AREA = {"tls", "ca", "cabundle"}
_NO_SECRET = {
    "enabled", "existingsecret", "extradnsnames", "extraipaddresses", "group", "kind", "method", "name", "namespace",
    "schedule", "secretname", "secretsbackend", "secretsnamespace", "usesecret",
}  # fmt: skip
_PEM = "-----BEGIN "


@dataclass(frozen=True, order=True)
class Refusal:
    """A change that is dangerous and not consented to. ``variable`` is the variable that consents."""

    key: str
    before: str
    after: str
    variable: str

    def as_dict(self) -> dict[str, str]:
        """Return the entry of a module's ``refusals``."""
        return {"key": self.key, "before": self.before, "after": self.after, "variable": self.variable}


@dataclass(frozen=True)
class Plan:
    """What is (``before``), what is wanted (``after``), the ``steps`` between them and what is refused.

    ``before`` and ``after`` hold only what differs, with secrets already hidden (see :func:`shown`).
    """

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def changed(self) -> bool:
        """Say whether there is anything to do."""
        return bool(self.steps)

    def diff(self) -> dict[str, str]:
        """Return the two texts Ansible prints with ``--diff``."""
        return {"before": documents.dump(dict(self.before)), "after": documents.dump(dict(self.after))}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    r"""Return a tree as ``{"a.b.c": leaf}``. Lists and empty mappings are leaves.

    A dot in a key is written ``\.``, as ``helm --set`` does, so that two trees never have the same paths.
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key).replace(".", r"\.")
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, path))
        else:
            flat[path] = value
    return flat


def same(one: Any, other: Any) -> bool:
    """Compare two values by what they mean in YAML: 1 is 1.0, true is not 1, "1" is not 1; key order is nothing."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def secret(path: str) -> bool:
    """Say whether a value at this dotted path is a secret or certificate material."""
    *above, last = (name.lower() for name in path.split("."))
    if last in _NO_SECRET:
        return False
    return bool(_SECRET_NAME.search(last) or last in _KEY_MATERIAL or any(name in _CERTIFICATE_AREA for name in above))


def hide(path: str, value: Any) -> Any:
    """Return the value with every secret text in it replaced, as it may be shown."""
    if isinstance(value, Mapping):
        named_secret = isinstance(value.get("name"), str) and secret(value["name"].replace("_", "-"))
        return {
            key: HIDDEN if named_secret and key == "value" else hide(f"{path}.{key}", inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_hide_argument(hide(path, inner)) for inner in value]
    if isinstance(value, str):
        return HIDDEN if value and (secret(path) or _PEM in value) else value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return HIDDEN if number and _SECRET_NAME.search(path.rpartition(".")[2]) else value


def secrets(values: Mapping[str, Any]) -> list[str]:
    """Return the paths of all values that hold a secret, sorted."""
    return sorted(path for path, value in flatten(values).items() if not same(hide(path, value), value))


def _hide_argument(value: Any) -> Any:
    """Hide what follows the ``=`` of a command-line argument or assignment whose name is that of a secret."""
    name, equals, given = value.partition("=") if isinstance(value, str) else ("", "", "")
    return f"{name}={HIDDEN}" if equals and given and _SECRET_NAME.search(name) else value


def shown(path: str, before: Any, after: Any) -> tuple[Any, Any]:
    """Return both sides of a difference as they may be shown; a changed secret says only that it changed."""
    hidden_before, hidden_after = hide(path, before), hide(path, after)
    if same(hidden_before, hidden_after) and not same(before, after):
        return hidden_before, HIDDEN_CHANGED
    return hidden_before, hidden_after
