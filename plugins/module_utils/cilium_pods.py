# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Cilium's own pods: are they up, what do they run, which configuration did they read. Pure.

Times of the API are UTC with whole seconds (RFC 3339, ``Z``), so they are compared as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import Object, State
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import (
    SHOWN,
    Finding,
    condition,
    is_ready,
    label,
    named,
    present,
)

STARTING = ("ContainerCreating", "PodInitializing")
# Reasons of a Failed pod that its controller replaces without harm (cilium status, v0.19.7).
HARMLESS_FAILURES = (
    "TaintToleration",
    "NodeAffinity",
    "NodeLost",
    "Evicted",
    "Shutdown",
    "Preempting",
    "UnexpectedAdmissionError",
)
ExpectedImages = Mapping[str, Mapping[str, str]]


def pods(state: State, component: str) -> Iterator[Finding]:
    """Every pod must be scheduled, started, ready and here to stay."""
    found = [finding for pod in state.pods.get(component, []) if (finding := _pod(component, pod))]
    yield from sorted(found)[:SHOWN]
    if len(found) > SHOWN:
        yield Finding(component, f"namespace {state.namespace}", f"{len(found) - SHOWN} more pods are not ready")


def _pod(component: str, pod: Object) -> Finding | None:
    """Return the most telling reason why a pod is not ready."""
    metadata, status = pod["metadata"], pod["status"]
    node = pod["spec"].get("nodeName")
    where = f"Pod {metadata['namespace']}/{metadata['name']}" + (f" on {node}" if node else "")
    see = f"kubectl -n {metadata['namespace']}"
    if metadata.get("deletionTimestamp"):
        return Finding(component, where, "is terminating", "Wait; if it stays, see the kubelet of its node")
    if status.get("phase") == "Failed":
        if status.get("reason") in HARMLESS_FAILURES:
            return None
        said = ": ".join(filter(None, (status.get("reason"), status.get("message")))) or "no reason given"
        return Finding(component, where, f"failed: {said}", f"{see} describe pod {metadata['name']}")
    for container, reason, text in waiting(pod):
        if reason in STARTING:
            continue
        said = f"container {container}: {reason}" + (f": {text}" if text else "")
        image = "Image" in reason or "Pull" in reason
        hint = f"{see} logs {metadata['name']} -c {container} --previous"
        return Finding(component, where, said, "Check the image name and the registry" if image else hint)
    unscheduled = condition(pod, "PodScheduled")
    if unscheduled.get("status") == "False":
        return Finding(component, where, f"is not scheduled: {unscheduled.get('message', 'no reason given')}")
    if not is_ready(pod):
        said = condition(pod, "Ready").get("message") or f"phase {status.get('phase', 'unknown')}"
        return Finding(component, where, f"is not ready: {said}", f"{see} describe pod {metadata['name']}")
    return None


def waiting(pod: Object) -> Iterator[tuple[str, str, str]]:
    """Yield (container, reason, text) of each waiting container, init containers first."""
    status = pod["status"]
    for item in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = (item.get("state") or {}).get("waiting")
        if not state or not state.get("reason"):
            continue
        ended = (item.get("lastState") or {}).get("terminated") or {}
        exit_text = f"exit code {ended['exitCode']}" if "exitCode" in ended else ""
        text = ", ".join(filter(None, (state.get("message"), exit_text, _last_words(ended.get("message") or ""))))
        yield item["name"], state["reason"], text


def cannot_run(pod: Object, container: str) -> bool:
    """Say whether a container's process could not even be started (its image lacks the program, for example)."""
    status = pod["status"]
    return any(
        ((item.get("lastState") or {}).get("terminated") or {}).get("reason") in ("StartError", "ContainerCannotRun")
        for item in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        if item["name"] == container
    )


def _last_words(message: str) -> str:
    """Return the line of a container's last output that says why it ended, at most 300 characters of it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    for sign in ("panic:", "level=fatal", "level=error"):
        telling = [line for line in lines if sign in line]
        if telling:
            return telling[-1][:300]
    return lines[-1][:300] if lines else ""


def images(state: State, component: str, expected: ExpectedImages) -> Iterator[Finding]:
    """Every container, init containers too, must run the expected image, else its workload's own."""
    item = state.workloads[component]
    where = f"{item['kind']} {state.namespace}/{component}"
    template = item["spec"]["template"]["spec"]
    sections = ("initContainers", "containers")
    wanted = {entry["name"]: entry["image"] for section in sections for entry in template.get(section) or []}
    wanted.update(expected.get(component) or {})
    wrong: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for pod in present(state, component):
        found = {entry["name"]: entry["image"] for section in sections for entry in pod["spec"].get(section) or []}
        for container, image in wanted.items():
            if found.get(container) != image:
                containers, labels = wrong.setdefault((found.get(container, "nothing"), image), (set(), set()))
                containers.add(container)
                labels.add(label(pod))
    for (image, right), (containers, labels) in sorted(wrong.items()):
        message = f"{named(containers)}: {image} instead of {right} in {named(labels)}"
        yield Finding(component, where, message, "Wait for the roll-out, or apply the wanted chart and values")


def image_ids(state: State) -> Iterator[Finding]:
    """One image name must be the same content on all nodes.

    Only like is compared with like: a bare ``sha256:`` names the image's configuration, a reference with ``@`` its
    manifest.
    """
    seen: dict[tuple[str, bool], dict[str, set[str]]] = {}
    for component in state.workloads:
        for pod in present(state, component):
            sections = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
            for section, status_section in sections:
                image_of = {entry["name"]: entry["image"] for entry in pod["spec"].get(section) or []}
                for status in pod["status"].get(status_section) or []:
                    image_id = status.get("imageID") or ""
                    if image_id and status["name"] in image_of:
                        key = (image_of[status["name"]], "@" in image_id)
                        seen.setdefault(key, {}).setdefault(image_id.rpartition("@")[2], set()).add(label(pod))
    for (image, by_manifest), contents in sorted(seen.items()):
        if len(contents) > 1:
            each = "; ".join(f"{digest[:19]} in {named(labels)}" for digest, labels in sorted(contents.items()))
            kind = "manifest" if by_manifest else "configuration"
            hint = "Its tag was moved: remove the image from the nodes that have the wrong one and restart their pods"
            yield Finding("images", f"image {image}", f"has not the same {kind} everywhere: {each}", hint)


def config_changed(config: Object | None) -> str:
    """Return when the data of cilium-config last changed ("" when unknown), by the owners of its fields."""
    entries = ((config or {}).get("metadata") or {}).get("managedFields") or []
    return max((item.get("time", "") for item in entries if "f:data" in (item.get("fieldsV1") or {})), default="")


def old_config(state: State, component: str) -> Iterator[Finding]:
    """Agent and operator read cilium-config when they start; a later change waits for their restart."""
    changed = config_changed(state.config)
    old = {label(pod) for pod in present(state, component) if read_config_at(pod) < changed and is_ready(pod)}
    if old:
        kind = state.workloads[component]["kind"]
        yield Finding(
            component,
            f"{kind} {state.namespace}/{component}",
            f"runs the old configuration (cilium-config changed at {changed}) in {named(old)}",
            f"kubectl -n {state.namespace} rollout restart {kind.lower()}/{component}",
        )


def read_config_at(pod: Object) -> str:
    """Return when a pod read its configuration.

    The agent's init container ``config`` reads it once per pod start; a restarted container of that pod does not
    read it again. Without that init container the main container reads its mounted ConfigMap at its start.
    The creation time comes from the API server's clock, so a node's slow clock makes no pod look old.
    """
    status = pod.get("status") or {}
    read_at = ""
    for item in status.get("initContainerStatuses") or []:
        if item["name"] == "config":
            state = item.get("state") or {}
            read_at = (state.get("terminated") or state.get("running") or {}).get("startedAt") or ""
            break
    else:
        for item in status.get("containerStatuses") or []:
            read_at = max(read_at, ((item.get("state") or {}).get("running") or {}).get("startedAt") or "")
    return max(read_at, pod["metadata"].get("creationTimestamp") or "")
