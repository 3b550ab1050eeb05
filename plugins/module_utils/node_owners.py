# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who configures network and firewall of a node: services, packages, tables and chains.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import node_nftables
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_programs import answer_of

UNITS = {
    "systemd-networkd.service": "networkd",
    "NetworkManager.service": "networkmanager",
    "nftables.service": "nftables",
    "firewalld.service": "firewalld",
    "ufw.service": "ufw",
    "iptables.service": "iptables",
    "netfilter-persistent.service": "netfilter_persistent",
}
PACKAGES = {
    "systemd": "networkd",
    "network-manager": "networkmanager",
    "NetworkManager": "networkmanager",
    "netplan.io": "netplan",
    "netplan": "netplan",
    "nftables": "nftables",
    "firewalld": "firewalld",
    "ufw": "ufw",
}
CNI_CHAINS = {
    "KUBE-": "kubernetes",
    "CNI-": "cni",
    "CILIUM_": "cilium",
    "OLD_CILIUM_": "cilium",
    "cali-": "calico",
    "FLANNEL-": "flannel",
    "ANTREA-": "antrea",
    "WEAVE-": "weave",
}
"""Beginning of a chain's name: whose it is. kubelet and kube-proxy, the CNI plugins portmap and bridge, and so on."""

IPTABLES_TABLES = ("filter", "nat", "mangle", "raw", "security")
IPTABLES_FAMILIES = {"ip": "ip_tables_names", "ip6": "ip6_tables_names"}
DPKG = ("-W", "-f", r"${db:Status-Status} ${Package} ${Version}\n")
RPM = ("-q", "--qf", r"installed %{NAME} %{VERSION}-%{RELEASE}\n")


def services(timeout: float) -> dict[str, dict[str, Any]]:
    """Return {name: {active, enabled, installed}} of every unit of UNITS; all None where systemd does not answer."""
    properties = "LoadState,ActiveState,UnitFileState"
    printed = answer_of("systemctl", ["show", "--property", properties, *UNITS], timeout)
    return read_services(printed or "")


def read_services(printed: str) -> dict[str, dict[str, Any]]:
    """Read ``systemctl show``: one block for each unit, in the order in which they were asked for."""
    blocks = [dict(re.findall(r"^(\w+)=(.*)$", block, re.MULTILINE)) for block in printed.strip().split("\n\n")]
    if len(blocks) != len(UNITS):
        return {name: {"active": None, "enabled": None, "installed": None} for name in UNITS.values()}
    return {
        name: {
            "active": block.get("ActiveState") in ("active", "activating", "reloading"),
            "enabled": block.get("UnitFileState") in ("enabled", "enabled-runtime", "static", "alias", "linked"),
            "installed": block.get("LoadState") != "not-found",
        }
        for name, block in ((name, blocks[index]) for index, name in enumerate(UNITS.values()))
    }


def changes(units: Iterable[str], timeout: float) -> dict[str, float]:
    """Return when units last changed their state, in seconds of the clock on the wall, without those that never did."""
    asked = list(units)
    printed = answer_of("systemctl", ["show", "--property", "StateChangeTimestampMonotonic", *asked], timeout)
    return read_changes(asked, printed or "", time.time() - time.monotonic())


def read_changes(units: Sequence[str], printed: str, booted: float) -> dict[str, float]:
    """Read ``systemctl show``: one line for each unit, in microseconds since ``booted``."""
    found = [int(number) for number in re.findall(r"^StateChangeTimestampMonotonic=(\d+)$", printed, re.MULTILINE)]
    if len(found) != len(units):
        return {}
    return {unit: booted + found[place] / 1e6 for place, unit in enumerate(units) if found[place]}


def packages(timeout: float) -> dict[str, str]:
    """Return {name: the package's full version} of what is installed of PACKAGES."""
    found = read_packages(answer_of("dpkg-query", [*DPKG, *PACKAGES], timeout) or "")
    return found or read_packages(answer_of("rpm", [*RPM, *PACKAGES], timeout) or "")


def read_packages(printed: str) -> dict[str, str]:
    """Read lines ``installed <package> <version>``. Others are of packages that are not installed."""
    found = re.findall(r"^installed (\S+) (\S+)$", printed, re.MULTILINE)
    return {PACKAGES[package]: version for package, version in found if package in PACKAGES}


def upstream(version: str | None) -> str | None:
    """Return the version that the software's makers gave: ``1:0.106.1-7ubuntu0.22.04.4`` is 0.106.1."""
    return re.sub(r"^\d+:|-[^-]*$", "", version) if version else None


def iptables(timeout: float) -> tuple[str | None, str | None]:
    """Return (version, backend ``nft`` or ``legacy``) of the node's command ``iptables``."""
    return read_iptables(answer_of("iptables", ["--version"], timeout) or "")


def read_iptables(printed: str) -> tuple[str | None, str | None]:
    """Read ``iptables --version``. Versions below 1.8 name no backend: they know legacy only."""
    found = re.match(r"iptables v(\d\S*)(?: \((\w+)\))?", printed)
    return (found[1], "nft" if found[2] == "nf_tables" else "legacy") if found else (None, None)


def owned_chains(names: Iterable[str]) -> dict[str, int]:
    """Count chains by their owner, of those whose names tell it."""
    counted = Counter(_owner(name) for name in names)
    return {owner: counted[owner] for owner in sorted(filter(None, counted))}


def _owner(name: str) -> str:
    return next((owner for start, owner in CNI_CHAINS.items() if name.startswith(start)), "")


def legacy(root: Path, timeout: float) -> dict[str, Any] | None:
    """Return {tables, chains} of iptables' old backend, None where only root may know.

    Only tables that the kernel has already are looked into: asking for another one would make it.
    """
    tables = []
    names: list[str] | None = []
    for family, file in IPTABLES_FAMILIES.items():
        try:
            present = (root / "proc" / "net" / file).read_text().split()
        except FileNotFoundError:
            continue
        except OSError:
            return None
        program = "iptables-legacy-save" if family == "ip" else "ip6tables-legacy-save"
        for table in present:
            tables.append({"family": family, "name": table})
            saved = answer_of(program, ["-t", table], timeout)
            names = None if saved is None or names is None else names + re.findall(r"^:(\S+)", saved, re.MULTILINE)
    return {"tables": tables, "chains": None if names is None else owned_chains(names)}


def nft(tables: Iterable[Mapping[str, Any]], chains: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Return {tables, chains} of iptables' nft backend: the tables of nftables that have the names of iptables' own."""
    own = [
        {"family": table["family"], "name": table["name"]}
        for table in tables
        if table["family"] in IPTABLES_FAMILIES and table["name"] in IPTABLES_TABLES
    ]
    inside = {(table["family"], table["name"]) for table in own}
    return {"tables": own, "chains": owned_chains(name for family, table, name in chains if (family, table) in inside)}


def firewalls(
    root: Path, timeout: float, ask_kernel: bool, units: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]
) -> dict[str, Any]:
    """Return who has rules on this node. ``ask_kernel``: it has nf_tables; asking one without would load it."""
    tables = node_nftables.tables(timeout) if ask_kernel else []
    chains = node_nftables.chains(timeout) if ask_kernel else []
    version, backend = iptables(timeout)
    return {
        "nftables": {**_program("nftables", units, versions), "tables": tables},
        "iptables": {
            "version": version,
            "backend": backend,
            "nft": None if tables is None or chains is None else nft(tables, chains),
            "legacy": legacy(root, timeout),
            "service_active": units["iptables"]["active"] or units["netfilter_persistent"]["active"],
        },
        "firewalld": _program("firewalld", units, versions),
        "ufw": {**_program("ufw", units, versions), "active": ufw_is_on(root)},
    }


def ufw_is_on(root: Path) -> bool:
    """Return whether ufw filters. Its unit says nothing: it is active even where ufw is switched off."""
    try:
        text = (root / "etc" / "ufw" / "ufw.conf").read_text()
    except OSError:
        return False
    return re.search(r"^\s*ENABLED\s*=\s*[\"']?yes\b", text, re.MULTILINE | re.IGNORECASE) is not None


def stack(units: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> dict[str, Any]:
    """Return what configures the interfaces."""
    found = {name: _program(name, units, versions) for name in ("networkd", "networkmanager")}
    package = versions.get("netplan")
    found["netplan"] = {"installed": package is not None, "version": upstream(package), "package": package}
    return found


def _program(name: str, units: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> dict[str, Any]:
    package = versions.get(name)
    return {
        "installed": units[name]["installed"],
        "active": units[name]["active"],
        "enabled": units[name]["enabled"],
        "version": upstream(package),
        "package": package,
    }
