# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes EKS Anywhere's Cilium a Helm release without changing what runs.

EKS Anywhere renders a chart and applies it, so nothing is Helm's. The values it renders with are known; with them, and
those that the user explains the rest by, the same chart has to render what runs, or nothing is touched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_current, eksa_values
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_absent import KINDS, Kind
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import AGENT, OPERATOR, Manifests
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import merge
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import Found
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import read_history
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import PARALLEL, Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import shown

Tree = dict[str, Any]

MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
HOOK = "helm.sh/hook"


@dataclass(frozen=True)
class Request:
    """What is wanted. ``values`` explain the rest; ``chart_version`` None is that of the agent's image."""

    release_name: str
    namespace: str
    chart_ref: str
    chart_version: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Adoption:
    """What to do. ``patches`` are paths of objects that are not the release's yet; ``install`` if there is none."""

    install: bool
    chart_version: str = ""
    values: Mapping[str, Any] | None = None
    patches: tuple[str, ...] = ()


def find(cluster: Cluster, helm: Helm, request: Request, eksa: Found) -> Adoption:
    """Compare and return what to do. Changes nothing. Raises NetworkError with every difference that is unexplained."""
    history = read_history(cluster, request.release_name, request.namespace)
    if history.broken:
        text = f"the Helm release {request.namespace}/{request.release_name} is {history.broken.status}"
        raise NetworkError(Problem("release_name", text, "Run cilium.yml with cilium_allow_repair: true"))
    if history.base:
        return Adoption(install=False, chart_version=history.base.chart_version, values=history.base.values)
    live = cilium_current.read(cluster, history, Manifests({}, {}), request.namespace)
    if AGENT not in live.workloads or OPERATOR not in live.workloads:
        text = f"there is no Cilium in {request.namespace} to take over"
        raise NetworkError(Problem("namespace", text, "Install it with the playbook cilium.yml"))
    agent = live.workloads[AGENT].images.get("cilium-agent", "")
    operator = live.workloads[OPERATOR].images.get("cilium-operator", "")
    version = request.chart_version or _tag(agent).removeprefix("v")
    values = merge(values_of(eksa, agent, operator), request.values)
    with tempfile.TemporaryDirectory(prefix="cilium-chart-") as directory:
        chart = helm.pull(request.chart_ref, version, directory)
        served = cluster.server_version()
        documents = helm.template(chart, request.release_name, request.namespace, values, served)
    objects = [item for item in documents if HOOK not in ((item.get("metadata") or {}).get("annotations") or {})]
    rendered = cilium_current.manifests(objects, request.namespace)
    problems = [*_config_problems(live.config or {}, rendered.config), *_image_problems(live, rendered)]
    patches, foreign = _patches(cluster, request, objects)
    if problems or foreign:
        raise NetworkError([*problems, *foreign])
    return Adoption(True, version, values, tuple(patches))


def values_of(eksa: Found, agent: str, operator: str) -> Tree:
    """Return the values with which EKS Anywhere renders its Cilium, with the images that run.

    ``helmValues`` of the Cluster are verbatim, without images of ours.
    """
    fields = eksa.cilium or {}
    if fields.get("helmValues") is not None:
        return dict(fields["helmValues"])
    spec = eksa.item.get("spec") or {}
    count = (spec.get("controlPlaneConfiguration") or {}).get("count")
    single = count == 1 and not spec.get("workerNodeGroupConfigurations")
    values = eksa_values.value_set(fields, eksa.version or eksa_values.ENVOY_SINCE, single)
    return merge(
        values,
        {
            "image": {**_image(agent), "useDigest": False},
            "operator": {"image": {**_image(operator, "-generic"), "useDigest": False}},
        },
    )


def adopt(cluster: Cluster, request: Request, adoption: Adoption) -> None:
    """Say on every object that it is the release's. Raises NetworkError."""
    body = {"metadata": _metadata(request)}
    with ThreadPoolExecutor(PARALLEL) as workers:
        list(workers.map(lambda path: cluster.patch(path, body), adoption.patches))


def check_access(cluster: Cluster, request: Request) -> None:
    """Raise Forbidden with every permission that lacks to read and to mark the objects."""
    needs: list[tuple[str, str, str, str | None]] = [
        (verb, kind.group, kind.plural, request.namespace if kind.namespaced else None)
        for kind in KINDS
        for verb in ("get", "patch")
    ]
    lacking = cluster.access(needs)
    if lacking:
        raise Forbidden(lacking)


def _metadata(request: Request) -> Tree:
    names = {RELEASE_NAME: request.release_name, RELEASE_NAMESPACE: request.namespace}
    return {"labels": {MANAGED_BY: "Helm"}, "annotations": names}


def _config_problems(live: Mapping[str, str], rendered: Mapping[str, str]) -> list[Problem]:
    found = []
    for key in sorted({*live, *rendered}):
        before, after = live.get(key), rendered.get(key)
        if before != after:
            old, new = shown(key, before, after)
            text = f"EKS Anywhere's values and yours do not explain it (runs {old}, would be {new})"
            found.append(Problem(f"cilium-config.{key}", text, "Give the value that makes it in values"))
    return found


def _image_problems(live: cilium_current.Current, rendered: Manifests) -> list[Problem]:
    found = []
    for name in sorted({*live.workloads, *rendered.workloads}):
        there, wanted = live.workloads.get(name), rendered.workloads.get(name)
        if there is None or wanted is None:
            text = "runs and would not be of the release" if wanted is None else "would be made anew"
            found.append(Problem(f"workload {name}", text, "Give the value that decides about it in values"))
        elif dict(there.images) != dict(wanted.images):
            text = f"has other images (runs {dict(there.images)}, would be {dict(wanted.images)})"
            found.append(Problem(f"workload {name}", text, "Correct chart_version, or give the images in values"))
    return found


def _patches(
    cluster: Cluster, request: Request, objects: Iterable[Mapping[str, Any]]
) -> tuple[list[str], list[Problem]]:
    """Return the paths of objects that are there and not the release's, and what belongs to another release."""
    kinds = {kind.kind: kind for kind in KINDS}
    wanted, foreign, patches = _metadata(request), [], []
    for item in objects:
        kind = kinds.get(str(item.get("kind")))
        name = str(item["metadata"]["name"])
        if kind is None:
            foreign.append(
                Problem(f"{item.get('kind')} {name}", "is of a kind that cannot be taken over", "Turn it off")
            )
            continue
        path = _path(kind, item, request.namespace)
        live = cluster.get(path)
        if live is None:
            continue
        metadata = live["metadata"]
        notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
        owner = notes.get(RELEASE_NAME)
        if owner and (owner, notes.get(RELEASE_NAMESPACE)) != (request.release_name, request.namespace):
            foreign.append(
                Problem(f"{kind.kind} {name}", f"is of the Helm release {owner}", "Give that release's name")
            )
        elif labels.get(MANAGED_BY) != "Helm" or owner != wanted["annotations"][RELEASE_NAME]:
            patches.append(path)
    return patches, foreign


def _path(kind: Kind, item: Mapping[str, Any], namespace: str) -> str:
    place = item["metadata"].get("namespace") or namespace
    return f"{kind.collection(place)}/{item['metadata']['name']}"


def _tag(image: str) -> str:
    last = image.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]


def _image(image: str, suffix: str = "") -> dict[str, str]:
    repository = image.partition("@")[0].removesuffix(f":{_tag(image)}")
    return {"repository": repository.removesuffix(suffix) if suffix else repository, "tag": _tag(image)}
