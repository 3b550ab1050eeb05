# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS Anywhere says of a cluster and of its Cilium, and what it would do to a change.

EKS Anywhere's controller installs its Cilium again where it does not find it, and upgrades it to its bundle's version,
unless the Cluster says ``skipUpgrade: true``; and even then where the annotation below is absent
(aws/eks-anywhere, pkg/networking/cilium/reconciler).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster

CLUSTERS = "/apis/anywhere.eks.amazonaws.com/v1alpha1/clusters"
ANNOTATION = "anywhere.eks.amazonaws.com/eksa-cilium"
SKIP_UPGRADE = "spec.clusterNetwork.cniConfig.cilium.skipUpgrade"


@dataclass(frozen=True)
class Described:
    """One Cluster object. ``skip_upgrade`` is whether it says so, ``marked`` whether it has the annotation.

    ``datacenter`` is the kind of its datacenterRef.
    """

    name: str
    namespace: str
    version: str | None
    skip_upgrade: bool
    marked: bool
    managed_by: str
    datacenter: str = ""

    @property
    def manages_itself(self) -> bool:
        """Say whether it is the management cluster's own."""
        return self.managed_by in ("", self.name)

    @property
    def where(self) -> str:
        """Name it as messages do."""
        return f"Cluster {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Answer:
    """Which Cluster is ours, None when it is not known, and then, in ``warning``, why."""

    ours: Described | None = None
    warning: str = ""

    @property
    def version(self) -> str | None:
        """Return the version of EKS Anywhere, for example ``v0.24.1``, None when it is not known."""
        return self.ours.version if self.ours else None


def read(cluster: Cluster, name: str | None = None, elsewhere: bool = False) -> Answer:
    """Find the Cluster object of a cluster.

    ``name`` chooses it; without a name it is the one that manages itself: a management cluster holds its own object
    beside those of its workload clusters, a workload cluster holds none. ``elsewhere`` says that ``cluster`` is the
    management cluster of another one, so without a name only one that is alone there is ours.
    """
    try:
        found = cluster.list(CLUSTERS, pick=_describe)
    except Forbidden as error:
        reason = "; ".join(problem.message for problem in error.problems)
        return Answer(warning=f"Whether EKS Anywhere would undo a change is not known: {reason}.")
    return _choose(found, name, elsewhere)


def _choose(found: Sequence[Described], name: str | None, elsewhere: bool) -> Answer:
    if name:
        ours = [item for item in found if item.name == name]
        names = ", ".join(sorted(f"{item.namespace}/{item.name}" for item in found))
        many = "several Clusters" if ours else "no Cluster"
        missing = f"EKS Anywhere has {many} {name} here, of {names}: whether it would undo a change is not known."
    else:
        ours = list(found) if elsewhere else [item for item in found if item.manages_itself]
        names = ", ".join(sorted(item.name for item in found))
        missing = f"Which of the Clusters {names} is this one is not known. Give eks_anywhere_cluster_name."
    if len(ours) == 1:
        return Answer(ours[0])
    return Answer(warning=missing) if found else Answer()


def problems(answer: Answer, removal: bool = False) -> list[Problem]:
    """Return why EKS Anywhere would undo a change of Cilium, or, with ``removal``, its removal."""
    ours = answer.ours
    if ours is None:
        return []
    found = []
    if not ours.skip_upgrade:
        hint = "Set it first and wait until it is reconciled: the role eks_anywhere.network.eksa_cni is for that"
        text = f"{ours.where} does not say {SKIP_UPGRADE}: true, so EKS Anywhere would put its own Cilium back"
        found.append(Problem("cluster_name", text, hint))
    if removal and not ours.marked:
        text = f"{ours.where} lacks the annotation {ANNOTATION}, so EKS Anywhere would install its own Cilium"
        found.append(Problem("cluster_name", text, f"kubectl annotate it with {ANNOTATION}=''"))
    return found


def _describe(item: Mapping[str, Any]) -> Described:
    metadata, spec = item["metadata"], item.get("spec") or {}
    cni = (spec.get("clusterNetwork") or {}).get("cniConfig") or {}
    return Described(
        name=metadata["name"],
        namespace=metadata.get("namespace", "default"),
        version=spec.get("eksaVersion"),
        skip_upgrade=(cni.get("cilium") or {}).get("skipUpgrade") is True,
        marked=ANNOTATION in (metadata.get("annotations") or {}),
        managed_by=(spec.get("managementCluster") or {}).get("name") or "",
        datacenter=(spec.get("datacenterRef") or {}).get("kind") or "",
    )
