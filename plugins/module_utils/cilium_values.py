# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values Helm is given: the release's own, without its images, under the profile, under the caller's.

Helm itself cannot do this: without reuse flags an upgrade forgets the release's values, with them it keeps the old
chart's images. So the full values are computed here and passed explicitly.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart, Key
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import hide, secrets

PROFILES: dict[str, dict[str, Any]] = {
    "none": {},
    "aws": {
        "envoy": {"enabled": False},
        "ingressController": {"enabled": False},
        "loadBalancer": {"l7": {"backend": "none"}},
        "image": {"useDigest": False},
        "operator": {"image": {"useDigest": False}},
        "preflight": {"image": {"useDigest": False}},
    },
}
"""What a vendor documents for its build. AWS: no Envoy, ingress or L7 load balancing; images by tag."""

ONE_BY_ONE: dict[str, Any] = {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}}}
"""What stands below the release's own values: a change that breaks agents stops at the first node.

The chart's own default is 2 (cilium 1.17, values.yaml), which lets a broken image take two nodes at once.
"""

_IMAGE_MAP = re.compile(r"(?:^image|Image)$")
_IMAGE_KEY = re.compile(r"^(?:repository|tag|digest|\w+Digest|override|suffix)$")
_BOOLEAN_WORDS = ("true", "false", "yes", "no", "on", "off", "0", "1", "")


@dataclass(frozen=True)
class Values:
    """The full explicit values, and what a person should know about how they came to be."""

    values: dict[str, Any]
    stripped: dict[str, Any]
    warnings: tuple[str, ...]


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` with ``above`` on top, all the way down. ``None`` above removes the key; neither is changed.

    A mapping that only removals emptied goes too. Lists are replaced as a whole, as Helm does.
    """
    merged: dict[str, Any] = copy.deepcopy(dict(below))
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            old = merged.get(key)
            inner = merge(old if isinstance(old, Mapping) else {}, value)
            if inner or not value:
                merged[key] = inner
            else:
                merged.pop(key, None)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def strip_images(values: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values without anything that names an image, and what was taken out as ``{path: value}``.

    Everything else of an ``image`` mapping, pullPolicy for one, stays.
    """
    kept: dict[str, Any] = {}
    stripped: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if not isinstance(value, Mapping):
            kept[key] = copy.deepcopy(value)
            continue
        inner, below = strip_images(value, path)
        if _IMAGE_MAP.search(str(key)):
            below |= {f"{path}.{name}": inner.pop(name) for name in list(inner) if _IMAGE_KEY.match(str(name))}
        stripped |= below
        if inner or not below:
            kept[key] = inner
    return kept, stripped


def registry_of(image: str) -> str:
    """Return the registry of an image name, as containerd reads it."""
    first, slash, _rest = image.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else "docker.io"


def build(chart: Chart, release: Mapping[str, Any] | None, wanted: Mapping[str, Any], profile: str) -> Values:
    """Return what Helm is given. ``release`` are the running release's own values, None to forget them.

    Order: one node at a time < release without images < profile < ``wanted``. Images come from the chart or from
    ``wanted`` only.
    """
    kept, stripped = strip_images(release or {})
    values = merge(merge(kept, PROFILES[profile]), wanted)
    if _rolls(chart, values):
        _fill(values, ONE_BY_ONE)
    warnings = []
    registries = set(_registries(chart.values)) | set(_registries(wanted))
    mirrors = [f"{path}={text}" for path, text in stripped.items() if _foreign(path, text, registries)]
    if mirrors:
        warnings.append(
            f"Image settings of the running release that name a registry the chart does not were dropped: "
            f"{', '.join(sorted(mirrors))}. Give them in values if they are still wanted."
        )
    unknown = [problem.path for problem in check(chart, kept, "")]
    unknown = [path for path in unknown if path in _paths(values)]
    if unknown:
        warnings.append(
            f"Values kept from the running release that chart {chart.title} does not understand: "
            f"{', '.join(sorted(unknown))}. Set them to null in values to remove them."
        )
    warnings += secret_warnings(values)
    return Values(values, stripped, tuple(warnings))


def _fill(values: dict[str, Any], below: Mapping[str, Any]) -> None:
    """Set what is not set. An explicit null is set."""
    for key, value in below.items():
        if key not in values:
            values[key] = copy.deepcopy(value)
        elif isinstance(values[key], dict) and isinstance(value, Mapping):
            _fill(values[key], value)


def _rolls(chart: Chart, values: Mapping[str, Any]) -> bool:
    """Say whether agents are replaced node by node, by the chart's default or as the values say."""
    strategy = values.get("updateStrategy")
    kind = strategy.get("type", "RollingUpdate") if isinstance(strategy, Mapping) else "RollingUpdate"
    return "updateStrategy" in chart.values and kind == "RollingUpdate"


def secret_warnings(values: Mapping[str, Any]) -> list[str]:
    """Return the warning that names the values that hold a secret, [] when none does."""
    held = secrets(values)
    if not held:
        return []
    return [
        f"Values hold secrets ({', '.join(held)}). They are in the result of this task, which Ansible prints with "
        "-v, and in Helm's release. Keep them in Secrets of the cluster and give the chart their names."
    ]


def check(
    chart: Chart, values: Mapping[str, Any], root: str = "values", known: Mapping[str, Any] | None = None
) -> list[Problem]:
    """Return every value the chart does not know, and every text where it reads a boolean, sorted.

    ``root`` is what the caller calls the values. A key in ``known`` (the release's values) may be removed with null
    although the chart does not have it.
    """
    problems = _check(chart, chart.keys, values, (), known or {})
    prefix = f"{root}." if root else ""
    return sorted(Problem(f"{prefix}{path}", message, hint) for path, message, hint in problems)


def _check(
    chart: Chart, key: Key, values: Mapping[str, Any], above: tuple[str, ...], known: Any
) -> Iterator[tuple[str, str, str]]:
    for name, value in values.items():
        path = (*above, str(name))
        dotted = ".".join(path)
        here = known.get(name) if isinstance(known, Mapping) else None
        child = key.children.get(str(name))
        if child is None:
            if key.relative and str(name) in chart.relative_names:
                continue
            removed = _removed(value, here, name in known if isinstance(known, Mapping) else False, dotted)
            for leaf in [leaf for leaf in _leaves(value, dotted) if leaf not in removed]:
                yield leaf, f"no such value in chart {chart.title}", _nearest(chart, path, leaf)
        elif child.boolean and isinstance(value, str):
            shown = hide(dotted, value)
            yield dotted, f'the chart takes true or false here (got the text "{shown}")', _boolean_hint(value)
        elif child.open or value is None:
            continue
        elif isinstance(value, Mapping):
            if child.scalar and not child.children:
                yield dotted, "the chart takes a single value here (got a mapping)", "Give the value itself"
            elif child.children or child.relative:
                yield from _check(chart, child, value, path, here)
        elif child.children and not child.boolean and not _takes_both(chart, path):
            names = ", ".join(list(child.children)[:6])
            shown = hide(dotted, value)
            yield dotted, f"the chart takes a mapping here (got {shown!r})", f"It knows {dotted} with: {names}"


def _removed(value: Any, here: Any, present: bool, path: str) -> set[str]:
    """Return the paths at and below ``path`` that null removes from the release, where the key is present."""
    if value is None:
        return {path} if present else set()
    found: set[str] = set()
    if isinstance(value, Mapping) and isinstance(here, Mapping):
        for name, inner in value.items():
            found |= _removed(inner, here.get(name), name in here, f"{path}.{name}")
    return found


def _takes_both(chart: Chart, path: tuple[str, ...]) -> bool:
    """Say whether the chart's own default at ``path`` is not a mapping although something is read below it."""
    default: Any = chart.values
    for name in path:
        if not isinstance(default, Mapping) or name not in default:
            return True
        default = default[name]
    return not isinstance(default, Mapping)


def _boolean_hint(value: str) -> str:
    if value.lower() in _BOOLEAN_WORDS:
        return 'Write it without quotes: Helm\'s templates take any text, even "false", for true'
    return "Give true or false"


def _leaves(value: Any, path: str) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, f"{path}.{name}")]
    return [path]


def _paths(values: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for name, value in values.items():
        found.update(_leaves(value, str(name)))
    return found


def _nearest(chart: Chart, path: tuple[str, ...], leaf: str) -> str:
    """Return the hint that names the key meant: spelt alike at the same place, or the same name elsewhere."""
    parent, name = path[:-1], path[-1]
    rest = leaf.split(".")[len(path) :]
    key = chart.keys
    for part in parent:
        key = key.children[part]
    spelt = {sibling.lower(): sibling for sibling in (*(chart.relative_names if key.relative else ()), *key.children)}
    for match in difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.6):
        candidate = (*parent, spelt[match])
        if _knows(chart, (*candidate, *rest)):
            return f"Did you mean {'.'.join((*candidate, *rest))}?"
    everywhere = list(chart.keys.walk())
    ending = "." + leaf.rsplit(".", 1)[-1]
    elsewhere = [full for full in everywhere if f".{full}".endswith(ending)]
    near = difflib.get_close_matches(leaf, elsewhere, n=1, cutoff=0.0) or difflib.get_close_matches(
        leaf, everywhere, n=1, cutoff=0.7
    )
    return f"Did you mean {near[0]}?" if near else "Remove it, or see the chart's values.yaml"


def _knows(chart: Chart, path: tuple[str, ...]) -> bool:
    key = chart.keys
    for name in path:
        if key.open:
            return True
        if name not in key.children:
            return key.relative and name in chart.relative_names
        key = key.children[name]
    return True


def _registries(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping):
        for name, value in values.items():
            if name in ("repository", "override") and isinstance(value, str) and value:
                yield registry_of(value)
            else:
                yield from _registries(value)


def _foreign(path: str, value: Any, registries: set[str]) -> bool:
    named = path.endswith((".repository", ".override")) and isinstance(value, str) and value
    return bool(named) and registry_of(value) not in registries
