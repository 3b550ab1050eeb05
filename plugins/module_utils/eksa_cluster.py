# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cluster object of EKS Anywhere says of its CNI, and how that is changed: fields, annotation, both pauses.

A Cluster is two objects: EKS Anywhere's own, and that of Cluster API from which its machines are made. EKS Anywhere's
controller honours only the annotation on the first, machine health checks honour only ``spec.paused`` of the second
(kubernetes-sigs/cluster-api, util/paused). So a pause is both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere, eksa_values
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import Plan, flatten, same

Object = dict[str, Any]
Step = tuple[str, str, Object]
Pauses = dict[str, bool]

GROUP = "anywhere.eks.amazonaws.com"
CAPI_GROUP = "cluster.x-k8s.io"
CAPI_NAMESPACE = "eksa-system"
PAUSED = "anywhere.eks.amazonaws.com/paused"
OURS = "eks-anywhere-network/paused"
"""Annotation on an object that this module paused: only such an object is resumed by it."""

SKIP_SINCE = (0, 15)
UNSKIP_SINCE = (0, 24)
HELM_VALUES_SINCE = (0, 24)
ABSENT = "absent"


@dataclass(frozen=True)
class Wanted:
    """What a Cluster shall say; None leaves a thing as it is.

    ``skip_upgrade`` is ``true``, ``false`` or ``absent``. ``paused`` False resumes what this module paused.
    """

    skip_upgrade: str | None = None
    helm_values: Mapping[str, Any] | None = None
    annotation: bool | None = None
    paused: bool | None = None

    @property
    def changes_spec(self) -> bool:
        """Say whether EKS Anywhere's controller has to reconcile it."""
        return self.skip_upgrade is not None or self.helm_values is not None


@dataclass(frozen=True)
class Found:
    """Both objects of one cluster, with their paths. ``capi`` is None where nobody asked for it."""

    path: str
    item: Object
    capi_path: str = ""
    capi: Object | None = None

    @property
    def name(self) -> str:
        """Name it as messages do."""
        metadata = self.item["metadata"]
        return f"Cluster {metadata.get('namespace', 'default')}/{metadata['name']}"

    @property
    def version(self) -> tuple[int, ...] | None:
        """Return EKS Anywhere's version, None when the Cluster does not say it."""
        return parse_version(str((self.item.get("spec") or {}).get("eksaVersion") or ""))

    @property
    def cilium(self) -> Object | None:
        """Return the fields of ``cniConfig.cilium``, None when the Cluster has no such CNI."""
        config = ((self.item.get("spec") or {}).get("clusterNetwork") or {}).get("cniConfig") or {}
        return config.get("cilium") if isinstance(config.get("cilium"), dict) else None

    @property
    def pauses(self) -> Pauses:
        """Return which of the two is paused."""
        annotated = (self.item["metadata"].get("annotations") or {}).get(PAUSED) == "true"
        paused = ((self.capi or {}).get("spec") or {}).get("paused") is True
        return {"eks_anywhere": annotated, "cluster_api": paused}

    def as_dict(self) -> Object:
        """Return the module's ``before`` or ``after``."""
        fields = self.cilium or {}
        skip = fields.get("skipUpgrade")
        marked = eks_anywhere.ANNOTATION in (self.item["metadata"].get("annotations") or {})
        said: Object = {
            "skip_upgrade": ABSENT if skip is None else str(skip).lower(),
            "helm_values": fields.get("helmValues"),
            "annotation": marked,
        }
        return {**said, "paused": self.pauses} if self.capi else said


def find(management: Cluster, name: str | None, elsewhere: bool, wanted: Wanted) -> Found:
    """Read both objects. Raises NetworkError with all permissions that lack, or when the cluster is not there."""
    needs: list[tuple[str, str, str, str | None]] = [("list", GROUP, "clusters", None)]
    if wanted.paused is not None:
        needs += [(verb, CAPI_GROUP, "clusters", CAPI_NAMESPACE) for verb in ("get", "patch")]
    lacking = management.access(needs)
    answer = eks_anywhere.read(management, name, elsewhere)
    if answer.ours is None:
        text = answer.warning or "EKS Anywhere has no Cluster here"
        raise NetworkError(
            lacking or [Problem("cluster_name", text, "Give the kubeconfig of the management cluster too")]
        )
    ours = answer.ours
    lacking += management.access([("patch", GROUP, "clusters", ours.namespace)])
    if lacking:
        raise NetworkError(lacking)
    path = f"/apis/{GROUP}/v1alpha1/namespaces/{ours.namespace}/clusters/{ours.name}"
    capi_path = _capi_path(management, ours.name) if wanted.paused is not None else ""
    return read(management, path, capi_path)


def read(management: Cluster, path: str, capi_path: str = "") -> Found:
    """Read both objects at their paths. Raises NetworkError for one that is not there."""
    missing = []
    item = management.get(path)
    if item is None:
        missing.append(Problem("cluster_name", f"{path} is not there any more", "See who deleted it"))
    capi = management.get(capi_path) if capi_path else None
    if capi_path and capi is None:
        text = f"Cluster API has no Cluster {capi_path}"
        missing.append(Problem("paused", text, "Without it nothing keeps machine health checks from replacing nodes"))
    if item is None or missing:
        raise NetworkError(missing)
    return Found(path, item, capi_path, capi)


def _capi_path(management: Cluster, name: str) -> str:
    group = management.get(f"/apis/{CAPI_GROUP}") or {}
    version = (group.get("preferredVersion") or {}).get("version") or "v1beta1"
    return f"/apis/{CAPI_GROUP}/{version}/namespaces/{CAPI_NAMESPACE}/clusters/{name}"


def problems(found: Found, wanted: Wanted) -> list[Problem]:
    """Return why EKS Anywhere would refuse what is wanted, or act otherwise than is meant."""
    if not wanted.changes_spec:
        return []
    fields, version = found.cilium, found.version
    if fields is None:
        text = f"{found.name} has no spec.clusterNetwork.cniConfig.cilium"
        return [Problem("cluster_name", text, "Only a Cluster whose CNI is Cilium in that form can be changed")]
    return [*_skip_problems(found, fields, wanted), *_helm_values_problems(fields, version, wanted)]


def _skip_problems(found: Found, fields: Object, wanted: Wanted) -> list[Problem]:
    version, skips = found.version, fields.get("skipUpgrade") is True
    if wanted.skip_upgrade == "true" and not skips:
        if version and version < SKIP_SINCE:
            text = f"EKS Anywhere knows it from v0.15 on (got {_shown(version)})"
            return [Problem("skip_upgrade", text, "Upgrade EKS Anywhere first")]
        if fields.get("policyEnforcementMode"):
            text = "EKS Anywhere refuses skipUpgrade beside policyEnforcementMode"
            given = f"(got {fields['policyEnforcementMode']})"
            return [Problem("skip_upgrade", f"{text} {given}", "Take that field out of the Cluster first")]
    if wanted.skip_upgrade in ("false", ABSENT) and skips and (version is None or version < UNSKIP_SINCE):
        text = f"EKS Anywhere lets it be switched off from v0.24 on (got {_shown(version)})"
        return [Problem("skip_upgrade", text, "Upgrade EKS Anywhere first")]
    return []


def _helm_values_problems(fields: Object, version: tuple[int, ...] | None, wanted: Wanted) -> list[Problem]:
    if wanted.helm_values is None or same(wanted.helm_values, fields.get("helmValues")):
        return []
    found = []
    if version is None or version < HELM_VALUES_SINCE:
        text = f"EKS Anywhere knows them from v0.24 on (got {_shown(version)})"
        found.append(Problem("helm_values", text, "Upgrade EKS Anywhere first"))
    # Its controller panics on these (pkg/networking/cilium/templater.go, values.set).
    for key in ("operator", "preflight"):
        if key in wanted.helm_values and not isinstance(wanted.helm_values[key], Mapping):
            text = f"must be a mapping, EKS Anywhere's controller ends otherwise (got {wanted.helm_values[key]})"
            found.append(Problem(f"helm_values.{key}", text, "Leave it out or give a mapping"))
    found += [
        Problem(f"helm_values.{path}", "must not be null: a Cluster does not keep it", "Leave it out")
        for path, value in flatten(wanted.helm_values).items()
        if value is None and path not in ("operator", "preflight")
    ]
    return found


def warnings(found: Found, wanted: Wanted) -> list[str]:
    """Return what is allowed and still worth knowing."""
    said = []
    if wanted.changes_spec and found.version is None:
        said.append(f"{found.name} does not say its eksaVersion: whether EKS Anywhere knows these fields is not known.")
    if wanted.helm_values is not None:
        fields = {key: value for key, value in (found.cilium or {}).items() if key != "helmValues"}
        said += eksa_values.helm_values_warnings(wanted.helm_values, fields, found.version or HELM_VALUES_SINCE)
    return said


def plan(found: Found, wanted: Wanted) -> tuple[Plan, tuple[Step, ...], Object]:
    """Return the plan, its steps as (what, path, merge patch), and all that the Cluster says after them.

    Resuming comes first, Cluster API before EKS Anywhere, or EKS Anywhere would take our pause of Cluster API away in
    its own time. Then the annotation, for EKS Anywhere looks at it when it reconciles the fields. Pausing comes last,
    the other way round.
    """
    steps: list[Step] = []
    if wanted.paused is False:
        steps += _resume(found)
    before = found.as_dict()
    if wanted.annotation is not None and wanted.annotation != before["annotation"]:
        marked = {"metadata": {"annotations": {eks_anywhere.ANNOTATION: "" if wanted.annotation else None}}}
        steps.append(("annotation", found.path, marked))
    fields = _spec(found, wanted)
    if fields:
        body: Object = {"spec": {"clusterNetwork": {"cniConfig": {"cilium": fields}}}}
        steps.append(("spec", found.path, body))
    if wanted.paused:
        steps += _pause(found)
    after = _after(before, wanted, steps)
    differing = [key for key in before if not same(before[key], after[key])]
    shown = Plan(
        before={key: before[key] for key in differing},
        after={key: after[key] for key in differing},
        steps=tuple(what for what, _path, _body in steps),
    )
    return shown, tuple(steps), after


def _spec(found: Found, wanted: Wanted) -> Object:
    fields = found.cilium or {}
    changed: Object = {}
    if wanted.skip_upgrade is not None:
        value = {"true": True, "false": False, ABSENT: None}[wanted.skip_upgrade]
        if not same(fields.get("skipUpgrade"), value):
            changed["skipUpgrade"] = value
    if wanted.helm_values is not None and not same(fields.get("helmValues"), wanted.helm_values):
        changed["helmValues"] = _merging(fields.get("helmValues") or {}, wanted.helm_values)
    return changed


def _merging(old: Mapping[str, Any], new: Mapping[str, Any]) -> Object:
    """Return the merge patch from one tree to another. Without its nulls earlier keys would stay."""
    patch: Object = dict.fromkeys(old.keys() - new.keys())
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(old.get(key), Mapping)
        patch[key] = _merging(old[key], value) if both else value
    return patch


def _pause(found: Found) -> list[Step]:
    steps: list[Step] = []
    if not found.pauses["eks_anywhere"]:
        steps.append(("pause EKS Anywhere", found.path, {"metadata": {"annotations": {PAUSED: "true", OURS: "true"}}}))
    if not found.pauses["cluster_api"]:
        body = {"metadata": {"annotations": {OURS: "true"}}, "spec": {"paused": True}}
        steps.append(("pause Cluster API", found.capi_path, body))
    return steps


def _resume(found: Found) -> list[Step]:
    steps: list[Step] = []
    if found.pauses["cluster_api"] and _is_ours(found.capi):
        body: Object = {"metadata": {"annotations": {OURS: None}}, "spec": {"paused": None}}
        steps.append(("resume Cluster API", found.capi_path, body))
    if found.pauses["eks_anywhere"] and _is_ours(found.item):
        steps.append(("resume EKS Anywhere", found.path, {"metadata": {"annotations": {PAUSED: None, OURS: None}}}))
    return steps


def _is_ours(item: Object | None) -> bool:
    return OURS in (((item or {}).get("metadata") or {}).get("annotations") or {})


def _after(before: Object, wanted: Wanted, steps: list[Step]) -> Object:
    after = dict(before)
    if wanted.skip_upgrade is not None:
        after["skip_upgrade"] = wanted.skip_upgrade
    if wanted.helm_values is not None:
        after["helm_values"] = dict(wanted.helm_values)
    if wanted.annotation is not None:
        after["annotation"] = wanted.annotation
    if wanted.paused is not None:
        pauses = dict(before["paused"])
        words = {"EKS Anywhere": "eks_anywhere", "Cluster API": "cluster_api"}
        for what, _path, _body in steps:
            verb, _space, whom = what.partition(" ")
            if whom in words:
                pauses[words[whom]] = verb == "pause"
        after["paused"] = pauses
    return after


def _shown(version: tuple[int, ...] | None) -> str:
    return "v" + ".".join(map(str, version)) if version else "an unknown version"
