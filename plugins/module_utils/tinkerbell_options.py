# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module tinkerbell_manifests, and what the cluster file says where an option is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell_network
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Spec
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, choose, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import ipv4
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import Stack, stack

GROUP_FIELDS = ("name", "selector", "count", "template", "os_image_url", "network", "labels", "roles")

NOWHERE = "tinkerbell-ip-is-missing"
"""Stands in a template that is only to be looked at."""

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """The options of the module. What ``cluster_file`` says counts where an option is empty."""

    machines: Sequence[Any]
    groups: Sequence[Mapping[str, Any]] = ()
    cluster_file: str | None = None
    earlier_file: str | None = None
    os_family: str = ""
    eks_anywhere_version: str = ""
    tinkerbell_ip: str = ""
    bootstrap_ip: str = ""
    proxy: Mapping[str, str] = field(default_factory=dict)
    existing: Sequence[Object] = ()
    attachments: Sequence[Any] = ()
    namespace: str = "eksa-system"
    template_namespace: str = "default"
    allow_reprovision: bool = False
    dest: str | None = None
    state: str = "rendered"


def family(request: Request, spec: Spec | None, report: Report) -> str:
    families = (
        {request.os_family} if request.os_family else {group.os_family for group in spec.groups} if spec else set()
    )
    known = tuple(tinkerbell_network.BACKENDS)
    if len(families) == 1 and next(iter(families)) in known:
        return next(iter(families))
    given = ", ".join(sorted(families)) or "none"
    report.error("os_family", f"it is no operating system that has a template here (got {given})", choose("", known))
    return ""


def version(request: Request, spec: Spec | None, report: Report) -> Stack | None:
    """Return the version of EKS Anywhere, None after noting that it is not known."""
    given = request.eks_anywhere_version or (spec.version if spec else "")
    if not given:
        hint = "Give the one that provisions the machines, for example v0.24.1"
        report.error("eks_anywhere_version", "a template is for one version of EKS Anywhere", hint)
        return None
    try:
        return stack(given)
    except NetworkError as error:
        report.errors += error.problems
        return None


def check_image(group: Group, request: Request, report: Report) -> None:
    """Note a group whose machines would get no image."""
    if not group.os_image_url:
        path, message = f"{group.path}.os_image_url", "the template needs the address of the image"
        _lacking(path, message, "Give it, or osImageURL in the cluster file", request, report)


def _lacking(path: str, message: str, hint: str, request: Request, report: Report) -> None:
    """Note what a template lacks: an error for one that is to be used, a warning for one that is to be looked at."""
    note = report.error if request.cluster_file or request.state == "present" else report.warn
    note(path, message, hint)


def metadata_hosts(request: Request, spec: Spec | None, report: Report) -> list[str]:
    """Return where machines may find their metadata: the machine that bootstraps, then Tinkerbell's own address."""
    own = request.tinkerbell_ip or (str(spec.datacenter.get("tinkerbellIP") or "") if spec else "")
    for path, address in (("tinkerbell_ip", own), ("bootstrap_ip", request.bootstrap_ip)):
        if address and ipv4(address) is None:
            report.error(path, f"it is no IPv4 address (got {address})", "Give an address such as 10.10.50.250")
    if not own:
        _lacking("tinkerbell_ip", "machines find their metadata there", "Give tinkerbellIP", request, report)
        own = NOWHERE
    if spec and spec.manages_itself and not request.bootstrap_ip:
        message = "the first machines of a management cluster find their metadata on the machine that bootstraps it"
        report.warn("bootstrap_ip", message, "Give its address, unless the cluster is there already")
    return [address for address in dict.fromkeys((request.bootstrap_ip, own)) if address]


def groups(request: Request, spec: Spec | None, report: Report) -> list[Group]:
    """Return the groups of the cluster file with what the option says of them, and those of the option alone."""
    known = {group.name: group.as_dict() for group in spec.groups} if spec else {}
    given: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for place, entry in enumerate(request.groups):
        path = f"groups[{place}]"
        for key in sorted(map(str, entry.keys() - set(GROUP_FIELDS))):
            report.error(f"{path}.{key}", "a group has no such field", choose(key, GROUP_FIELDS, "Its fields are"))
        name = entry.get("name")
        if not isinstance(name, str) or not name:
            report.error(f"{path}.name", "a group needs it", "Give the name of its TinkerbellMachineConfig")
        elif name in given:
            report.error(f"{path}.name", f"the group is there twice (got {name})", "Give each once")
        elif spec and name not in known:
            hint = choose(name, known, "Its groups are")
            report.error(f"{path}.name", f"the cluster file has no such machine group (got {name})", hint)
        else:
            given[name] = (place, entry)
    found = []
    for name in dict.fromkeys((*known, *given)):
        place, entry = given.get(name, (None, {}))
        path = f"groups[{place}]" if place is not None else f"{request.cluster_file} group {name}"
        merged = {**known.get(name, {}), **{key: value for key, value in entry.items() if value is not None}}
        found.append(_group(name, path, merged, bool(entry.get("template")), report))
    return found


def groups_of(machines: Sequence[Machine]) -> list[Group]:
    """Return a group for each kind of machine where neither option nor file names any: by label type, else the first.

    A machine without labels is in none.
    """
    found: dict[tuple[str, str], Group] = {}
    for machine in machines:
        for key, value in sorted(machine.labels.items(), key=lambda label: (label[0] != "type", label))[:1]:
            name = value or key
            found.setdefault((key, value), Group(name, f"group {name}", {key: value}, 0, name, ""))
    return list(found.values())


def _group(name: str, path: str, given: Mapping[str, Any], asked: bool, report: Report) -> Group:
    for key in ("selector", "network", "labels"):
        if not isinstance(given.get(key) or {}, Mapping):
            report.error(f"{path}.{key}", f"it must be a mapping {got(key, given[key])}", "Give a mapping")
    network, selector, labels = (
        value if isinstance(value := given.get(key) or {}, Mapping) else {} for key in ("network", "selector", "labels")
    )
    count = given.get("count") or 0
    if not isinstance(count, int):
        report.error(f"{path}.count", f"it must be a number {got('count', count)}", "Give a number")
        count = 0
    roles = given.get("roles")
    return Group(
        name,
        path,
        {str(key): str(value) for key, value in selector.items()},
        count,
        str(given.get("template") or name),
        str(given.get("os_image_url") or ""),
        {kind: {} if devices is None else _devices(devices) for kind, devices in network.items()},
        {str(key): str(value) for key, value in labels.items()},
        roles is None or "workers" in roles,
        asked,
    )


def _devices(devices: Any) -> Any:
    """Return definitions of devices; one without settings, as YAML has it, is an empty one."""
    if not isinstance(devices, Mapping):
        return devices
    return {str(name): {} if device is None else device for name, device in devices.items()}
