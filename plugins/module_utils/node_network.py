# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about the network of one node, in one go. Only reads.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils import (
    node_cni,
    node_kernel,
    node_links,
    node_owners,
    node_programs,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_ethtool import Ethtool

WORKERS = 6


def ask_ip(timeout: float, *arguments: str) -> Sequence[dict[str, Any]]:
    """Return what ``ip -j`` prints. Raises NetworkError where it does not answer within ``timeout`` seconds."""
    command = " ".join(["ip", "-j", *arguments])
    program = node_programs.find("ip")
    if program is None:
        raise NetworkError(Problem("ip", "the program is not installed", "Install iproute2 on the node"))
    answer = node_programs.run([program, "-j", *arguments], timeout)
    if answer.error:
        raise NetworkError(Problem(command, f"it failed: {answer.error}", "Run it on the node to see why"))
    return node_links.parse(answer.output, command)


@dataclass(frozen=True)
class NodeNetwork:
    """Where to look, and for how many seconds to wait. ``root`` is another directory in tests only."""

    cni_bin_dir: str
    cni_conf_dir: str
    multus_conf_dir: str
    probe_timeout: float
    timeout: float
    root: Path = Path("/")

    def gather(self) -> dict[str, Any]:
        """Return ``node_network``. Raises NetworkError where ``ip`` does not answer."""
        release = os.uname().release
        kernel = node_kernel.Kernel(self.root, release)
        with ThreadPoolExecutor(WORKERS) as workers:
            asked = {
                "links": workers.submit(self._links),
                "binaries": workers.submit(node_cni.binaries, Path(self.cni_bin_dir), self.probe_timeout),
                "units": workers.submit(node_owners.services, self.timeout),
                "packages": workers.submit(node_owners.packages, self.timeout),
                "kernel": workers.submit(kernel.support),
            }
            answers = {name: future.result() for name, future in asked.items()}
        binaries, errors = answers["binaries"]
        units, packages = answers["units"], answers["packages"]
        asks = kernel.state(*node_kernel.NF_TABLES) not in ("available", "blocked", "missing")
        multus = node_cni.configuration(Path(self.multus_conf_dir))
        return {
            "hostname": socket.gethostname(),
            "boot_id": self._boot_id(),
            "kernel_release": release,
            "kernel": answers["kernel"],
            **answers["links"],
            "cni_binaries": binaries,
            "cni_binary_errors": errors,
            "cni_conf": node_cni.configuration(Path(self.cni_conf_dir)),
            "multus_conf": {key: multus[key] for key in ("directory", "state", "files")},
            "firewall_owners": node_owners.firewalls(self.root, self.timeout, asks, units, packages),
            "stack": node_owners.stack(units, packages),
        }

    def _links(self) -> dict[str, Any]:
        families = ["ipv4", *(["ipv6"] if (self.root / "proc" / "sys" / "net" / "ipv6").is_dir() else [])]
        routes, rules = [], []
        for family in families:
            show = ["-4" if family == "ipv4" else "-6"]
            routes += node_links.default_routes(
                family, ask_ip(self.timeout, *show, "route", "show", "table", "all", "default")
            )
            rules += node_links.rules(family, ask_ip(self.timeout, *show, "-d", "rule", "show"))
        with Ethtool() as ethtool:
            interfaces = node_links.interfaces(ask_ip(self.timeout, "-d", "address", "show"), ethtool.hardware, routes)
        return {"interfaces": interfaces, "default_routes": routes, "ip_rules": rules}

    def _boot_id(self) -> str | None:
        try:
            return (self.root / "proc" / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
        except OSError:
            return None
