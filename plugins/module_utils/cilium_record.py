# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a change of Cilium goes back to: the record that each change leaves, and the revision that is meant by it.

The record is a ConfigMap beside the release. A change writes it before it begins, with ``proven`` false; ``proven``
becomes true when what runs since then was proven.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import (
    History,
    Release,
    Revision,
    read_revision,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

NAME = "eks-anywhere-network-cilium"
RECORDED = "recorded"


@dataclass(frozen=True)
class Record:
    """The revision to go back to, its chart's version, and whether what runs since then was proven."""

    revision: int
    chart_version: str
    proven: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the module's ``record``."""
        return asdict(self)


def read(cluster: Cluster, release_name: str, namespace: str) -> Record | None:
    """Return the record of this release, None when there is none that can be understood."""
    found = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{NAME}")
    data = (found or {}).get("data") or {}
    if data.get("release") != release_name or not str(data.get("revision", "")).isdigit():
        return None
    return Record(int(data["revision"]), str(data.get("chart_version", "")), data.get("proven") == "true")


def goes_back_to(record: Record | None, history: History, target: Release | None) -> dict[str, Any] | None:
    """Return what the next change has to record, None when there is nothing to go back to.

    What runs is a place to go back to only when it was proven. ``target`` is where the change itself goes back to:
    the record that led there stays, so that going back twice is going back once.
    """
    kept = record is not None and any(item.number == record.revision for item in _deployed(history))
    if record and kept and (not record.proven or (target and target.revision == record.revision)):
        return {"revision": record.revision, "chart_version": record.chart_version}
    base = history.base
    return {"revision": base.revision, "chart_version": base.chart_version} if base and base.was_deployed else None


def target(
    cluster: Cluster, history: History, record: Record | None, wanted: str, release_name: str, namespace: str
) -> Release:
    """Return the revision that ``wanted`` means, a number or ``recorded``. Raises NetworkError when there is none."""
    where = f"Helm release {namespace}/{release_name}"
    if history.newest is None:
        raise NetworkError(Problem("rollback_to", f"there is no {where}", "Correct release_name or namespace"))
    choice = (
        f"Give one that was deployed: {', '.join(str(item.number) for item in _deployed(history)) or 'none is left'}"
    )
    if wanted == RECORDED and record is None:
        raise NetworkError(Problem("rollback_to", f"no change of {where} was recorded (got {wanted})", choice))
    if wanted != RECORDED and not wanted.isdigit():
        raise NetworkError(Problem("rollback_to", f"it is no revision's number (got {wanted})", choice))
    number = record.revision if record and wanted == RECORDED else int(wanted)
    revision = next((item for item in history.revisions if item.number == number), None)
    found = read_revision(cluster, release_name, namespace, revision) if revision else None
    if found is None:
        raise NetworkError(Problem("rollback_to", f"{where} has no revision {number} any more (got {wanted})", choice))
    if not found.was_deployed:
        raise NetworkError(
            Problem("rollback_to", f"revision {number} of {where} was never deployed: it is {found.status}", choice)
        )
    if wanted == RECORDED and record and found.chart_version != record.chart_version:
        text = f"revision {number} of {where} has chart {found.chart_version}, recorded was {record.chart_version}"
        raise NetworkError(Problem("rollback_to", f"{text} (got {wanted})", f"The release was made anew. {choice}"))
    return found


def _deployed(history: History) -> list[Revision]:
    return [item for item in history.revisions if item.was_deployed]
