# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the plan of a change of Cilium: permissions, release, chart, values, rendering, what runs, comparison."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    cilium,
    cilium_current,
    cilium_state,
    cilium_values,
    support,
    versions,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import Chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm, Release, read_release
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
        "chart_ref",
        "chart_version",
        "release_name",
        "namespace",
        "values",
        "keep_values",
        "profile",
        "require_aws_support",
    )
    chart_ref: str
    chart_version: str
    release_name: str = "cilium"
    namespace: str = "kube-system"
    values: dict[str, Any] | None = None
    keep_values: bool = True
    profile: str = "aws"
    require_aws_support: bool = False
    consents: frozenset[str] = frozenset()


def find(cluster: Cluster, helm: Helm, request: Request) -> dict[str, Any]:
    """Return the module's result. Raises NetworkError; changes nothing."""
    kube_version = cluster.server_version()
    check_access(cluster, request.namespace)
    release = read_release(cluster, request.release_name, request.namespace)
    with tempfile.TemporaryDirectory(prefix="cilium-chart-") as directory:
        chart = helm.pull(request.chart_ref, request.chart_version, directory)
        values = _values(chart, release, request)
        rendered = cilium_current.manifests(
            helm.template(
                chart,
                request.release_name,
                request.namespace,
                values.values,
                kube_version,
                [api for api in chart.api_versions if _served(cluster, api)],
                upgrade=release is not None,
            ),
            request.namespace,
        )
    wanted = cilium.Wanted(
        chart_name=chart.name,
        chart_version=chart.version,
        values=values.values,
        consents=request.consents,
        release_name=request.release_name,
        namespace=request.namespace,
    )
    current = cilium_current.read(cluster, release, rendered, request.namespace)
    plan = cilium.plan(current, wanted, rendered)
    if plan.action != "none":
        old_kernels = versions.kernel_problems(chart.version, cluster.list("/api/v1/nodes", pick=versions.pick_kernel))
        if old_kernels:
            raise NetworkError(old_kernels)
    version = cilium_state.eks_anywhere_version(cluster)
    unsupported = support.support(rendered.config, version, rendered.workloads)
    if unsupported and support.is_error(version, request.require_aws_support):
        raise NetworkError(
            _unsupported(unsupported, "require_aws_support" if request.require_aws_support else "values")
        )
    return _result(plan, chart, release, values, unsupported)


def check_access(cluster: Cluster, namespace: str) -> None:
    """Raise Forbidden with everything the user lacks to plan and to carry out a change."""
    if not cluster.access([("*", "*", "*", None)]):
        return
    missing = cluster.access(list(_needs(namespace)))
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
    problems = cilium_values.check(chart, given, known=own)
    if problems:
        raise NetworkError(problems)
    return cilium_values.build(chart, own, given, request.profile)


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
        Problem(path, f"{item['feature']} is outside AWS's support ({item['key']} is {item['value']})", item["message"])
        for item in found
    ]


def _result(
    plan: cilium.CiliumPlan,
    chart: Chart,
    release: Release | None,
    values: cilium_values.Values,
    unsupported: list[dict[str, str]],
) -> dict[str, Any]:
    return {
        "changed": plan.plan.changed,
        "action": plan.action,
        "values": values.values,
        "chart": {"ref": chart.ref, "version": chart.version, "app_version": chart.app_version},
        "release": release
        and {"revision": release.revision, "status": release.status, "chart_version": release.chart_version},
        "changes": plan.changes.as_dict(),
        "refusals": [refusal.as_dict() for refusal in plan.plan.refusals],
        "warnings": [*values.warnings, *plan.warnings],
        "support": unsupported,
        "images": list(plan.images),
        "expected_images": {name: dict(images) for name, images in plan.expected_images.items()},
        "restart": list(plan.restart),
        "diff": plan.plan.diff(),
    }
