# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a host as it is wanted: judged together with what is there, and written for one back end.

Nothing is read and nothing written here: the files that are there come as texts, the node as facts. On the node the
caller reads the directories in ``SOURCES``. Runs on nodes: standard library of Python 3.9 only, and python3-yaml to
read netplan's files (see netplan.py). Keyfiles of NetworkManager are INI, which the standard library reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    host_network_layers,
    host_network_nics,
    host_network_routes,
    netplan,
    networkmanager,
    networkmanager_read,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report, got
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_management import check_management
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_definitions import (
    Definition,
    definitions,
    merge,
    top_down,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_fields import parsed
from ansible_collections.eks_anywhere.network.plugins.module_utils.netplan_schema import (
    KINDS,
    RENDERERS,
    VIRTUAL,
    read_config,
)

NETPLAN, NETWORKMANAGER = "netplan", "networkmanager"
SOURCES = {NETPLAN: netplan.DIRECTORIES, NETWORKMANAGER: networkmanager_read.DIRECTORIES}
"""Directories whose files belong into ``existing``, for each back end."""

_RENDERER = {NETPLAN: RENDERERS[0], NETWORKMANAGER: RENDERERS[1]}
_SECRET, _OPEN = "0600", "0644"

if TYPE_CHECKING:
    from typing import TypeAlias

Known: TypeAlias = "Mapping[str, Definition]"


@dataclass(frozen=True)
class Request:
    """The options of the module. ``existing`` are files that are there: texts (or what they say) by path."""

    config: Mapping[str, Any]
    backend: str = "auto"
    existing: Mapping[str, Any] = field(default_factory=dict)
    node_network: Mapping[str, Any] | None = None
    management_addresses: Sequence[str] = ()
    allow_management_nic: bool = False


@dataclass(frozen=True)
class File:
    """A file that is to be there."""

    path: str
    mode: str
    content: str

    def as_dict(self) -> dict[str, str]:
        """Return the entry of the module's ``files``."""
        return {"path": self.path, "mode": self.mode, "content": self.content}


@dataclass(frozen=True)
class Rendered:
    """What is to be written. ``removed_files`` were ours and are not any more, ``removed_devices`` have to go.

    The devices are virtual ones, those that sit on others first. ``renames`` are NICs that have another name now, and
    the one that they get.
    """

    backend: str
    files: tuple[File, ...]
    removed_files: tuple[str, ...]
    removed_devices: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return what the module returns."""
        return {
            "backend": self.backend,
            "files": [file.as_dict() for file in self.files],
            "removed_files": list(self.removed_files),
            "removed_devices": list(self.removed_devices),
        }


def render(request: Request) -> Rendered:
    """Judge everything and return what is to be written. Raises NetworkError with all that is wrong.

    The error's result has ``warnings``, too.
    """
    report = Report()
    facts = Facts(request.node_network)
    backend = _backend(request, facts, report)
    given = read_config(request.config, "config", report)
    _check_renderer(given, backend, report)
    for place, address in enumerate(request.management_addresses):
        if parsed(address) is None:
            path = f"management_addresses[{place}]"
            report.error(path, f"it is not an IP address {got(path, address)}", "Give an address, as 10.0.0.10")
    work = _netplan if backend == NETPLAN else _networkmanager
    rendered = work(request, given, facts, report) if backend else None
    warnings = tuple(str(problem) for problem in sorted(set(report.warnings)))
    if report.errors or rendered is None:
        raise NetworkError(report.errors, {"warnings": list(warnings)})
    return replace(rendered, warnings=warnings)


def _backend(request: Request, facts: Facts, report: Report) -> str:
    """Return the back end: the one asked for, else that whose files are there, else that of the node's facts."""
    stack = facts.given.get("stack") or {}
    manager, plan = stack.get("networkmanager") or {}, stack.get("netplan") or {}
    if request.backend == NETPLAN and plan.get("installed") is False:
        report.error("backend", "the node has no netplan (got netplan)", "Install netplan.io, or use another back end")
    if request.backend == NETWORKMANAGER and manager.get("active") is False:
        hint = "Start it, or use another back end"
        report.error("backend", "NetworkManager does not run on the node (got networkmanager)", hint)
    if request.backend != "auto":
        return request.backend
    if any(netplan.reads(path) for path in request.existing) or plan.get("installed"):
        return NETPLAN
    if any(networkmanager_read.reads(path) for path in request.existing) or manager.get("active"):
        return NETWORKMANAGER
    report.error("backend", "nothing says which it is (got auto)", "Give netplan or networkmanager, or existing")
    return ""


def _check_renderer(given: Mapping[str, Any], backend: str, report: Report) -> None:
    wanted = _RENDERER.get(backend)
    places = {"config.renderer": given.get("renderer")}
    for kind in KINDS:
        for name, settings in (given.get(kind) or {}).items():
            places[f"config.{kind}.{name}.renderer"] = settings.get("renderer")
    for path, value in places.items():
        if wanted and value not in (None, wanted):
            report.error(
                path, f"it is not the one of backend {backend} {got(path, value)}", f"Remove it: {wanted} it is"
            )


def _own(given: Mapping[str, Any], others: Known, facts: Facts, report: Report) -> dict[str, Definition]:
    """Return our definitions by id, NICs pinned."""
    settings = {kind: given.get(kind) or {} for kind in KINDS}
    settings["ethernets"] = host_network_nics.pin(settings["ethernets"], others, facts)
    found: dict[str, Definition] = {}
    for definition in definitions(settings, "config", own=True):
        other = found.get(definition.id) or others.get(definition.id)
        if other is not None and other.kind != definition.kind:
            message = f"{other.path} is of another kind"
            report.error(definition.path, message, "Give each name to one device")
        else:
            found[definition.id] = definition
    return found


def _check(before: Known, after: Known, request: Request, facts: Facts, backend: str, report: Report) -> None:
    found = list(after.values())
    host_network_nics.check_names(found, report)
    host_network_nics.check_twice(found, facts, report)
    host_network_nics.check_nics(found, facts, backend == NETPLAN, report)
    host_network_layers.check_layers(after, backend == NETWORKMANAGER, report)
    host_network_layers.check_mtus(after, facts, report)
    host_network_routes.check_addresses(found, report)
    host_network_routes.check_subnets(found, report)
    host_network_routes.check_routes(found, report)
    host_network_routes.check_tables(found, report)
    host_network_routes.check_defaults(found, report)
    if not request.allow_management_nic:
        check_management(before, after, facts, request.management_addresses, report)


def _removed(earlier: Known, after: Known) -> tuple[str, ...]:
    """Return the virtual devices that an earlier file of ours made and nothing makes now."""
    gone = [definition for definition in earlier.values() if definition.kind in VIRTUAL and definition.id not in after]
    return tuple(top_down(gone, earlier))


def _renames(after: Known, facts: Facts) -> tuple[tuple[str, str], ...]:
    """Return which NICs our definitions find under another name than they are to have."""
    found = []
    for definition in after.values():
        live, wanted = facts.taken(definition), definition.get("set-name")
        if definition.own and not definition.virtual and wanted and len(live) == 1 and live[0] != wanted:
            found.append((live[0], wanted))
    return tuple(sorted(found))


def _netplan(request: Request, given: Mapping[str, Any], facts: Facts, report: Report) -> Rendered:
    texts = {path: text for path, text in request.existing.items() if netplan.reads(path)}
    loaded = {path: netplan.load(texts[path], f"existing[{path}]", report) for path in netplan.in_order(texts)}
    read = {path: netplan.read(content, f"existing[{path}]") for path, content in loaded.items()}
    _check_other_renderers({path: content for path, content in loaded.items() if path != netplan.FILE}, report)
    others = merge(definition for path, found in read.items() if path != netplan.FILE for definition in found)
    own = _own(given, others, facts, report)
    order = netplan.in_order({*texts, netplan.FILE})
    after = merge(
        definition for path in order for definition in (own.values() if path == netplan.FILE else read.get(path, ()))
    )
    before = merge(definition for found in read.values() for definition in found)
    _check_first(after, report)
    _check(before, after, request, facts, NETPLAN, report)
    if report.errors:
        return Rendered(NETPLAN, (), (), ())
    settings: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for definition in own.values():
        settings[definition.kind][definition.id] = definition.parts[0].settings
    files = (
        File(netplan.FILE, _SECRET, netplan.render(settings)),
        File(netplan.NETWORKD, _OPEN, netplan.NETWORKD_TEXT),
        File(netplan.UNMANAGED, _OPEN, netplan.UNMANAGED_TEXT),
    )
    earlier = merge(read.get(netplan.FILE, ()))
    return Rendered(NETPLAN, files, (), _removed(earlier, after), renames=_renames(after, facts))


def _check_other_renderers(loaded: Mapping[str, Mapping[str, Any]], report: Report) -> None:
    """Refuse to work beside NetworkManager below netplan: it is stopped, and addresses flushed, at every apply."""
    for path, content in loaded.items():
        if content.get("renderer") == RENDERERS[1]:
            where = f"existing[{path}].renderer"
            report.error(where, "netplan stops NetworkManager at every apply", f"Set renderer: {RENDERERS[0]} there")


def _check_first(after: Known, report: Report) -> None:
    """Note a NIC whose match comes after a first part without one: netplan then looks for the id as name too.

    Measured with 0.106: it writes Name=<id> beside the MAC address, no NIC has that name, and the host is cut off.
    """
    for definition in after.values():
        first = definition.parts[0]
        late = next((part for part in definition.parts[1:] if "match" in part.settings), None)
        if not definition.virtual and late is not None and "match" not in first.settings:
            message = f"it comes before {late.path}, which has the match, so no NIC is found any more"
            report.error(first.path, message, "Repeat match here, or give the file a name that sorts behind")


def _networkmanager(request: Request, given: Mapping[str, Any], facts: Facts, report: Report) -> Rendered:
    texts = {path: str(text) for path, text in request.existing.items() if networkmanager_read.reads(path)}
    old = {path: text for path, text in texts.items() if networkmanager_read.is_own(path)}
    others = networkmanager_read.read({path: text for path, text in texts.items() if path not in old}, report)
    earlier = networkmanager_read.read(old, report)
    own = _own(given, {}, facts, report)
    after = networkmanager_read.settle(others, own, facts)
    before = networkmanager_read.settle(others, earlier, facts)
    networkmanager_read.check_taken(others, own, facts, report)
    networkmanager_read.check_support(after, facts, report)
    _check(before, after, request, facts, NETWORKMANAGER, report)
    if report.errors:
        return Rendered(NETWORKMANAGER, (), (), ())
    contents = networkmanager.render(after, facts)
    files = [
        File(path, _SECRET if path.endswith(networkmanager.ENDING) else _OPEN, text)
        for path, text in sorted(contents.items())
    ]
    files.append(File(networkmanager.UNMANAGED, _OPEN, networkmanager.UNMANAGED_TEXT))
    paths = {*old, *(path for path in request.existing if networkmanager.is_link(path))}
    gone = tuple(sorted(paths - contents.keys()))
    return Rendered(NETWORKMANAGER, tuple(files), gone, _removed(earlier, after), renames=_renames(after, facts))
