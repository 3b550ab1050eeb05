# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Value keys that later charts of Cilium call otherwise or have no more, and what becomes of them. Pure.

Sources: cilium/cilium at v1.15.16, v1.16.9, v1.17.6, v1.18.5 and v1.19.1, Documentation/operations/upgrade.rst ("Helm
Options"), install/kubernetes/cilium/values.yaml, and templates/validate.yaml, which makes Helm fail on some of them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import flatten, same


@dataclass(frozen=True)
class Gone:
    """A key that charts from minor ``since`` on do not have.

    ``now`` is the key that means the same, "" for none. Without one, a value equal to ``harmless`` (or any value, where
    that is None) changes nothing when it is dropped; any other value needs a person, told ``advice``.
    """

    since: tuple[int, int]
    key: str
    now: str = ""
    harmless: Any = None
    advice: str = ""


NOT_READ = "No chart reads it any more."
TABLE = (
    Gone((1, 15), "enableCnpStatusUpdates", advice=NOT_READ),
    Gone((1, 15), "enableK8sEventHandover", advice=NOT_READ),
    Gone((1, 16), "encryption.interface", "encryption.ipsec.interface"),
    Gone((1, 16), "encryption.keyFile", "encryption.ipsec.keyFile"),
    Gone((1, 16), "encryption.mountPath", "encryption.ipsec.mountPath"),
    Gone((1, 16), "encryption.secretName", "encryption.ipsec.secretName"),
    Gone((1, 16), "proxy.prometheus.enabled", "envoy.prometheus.enabled"),
    Gone((1, 16), "proxy.prometheus.port", "envoy.prometheus.port"),
    Gone((1, 16), "proxy.sidecarImageRegex", advice=NOT_READ),
    Gone((1, 16), "operator.skipCNPStatusStartupClean", advice=NOT_READ),
    Gone((1, 16), "endpointStatus.enabled", harmless=False, advice="Look at Cilium's metrics instead."),
    Gone((1, 16), "endpointStatus.status", harmless="", advice="Look at Cilium's metrics instead."),
    Gone((1, 16), "remoteNodeIdentity", harmless=True, advice="Remote nodes always have an identity of their own now."),
    Gone((1, 16), "containerRuntime.integration", harmless="none", advice="See Cilium's page on CRI-O."),
    Gone((1, 16), "etcd.managed", harmless=False, advice="Cilium installs no etcd any more: run one, or use CRDs."),
    Gone((1, 17), "bgp.enabled", harmless=False, advice="Announce with bgpControlPlane instead."),
    Gone((1, 17), "bgp.announce.loadbalancerIP", harmless=False, advice="Announce with bgpControlPlane instead."),
    Gone((1, 17), "bgp.announce.podCIDR", harmless=False, advice="Announce with bgpControlPlane instead."),
    Gone((1, 17), "encryption.wireguard.userspaceFallback", harmless=False, advice="The kernel must have WireGuard."),
    Gone((1, 18), "enableCiliumEndpointSlice", "ciliumEndpointSlice.enabled"),
    Gone((1, 18), "ciliumEndpointSlice.sliceMode", advice="First come, first served is the only mode now."),
    Gone((1, 18), "enableRuntimeDeviceDetection", advice="It has done nothing since 1.16."),
    Gone((1, 18), "hubble.relay.dialTimeout", advice="It has done nothing since 1.17."),
    Gone((1, 18), "l2NeighDiscovery.refreshPeriod", advice="The kernel's base_reachable_time_ms decides now."),
    Gone((1, 18), "eni.updateEC2AdapterLimitViaAPI", advice="It is always so now."),
    Gone((1, 18), "hubble.export.fileMaxBackups", "hubble.export.static.fileMaxBackups"),
    Gone((1, 18), "hubble.export.fileMaxSizeMb", "hubble.export.static.fileMaxSizeMb"),
    Gone((1, 18), "externalWorkloads.enabled", harmless=False, advice="Cilium has no external workloads any more."),
    Gone((1, 18), "highScaleIPcache.enabled", harmless=False, advice="It is gone without a successor."),
)  # fmt: skip
"""Settings of pods (securityContext and the like) are not here: they are named as unknown to the chart, and stay."""

_MISSING = object()


@dataclass(frozen=True)
class Renamed:
    """A release's values in the words of a later chart, what was done to them, and what needs a person."""

    values: dict[str, Any]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def translate(values: Mapping[str, Any], chart_version: str, given: Mapping[str, Any]) -> Renamed:
    """Return a release's values as the chart of this version calls them. A value under the new name wins over the old.

    A chart that still has a key is older than ``since``, and nothing is done to it. A key that the caller's values
    (``given``) name is the caller's business: the release's value goes without a word.
    """
    decided = flatten(given)
    told: dict[str, Any] = copy.deepcopy(dict(values))
    warnings, problems = [], []
    for gone in _gone(chart_version):
        value = _take(told, gone.key)
        if value is _MISSING or gone.key in decided:
            continue
        if gone.now:
            _put(told, gone.now, value)
            warnings.append(f"{gone.key} of the running release is {gone.now} in this chart: its value was moved.")
        elif gone.harmless is None or same(value, gone.harmless):
            reason = gone.advice if gone.harmless is None else "This chart behaves so anyway."
            warnings.append(f"{gone.key} of the running release was dropped. {reason}")
        else:
            text = f"the running release has it, and this chart does not (got {value!r})"
            hint = f"{gone.advice} Then set {gone.key} to null"
            problems.append(Problem(f"values.{gone.key}", text, hint))
    return Renamed(told, tuple(warnings), tuple(problems))


def check(given: Mapping[str, Any], chart_version: str) -> list[Problem]:
    """Return every value of the caller's that this chart calls otherwise or has no more. Null removes, and is fine."""
    values = flatten(given)
    return [
        Problem(
            f"values.{gone.key}",
            f"charts of Cilium from {gone.since[0]}.{gone.since[1]} on do not have it (got {values[gone.key]!r})",
            f"Use {gone.now}" if gone.now else f"{gone.advice} Leave it out",
        )
        for gone in _gone(chart_version)
        if values.get(gone.key) is not None
    ]


def _gone(chart_version: str) -> list[Gone]:
    wanted = parse_version(chart_version)
    return [gone for gone in TABLE if wanted and wanted[:2] >= gone.since]


def _take(tree: dict[str, Any], key: str) -> Any:
    """Remove a dotted key, and every mapping that this empties; return its value, or _MISSING."""
    name, dot, rest = key.partition(".")
    inner = tree.get(name, _MISSING)
    if not dot:
        return tree.pop(name, _MISSING)
    if not isinstance(inner, dict):
        return _MISSING
    value = _take(inner, rest)
    if value is not _MISSING and not inner:
        del tree[name]
    return value


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key where it is not set."""
    *above, last = key.split(".")
    for name in above:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault(last, value)
