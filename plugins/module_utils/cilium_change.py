# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the plan of a change of Cilium: permissions, release, chart, values, rendering, what runs, comparison.

What is wanted is a chart with values, an earlier revision of the release, or nothing; the comparison is the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    cilium,
    cilium_current,
    cilium_record,
    cilium_removal,
    cilium_renames,
    cilium_values,
    eks_anywhere,
    support,
    versions,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import REPAIR
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import History, Release, read_history
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

Need = tuple[str, str, str, "str | None"]

_RBAC = "rbac.authorization.k8s.io"
_IN_NAMESPACE = (
    ("", "configmaps"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    (_RBAC, "roles"),
    (_RBAC, "rolebindings"),
)
_CLUSTER_WIDE = ((_RBAC, "clusterroles"), (_RBAC, "clusterrolebindings"))


@dataclass(frozen=True)
class Request:
    """What the caller wants; the fields are the module's options of the same name."""

    OPTIONS: ClassVar[tuple[str, ...]] = (
        "state",
        "rollback_to",
        "chart_ref",
        "chart_version",
        "release_name",
        "namespace",
        "values",
        "keep_values",
        "profile",
        "require_aws_support",
        "cluster_name",
    )
    chart_ref: str
    chart_version: str | None = None
    release_name: str = "cilium"
    namespace: str = "kube-system"
    values: dict[str, Any] | None = None
    keep_values: bool = True
    profile: str = "aws"
    require_aws_support: bool = False
    consents: frozenset[str] = frozenset()
    state: str = cilium.PRESENT
    rollback_to: str | None = None
    cluster_name: str | None = None

    def problems(self) -> list[Problem]:
        """Return what is wrong with the options, whatever the cluster."""
        if self.rollback_to and self.state == cilium.ABSENT:
            text = f"a release that is removed goes nowhere (got {self.rollback_to})"
            return [Problem("rollback_to", text, "Leave it out, or give state: present")]
        if not self.rollback_to and self.state == cilium.PRESENT and not self.chart_version:
            return [Problem("chart_version", "it is missing", "Give the version of the chart")]
        return []


@dataclass(frozen=True)
class Aim:
    """What is wanted, worked out. ``chart`` is the module's; ``target`` is the revision to go back to, if it is one."""

    wanted: cilium.Wanted
    rendered: cilium_current.Manifests
    chart: dict[str, Any] | None = None
    target: Release | None = None
    warnings: tuple[str, ...] = ()


def find(cluster: Cluster, helm: Helm, request: Request, management: Cluster | None = None) -> dict[str, Any]:
    """Return the module's result. Raises NetworkError; changes nothing.

    ``management`` is the cluster that has the EKS Anywhere Cluster, by default ``cluster``.
    """
    wrong = request.problems()
    if wrong:
        raise NetworkError(wrong)
    kube_version = cluster.server_version()
    check_access(cluster, request.namespace, removal=request.state == cilium.ABSENT)
    history = read_history(cluster, request.release_name, request.namespace)
    record = cilium_record.read(cluster, request.release_name, request.namespace)
    if request.state == cilium.ABSENT:
        aim = Aim(_wanted(request, "", "", {}, cilium.ABSENT), cilium_current.of_release(None))
    elif request.rollback_to:
        aim = _earlier(cluster, request, history, record)
    else:
        aim = _from_chart(cluster, helm, request, history, kube_version)
    goal = aim.wanted.goal
    current = cilium_current.read(cluster, history, aim.rendered, request.namespace, goal != cilium.PRESENT)
    plan = cilium.plan(current, aim.wanted, aim.rendered)
    said = eks_anywhere.read(management or cluster, request.cluster_name, elsewhere=management is not None)
    if plan.plan.changed:
        problems = [*_obstacles(cluster, aim, current), *eks_anywhere.problems(said, goal == cilium.ABSENT)]
        if problems:
            raise NetworkError(problems)
    version = said.version
    policies = cilium_current.policies_above_l4(cluster) if goal == cilium.PRESENT else ()
    unsupported = support.support(aim.rendered.config, version, aim.rendered.workloads, policies)
    if unsupported and goal == cilium.PRESENT and support.is_error(version, request.require_aws_support):
        raise NetworkError(
            _unsupported(unsupported, "require_aws_support" if request.require_aws_support else "values")
        )
    warnings = [said.warning] if said.warning and plan.plan.changed else []
    if goal == cilium.PRESENT and plan.plan.changed:
        warnings += versions.warnings(aim.wanted.chart_version, kube_version, version)
    return _result(plan, aim, history, record, unsupported, warnings)


def _from_chart(cluster: Cluster, helm: Helm, request: Request, history: History, kube_version: str) -> Aim:
    with tempfile.TemporaryDirectory(prefix="cilium-chart-") as directory:
        chart = helm.pull(request.chart_ref, request.chart_version, directory)
        values = _values(chart, history.base, request)
        rendered = cilium_current.manifests(
            helm.template(
                chart,
                request.release_name,
                request.namespace,
                values.values,
                kube_version,
                [api for api in chart.api_versions if _served(cluster, api)],
                upgrade=history.base is not None,
            ),
            request.namespace,
        )
    return Aim(
        _wanted(request, chart.name, chart.version, values.values),
        rendered,
        {"ref": chart.ref, "version": chart.version, "app_version": chart.app_version},
        warnings=values.warnings,
    )


def _earlier(cluster: Cluster, request: Request, history: History, record: cilium_record.Record | None) -> Aim:
    """Return a revision of the release as Helm goes back to it: its own chart, values and manifest."""
    target = cilium_record.target(
        cluster, history, record, str(request.rollback_to), request.release_name, request.namespace
    )
    return Aim(
        _wanted(request, target.chart_name, target.chart_version, target.values, cilium.EARLIER),
        cilium_current.of_release(target),
        {"ref": None, "version": target.chart_version, "app_version": target.app_version},
        target,
        tuple(cilium_values.secret_warnings(target.values)),
    )


def _wanted(
    request: Request, chart_name: str, chart_version: str, values: dict[str, Any], goal: str = cilium.PRESENT
) -> cilium.Wanted:
    return cilium.Wanted(
        chart_name=chart_name,
        chart_version=chart_version,
        values=values,
        consents=request.consents,
        release_name=request.release_name,
        namespace=request.namespace,
        goal=goal,
    )


def _obstacles(cluster: Cluster, aim: Aim, current: cilium_current.Current) -> list[Problem]:
    """Return what forbids this change, whatever is consented to. What once ran here is not judged again."""
    if aim.wanted.goal == cilium.ABSENT:
        return cilium_removal.problems(
            cluster, [*current.rendered.workloads.values(), *current.aside.workloads.values()]
        )
    if aim.wanted.goal == cilium.PRESENT:
        kernels = cluster.list("/api/v1/nodes", pick=versions.pick_kernel)
        return versions.kernel_problems(aim.wanted.chart_version, kernels)
    return []


def check_access(cluster: Cluster, namespace: str, removal: bool = False) -> None:
    """Raise Forbidden with everything the user lacks to plan and to carry out a change."""
    if not cluster.access([("*", "*", "*", None)]):
        return
    needs: list[Need] = [("list", "", "pods", None)] if removal else []
    missing = cluster.access([*_needs(namespace), *needs])
    if missing:
        raise Forbidden(missing)


def _needs(namespace: str) -> Iterator[Need]:
    for group, resource in _IN_NAMESPACE:
        yield from ((verb, group, resource, namespace) for verb in ("get", "list", "create", "patch", "delete"))
    yield ("update", "", "secrets", namespace)
    for group, resource in _CLUSTER_WIDE:
        yield from ((verb, group, resource, None) for verb in ("get", "create", "patch", "delete"))
    for verb in ("get", "list", "create", "delete"):
        yield (verb, "", "pods", namespace)
    yield ("create", "", "namespaces", None)
    yield ("list", "", "nodes", None)
    yield ("list", "apps", "daemonsets", None)
    for path in cilium_current.ENVOY_USERS.values():
        yield ("list", "cilium.io", path.rpartition("/")[2], None)


def _values(chart: Chart, release: Release | None, request: Request) -> cilium_values.Values:
    """Return the full values; raise with every key the chart does not know."""
    own = release.values if release and request.keep_values else None
    given = request.values or {}
    renamed = cilium_renames.translate(own or {}, release.chart_version if release else "", chart.version, given)
    outdated = cilium_renames.check(given, chart.version)
    known = {problem.path for problem in outdated}
    unknown = [problem for problem in cilium_values.check(chart, given, known=own) if problem.path not in known]
    if outdated or unknown or renamed.problems:
        raise NetworkError([*outdated, *unknown, *renamed.problems])
    built = cilium_values.build(chart, None if own is None else renamed.values, given, request.profile)
    return replace(built, warnings=(*renamed.warnings, *built.warnings))


def _served(cluster: Cluster, api: str) -> bool:
    """Say whether the cluster serves an API, ``group/version`` or ``group/version/Kind``, as Helm would see it."""
    group, _slash, rest = api.partition("/")
    version, _slash, kind = rest.partition("/")
    found = cluster.get(f"/apis/{group}/{version}") if version else None
    if found is None:
        return False
    return not kind or any(item.get("kind") == kind for item in found.get("resources") or [])


def _unsupported(found: list[dict[str, str]], path: str) -> list[Problem]:
    return [
        Problem(item["key"], "it has rules above L4, which are outside AWS's support", item["message"])
        if item["feature"] == support.POLICY
        else Problem(
            path, f"{item['feature']} is outside AWS's support ({item['key']} is {item['value']})", item["message"]
        )
        for item in found
    ]


def _result(
    plan: cilium.CiliumPlan,
    aim: Aim,
    history: History,
    record: cilium_record.Record | None,
    unsupported: list[dict[str, str]],
    warnings: list[str],
) -> dict[str, Any]:
    base, newest, target = history.base, history.newest, aim.target
    changes_release = plan.action not in ("none", "remove")
    unlock = newest if newest and newest.pending and REPAIR in aim.wanted.consents else None
    return {
        "changed": plan.plan.changed,
        "action": plan.action,
        "values": aim.wanted.values,
        "chart": aim.chart,
        "release": base and {"revision": base.revision, "status": base.status, "chart_version": base.chart_version},
        "unlock": unlock and {"revision": unlock.revision, "status": unlock.status, "since": unlock.since},
        "record": record and record.as_dict(),
        "goes_back_to": cilium_record.goes_back_to(record, history, target) if changes_release else None,
        "target": target and {"revision": target.revision, "chart_version": target.chart_version},
        "changes": plan.changes.as_dict(),
        "refusals": [refusal.as_dict() for refusal in plan.plan.refusals],
        "warnings": [*aim.warnings, *plan.warnings, *warnings],
        "support": unsupported,
        "images": list(plan.images),
        "expected_images": {name: dict(images) for name, images in plan.expected_images.items()},
        "restart": list(plan.restart),
        "diff": plan.plan.diff(),
    }
