# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that later charts of Cilium call otherwise or have no more, and what becomes of them. Pure.

Sources: cilium/cilium at v1.14.12, v1.15.16, v1.16.9, v1.17.6, v1.18.5 and v1.19.1: what values.yaml and the templates
of install/kubernetes/cilium read, templates/validate.yaml, which makes Helm fail on some of them, and
Documentation/operations/upgrade.rst.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import hide, same


@dataclass(frozen=True)
class Gone:
    """A key, or one of its values, that charts from minor ``since`` on do not have.

    ``now`` is the key that means the same, "" for none. ``words`` are the values that later charts write otherwise,
    each with what says the same now; every other value of the key stays. Without both, a value equal to ``harmless``
    (or any value, where that is None) changes nothing when it is dropped, nor does any where kube-proxy is replaced and
    ``replaced`` is set. Any other value needs a person, told ``advice``.
    """

    since: tuple[int, int]
    key: str
    now: str = ""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    harmless: Any = None
    replaced: bool = False
    advice: str = ""


NOT_READ = "No chart reads it any more."
ALWAYS = "It is always so now."
METRICS = "Look at Cilium's metrics instead."
BGP = "Announce with bgpControlPlane instead."
CA = "Give the CA as tls.ca.cert and tls.ca.key."
REPLACE = "Only kubeProxyReplacement: true turns it on now."
TABLE = (
    Gone(
        (1, 15),
        "tunnel",
        words={
            "disabled": {"routingMode": "native"},
            "vxlan": {"routingMode": "tunnel", "tunnelProtocol": "vxlan"},
            "geneve": {"routingMode": "tunnel", "tunnelProtocol": "geneve"},
        },
    ),
    Gone((1, 15), "clustermesh.apiserver.tls.ca.cert", harmless="", advice=CA),
    Gone((1, 15), "clustermesh.apiserver.tls.ca.key", harmless="", advice=CA),
    Gone((1, 15), "enableCnpStatusUpdates", advice=NOT_READ),
    Gone((1, 15), "enableK8sEventHandover", advice=NOT_READ),
    Gone(
        (1, 16),
        "kubeProxyReplacement",
        words={
            "strict": {"kubeProxyReplacement": "true"},
            "partial": {"kubeProxyReplacement": "false"},
            "disabled": {"kubeProxyReplacement": "false"},
        },
    ),
    Gone((1, 16), "encryption.interface", "encryption.ipsec.interface"),
    Gone((1, 16), "encryption.keyFile", "encryption.ipsec.keyFile"),
    Gone((1, 16), "encryption.mountPath", "encryption.ipsec.mountPath"),
    Gone((1, 16), "encryption.secretName", "encryption.ipsec.secretName"),
    Gone((1, 16), "proxy.prometheus.enabled", "envoy.prometheus.enabled"),
    Gone((1, 16), "proxy.prometheus.port", "envoy.prometheus.port"),
    Gone((1, 16), "proxy.sidecarImageRegex", advice=NOT_READ),
    Gone((1, 16), "operator.skipCNPStatusStartupClean", advice=NOT_READ),
    Gone((1, 16), "egressGateway.installRoutes", advice="It had no effect in 1.15."),
    Gone((1, 16), "endpointStatus.enabled", harmless=False, advice=METRICS),
    Gone((1, 16), "endpointStatus.status", harmless="", advice=METRICS),
    Gone((1, 16), "remoteNodeIdentity", harmless=True, advice="Remote nodes always have an identity of their own now."),
    Gone((1, 16), "containerRuntime.integration", harmless="none", advice="See Cilium's page on CRI-O."),
    Gone((1, 16), "etcd.managed", harmless=False, advice="Cilium installs no etcd any more: run one, or use CRDs."),
    Gone((1, 17), "bgp.enabled", harmless=False, advice=BGP),
    Gone((1, 17), "bgp.announce.loadbalancerIP", harmless=False, advice=BGP),
    Gone((1, 17), "bgp.announce.podCIDR", harmless=False, advice=BGP),
    Gone((1, 17), "encryption.wireguard.userspaceFallback", harmless=False, advice="The kernel must have WireGuard."),
    Gone((1, 17), "externalIPs.enabled", harmless=False, replaced=True, advice=REPLACE),
    Gone((1, 18), "enableCiliumEndpointSlice", "ciliumEndpointSlice.enabled"),
    Gone((1, 18), "ciliumEndpointSlice.sliceMode", advice="First come, first served is the only mode now."),
    Gone((1, 18), "enableK8sTerminatingEndpoint", advice=ALWAYS),
    Gone((1, 18), "enableRuntimeDeviceDetection", advice="It has done nothing since 1.16."),
    Gone((1, 18), "hubble.relay.dialTimeout", advice="It has done nothing since 1.17."),
    Gone((1, 18), "l2NeighDiscovery.refreshPeriod", advice="The kernel's base_reachable_time_ms decides now."),
    Gone((1, 18), "eni.updateEC2AdapterLimitViaAPI", advice=ALWAYS),
    Gone((1, 18), "loadBalancer.experimental", advice="That load balancer is the only one now."),
    Gone((1, 18), "hostPort.enabled", harmless=False, replaced=True, advice=REPLACE),
    Gone((1, 18), "externalWorkloads.enabled", harmless=False, advice="Cilium has no external workloads any more."),
    Gone((1, 18), "highScaleIPcache.enabled", harmless=False, advice="It is gone without a successor."),
    Gone((1, 19), "nodePort.enabled", harmless=False, replaced=True, advice=REPLACE),
    Gone((1, 19), "customCalls.enabled", harmless=False, advice="Cilium has no custom calls any more."),
    Gone((1, 19), "enableK8sEndpointSlice", advice=ALWAYS),
    Gone((1, 19), "loadBalancer.protocolDifferentiation.enabled", advice=ALWAYS),
    Gone((1, 19), "sessionAffinity", advice=ALWAYS),
    Gone((1, 19), "svcSourceRangeCheck", advice=ALWAYS),
)
"""Settings of pods (securityContext and the like) are not here: they are named as unknown to the chart, and stay."""

_MISSING = object()


@dataclass(frozen=True)
class Renamed:
    """A release's values in the words of a later chart, what was done to them, and what needs a person."""

    values: dict[str, Any]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def translate(values: Mapping[str, Any], before: str, after: str, given: Mapping[str, Any]) -> Renamed:
    """Return a release's values as a later chart calls them. A value under the new name wins over the old.

    ``before`` is the version of the chart that runs, ``after`` that of the wanted one. What the running chart does not
    have either does nothing today and stays, so a way back changes nothing. What the caller's values (``given``) decide
    is the caller's business: the release's value goes without a word.
    """
    told: dict[str, Any] = copy.deepcopy(dict(values))
    warnings, problems = [], []
    for gone in _gone(after, before):
        value = _find(told, gone)
        if value is _MISSING:
            continue
        _drop(told, gone.key)
        if value is None or _decided(given, gone.key):
            continue
        successors = _successors(gone, value)
        if successors:
            names = ", ".join(f"{key}: {hide(key, now)}" for key, now in successors.items())
            for key, now in successors.items():
                _put(told, key, now)
            warnings.append(f"{gone.key} of the running release was written as this chart has it: {names}.")
        elif gone.harmless is None or same(value, gone.harmless) or (gone.replaced and _replaces(told, given)):
            reason = gone.advice if gone.harmless is None else "This chart behaves so anyway."
            warnings.append(f"{gone.key} of the running release was dropped. {reason}")
        else:
            text = f"the running release has it, and this chart does not (got {hide(gone.key, value)!r})"
            problems.append(Problem(f"values.{gone.key}", text, f"{gone.advice} Set {gone.key} to null to go on"))
    return Renamed(told, tuple(warnings), tuple(problems))


def check(given: Mapping[str, Any], chart_version: str) -> list[Problem]:
    """Return every value of the caller's that this chart calls otherwise or has no more. Null removes, and is fine."""
    found = []
    for gone in _gone(chart_version):
        value = _find(given, gone)
        if value is _MISSING or value is None:
            continue
        since = ".".join(map(str, gone.since))
        said = f"charts of Cilium from {since} on do not have it (got {hide(gone.key, value)!r})"
        successors = " and ".join(f"{key}: {now}" for key, now in _successors(gone, value).items())
        hint = f"Use {gone.now or successors}" if gone.now or successors else f"{gone.advice} Leave it out"
        found.append(Problem(f"values.{gone.key}", said, hint))
    return found


def _gone(after: str, before: str = "") -> Iterator[Gone]:
    """Return what a chart of version ``after`` does not have, and one of version ``before`` has."""
    new, old = parse_version(after), parse_version(before)
    for gone in TABLE:
        if new and new[:2] >= gone.since and not (old and old[:2] >= gone.since):
            yield gone


def _successors(gone: Gone, value: Any) -> Mapping[str, Any]:
    return gone.words[value] if gone.words else {gone.now: value} if gone.now else {}


def _replaces(values: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    said = given.get("kubeProxyReplacement", values.get("kubeProxyReplacement"))
    return str(said).lower() == "true"


def _decided(given: Mapping[str, Any], key: str) -> bool:
    """Say whether the caller's values set or remove a dotted key, or what it stands under."""
    inner: Any = given
    for name in key.split("."):
        if not isinstance(inner, Mapping):
            return True
        if name not in inner:
            return False
        inner = inner[name]
    return True


def _find(values: Mapping[str, Any], gone: Gone) -> Any:
    """Return the value that is gone, _MISSING where there is none."""
    inner: Any = values
    for name in gone.key.split("."):
        if not isinstance(inner, Mapping) or name not in inner:
            return _MISSING
        inner = inner[name]
    return inner if not gone.words or (isinstance(inner, str) and inner in gone.words) else _MISSING


def _drop(tree: dict[str, Any], key: str) -> None:
    """Remove a dotted key that is there, and every mapping that this empties."""
    name, _dot, rest = key.partition(".")
    if rest:
        _drop(tree[name], rest)
    if not rest or not tree[name]:
        del tree[name]


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key where it is not set."""
    *above, last = key.split(".")
    for name in above:
        if tree.get(name) is None:
            tree[name] = {}
        if not isinstance(tree[name], dict):
            return
        tree = tree[name]
    if tree.get(last) is None:
        tree[last] = value
