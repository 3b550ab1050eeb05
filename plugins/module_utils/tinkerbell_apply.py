# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the objects of machines into a management cluster: what is there stays where nothing else is wanted.

Tinkerbell and its provider of Cluster API write into Hardware objects too: who owns a machine, its user data, and
whether an interface may boot from the network. All of that is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import TEMPLATE
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import OWNER_LABELS
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import PARALLEL, Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import HIDDEN, HIDDEN_CHANGED, same
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_hardware import HARDWARE, PATHS, SECRET

COLLECTIONS = {
    **PATHS,
    TEMPLATE: "/apis/anywhere.eks.amazonaws.com/v1alpha1/namespaces/{namespace}/tinkerbelltemplateconfigs",
}
FIXED = (("disks",), ("metadata", "instance", "id"), ("metadata", "instance", "ips"))
"""What of a provisioned machine's spec must not change: it would be another machine."""
KEPT_DOMAINS = ("tinkerbell.org", "x-k8s.io", "kubernetes.io", "amazonaws.com")
"""Labels in these domains are never ours to remove."""


@dataclass(frozen=True)
class Step:
    """One object: where it is, and the patch or the whole that brings it to what is wanted. ``action`` may be none."""

    path: str
    action: str
    body: Mapping[str, Any]
    before: Any
    after: Any


@dataclass(frozen=True)
class Live:
    """What a management cluster has, by path."""

    objects: Mapping[str, Mapping[str, Any]]

    @property
    def templates(self) -> list[Mapping[str, Any]]:
        """Return its TinkerbellTemplateConfigs of the names that are wanted."""
        return [item for path, item in self.objects.items() if "/tinkerbelltemplateconfigs/" in path]

    @property
    def provisioned(self) -> set[str]:
        """Return the names of the machines that a cluster has taken."""
        found = [item for path, item in self.objects.items() if "/hardware/" in path]
        return {item["metadata"]["name"] for item in found if _owned(item)}


def read(cluster: Cluster, wanted: Sequence[Mapping[str, Any]]) -> Live:
    """Read every object that is wanted. Raises NetworkError where the cluster has no Tinkerbell."""
    if cluster.get("/apis/tinkerbell.org/v1alpha1") is None:
        message = f"{cluster.server} has no Hardware objects (tinkerbell.org/v1alpha1)"
        raise NetworkError(Problem("kubeconfig", message, "Give the kubeconfig of the management cluster"))
    paths = [path_of(item) for item in wanted]
    with ThreadPoolExecutor(PARALLEL) as workers:
        found = list(workers.map(cluster.get, paths))
    return Live({path: item for path, item in zip(paths, found, strict=True) if item is not None})


def path_of(item: Mapping[str, Any]) -> str:
    """Return where an object is."""
    metadata = item["metadata"]
    return f"{COLLECTIONS[item['kind']].format(namespace=metadata['namespace'])}/{metadata['name']}"


def plan(wanted: Iterable[Mapping[str, Any]], live: Live) -> list[Step]:
    """Return a step for every object. Raises NetworkError for a provisioned machine that would become another one."""
    steps, problems = [], []
    for item in wanted:
        path = path_of(item)
        current = live.objects.get(path)
        if current is None:
            steps.append(Step(path, "create", item, None, _shown(item, {})))
            continue
        if item["kind"] == HARDWARE:
            if _owned(current):
                problems += _check_fixed(item, current)
            item = _kept(item, current)
        body = {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
        action = "none" if covers(current, body) else "update"
        steps.append(Step(path, action, body, _shown(_part(current, item), {}), _shown(item, current)))
    if problems:
        raise NetworkError(problems)
    return steps


def needs(steps: Iterable[Step]) -> list[tuple[str, str, str, str | None]]:
    """Return the permissions that the steps ask for."""
    found = set()
    for step in steps:
        words = step.path.strip("/").split("/")
        group = words[1] if words[0] == "apis" else ""
        if step.action != "none":
            found.add(({"create": "create", "update": "patch"}[step.action], group, words[-2], words[-3]))
    return sorted(found)


def apply(cluster: Cluster, steps: Sequence[Step]) -> None:
    """Make every change; Secrets and BMC Machines come before the Hardware that refers to them.

    Raises NetworkError with all that failed.
    """
    problems: list[Problem] = []

    def make(step: Step) -> None:
        try:
            if step.action == "create":
                cluster.create(step.path.rpartition("/")[0], dict(step.body))
            else:
                cluster.patch(step.path, dict(step.body))
        except NetworkError as error:
            problems.extend(Problem(step.path, problem.message, problem.hint) for problem in error.problems)

    for hardware in (False, True):
        chosen = [step for step in steps if step.action != "none" and ("/hardware/" in step.path) is hardware]
        with ThreadPoolExecutor(PARALLEL) as workers:
            list(workers.map(make, chosen))
        if problems:
            raise NetworkError(problems)


def covers(live: Any, wanted: Any) -> bool:
    """Say whether what is there has all that is wanted; a null in ``wanted`` is something that must not be there."""
    if isinstance(wanted, Mapping):
        have = live if isinstance(live, Mapping) else {}
        return all(
            name not in have if inner is None else name in have and covers(have[name], inner)
            for name, inner in wanted.items()
        )
    if isinstance(wanted, list):
        have = live if isinstance(live, list) else []
        return len(have) == len(wanted) and all(map(covers, have, wanted))
    return same(live, wanted)


def _owned(item: Mapping[str, Any]) -> bool:
    return bool((item["metadata"].get("labels") or {}).get(OWNER_LABELS[0]))


def _check_fixed(item: Mapping[str, Any], current: Mapping[str, Any]) -> list[Problem]:
    found = []
    for keys in FIXED:
        new, old = _at(item["spec"], keys), _at(current.get("spec"), keys)
        if old is not None and not covers(old, new):
            path = f"Hardware {item['metadata']['name']} spec.{'.'.join(keys)}"
            message = "the machine is provisioned, and this would make another one of it"
            found.append(Problem(path, message, "Remove it from its cluster first, or leave it as it is"))
    return found


def _kept(item: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Hardware object with what Tinkerbell has written into its interfaces, and without labels of the past."""
    live = {}
    for entry in (current.get("spec") or {}).get("interfaces") or []:
        live[str((entry.get("dhcp") or {}).get("mac"))] = entry
    interfaces = []
    for entry in item["spec"]["interfaces"]:
        before = live.get(str(entry["dhcp"].get("mac"))) or {}
        interfaces.append({**before, **entry, **({"netboot": before["netboot"]} if "netboot" in before else {})})
    labels = dict(item["metadata"].get("labels") or {})
    for name in current["metadata"].get("labels") or {}:
        if name not in labels and not _owned(current) and not name.partition("/")[0].endswith(KEPT_DOMAINS):
            labels[name] = None
    metadata = {**item["metadata"], **({"labels": labels} if labels else {})}
    return {**item, "metadata": metadata, "spec": {**item["spec"], "interfaces": interfaces}}


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _part(live: Any, wanted: Any) -> Any:
    """Return what is there of what is wanted."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return {name: _part(live[name], inner) for name, inner in wanted.items() if name in live}
    if isinstance(wanted, list) and isinstance(live, list) and len(live) == len(wanted):
        return list(map(_part, live, wanted))
    return live


def _shown(item: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object for the diff; what a Secret says is hidden."""
    if item.get("kind") != SECRET:
        return dict(item)
    old = current.get("data") or {}
    data = {
        key: HIDDEN_CHANGED if current and not same(old.get(key), value) else HIDDEN
        for key, value in (item.get("data") or {}).items()
    }
    return {**item, "data": data}
