# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to get from the networks of a cluster to the wanted ones. Compared is what a configuration means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import (
    BLOCKS,
    MANAGER,
    OWNER,
    Attachment,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import live, meaning, text
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import Plan, shown
from ansible_collections.eks_anywhere.network.plugins.module_utils.pod_networks import Key, PodNetworks, users

API = "k8s.cni.cncf.io/v1"
KIND = "NetworkAttachmentDefinition"
LABEL, ANNOTATION, CONFIG = "label", "annotation", "config"
Part = tuple[str, str]
"""A part of an object that has managers: (LABEL, key), (ANNOTATION, key) or (CONFIG, "")."""
EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True)
class Live:
    """A network of the cluster. ``config`` is "" where there is none.

    ``ours`` are the parts that we applied, ``others`` the managers beside us of each part.
    """

    namespace: str
    name: str
    config: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[Part] = frozenset()
    others: Mapping[Part, tuple[str, ...]] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Return what identifies the object."""
        return self.namespace, self.name

    @property
    def owned(self) -> bool:
        """Say whether it was made here."""
        return self.labels.get(OWNER) == MANAGER

    @property
    def parts(self) -> dict[Part, str]:
        """Return its parts that may be wanted or not."""
        return _parts(self.labels, self.annotations, self.config)


@dataclass(frozen=True)
class Change:
    """What happens to one network: ``action`` is create, update, delete or none; ``body`` is what is applied."""

    path: str
    namespace: str
    name: str
    action: str
    body: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return how messages name the object."""
        return f"{self.namespace}/{self.name}"

    def as_dict(self) -> dict[str, str]:
        """Return the entry of ``attachments``."""
        return {"name": self.name, "namespace": self.namespace, "action": self.action}


def pick(item: Mapping[str, Any]) -> Live:
    """Reduce an object of the API."""
    metadata = item["metadata"]
    ours: set[Part] = set()
    others: dict[Part, tuple[str, ...]] = {}
    for entry in metadata.get("managedFields") or []:
        mine = entry.get("manager") == MANAGER and entry.get("operation") == "Apply"
        for part in _managed(entry.get("fieldsV1") or {}):
            if mine:
                ours.add(part)
            else:
                others[part] = (*others.get(part, ()), str(entry.get("manager")))
    return Live(
        metadata["namespace"],
        metadata["name"],
        (item.get("spec") or {}).get("config") or "",
        metadata.get("labels") or {},
        metadata.get("annotations") or {},
        frozenset(ours),
        others,
    )


def _managed(fields: Mapping[str, Any]) -> Iterator[Part]:
    metadata = fields.get("f:metadata") or {}
    for kind, name in ((LABEL, "f:labels"), (ANNOTATION, "f:annotations")):
        for key in metadata.get(name) or {}:
            if key.startswith("f:"):
                yield kind, key[2:]
    if "f:config" in (fields.get("f:spec") or {}):
        yield CONFIG, ""


def _parts(labels: Mapping[str, str], annotations: Mapping[str, str], config: str) -> dict[Part, str]:
    return {
        **{(LABEL, key): value for key, value in labels.items()},
        **{(ANNOTATION, key): value for key, value in annotations.items()},
        **({(CONFIG, ""): config} if config else {}),
    }


def wanted(attachment: Attachment, annotation: str | None) -> dict[Part, str]:
    """Return the parts of the wanted object. ``annotation`` is that of a split network, which has no configuration."""
    more = {} if annotation is None else {BLOCKS: annotation}
    config = text(attachment.config) if annotation is None else ""
    return _parts(attachment.labels, {**attachment.annotations, **more}, config)


def manifest(namespace: str, name: str, parts: Mapping[Part, str]) -> dict[str, Any]:
    """Return the object with these parts."""
    labels = {key: value for (kind, key), value in parts.items() if kind == LABEL}
    annotations = {key: value for (kind, key), value in parts.items() if kind == ANNOTATION}
    config = parts.get((CONFIG, ""))
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {"config": config} if config else {},
    }


def change(attachment: Attachment, annotation: str | None, current: Live | None, report: Report) -> Change:
    """Return what it takes to make one wanted network, noting parts that another manager keeps."""
    parts = wanted(attachment, annotation)
    place = attachment.path, attachment.namespace, attachment.name
    if current is None:
        return Change(*place, "create", manifest(*attachment.key, parts), {}, _view(parts))
    old = current.parts
    differ = {part for part, value in parts.items() if not _equal(part, old.get(part), value)}
    gone = {part for part in old.keys() - parts.keys() if part in current.ours and part not in current.others}
    if (CONFIG, "") in old.keys() - parts.keys():
        gone.add((CONFIG, ""))
    if not differ and not gone:
        return Change(*place, "none")
    for part in sorted(differ | gone):
        if part in current.others and (part in old):
            _note_conflict(attachment, part, current.others[part], report)
    # Equal text is no conflict with whoever wrote it, so what means the same is sent as it stands.
    sent = {part: value if part in differ else old[part] for part, value in parts.items()}
    before = {part: old[part] for part in differ | gone if part in old}
    after = {part: parts[part] for part in differ}
    return Change(*place, "update", manifest(*attachment.key, sent), *_views(before, after))


def _equal(part: Part, old: str | None, new: str) -> bool:
    if part[0] == CONFIG and old is not None:
        return meaning(live(old)) == meaning(live(new))
    return old == new


def _note_conflict(attachment: Attachment, part: Part, managers: tuple[str, ...], report: Report) -> None:
    kind, key = part
    path = f"{attachment.path}.{kind}s[{key}]" if key else f"{attachment.path}.config"
    who = ", ".join(sorted(set(managers)))
    message = f"another manager keeps it for {attachment.title}: {who}"
    report.error(path, message, "Change it there, or delete the network there and run this again")


def _view(parts: Mapping[Part, str]) -> dict[str, Any]:
    """Return parts as the diff shows them: the configuration as a mapping."""
    found: dict[str, Any] = {}
    for (kind, key), value in parts.items():
        if key:
            found.setdefault(f"{kind}s", {})[key] = value
        else:
            found[kind] = shown(kind, None, live(value))[1]
    return found


def _views(before: Mapping[Part, str], after: Mapping[Part, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = _view(before), _view(after)
    if CONFIG in old and CONFIG in new:
        old[CONFIG], new[CONFIG] = shown(CONFIG, live(before[CONFIG, ""]), live(after[CONFIG, ""]))
    return old, new


def removal(path: str, current: Live) -> Change:
    """Return what it takes to remove a network."""
    return Change(path, *current.key, "delete", {}, _view(current.parts))


def pruned(lives: Iterable[Live], keep: Iterable[Key]) -> list[Change]:
    """Return the removal of every network that was made here and is not among those to keep."""
    kept = set(keep)
    return [removal("prune", current) for current in lives if current.owned and current.key not in kept]


def check_use(
    changes: Iterable[Change], lives: Mapping[Key, Live], pods: Iterable[PodNetworks], allowed: bool, report: Report
) -> None:
    """Note changes under running pods: without consent nothing they use is removed or gets another name.

    host-local keeps addresses by the network's name: with another name those in use are given out again.
    """
    by_network = users(pods)
    for item in changes:
        using = by_network.get((item.namespace, item.name))
        if not using or item.action not in ("delete", "update"):
            continue
        whose = named(using)
        path, message = item.path, f"running pods use {item.title}: {whose}"
        if item.action == "update":
            if CONFIG not in item.before:
                continue
            old, new = (
                _cni_name(config, item.name) for config in (lives[item.namespace, item.name].config, _text(item))
            )
            if old == new:
                report.warn(
                    f"{path}.config", f"pods keep what they have until they start anew: {whose}", "Restart them"
                )
                continue
            path, message = f"{path}.config.name", f"{message}. It would be renamed from {old} to {new}"
        hint = "Delete the pods first, or set allow_in_use: true (in role multus: multus_allow_in_use)"
        (report.warn if allowed else report.error)(path, message, "Restart the pods" if allowed else hint)


def _text(item: Change) -> str:
    return str((item.body.get("spec") or {}).get("config") or "")


def _cni_name(config: str, name: str) -> str:
    found = live(config) if config else {}
    return str(found.get("name") or name) if isinstance(found, Mapping) else name


def check_pods(pods: Iterable[PodNetworks], there: Iterable[Key], report: Report) -> None:
    """Note pods that ask for a network that is not there; of those that go away :func:`check_use` speaks."""
    known = set(there)
    for pod in pods:
        if pod.wrong:
            report.warn(f"pod {pod.pod}", f"its annotation cannot be read: {pod.wrong}", "Correct the pod's template")
        for namespace, name in sorted(pod.asked - known):
            message = f"it asks for the network {namespace}/{name}, which is not there"
            report.warn(f"pod {pod.pod}", message, "Add the network, or correct the pod's annotation")


def plan(changes: Iterable[Change]) -> Plan:
    """Return all changes as a plan."""
    made = [item for item in changes if item.action != "none"]
    return Plan(
        {item.title: dict(item.before) for item in made if item.before},
        {item.title: dict(item.after) for item in made if item.after},
        tuple(f"{item.action} {item.title}" for item in made),
    )
