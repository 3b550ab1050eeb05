# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a change of a Cluster out, and waits until EKS Anywhere's controller has reconciled it.

The controller notes the generation that it reconciled last, and skips every reconcile until that changes
(aws/eks-anywhere, controllers/cluster_controller.go). So a change of the annotations alone is never waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import eksa_cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_wait import LOST, Clock
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import Found, Object, Step, Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

POLL = 2.0
SKIPPED = "SkipUpgradesForDefaultCNIConfigured"
"""Reason of DefaultCNIConfigured=False for a Cluster that says skipUpgrade: true: that is as it shall be."""


@dataclass(frozen=True)
class Target:
    """Which Cluster: its name if it has to be chosen, and whether ``management`` is the cluster of another one."""

    management: Cluster
    name: str | None = None
    elsewhere: bool = False
    clock: Clock = field(default_factory=Clock)


def change(
    target: Target, wanted: Wanted, timeout: float, check_mode: bool, warn: Callable[[str], None]
) -> dict[str, Any]:
    """Return the module's result. In check mode nothing is changed or waited for. Raises NetworkError."""
    found = eksa_cluster.find(target.management, target.name, target.elsewhere, wanted)
    wrong = eksa_cluster.problems(found, wanted)
    if wrong:
        raise NetworkError(wrong)
    for warning in eksa_cluster.warnings(found, wanted):
        warn(warning)
    plan, steps, after = eksa_cluster.plan(found, wanted)
    if not check_mode:
        after = _carry_out(target, found, wanted, steps, timeout).as_dict()
    return {"changed": plan.changed, "before": found.as_dict(), "after": after, "diff": plan.diff()}


def unreconciled(item: Object) -> list[str]:
    """Return what EKS Anywhere has still to do with a Cluster, nothing when it is reconciled."""
    generation = item["metadata"].get("generation")
    status = item.get("status") or {}
    conditions = {entry.get("type"): entry for entry in status.get("conditions") or []}
    left = []
    for name in ("observedGeneration", "reconciledGeneration"):
        # Versions from before they had observedGeneration leave it out.
        if status.get(name, generation if name == "observedGeneration" else None) != generation:
            left.append(f"{name} is {status.get(name, 'absent')}, generation is {generation}")
    failure = status.get("failureMessage") or status.get("failureReason")
    if failure:
        left.append(f"it failed: {failure}")
    cni = conditions.get("DefaultCNIConfigured")
    if cni and cni.get("status") != "True" and not (_skips(item) and cni.get("reason") == SKIPPED):
        left.append(_shown(cni))
    ready = conditions.get("Ready")
    if ready is None or ready.get("status") != "True":
        left.append(_shown(ready) if ready else "it has no condition Ready")
    return left


def _carry_out(target: Target, found: Found, wanted: Wanted, steps: tuple[Step, ...], timeout: float) -> Found:
    """Patch step by step and return both objects as they are then.

    A pause waits until a spec that is named in ``wanted`` is reconciled, or EKS Anywhere would never look at it.
    """
    pauses = ("pause EKS Anywhere", "pause Cluster API")
    for what, path, body in steps:
        if what not in pauses:
            target.management.patch(path, body)
    if wanted.changes_spec and timeout > 0:
        await_reconciled(target.management, found.path, timeout, target.clock)
    for what, path, body in steps:
        if what in pauses:
            target.management.patch(path, body)
    return eksa_cluster.read(target.management, found.path, found.capi_path)


def await_reconciled(management: Cluster, path: str, timeout: float, clock: Clock) -> None:
    """Return when the Cluster at ``path`` is reconciled. Raises NetworkError with its last conditions.

    A paused Cluster ends the wait at once: its controller does not look at it. An API server that is away for less
    than a minute does not.
    """
    end = clock.monotonic() + timeout
    last_answer = clock.monotonic()
    while True:
        try:
            found = eksa_cluster.read(management, path)
        except Unreachable:
            if clock.monotonic() - last_answer > LOST:
                raise
        else:
            last_answer = clock.monotonic()
            left = unreconciled(found.item)
            if not left:
                return
            if found.pauses["eks_anywhere"]:
                text = f"{found.name} is paused, so EKS Anywhere does not reconcile it: {'; '.join(left)}"
                hint = f"kubectl annotate it with {eksa_cluster.PAUSED}- when nobody else needs the pause"
                raise NetworkError(Problem("wait", text, hint))
            if last_answer + POLL > end:
                raise NetworkError(_too_late(found, left, timeout), {"conditions": _conditions(found.item)})
        clock.sleep(POLL)


def _too_late(found: Found, left: list[str], timeout: float) -> Problem:
    conditions = "; ".join(_shown(entry) for entry in _conditions(found.item)) or "none"
    text = f"{found.name} was not reconciled within {timeout:g} seconds: {'; '.join(left)}. Conditions: {conditions}"
    hint = "See the log of eksa-controller-manager in eksa-system, then run again"
    return Problem("wait_timeout", text, hint)


def _conditions(item: Object) -> list[dict[str, Any]]:
    return list((item.get("status") or {}).get("conditions") or [])


def _skips(item: Object) -> bool:
    return (Found("", item).cilium or {}).get("skipUpgrade") is True


def _shown(entry: Object) -> str:
    said = f"{entry.get('type')}={entry.get('status')}"
    reason = ": ".join(str(entry[key]) for key in ("reason", "message") if entry.get(key))
    return f"{said} ({reason})" if reason else said
