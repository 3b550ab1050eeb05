# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of Cilium as a pure function of what the API says.

The keys are those of ``cilium status -o json``; the judgement is stricter than that command's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_checks as checks
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_pods as pod_checks
from ansible_collections.eks_anywhere.network.plugins.module_utils import support
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_pods import ExpectedImages
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import COMPONENTS, Object, State
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import Finding, is_ready

EKS_ANYWHERE_MANAGER = "eks-a-controller"
"""Field manager of EKS Anywhere's server-side apply (aws/eks-anywhere pkg/controller/serverside)."""
SETTLE = timedelta(seconds=30)
"""How long a new pod may be without a ready endpoint."""
TITLES = (
    ("Cilium", "cilium"),
    ("Operator", "cilium-operator"),
    ("Envoy DaemonSet", "cilium-envoy"),
    ("Hubble Relay", "hubble-relay"),
    ("Hubble UI", "hubble-ui"),
    ("ClusterMesh", "clustermesh-apiserver"),
)


def status(
    state: State,
    now: datetime,
    expected_images: ExpectedImages | None = None,
) -> dict[str, Any]:
    """Return the status of Cilium.

    ``now`` is an aware UTC time; ``expected_images`` is ``{workload: {container: image}}`` and comes before what the
    workloads' own templates say. ``problems`` is sorted, ``healthy`` is true when it is empty.
    """
    problems = sorted(set(findings(state, now, expected_images or {})))
    result = {
        "image_count": {name: dict(_images(state, name)) for name in COMPONENTS if state.pods.get(name)},
        "phase_count": {name: dict(_phases(state, name)) for name in COMPONENTS if state.pods.get(name)},
        "pod_state": {name: checks.counts(item) for name, item in state.workloads.items()},
        "pods_count": {"all": sum(1 for pod in checks.managed_pods(state)), "by_cilium": len(state.endpoints)},
        "cilium_status": state.agents or {},
        "cilium_endpoints": _endpoints_by_agent(state),
        "errors": _errors(state, problems),
        "collection_errors": list(state.collection_errors),
        "helm_chart_version": state.release.chart_version if state.release else "",
        "config_errors": checks.config_errors(state.config),
        "management": management(state),
        "healthy": not problems,
        "problems": [problem.as_dict() for problem in problems],
        "support": support.support(
            (state.config or {}).get("data") or {},
            state.eks_anywhere_version,
            state.workloads,
            [checks.policy_name(item) for item in state.policies if item["l7"]],
        ),
        "nodes": _nodes(state),
        "policies": [
            {key: item[key] for key in ("kind", "namespace", "name", "uid", "sha256")} for item in state.policies
        ],
        "crds": state.crds,
    }
    result["box"] = box(result)
    return result


def findings(state: State, now: datetime, expected: ExpectedImages) -> Iterator[Finding]:
    """Run every check."""
    settled = (now - SETTLE).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in state.workloads:
        yield from checks.workload(state, name)
        yield from pod_checks.pods(state, name)
        yield from pod_checks.images(state, name, expected)
        if name in ("cilium", "cilium-operator"):
            yield from pod_checks.old_config(state, name)
    yield from chain(
        checks.agent_required(state),
        checks.operator_spread(state),
        checks.expected_absent(state, expected),
        pod_checks.image_ids(state),
        checks.nodes(state),
        checks.missing_agents(state),
        checks.endpoints(state, settled),
        checks.policies(state),
        checks.release(state),
        checks.agents(state),
    )
    for note in checks.config_errors(state.config):
        where = f"ConfigMap {state.namespace}/cilium-config"
        yield Finding("cilium", where, note, "Correct the value and apply the chart again")


def management(state: State) -> str:
    """Return who manages Cilium: ``helm``, ``eks_anywhere``, ``manifest``, or ``absent`` when it is not there."""
    items = [state.workloads[name] for name in ("cilium", "cilium-operator") if name in state.workloads]
    if not items and not state.config:
        return "absent"
    metadata = [item["metadata"] for item in items]
    if state.release or any(
        (item.get("labels") or {}).get("app.kubernetes.io/managed-by") == "Helm" for item in metadata
    ):
        return "helm"
    managers = {entry.get("manager") for item in metadata for entry in item.get("managedFields") or []}
    # EKS Anywhere takes a Cilium for its own when "eks" is in an image name (pkg/networking/cilium/installation.go).
    containers = [entry for item in items for entry in item["spec"]["template"]["spec"].get("containers") or []]
    if EKS_ANYWHERE_MANAGER in managers or any("eks" in entry["image"] for entry in containers):
        return "eks_anywhere"
    return "manifest"


def stuck(state: State) -> Iterator[tuple[str, Object, str, str, str]]:
    """Yield (key, pod, container, reason, text) of Cilium's containers that wait for anything but their start."""
    for pod in chain.from_iterable(state.pods.values()):
        for container, reason, text in pod_checks.waiting(pod):
            if reason not in pod_checks.STARTING:
                yield f"{pod['metadata'].get('uid')}/{container}", pod, container, reason, text


def _images(state: State, component: str) -> Counter[str]:
    return Counter(entry["image"] for pod in state.pods[component] for entry in pod["spec"].get("containers") or [])


def _phases(state: State, component: str) -> Counter[str]:
    return Counter(pod["status"].get("phase", "Unknown") for pod in state.pods[component])


def _errors(state: State, problems: list[Finding]) -> dict[str, dict[str, Any]]:
    errors: dict[str, dict[str, Any]] = {}
    for problem in problems:
        entry = errors.setdefault(problem.component, {}).setdefault(
            problem.object, {"Errors": [], "Warnings": [], "Disabled": False}
        )
        entry["Errors"].append(problem.message)
    for name in COMPONENTS:
        if name not in state.workloads and name not in errors:
            errors[name] = {name: {"Errors": [], "Warnings": [], "Disabled": True}}
    return errors


def _endpoints_by_agent(state: State) -> dict[str, list[Object]]:
    """Return each agent's endpoints, by the node address in the CiliumEndpoint, when the agents were asked."""
    if state.agents is None:
        return {}
    agent_of = {pod["status"].get("hostIP"): pod["metadata"]["name"] for pod in state.pods.get("cilium", [])}
    found: dict[str, list[Object]] = {name: [] for name in agent_of.values()}
    for item in state.endpoints:
        name = agent_of.get((item["status"].get("networking") or {}).get("node"))
        if name:
            entry = {"id": item["status"].get("id"), "state": item["status"].get("state", "unknown")}
            found[name].append({**entry, **item["metadata"]})
    return found


def _nodes(state: State) -> list[Object]:
    agent_on = {pod["spec"].get("nodeName"): pod for pod in state.pods.get("cilium", []) if not _leaving(pod)}
    listed = []
    for node in sorted(item["metadata"]["name"] for item in state.nodes):
        pod = agent_on.get(node)
        entry: Object = {
            "name": node,
            "agent_pod": "",
            "image": "",
            "ready": False,
            "started": "",
            "ready_at": "",
        }
        if pod:
            image = [item["image"] for item in pod["spec"].get("containers") or [] if item["name"] == "cilium-agent"]
            running = [
                ((item.get("state") or {}).get("running") or {}).get("startedAt", "")
                for item in pod["status"].get("containerStatuses") or []
                if item["name"] == "cilium-agent"
            ]
            since = [
                item.get("lastTransitionTime", "")
                for item in pod["status"].get("conditions") or []
                if item.get("type") == "Ready" and item.get("status") == "True"
            ]
            entry.update(
                agent_pod=pod["metadata"]["name"],
                image="".join(image),
                ready=is_ready(pod),
                started="".join(running),
                ready_at="".join(since),
            )
        listed.append(entry)
    return listed


def _leaving(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def box(result: dict[str, Any]) -> str:
    """Return the status as text for a terminal."""
    lines = [f"{title + ':':<20}{_verdict(result, name)}" for title, name in TITLES]
    lines.append("")
    for name, numbers in result["pod_state"].items():
        desired = numbers["Desired"]
        lines.append(
            f"{numbers['Type']:<20}{name:<24}Desired: {desired}, Ready: {numbers['Ready']}/{desired}, "
            f"Available: {numbers['Available']}/{desired}"
        )
    for name, phases in result["phase_count"].items():
        text = ", ".join(f"{phase}: {count}" for phase, count in sorted(phases.items()))
        lines.append(f"{'Containers:':<20}{name:<24}{text}")
    count = result["pods_count"]
    lines.append(f"{'Cluster Pods:':<20}{count['by_cilium']}/{count['all']} managed by Cilium")
    lines.append(f"{'Managed by:':<20}{result['management']}")
    lines.append(f"{'Helm chart version:':<20}{result['helm_chart_version'] or 'none'}")
    for name, images in result["image_count"].items():
        for image, number in sorted(images.items()):
            lines.append(f"{'Image versions:':<20}{name:<24}{image}: {number}")
    for item in result["problems"]:
        hint = f". {item['hint']}" if item["hint"] else ""
        lines.append(f"{'Problem:':<20}{item['component']:<24}{item['object']}: {item['message']}{hint}")
    for text in result["collection_errors"]:
        lines.append(f"{'Not collected:':<20}{text}")
    for item in result["support"]:
        lines.append(f"{'Outside AWS support:':<21}{item['feature']} ({item['key']}: {item['value']})")
    return "\n".join(line.rstrip() for line in lines)


def _verdict(result: dict[str, Any], name: str) -> str:
    entries = (result["errors"].get(name) or {}).values()
    count = sum(len(entry["Errors"]) for entry in entries)
    if count:
        return f"{count} error" + ("s" if count > 1 else "")
    if any(entry["Disabled"] for entry in entries):
        return "disabled (using embedded mode)" if name == "cilium-envoy" else "disabled"
    return "OK"
