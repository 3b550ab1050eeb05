# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to get from the Cilium that runs to the one that is wanted. Pure: no cluster, no helm.

Compared are chart version, explicit values, the live cilium-config key by key, and the image of every container.
Certificates are not compared: every rendering of the chart makes new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_consent as consent
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import (
    AGENT,
    CONFIG,
    ENVOY,
    OPERATOR,
    Current,
    Manifests,
    Workload,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import registry_of
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import FAILED, SUPERSEDED
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import Plan, Refusal, flatten, same, shown

PRESENT = "present"
EARLIER = "earlier"
ABSENT = "absent"


@dataclass(frozen=True)
class Wanted:
    """What is wanted: the chart by name and version, the full explicit values, and the consents given.

    ``goal`` is present, earlier (a revision of the release as it was, which brings chart and values with it) or absent.
    """

    chart_name: str
    chart_version: str
    values: Mapping[str, Any]
    consents: frozenset[str] = frozenset()
    release_name: str = "cilium"
    namespace: str = "kube-system"
    goal: str = PRESENT


@dataclass(frozen=True)
class Changes:
    """Everything that differs. ``before`` or ``after`` of None means absent. Secrets are hidden."""

    chart: dict[str, Any] | None = None
    values: tuple[dict[str, Any], ...] = ()
    config: tuple[dict[str, Any], ...] = ()
    images: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the module's ``changes``."""
        return {
            "chart": self.chart,
            "values": list(self.values),
            "config": list(self.config),
            "images": list(self.images),
        }

    def __bool__(self) -> bool:
        return bool(self.chart or self.values or self.config or self.images)

    def side(self, name: str) -> dict[str, Any]:
        """Return one side (``before`` or ``after``) for the diff: only what is there on that side."""
        images = {f"{entry['component']}/{entry['container']}": entry[name] for entry in self.images}
        sections: dict[str, Any] = {
            "chart": (self.chart or {}).get(name),
            "values": {entry["key"]: entry[name] for entry in self.values if entry[name] is not None},
            "config": {entry["key"]: entry[name] for entry in self.config if entry[name] is not None},
            "images": {container: image for container, image in images.items() if image is not None},
        }
        return {section: found for section, found in sections.items() if found}


@dataclass(frozen=True)
class CiliumPlan:
    """The plan of a change of Cilium. ``action`` is none, install, upgrade, migrate, repair, rollback or remove."""

    action: str
    plan: Plan
    changes: Changes
    restart: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    expected_images: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    images: tuple[str, ...] = ()


def check_release(current: Current, wanted: Wanted) -> None:
    """Raise when what runs is not a Helm release this version can change."""
    where = f"Helm release {wanted.namespace}/{wanted.release_name}"
    broken = current.broken
    if broken and wanted.goal == PRESENT and not (broken.pending or broken.status in (FAILED, SUPERSEDED)):
        raise NetworkError(
            Problem(
                "release_name",
                f"revision {broken.revision} of {where} is {broken.status}, and Helm cannot upgrade from there",
                "End the removal with state absent, or go back with rollback_to. "
                f"See: helm history {wanted.release_name} -n {wanted.namespace}",
            )
        )
    if current.release:
        return
    present = [f"{item.kind} {item.namespace}/{item.name}" for item in current.workloads.values() if _is_cilium(item)]
    present += [f"ConfigMap {wanted.namespace}/{CONFIG}"] if current.config is not None else []
    if present:
        raise NetworkError(
            Problem(
                "release_name",
                f"Cilium runs but is not {where} (found {', '.join(sorted(present))})",
                "If it is another release, give its release_name and namespace. Taking over a Cilium that Helm did not "
                "install is not part of this version",
            )
        )


def plan(current: Current, wanted: Wanted, rendered: Manifests) -> CiliumPlan:
    """Return the plan. Raises NetworkError where :func:`check_release` does."""
    check_release(current, wanted)
    changes = _changes(current, wanted, rendered)
    action = _action(current, wanted, changes, rendered)
    restart = _restart(current, changes, rendered)
    steps = (() if action == "none" else (f"{action} {wanted.namespace}/{wanted.release_name}",)) + tuple(
        f"restart {name}" for name in restart
    )
    return CiliumPlan(
        action=action,
        plan=Plan(
            before=changes.side("before"),
            after=changes.side("after"),
            steps=steps,
            refusals=tuple(_refusals(current, wanted, rendered)) if current.release else (),
        ),
        changes=changes,
        restart=restart,
        warnings=tuple(_warnings(current, wanted, rendered)),
        expected_images={name: dict(item.images) for name, item in sorted(rendered.workloads.items())},
        images=rendered.images,
    )


def _changes(current: Current, wanted: Wanted, rendered: Manifests) -> Changes:
    release = current.release
    old = f"{release.chart_name} {release.chart_version}" if release else None
    new = None if wanted.goal == ABSENT else f"{wanted.chart_name} {wanted.chart_version}"
    return Changes(
        chart=None if old == new else {"before": old, "after": new},
        values=_differing(flatten(release.values if release else {}), flatten(wanted.values)),
        config=_differing(current.config or {}, {} if wanted.goal == ABSENT else _future_config(current, rendered)),
        images=tuple(_image_changes(current, rendered)),
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    found = []
    for key in sorted({*before, *after}):
        if key in before and key in after and same(before[key], after[key]):
            continue
        old, new = shown(key, _said(before, key), _said(after, key))
        found.append({"key": key, "before": old, "after": new})
    return tuple(found)


def _said(side: Mapping[str, Any], key: str) -> Any:
    """Return a value as changes show it: None is for a key that is absent, an explicit null is a word."""
    value = side.get(key)
    return "null" if value is None and key in side else value


def _foreign_keys(current: Current, rendered: Manifests) -> dict[str, str]:
    """Return live keys in neither the release's manifest nor the new one: Helm's three-way merge leaves them."""
    known = {*rendered.config, *current.rendered.config}
    return {key: value for key, value in (current.config or {}).items() if key not in known}


def _foreign_containers(current: Current, rendered: Manifests) -> Iterable[str]:
    """Name live containers that a person added, or a change that did not end: Helm leaves them too."""
    for name, item in rendered.workloads.items():
        owned = [found.workloads[name].images for found in (current.rendered, rendered) if name in found.workloads]
        for container in current.workloads[name].images if name in current.workloads else ():
            if not any(container in images for images in owned):
                yield f"{container} in {item.kind} {item.namespace}/{name}"


def _future_config(current: Current, rendered: Manifests) -> dict[str, str]:
    return {**rendered.config, **_foreign_keys(current, rendered)}


def _image_changes(current: Current, rendered: Manifests) -> Iterable[dict[str, Any]]:
    """Compare live templates with rendered ones. A container that neither the running nor the wanted chart renders
    was put there by someone else and is left out."""
    nothing = Workload("", "", "", {})
    for name in sorted({*rendered.workloads, *current.rendered.workloads}):
        live = current.workloads.get(name, nothing).images
        wanted = rendered.workloads.get(name, nothing).images
        rendered_before = current.rendered.workloads.get(name, nothing).images
        for container in sorted({*wanted, *(live.keys() & rendered_before.keys())}):
            before, after = live.get(container), wanted.get(container)
            if before != after:
                yield {"component": name, "container": container, "before": before, "after": after}


def _action(current: Current, wanted: Wanted, changes: Changes, rendered: Manifests) -> str:
    if wanted.goal == ABSENT:
        return "remove" if current.release else "none"
    if not current.release:
        return "install"
    if wanted.goal == EARLIER:
        return "rollback" if changes or current.broken else "none"
    if current.broken:
        return "repair"
    if not changes:
        return "none"
    for name in (AGENT, OPERATOR):
        if name not in current.workloads or name not in rendered.workloads:
            continue
        live, new = current.workloads[name].images, rendered.workloads[name].images
        if any(repository(live[item]) != repository(new[item]) for item in live.keys() & new.keys()):
            return "migrate"
    return "upgrade"


def repository(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _restart(current: Current, changes: Changes, rendered: Manifests) -> tuple[str, ...]:
    """Return the workloads that read cilium-config and would go on with an old one.

    A changed ConfigMap restarts nothing by itself. Pods are replaced when their template changes; where it does not,
    they have to be restarted if the config changes now, or changed after they started.
    """
    if not current.release:
        return ()
    return tuple(
        name
        for name, wanted in sorted(rendered.workloads.items())
        if wanted.reads_config
        and name in current.workloads
        and not _template_changes(current, wanted)
        and (changes.config or _stale(current.workloads[name], current.config_time))
    )


def _template_changes(current: Current, wanted: Workload) -> bool:
    """Say whether the template certainly changes. After a change that did not end, the live one may be either."""
    rendered = [found.workloads.get(wanted.name) for found in (current.rendered, current.aside)]
    live = current.workloads[wanted.name].images
    return not any(before and same(before.template, wanted.template) for before in rendered) or any(
        live.get(container) != image for container, image in wanted.images.items()
    )


def _stale(live: Workload, config_time: str) -> bool:
    """Say whether a pod is older than the config. During a roll-out old pods are about to go."""
    return bool(config_time and live.oldest_pod) and not live.rolling and live.oldest_pod < config_time


def _refusals(current: Current, wanted: Wanted, rendered: Manifests) -> Iterable[Refusal]:
    release, broken = current.release, current.broken
    if broken and consent.REPAIR not in wanted.consents and (wanted.goal == PRESENT or broken.status != FAILED):
        since = f" since {broken.since}" if broken.since else ""
        text = f"revision {broken.revision} is {broken.status}{since}"
        yield Refusal("release", text, "repaired", consent.PREFIX + consent.REPAIR)
    if wanted.goal == ABSENT:
        return
    if release and wanted.goal == PRESENT:
        yield from consent.version_refusals(release.chart_version, wanted.chart_version, wanted.consents)
    before = current.rendered.config if current.config is None else current.config
    yield from consent.config_refusals(before, _future_config(current, rendered), wanted.consents)
    if current.envoy_users and consent.L7_INTERRUPTION not in wanted.consents:
        listed = ", ".join(current.envoy_users[:5]) + (" ..." if len(current.envoy_users) > 5 else "")
        yield Refusal(f"DaemonSet {ENVOY}", f"serves {listed}", "removed", consent.PREFIX + consent.L7_INTERRUPTION)


def _warnings(current: Current, wanted: Wanted, rendered: Manifests) -> Iterable[str]:
    yield from _broken_warnings(current, wanted, rendered)
    if wanted.goal == ABSENT:
        return
    foreign = _foreign_keys(current, rendered)
    if foreign:
        listed = ", ".join(f"{key} (by {current.managers.get(key, 'unknown')})" for key in sorted(foreign))
        yield f"{CONFIG} has keys that neither the release nor the chart has, and they stay: {listed}."
    strangers = sorted(_foreign_containers(current, rendered))
    if strangers:
        listed = ", ".join(strangers)
        yield f"Containers that neither the release nor the chart has stay: {listed}. Take out what nobody needs."
    waiting = sorted(name for name, item in rendered.workloads.items() if item.on_delete)
    if waiting:
        yield (
            f"The update strategy of {', '.join(waiting)} is OnDelete: after a change nothing replaces the old pods. "
            "Delete them one by one, or set updateStrategy.type to RollingUpdate."
        )
    agent = rendered.workloads.get(AGENT)
    registries = {registry_of(image) for image in agent.images.values()} if agent else set()
    others = [image for image in rendered.images if registry_of(image) not in registries]
    if registries and others:
        yield f"Images that do not come from {', '.join(sorted(registries))}: {', '.join(others)}."


def _broken_warnings(current: Current, wanted: Wanted, rendered: Manifests) -> Iterable[str]:
    """Say what a change that did not end had in mind, or has left, and what this one does nothing about."""
    broken, base = current.broken, current.release
    if not broken or not base:
        return
    own, new = flatten(base.values), flatten(wanted.values)
    lost = [
        key
        for key, value in sorted(flatten(broken.values).items())
        if not any(key in side and same(side[key], value) for side in (own, new))
    ]
    if lost and wanted.goal == PRESENT:
        yield (
            f"Revision {broken.revision} did not end, and what it wanted is not taken over: {', '.join(lost)}. "
            "Give these values if they are still wanted."
        )
    stays = [
        f"{item.kind} {item.namespace}/{item.name}"
        for name, item in sorted(current.workloads.items())
        if name in current.aside.workloads and name not in {*rendered.workloads, *current.rendered.workloads}
    ]
    if stays:
        yield f"A change that did not end left what Helm does not remove: {', '.join(stays)}. Delete it."


def _is_cilium(item: Workload) -> bool:
    return item.name in (AGENT, OPERATOR)
