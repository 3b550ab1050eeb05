# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module tinkerbell_manifests: read, check, render, hold against what is in use, write.

No password leaves it but in the file and in the cluster.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    atomic_file,
    cluster_file,
    documents,
    tinkerbell_apply,
    tinkerbell_changes,
    tinkerbell_hardware,
    tinkerbell_multus,
    tinkerbell_network,
    tinkerbell_options,
    tinkerbell_template,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import TEMPLATE, Spec
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group as Selection
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import check as check_machines
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import Machine
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import read as read_machines
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.plugins.module_utils.plan import same
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_changes import Change
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_checks import Layout, layouts
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_groups import Group
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Object, Request
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import Stack

MODE = 0o600


@dataclass(frozen=True)
class Rendered:
    """Everything that is wanted, checked."""

    machines: tuple[Machine, ...]
    templated: tuple[Layout, ...]
    groups: tuple[Group, ...]
    stack: Stack
    objects: tuple[dict[str, Any], ...]
    templates: tuple[dict[str, Any], ...]
    in_file: tuple[Object, ...]

    @property
    def different(self) -> list[dict[str, Any]]:
        """Return the templates, one that groups share once."""
        return list({str(one["metadata"]["name"]): one for one in self.templates}.values())


def run(
    request: Request, connect: Callable[[], Cluster], warn: Callable[[str], None], check_mode: bool
) -> dict[str, Any]:
    """Do what the state asks for and return the module's result. Raises NetworkError with all that is wrong."""
    report = Report()
    rendered = _render(request, report)
    _finish(report, warn)
    steps: list[tinkerbell_apply.Step] = []
    cluster = None
    if request.state == "present":
        cluster = connect()
        everything = [*rendered.objects, *_placed(rendered.different, request.template_namespace)]
        live = tinkerbell_apply.read(cluster, everything)
        steps = tinkerbell_apply.plan(everything, live)
        problems = cluster.access(tinkerbell_apply.needs(steps))
        used, taken = live.templates, live.provisioned
    else:
        problems, used, taken = [], [*rendered.in_file, *request.existing], None
    changes = _changes(rendered, used, taken)
    result = _result(rendered, used, changes, steps, request)
    if changes and not request.allow_reprovision:
        problems = [*problems, *(change.refusal() for change in changes)]
    if problems:
        kept = {key: result[key] for key in ("changes", "diff")}
        raise NetworkError(problems, kept)
    for change in changes:
        warn(f"Template {change.template} changes: {named(change.machines)} will be provisioned anew.")
    written = _write(request, rendered, check_mode)
    result["changed"] = written or any(step.action != "none" for step in steps)
    if cluster is not None and not check_mode:
        tinkerbell_apply.apply(cluster, steps)
    return result


def _finish(report: Report, warn: Callable[[str], None]) -> None:
    for problem in sorted(set(report.warnings)):
        warn(str(problem))
    if report.errors:
        raise NetworkError(report.errors)


def _render(request: Request, report: Report) -> Rendered:
    spec = None
    if request.cluster_file:
        spec = Spec(cluster_file.load(request.cluster_file, "cluster_file"), request.cluster_file)
    family = tinkerbell_options.family(request, spec, report)
    found = tinkerbell_options.version(request, spec, report)
    groups = tinkerbell_options.groups(request, spec, report)
    rows, problems = read_machines(request.machines)
    selections = [Selection(group.name, group.selector, group.count) for group in groups]
    machines, more = check_machines(rows, selections)
    # Problems of machines have an order of their own; with others they are sorted by path.
    report.errors += [Problem(problem.path, problem.message, problem.hint) for problem in (*problems, *more)]
    hosts = tinkerbell_options.metadata_hosts(request, spec, report)
    if found is None or not family or len(machines) < len(request.machines):
        raise NetworkError(report.errors)
    groups = groups or tinkerbell_options.groups_of(machines)
    laid = layouts(groups, machines, family, found, report)
    templated = [layout for layout in laid if layout.needs_template]
    for layout in templated:
        tinkerbell_options.check_image(layout.group, request, report)
    if not report.errors:
        tinkerbell_multus.check(request.attachments, laid, report)
    objects = [item for machine in machines for item in tinkerbell_hardware.render(machine, request.namespace)]
    templates = [_template(layout, family, found, hosts, request) for layout in templated]
    _check_shared(groups, dict(zip((layout.group.name for layout in templated), templates, strict=True)), report)
    return Rendered(
        tuple(machines),
        tuple(templated),
        tuple(groups),
        found,
        tuple(objects),
        tuple(templates),
        (*(spec.templates if spec else ()), *_earlier(request)),
    )


def _check_shared(groups: Sequence[Group], templates: Mapping[str, Object], report: Report) -> None:
    """Note a template that two groups share although they need different ones. ``templates`` are those by group."""
    owners: dict[str, Group] = {}
    for group in sorted(groups, key=lambda group: group.name not in templates):
        owner = owners.setdefault(group.template, group)
        if owner is not group and owner.name in templates:
            mine = templates.get(group.name)
            if mine is None or not same(mine, templates[owner.name]):
                message = f"it is that of group {owner.name} too, which needs another one (got {group.template})"
                report.error(f"{group.path}.template", message, "Give each group a template of its own name")


def _earlier(request: Request) -> list[Object]:
    """Return the templates in the cluster file of an earlier run, the last to count for a name."""
    if not request.earlier_file or not Path(request.earlier_file).exists():
        return []
    return list(Spec(cluster_file.load(request.earlier_file, "earlier_file"), request.earlier_file).templates)


def _template(layout: Layout, family: str, found: Stack, hosts: Sequence[str], request: Request) -> dict[str, Any]:
    group = layout.group
    files = tinkerbell_network.template_files(group.network, layout.slots, layout.vlan, family, found)
    return tinkerbell_template.render(group.template, files, family, found, group.os_image_url, hosts, request.proxy)


def _placed(templates: Sequence[Object], namespace: str) -> list[dict[str, Any]]:
    return [{**one, "metadata": {**one["metadata"], "namespace": namespace}} for one in templates]


def _changes(rendered: Rendered, used: Sequence[Object], taken: set[str] | None) -> list[Change]:
    """Return the templates in use that would change. Where nobody says who is provisioned, all machines count."""
    before = {str(one["metadata"]["name"]): one for one in used if one.get("kind", TEMPLATE) == TEMPLATE}
    found = []
    for layout, template in zip(rendered.templated, rendered.templates, strict=True):
        old = before.get(layout.group.template)
        hosts = [machine.hostname for machine in layout.machines if taken is None or machine.hostname in taken]
        # A file without the template says nothing of machines; a cluster that has machines without it does.
        first = ["the machines have another template, or that of EKS Anywhere"] if taken else []
        reasons = tinkerbell_changes.compare(old, template, rendered.stack) if old else first
        if reasons and hosts:
            found.append(Change(layout.group.template, f"{layout.group.path}.template", tuple(hosts), tuple(reasons)))
    return found


def _result(
    rendered: Rendered,
    used: Sequence[Object],
    changes: Sequence[Change],
    steps: Sequence[tinkerbell_apply.Step],
    request: Request,
) -> dict[str, Any]:
    names = {str(one["metadata"]["name"]) for one in rendered.templates}
    before, after = tinkerbell_changes.diff(
        [one for one in used if str(one["metadata"]["name"]) in names], rendered.templates
    )
    moved = [step for step in steps if step.action != "none" and "/tinkerbelltemplateconfigs/" not in step.path]
    if moved:
        before += documents.dump({step.path: step.before for step in moved if step.before})
        after += documents.dump({step.path: step.after for step in moved})
    groups = [layout.group for layout in rendered.templated]
    return {
        "changed": False,
        "manifests": [*map(tinkerbell_hardware.hidden, rendered.objects), *rendered.different],
        "templates": rendered.different,
        "template_refs": {group.name: group.template for group in groups},
        "hardware_selectors": {group.name: dict(group.selector) for group in rendered.groups if group.selector},
        "groups": [
            {"name": group.name, "selector": dict(group.selector), "count": group.count} for group in rendered.groups
        ],
        "added_interfaces": [machine.hostname for machine in rendered.machines if machine.interfaces],
        "changes": [change.as_dict() for change in changes],
        "diff": {"before": before, "after": after},
    }


def _write(request: Request, rendered: Rendered, check_mode: bool) -> bool:
    """Write the manifests of the machines, passwords included; return whether the file differs."""
    if request.dest is None:
        return False
    path = Path(request.dest)
    # In check mode an earlier task would have made the directory.
    if not path.parent.is_dir() and not check_mode:
        raise NetworkError(Problem("dest", f"there is no directory {path.parent}", "Make it first"))
    data = "---\n".join(documents.dump(item) for item in rendered.objects).encode()
    try:
        equal = path.exists() and path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == MODE
        if not equal and not check_mode:
            atomic_file.replace(path, data, MODE)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise NetworkError(Problem("dest", message, "Check the directory and its permissions")) from error
    return not equal
