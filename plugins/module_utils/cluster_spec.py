# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the Cluster of EKS Anywhere: what it says of machine groups, and what may be changed in it.

Rules are those of aws/eks-anywhere v0.26.1: pkg/api/v1alpha1/{cluster,tinkerbellmachineconfig}.go and
pkg/providers/tinkerbell/assert.go. Stricter: a templateRef to a template that the file lacks, for which
``eksctl anywhere`` takes its default without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.yaml_edit import Text

CLUSTER, MACHINES, TEMPLATE, DATACENTER = (
    "Cluster", "TinkerbellMachineConfig", "TinkerbellTemplateConfig", "TinkerbellDatacenterConfig",
)  # fmt: skip
API = "anywhere.eks.amazonaws.com/v1alpha1"
CILIUM = ("spec", "clusterNetwork", "cniConfig", "cilium")
HELM_VALUES_SINCE = (0, 24)
"""First version with helmValues; the first, too, that lets skipUpgrade go back to false."""
MAPPINGS = ("preflight", "operator")
"""Values below helmValues that EKS Anywhere adds to: its controller crashes where they are no mappings."""


@dataclass(frozen=True)
class Wanted:
    """What is to be in the file. None leaves a thing as it is; names are those of TinkerbellMachineConfigs."""

    template_refs: Mapping[str, str] = field(default_factory=dict)
    hardware_selectors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    templates: Sequence[Mapping[str, Any]] = ()
    skip_upgrade: bool | None = None
    helm_values: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class MachineGroup:
    """Machines that one TinkerbellMachineConfig describes, and who uses it.

    ``roles`` are control_plane and workers; ``labels`` those that the nodes of all its worker groups have.
    """

    name: str
    roles: tuple[str, ...]
    count: int
    selector: Mapping[str, str]
    os_family: str
    os_image_url: str
    template: str
    labels: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return the entry of the module's ``groups``."""
        return {
            "name": self.name,
            "roles": list(self.roles),
            "count": self.count,
            "selector": dict(self.selector),
            "os_family": self.os_family,
            "os_image_url": self.os_image_url,
            "template": self.template,
            "labels": dict(self.labels),
        }


class Spec:
    """One cluster file. ``source`` names it in messages."""

    def __init__(self, text: str, source: str) -> None:
        self._text = Text(text, source)
        self._source = source
        self._report = Report()
        self._places: dict[tuple[str, str], int] = {}
        for place, document in enumerate(self._text.documents()):
            self._place(place, document)
        found = [name for kind, name in self._places if kind == CLUSTER]
        if len(found) != 1:
            names = ", ".join(sorted(found)) or "none"
            self._report.error(source, f"it must have one {CLUSTER} (got {names})", "Give the file of one cluster")
        self._finish()
        self.name = found[0]

    @property
    def text(self) -> str:
        """Return the text as it is now."""
        return self._text.text

    @property
    def version(self) -> str:
        """Return ``eksaVersion`` of the Cluster, "" where the file has none: a file for eksctl rarely does."""
        return str(_at(self._cluster(), "spec", "eksaVersion") or "")

    @property
    def datacenter(self) -> Mapping[str, Any]:
        """Return what the TinkerbellDatacenterConfig says, {} without one."""
        name = _at(self._cluster(), "spec", "datacenterRef", "name")
        return _map(self._named(DATACENTER, str(name)), "spec")

    @property
    def manages_itself(self) -> bool:
        """Say whether it is a management cluster."""
        return _at(self._cluster(), "spec", "managementCluster", "name") in (None, "", self.name)

    @property
    def helm_values(self) -> Mapping[str, Any]:
        """Return the Helm values of Cilium, {} without."""
        return _map(self._cluster(), *CILIUM, "helmValues")

    @property
    def templates(self) -> list[Mapping[str, Any]]:
        """Return all TinkerbellTemplateConfigs."""
        return [self._named(kind, name) for kind, name in self._places if kind == TEMPLATE]

    @property
    def groups(self) -> list[MachineGroup]:
        """Return the machine groups in the order in which the Cluster names them."""
        return [self._group(name) for name in dict.fromkeys(name for _path, name, _group in self._references())]

    def change(self, wanted: Wanted) -> tuple[str, ...]:
        """Bring the text to what is wanted and return warnings. Raises NetworkError with all that is wrong then."""
        self._check_wanted(wanted)
        self._finish()
        for template in wanted.templates:
            self._give_template(template)
        for name, template_name in wanted.template_refs.items():
            for key, value in (("kind", TEMPLATE), ("name", template_name)):
                self._set((MACHINES, name), ("spec", "templateRef", key), value)
        for name, selector in wanted.hardware_selectors.items():
            self._set((MACHINES, name), ("spec", "hardwareSelector"), dict(selector))
        if wanted.skip_upgrade is not None:
            self._set((CLUSTER, self.name), (*CILIUM, "skipUpgrade"), wanted.skip_upgrade)
        if wanted.helm_values is not None:
            self._set((CLUSTER, self.name), (*CILIUM, "helmValues"), dict(wanted.helm_values))
        self._check_references()
        self._check_cilium()
        self._finish()
        return tuple(str(problem) for problem in sorted(set(self._report.warnings)))

    def _place(self, place: int, document: Any) -> None:
        if not isinstance(document, Mapping):
            self._report.error(f"{self._source} document {place + 1}", "it is no mapping", "Remove it")
            return
        key = (str(document.get("kind")), str(_at(document, "metadata", "name")))
        if key in self._places:
            self._report.error(f"{self._source} {key[0]}/{key[1]}", "it is there twice", "Remove one")
        self._places.setdefault(key, place)

    def _finish(self) -> None:
        if self._report.errors:
            raise NetworkError(self._report.errors)

    def _named(self, kind: str, name: str) -> Mapping[str, Any]:
        place = self._places.get((kind, name))
        return {} if place is None else self._text.documents()[place]

    def _cluster(self) -> Mapping[str, Any]:
        return self._named(CLUSTER, self.name)

    def _names(self, kind: str) -> list[str]:
        return [name for found, name in self._places if found == kind]

    def _set(self, key: tuple[str, str], path: Sequence[str], value: Any) -> None:
        self._text.set(self._places[key], path, value)

    def _give_template(self, template: Mapping[str, Any]) -> None:
        name = template["metadata"]["name"]
        if (TEMPLATE, name) in self._places:
            self._set((TEMPLATE, name), ("spec", "template"), template["spec"]["template"])
        else:
            self._places[TEMPLATE, name] = len(self._text.documents())
            self._text.append(template)

    def _references(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return each machineGroupRef of the Cluster: its path, its name, and the group it is of."""
        spec = _map(self._cluster(), "spec")
        groups = [("spec.controlPlaneConfiguration", spec.get("controlPlaneConfiguration"))]
        workers = spec.get("workerNodeGroupConfigurations")
        for place, group in enumerate(workers if isinstance(workers, list) else ()):
            groups.append((f"spec.workerNodeGroupConfigurations[{place}]", group))
        found = []
        for path, group in groups:
            reference = _map(group, "machineGroupRef")
            if reference.get("kind", MACHINES) == MACHINES and "name" in reference:
                found.append((f"{path}.machineGroupRef", str(reference["name"]), group))
        return found

    def _group(self, name: str) -> MachineGroup:
        spec = _map(self._named(MACHINES, name), "spec")
        users = [(path, group) for path, found, group in self._references() if found == name]
        workers = [group for path, group in users if "worker" in path]
        roles = ("control_plane",) * (len(workers) < len(users)) + ("workers",) * bool(workers)
        labels = [_map(group, "labels").items() for group in workers]
        shared = set(labels[0]).intersection(*labels) if labels and len(workers) == len(users) else set()
        return MachineGroup(
            name,
            roles,
            sum(_count(group) for _path, group in users),
            {str(key): str(value) for key, value in _map(spec, "hardwareSelector").items()},
            str(spec.get("osFamily") or ""),
            str(spec.get("osImageURL") or self.datacenter.get("osImageURL") or ""),
            str(_at(spec, "templateRef", "name") or ""),
            dict(sorted(shared)),
        )

    def _check_wanted(self, wanted: Wanted) -> None:
        known = self._names(MACHINES)
        for option in ("template_refs", "hardware_selectors"):
            for name in getattr(wanted, option):
                if name not in known:
                    hint = choose(name, known, f"Its {MACHINES}s are")
                    self._report.error(f"{option}.{name}", f"the file has no such {MACHINES}", hint)
        for name, selector in wanted.hardware_selectors.items():
            if len(selector) != 1:
                path = f"hardware_selectors.{name}"
                self._report.error(path, f"it must be one label {got(path, selector)}", "Give one key and value")
        for place, template in enumerate(wanted.templates):
            named = template.get("kind") == TEMPLATE and _at(template, "metadata", "name")
            if not named or not isinstance(_at(template, "spec", "template"), Mapping):
                self._report.error(f"templates[{place}]", f"it is no {TEMPLATE}", "Give one of tinkerbell_manifests")
        version = parse_version(self.version)
        if version and version[:2] < HELM_VALUES_SINCE:
            what = f"EKS Anywhere {self.version}"
            if wanted.helm_values is not None:
                self._report.error("helm_values", f"{what} has none", "Use v0.24 or later, or skip_upgrade")
            if wanted.skip_upgrade is False and _at(self._cluster(), *CILIUM, "skipUpgrade") is True:
                self._report.error("skip_upgrade", f"{what} lets it stay true only", "Upgrade to v0.24 first")

    def _check_references(self) -> None:
        """Refuse every name that leads nowhere."""
        report = self._report
        wanted = _map(self._cluster(), "spec", "datacenterRef")
        if wanted.get("kind") == DATACENTER and not self._named(DATACENTER, str(wanted.get("name"))):
            self._dangling(f"{CLUSTER}/{self.name} spec.datacenterRef", DATACENTER, wanted.get("name"))
        for path, name, _group in self._references():
            if not self._named(MACHINES, name):
                self._dangling(f"{CLUSTER}/{self.name} {path}", MACHINES, name)
        used = set()
        for name in self._names(MACHINES):
            spec = _map(self._named(MACHINES, name), "spec")
            path = f"{self._source} {MACHINES}/{name} spec"
            reference = _map(spec, "templateRef")
            if reference:
                used.add(reference.get("name"))
                if not self._named(TEMPLATE, str(reference.get("name"))):
                    self._dangling(f"{MACHINES}/{name} spec.templateRef", TEMPLATE, reference.get("name"))
            selector, affinity = _map(spec, "hardwareSelector"), spec.get("hardwareAffinity")
            if selector and affinity:
                report.error(f"{path}.hardwareSelector", "it stands beside hardwareAffinity", "Remove one of them")
            elif len(selector) != 1 and not affinity:
                where = f"{path}.hardwareSelector"
                report.error(where, f"it must be one label {got(where, selector)}", "Give hardware_selectors")
        for name in self._names(TEMPLATE):
            if name not in used:
                where = f"{self._source} {TEMPLATE}/{name}"
                report.warn(where, "no TinkerbellMachineConfig refers to it", "Give template_refs, or remove it")

    def _dangling(self, path: str, kind: str, name: Any) -> None:
        known = self._names(kind)
        hint = choose(str(name), known, "There are") if known else f"Add a {kind} of that name"
        self._report.error(f"{self._source} {path}", f"the file has no {kind} of that name (got {name})", hint)

    def _check_cilium(self) -> None:
        """Refuse what EKS Anywhere refuses, and what crashes its controller."""
        network = _map(self._cluster(), "spec", "clusterNetwork")
        path = f"{self._source} {CLUSTER}/{self.name} spec.clusterNetwork"
        config = _map(network, "cniConfig")
        if network.get("cni") and config:
            self._report.error(f"{path}.cni", "it stands beside cniConfig", "Remove cni")
        if len(config) > 1:
            self._report.error(f"{path}.cniConfig", f"there are {' and '.join(sorted(config))}", "Keep one")
        cilium = _map(config, "cilium")
        if cilium.get("skipUpgrade") is True and cilium.get("policyEnforcementMode"):
            where = f"{path}.cniConfig.cilium.policyEnforcementMode"
            self._report.error(where, "EKS Anywhere refuses it beside skipUpgrade: true", "Remove it")
        values = cilium.get("helmValues")
        for name in MAPPINGS if isinstance(values, Mapping) else ():
            if name in values and not isinstance(values[name], Mapping):
                where = f"{path}.cniConfig.cilium.helmValues.{name}"
                self._report.error(where, "EKS Anywhere's controller crashes on it", "Give a mapping, or leave it out")


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _map(value: Any, *path: str) -> Mapping[str, Any]:
    found = _at(value, *path)
    return found if isinstance(found, Mapping) else {}


def _count(group: Mapping[str, Any]) -> int:
    """Return how many machines a group can have: those it has, or those the autoscaler may give it."""
    most = _at(group, "autoscalingConfiguration", "maxCount")
    return int(most if most is not None else group.get("count", 1))
