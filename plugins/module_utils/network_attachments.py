# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All NetworkAttachmentDefinitions of a cluster in one go: check, plan, apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments import (
    BLOCKS,
    MANAGER,
    Attachment,
    existing,
    parse,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_nodes import (
    Fleet,
    check_nodes,
    read_nodes,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_plan import (
    API,
    Change,
    Live,
    change,
    check_pods,
    check_use,
    manifest,
    pick,
    plan,
    pruned,
    removal,
    wanted,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_rules import (
    check_cidrs,
    check_cluster,
    check_files,
    check_overlaps,
    check_parents,
    together,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_split import conflist, split
from ansible_collections.eks_anywhere.network.plugins.module_utils.attachments_subnets import check_subnets
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Forbidden,
    NetworkError,
    Problem,
    Unreachable,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import PARALLEL, Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.pod_networks import Key
from ansible_collections.eks_anywhere.network.plugins.module_utils.pod_networks import read as read_pods

GROUP, RESOURCE = "k8s.cni.cncf.io", "network-attachment-definitions"
ALL = f"/apis/{API}/{RESOURCE}"
Files = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Request:
    """The options of the module: ``state`` is present, absent or rendered."""

    attachments: list[Any]
    nodes: list[Any] | None = None
    cluster_cidrs: list[Any] | None = None
    prune: bool = False
    allow_in_use: bool = False
    state: str = "present"


@dataclass
class Judged:
    """What is wanted after all checks: networks, the annotations of those that are split, the files of the nodes."""

    attachments: list[Attachment]
    annotations: dict[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=dict)


class NetworkAttachments:
    """The work. ``connect`` is called only where the cluster is needed; ``warn`` gets each warning as text."""

    def __init__(self, request: Request, connect: Callable[[], Cluster], warn: Callable[[str], None]) -> None:
        self._request = request
        self._connect = connect
        self._warn = warn
        self._report = Report()

    def run(self, check_mode: bool) -> dict[str, Any]:
        """Do what the state asks for and return the module's result.

        Raises NetworkError with everything that is wrong; unless a request failed while the changes were made, nothing
        was changed then.
        """
        request = self._request
        attachments = parse(request.attachments, self._report, request.state != "absent")
        if request.state == "rendered":
            judged = self._judge(attachments, {}, ())
            self._finish()
            return self._rendered(judged)
        try:
            cluster = self._connect()
            lives = {current.key: current for current in cluster.list(ALL, pick=pick)}
            pods = read_pods(cluster)
        except NetworkError as error:
            if request.state == "present":
                self._judge(attachments, {}, ())
            self._finish(error.problems)
            raise
        judged = Judged(attachments)
        if request.state == "present":
            self._kind_exists(cluster, lives)
            changes = self._present(attachments, judged, lives)
        else:
            changes = self._absent(attachments, lives)
        there = {*lives, *((item.namespace, item.name) for item in changes if item.action == "create")}
        check_use(changes, lives, pods, request.allow_in_use, self._report)
        check_pods(pods, there, self._report)
        self._finish(self._refused(cluster, changes, lives))
        found = plan(changes)
        result = {
            "changed": found.changed,
            "attachments": [item.as_dict() for item in changes],
            "node_files": judged.files,
            "diff": found.diff(),
        }
        if not check_mode:
            self._apply(cluster, changes)
        return result

    def _present(self, attachments: list[Attachment], judged: Judged, lives: dict[Key, Live]) -> list[Change]:
        keys = {attachment.key for attachment in attachments}
        gone: list[Change] = []
        # An entry that could not be read may be the one that keeps a network.
        if self._request.prune and len(keys) == len(self._request.attachments):
            gone = pruned(lives.values(), keys)
        removed = {(item.namespace, item.name) for item in gone}
        others = [existing(*key, live.config) for key, live in lives.items() if key not in keys | removed]
        found = self._judge(attachments, lives, others)
        judged.annotations, judged.files = found.annotations, found.files
        changes = [
            change(one, judged.annotations.get(one.path), lives.get(one.key), self._report)
            for one in attachments
            if one.net is not None
        ]
        return changes + gone

    def _absent(self, attachments: list[Attachment], lives: dict[Key, Live]) -> list[Change]:
        changes = [
            removal(one.path, lives[one.key]) if one.key in lives else Change(one.path, *one.key, "none")
            for one in attachments
        ]
        if self._request.prune:
            changes += pruned(lives.values(), (one.key for one in attachments))
        return changes

    def _judge(self, attachments: list[Attachment], lives: dict[Key, Live], others: Iterable[Attachment]) -> Judged:
        """Apply every rule to the wanted networks."""
        report, others = self._report, list(others)
        fleet = read_nodes(self._request.nodes, report)
        check_cluster(attachments, check_cidrs(self._request.cluster_cidrs, report), report)
        check_overlaps(attachments, others, report)
        check_parents(attachments, others, fleet.meet if fleet else together, report)
        check_files(attachments, report)
        if fleet:
            check_nodes(attachments, fleet, report)
            check_subnets(attachments, fleet, report)
        return self._split(attachments, fleet, lives)

    def _split(self, attachments: list[Attachment], fleet: Fleet | None, lives: dict[Key, Live]) -> Judged:
        judged = Judged(attachments, {}, {node.name: {} for node in fleet.nodes} if fleet else {})
        for one in attachments:
            nodes = [node.name for node in fleet.eligible(one)] if fleet else None
            before = lives[one.key].annotations.get(BLOCKS) if one.key in lives else None
            found = split(one, nodes, before, self._report)
            if found is None:
                continue
            parts, judged.annotations[one.path] = found
            for node, pools in parts.items():
                judged.files.setdefault(node, {})[f"{one.name}.conflist"] = conflist(one, pools)
        return judged

    def _rendered(self, judged: Judged) -> dict[str, Any]:
        manifests = [manifest(*one.key, wanted(one, judged.annotations.get(one.path))) for one in judged.attachments]
        listed = [{"name": one.name, "namespace": one.namespace, "action": "render"} for one in judged.attachments]
        return {"changed": False, "attachments": listed, "manifests": manifests, "node_files": judged.files}

    def _finish(self, more: Iterable[Problem] = ()) -> None:
        """Pass the warnings on and raise all errors."""
        for problem in sorted(set(self._report.warnings)):
            self._warn(str(problem))
        problems = [*self._report.errors, *more]
        if problems:
            raise NetworkError(problems)

    def _kind_exists(self, cluster: Cluster, lives: dict[Key, Live]) -> None:
        if not lives and self._request.attachments and cluster.get(f"/apis/{API}") is None:
            message = f"the cluster has no NetworkAttachmentDefinitions ({API})"
            self._report.error("attachments", message, "Install Multus first, with role eks_anywhere.network.multus")

    def _refused(self, cluster: Cluster, changes: list[Change], lives: dict[Key, Live]) -> list[Problem]:
        """Return what the cluster would refuse: namespaces that are not there, permissions that the user lacks."""
        if self._report.errors:
            return []
        created = [item for item in changes if item.action == "create"]
        unsure = sorted({item.namespace for item in created} - {namespace for namespace, _name in lives})
        verbs = {"create": ("create", "patch"), "update": ("patch",), "delete": ("delete",), "none": ()}
        needs = {(verb, GROUP, RESOURCE, item.namespace) for item in changes for verb in verbs[item.action]}
        with ThreadPoolExecutor(PARALLEL) as workers:
            found = workers.map(lambda name: cluster.get(f"/api/v1/namespaces/{name}"), unsure)
            missing = {name for name, namespace in zip(unsure, found, strict=True) if namespace is None}
        problems = [
            Problem(f"{item.path}.namespace", f"there is no such namespace (got {item.namespace})", "Create it first")
            for item in created
            if item.namespace in missing
        ]
        return problems + cluster.access(sorted(needs))

    def _apply(self, cluster: Cluster, changes: list[Change]) -> None:
        """Make the changes side by side, removals last. Raises NetworkError with all that failed and what was done."""
        stop = Event()
        problems: list[Problem] = []
        done: list[Change] = []

        def make(item: Change) -> None:
            if stop.is_set():
                return
            path = f"/apis/{API}/namespaces/{item.namespace}/{RESOURCE}/{item.name}"
            try:
                if item.action == "delete":
                    cluster.delete(path)
                else:
                    cluster.apply(path, dict(item.body), MANAGER)
                done.append(item)
            except NetworkError as error:
                # What one request meets, all others would meet too.
                if isinstance(error, (Unreachable, Forbidden)):
                    stop.set()
                    problems.extend(error.problems)
                else:
                    problems.extend(
                        Problem(item.path, f"{item.title}: {problem.message}", problem.hint)
                        for problem in error.problems
                    )

        with ThreadPoolExecutor(PARALLEL) as workers:
            list(workers.map(make, [item for item in changes if item.action in ("create", "update")]))
            if problems:
                stop.set()
            list(workers.map(make, [item for item in changes if item.action == "delete"]))
        if problems:
            made = [item.as_dict() for item in changes if item in done]
            raise NetworkError(problems, {"changed": bool(made), "attachments": made})
