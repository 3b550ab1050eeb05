# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkAttachmentDefinitions as they are wanted: read from the options and checked, each by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_config import (
    Config,
    NetConf,
    check_config,
    live,
    read,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import (
    ANY,
    MAP,
    TEXT,
    Field,
    Report,
    check_fields,
    got,
)

MANAGER = "eks_anywhere.network"
"""Our field manager, and the value of OWNER: what carries it was made here and may be pruned here."""
OWNER = "app.kubernetes.io/managed-by"
RESOURCE = "k8s.v1.cni.cncf.io/resourceName"
NODE_SELECTOR = "k8s.v1.cni.cncf.io/nodeSelector"
"""What the network resources injector reads: ``key=value``, several joined by commas."""
BLOCKS = "eks-anywhere-network/node-ranges"
"""Who has which part of a range that is split among nodes (see attachments_split)."""

_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(_DOMAIN)
QUALIFIED = re.compile(rf"({_DOMAIN}/)?{_LABEL}")
RESOURCE_NAME = re.compile(rf"{_DOMAIN}/{_LABEL}")
LABEL_VALUE = re.compile(rf"({_LABEL})?")

FIELDS = {
    "name": Field(TEXT, required=True, meaning="the name of the network"),
    "namespace": Field(TEXT, pattern=NAME, meaning="the name of a namespace"),
    "config": Field(ANY),
    "labels": Field(MAP),
    "annotations": Field(MAP),
    "resource_name": Field(TEXT, pattern=RESOURCE_NAME, meaning="the name of a resource, as vendor.com/name"),
    "node_selector": Field(MAP),
    "ipam_per_node": Field(ANY),
}


@dataclass(frozen=True)
class Attachment:
    """One wanted network. ``path`` is its place in the options, ``net`` what its configuration says.

    ``per_node`` is None for one configuration in the cluster, {} for ranges that are split here, or the caller's own
    split: node -> {rangeStart, rangeEnd}. ``net`` is None where there is no configuration, or one that was refused.
    """

    path: str
    namespace: str
    name: str
    config: Config = field(default_factory=dict)
    net: NetConf | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    per_node: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what identifies the object."""
        return self.namespace, self.name

    @property
    def title(self) -> str:
        """Return how messages name the object."""
        return f"{self.namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.path} ({self.title})"


def parse(given: Iterable[Any], report: Report, with_config: bool = True) -> list[Attachment]:
    """Read and check the option ``attachments``; an entry whose name is wrong is left out.

    ``with_config`` False reads names alone, for networks that shall be absent.
    """
    found: dict[tuple[str, str], Attachment] = {}
    for place, entry in enumerate(given):
        path = f"attachments[{place}]"
        attachment = _parse_one(entry, path, report, with_config)
        if attachment is None:
            continue
        first = found.setdefault(attachment.key, attachment)
        if first is not attachment:
            message = f"{attachment.title} is {first.path} too"
            report.error(f"{path}.name", message, "Give each network of a namespace once")
    return list(found.values())


def _parse_one(entry: Any, path: str, report: Report, with_config: bool) -> Attachment | None:
    if not isinstance(entry, Mapping):
        report.error(path, f"it must be a mapping {got(path, entry)}", "Give name and config")
        return None
    check_fields(entry, FIELDS, path, "a network", report)
    labels, annotations, selector = (_texts(entry.get(key)) for key in ("labels", "annotations", "node_selector"))
    name, namespace, resource = (_text(entry.get(key)) for key in ("name", "namespace", "resource_name"))
    named = bool(name) and _check_name(name, f"{path}.name", report)
    found = Attachment(path, namespace or "default", name)
    if with_config:
        _check_labels(labels, f"{path}.labels", report)
        _check_labels(selector, f"{path}.node_selector", report)
        _check_annotations(annotations, path, report)
        if resource:
            annotations[RESOURCE] = resource
        if selector:
            annotations[NODE_SELECTOR] = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        config, net = _config(entry.get("config"), path, name, bool(resource), report)
        per_node = _per_node(entry.get("ipam_per_node"), f"{path}.ipam_per_node", report)
        labels[OWNER] = MANAGER
        found = Attachment(path, *found.key, config or {}, net, labels, annotations, selector, per_node)
    return found if named else None


def _text(value: Any) -> str:
    """Return a text, "" where there is none or something else, which was noted before."""
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> dict[str, str]:
    given = value if isinstance(value, Mapping) else {}
    return {key: text for key, text in given.items() if isinstance(text, str)}


def _config(
    given: Any, path: str, name: str, has_resource: bool, report: Report
) -> tuple[Config | None, NetConf | None]:
    if given is None or given in ("", {}):
        report.error(f"{path}.config", "a network needs it", "Give a CNI configuration as a mapping or as JSON")
        return None, None
    config = read(given, f"{path}.config", report)
    return config, None if config is None else check_config(config, f"{path}.config", name, has_resource, report)


def _check_name(name: str, path: str, report: Report) -> bool:
    """Check a name: Kubernetes' rule is an error; the short form of a pod's annotation takes no dots."""
    if not SUBDOMAIN.fullmatch(name) or len(name) > 253:
        hint = "Use small letters, digits and -, with a letter or digit at both ends"
        report.error(path, f"it is no name of a network {got(path, name)}", hint)
        return False
    if not NAME.fullmatch(name):
        hint = "Use - in place of the dot, or let pods ask for it in the JSON form"
        report.warn(path, f"pods cannot ask for a name with a dot in the short form {got(path, name)}", hint)
    return True


def _check_labels(labels: Mapping[str, str], path: str, report: Report) -> None:
    for key, value in labels.items():
        where = f"{path}[{key}]"
        if not QUALIFIED.fullmatch(key):
            report.error(
                where, "it is no name of a label", "Use letters, digits, -, _ and ., after a domain and / if any"
            )
        elif not LABEL_VALUE.fullmatch(value):
            hint = "Use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"
            report.error(where, f"it is no value of a label {got(where, value)}", hint)
        elif key == OWNER:
            report.error(where, f"it is set to {MANAGER}, which is how prune knows its own", "Remove it")


def _check_annotations(annotations: Mapping[str, str], path: str, report: Report) -> None:
    ours = {RESOURCE: "Use resource_name", NODE_SELECTOR: "Use node_selector", BLOCKS: "Use ipam_per_node"}
    for key in annotations:
        where = f"{path}.annotations[{key}]"
        if key in ours:
            report.error(where, "another option sets it", ours[key])
        elif not QUALIFIED.fullmatch(key):
            hint = "Use letters, digits, -, _ and ., after a domain and / if any"
            report.error(where, "it is no name of an annotation", hint)


def _per_node(given: Any, path: str, report: Report) -> Mapping[str, Any] | None:
    """Read ``ipam_per_node``: false or nothing, true or {}, or ranges by node."""
    if given is None or given is False:
        return None
    if given is True:
        return {}
    if not isinstance(given, Mapping):
        hint = "Give true, or a mapping of nodes to rangeStart and rangeEnd"
        report.error(path, f"it must be a boolean or a mapping {got(path, given)}", hint)
        return None
    table = {name: Field(TEXT, required=True, meaning="an address") for name in ("rangeStart", "rangeEnd")}
    for node, part in given.items():
        where = f"{path}[{node}]"
        if not isinstance(part, Mapping):
            report.error(where, f"it must be a mapping {got(where, part)}", "Give rangeStart and rangeEnd")
            return None
        if not check_fields(part, table, where, "the part of a node", report) or len(part.keys() & table.keys()) < 2:
            return None
    return given


def existing(namespace: str, name: str, config: str) -> Attachment:
    """Return a network of the cluster that is not wanted here, as far as it can be understood."""
    path = f"network {namespace}/{name}"
    found = live(config)
    net = None
    if isinstance(found, Mapping):
        net = check_config(found, path, name, True, Report())
    return Attachment(path, namespace, name, found if isinstance(found, Mapping) else {}, net)
