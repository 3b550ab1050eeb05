# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what Cilium leaves on a node when its pods are gone.

Runs on the node: standard library of Python 3.8 only. What there is is read from the node each time, so a run that was
broken off is finished by the next one.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_remnants, node_links, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_programs import Answer

CONFIGURATIONS = ("05-cilium.conflist", "05-cilium.conf", "10-cilium-cni.conf", "00-cilium-cni.conf")
PRIMARY = "etc/cni/primary.d"
"""Where Cilium writes its configuration when a fail-closed Multus is before it."""
BACKUP = ".cilium_bak"
RUN = "run/cilium"
SOCKET = "run/cilium/cilium.sock"
CGROUP = "run/cilium/cgroupv2"
SOCKET_LB = "sys/fs/bpf/cilium/socketlb"
PINS = ("sys/fs/bpf/cilium", "sys/fs/bpf/tc/globals/cilium_*", "sys/fs/bpf/cilium_*")
"""Links of programs first: unpinned they detach, and only then may the maps go that they call each other by."""
FILES = ("opt/cni/bin/cilium-cni", "etc/sysctl.d/99-zzz-override_cilium.conf", "var/lib/cilium", RUN)
FAMILIES = ("-4", "-6")
IPTABLES = ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy")
NAMES_OF_TABLES = {"iptables-legacy": "ip_tables_names", "ip6tables-legacy": "ip6_tables_names"}
TIMEOUT = 20.0


def run_program(words: Sequence[str], stdin: str) -> Answer:
    """Run a program of the node; one that is not installed prints nothing and says so."""
    path = node_programs.find(words[0])
    if path is None:
        return Answer("", "not installed")
    return node_programs.run([path, *words[1:]], TIMEOUT, stdin)


@dataclass(frozen=True)
class Node:
    """The node: its file system, its directories of CNI, and how its programs are run."""

    root: Path = Path("/")
    conf: str = "etc/cni/net.d"
    run: Callable[[Sequence[str], str], Answer] = run_program

    def shown(self, path: Path) -> str:
        """Return a path as the node's user knows it."""
        return f"/{path.relative_to(self.root)}"


@dataclass(frozen=True)
class Remnant:
    """One thing that Cilium left: its name, and what removes it: commands with their input, or a path."""

    name: str
    commands: tuple[tuple[tuple[str, ...], str], ...] = ()
    path: Path | None = None
    vital: bool = False
    """Nothing after it may be done when this fails."""


@dataclass
class Result:
    """What was removed, what is left with the reason if it is known, and what Cilium renamed."""

    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the module's result."""
        before = "".join(f"{name}\n" for name in self.removed)
        diff = {"before": before, "after": ""}
        lists = {"removed": self.removed, "left": self.left, "renamed": self.renamed}
        return {"changed": bool(self.removed), **lists, "diff": diff}


def clean(node: Node, check_mode: bool) -> Result:
    """Remove everything. Raises NetworkError while the agent still runs: it would put back what is taken away."""
    if _answers(node.root / SOCKET):
        text = f"the agent of Cilium still answers at /{SOCKET}"
        raise NetworkError(Problem("cilium", text, "Remove its DaemonSet first, and wait until its pods are gone"))
    found = list(remnants(node))
    renamed = [node.shown(path) for path in _backups(node)]
    if check_mode:
        return Result([remnant.name for remnant in found], renamed=renamed)
    failures: dict[str, str] = {}
    for remnant in found:
        error = _remove(node, remnant)
        if error:
            failures[remnant.name] = error
        if error and remnant.vital:
            raise NetworkError(Problem("cilium", f"{remnant.name}: {error}", "Nothing was removed"))
    left = [remnant.name for remnant in remnants(node)]
    removed = [remnant.name for remnant in found if remnant.name not in left]
    return Result(removed, [f"{name}: {failures[name]}" if name in failures else name for name in left], renamed)


def remnants(node: Node) -> Iterator[Remnant]:
    """Return what there is of Cilium, in the order in which it may go."""
    rules = {family: _ip(node, family, "rule", "show") for family in FAMILIES}
    yield from _local_rules(rules)
    for directory in (node.conf, PRIMARY):
        yield from _paths(node, [f"{directory}/{name}" for name in CONFIGURATIONS])
    links = _ip(node, "-d", "link", "show")
    yield from _cgroup_programs(node)
    yield from _paths(node, PINS[:1])
    yield from _programs(node, links)
    yield from _paths(node, PINS[1:])
    for name in cilium_remnants.own_links(links):
        yield Remnant(f"link {name}", ((("ip", "link", "delete", name), ""),))
    yield from _iptables(node)
    for name in cilium_remnants.sets(node.run(("ipset", "list", "-n"), "").output):
        yield Remnant(f"ipset {name}", ((("ipset", "destroy", name), ""),))
    yield from _own_rules(rules)
    for point in cilium_remnants.mounts(_text(node.root / "proc/self/mountinfo"), f"/{RUN}"):
        yield Remnant(f"mount {point}", ((("umount", point), ""),))
    yield from _paths(node, FILES)


def _local_rules(rules: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[Remnant]:
    """Return the lookup of local addresses where it is to be put back. Without it the host answers nobody."""
    for family, listed in rules.items():
        if cilium_remnants.lacks_local(listed) and listed:
            command = ("ip", family, "rule", "add", "pref", "0", "lookup", "local")
            yield Remnant(f"rule {family} {cilium_remnants.MOVED} instead of 0", ((command, ""),), vital=True)


def _own_rules(rules: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[Remnant]:
    """Return Cilium's rules. A table is emptied before its rule goes: afterwards nobody would know whose it is."""
    for family, listed in rules.items():
        for rule in listed:
            name = f"rule {family} {rule.get('priority')}"
            pref = str(rule.get("priority"))
            if cilium_remnants.moved_local(rule):
                yield Remnant(name, ((("ip", family, "rule", "delete", "pref", pref, "lookup", "local"), ""),))
            elif cilium_remnants.marked(rule):
                table = str(rule["table"])
                mark = ("fwmark", f"{rule['fwmark']}/{rule['fwmask']}")
                flush = ("ip", family, "route", "flush", "table", table)
                delete = ("ip", family, "rule", "delete", "pref", pref, *mark, "lookup", table)
                yield Remnant(f"{name} and table {table}", ((flush, ""), (delete, "")))


def _programs(node: Node, links: list[Mapping[str, Any]]) -> Iterator[Remnant]:
    """Return tc filters and XDP programs that are attached without a pin, as on kernels before 6.6."""
    own = cilium_remnants.own_links(links)
    for name, mode in cilium_remnants.xdp(links):
        yield Remnant(f"{mode} program on {name}", ((("ip", "link", "set", "dev", name, mode, "off"), ""),))
    queues = node_links.parse(node.run(("tc", "-j", "qdisc", "show"), "").output, "tc -j qdisc show")
    for name in sorted({str(queue["dev"]) for queue in queues if queue.get("kind") == "clsact"}):
        if name in own:
            continue
        for side in ("ingress", "egress"):
            words = ("tc", "-j", "filter", "show", "dev", name, side)
            printed = node_links.parse(node.run(words, "").output, " ".join(words))
            for pref, handle in cilium_remnants.filters(printed):
                what = ("pref", pref, "handle", handle, "bpf")
                delete = ("tc", "filter", "delete", "dev", name, side, *what)
                yield Remnant(f"tc filter {side} {pref} {handle} on {name}", ((delete, ""),))


def _cgroup_programs(node: Node) -> Iterator[Remnant]:
    """Return programs of the socket load balancer that are attached without a pin, as on kernels before 5.7."""
    if not (node.root / CGROUP).is_dir() or (node.root / SOCKET_LB).exists():
        return
    words = ("bpftool", "-j", "cgroup", "show", f"/{CGROUP}")
    for entry in node_links.parse(node.run(words, "").output, " ".join(words)):
        if cilium_remnants.PROGRAM.match(str(entry.get("name", ""))):
            kind, number = str(entry.get("attach_type")), str(entry.get("id"))
            detach = ("bpftool", "cgroup", "detach", f"/{CGROUP}", kind, "id", number)
            yield Remnant(f"cgroup program {kind}", ((detach, ""),))


def _iptables(node: Node) -> Iterator[Remnant]:
    for program in IPTABLES:
        tables = NAMES_OF_TABLES.get(program)
        # Asking legacy iptables for a table that the kernel has not loaded would load it.
        if tables and not _text(node.root / "proc/net" / tables).strip():
            continue
        saved = node.run((f"{program}-save",), "").output
        script = cilium_remnants.restore_script(saved)
        if script:
            names = ", ".join(cilium_remnants.chains(saved))
            yield Remnant(f"{program} chains {names}", (((f"{program}-restore", "--noflush"), script),))


def _paths(node: Node, patterns: Sequence[str]) -> Iterator[Remnant]:
    for pattern in patterns:
        for path in sorted(node.root.glob(pattern)):
            yield Remnant(node.shown(path), path=path)


def _backups(node: Node) -> list[Path]:
    return sorted((node.root / node.conf).glob(f"*{BACKUP}"))


def _ip(node: Node, *words: str) -> list[Mapping[str, Any]]:
    command = ("ip", "-j", *words)
    answer = node.run(command, "")
    if answer.error and "link" in words:
        raise NetworkError(Problem("ip", answer.error, "Install iproute2"))
    return node_links.parse(answer.output, " ".join(command))


def _remove(node: Node, remnant: Remnant) -> str:
    """Remove one remnant and return what went wrong. Whether it is gone is not judged here."""
    errors = []
    for words, stdin in remnant.commands:
        answer = node.run(words, stdin)
        if answer.error:
            errors.append(answer.error)
    if remnant.path is not None:
        if cilium_remnants.mounts(_text(node.root / "proc/self/mountinfo"), node.shown(remnant.path)):
            return "something is mounted there"
        try:
            if remnant.path.is_dir() and not remnant.path.is_symlink():
                shutil.rmtree(remnant.path)
            else:
                remnant.path.unlink()
        except FileNotFoundError:
            return ""
        except OSError as error:
            errors.append(error.strerror or str(error))
    return "; ".join(errors)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _answers(path: Path) -> bool:
    """Say whether something listens on a socket. Its file alone says nothing: a killed agent leaves it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2.0)
        try:
            client.connect(os.fspath(path))
        except OSError:
            return False
    return True
