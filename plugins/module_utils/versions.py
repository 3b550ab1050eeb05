# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of Cilium needs of the nodes. Pure.

The chart itself says which Kubernetes it needs, and Helm holds it against the cluster. Nothing holds the kernel
against anything before the agents fail to start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named

KERNEL_FLOORS = (((1, 18), (5, 10), ""), ((1, 17), (5, 4), ".el8"))
"""(from this Cilium minor, this kernel or newer, or this mark in its release), newest first.

Source: Cilium documentation, operations/system_requirements, of each minor; it takes the 4.18 of RHEL 8 for 5.4.
AWS's EKS Hybrid Nodes documentation names no RHEL 8 for 1.18.
"""


def pick_kernel(node: Mapping[str, Any]) -> tuple[str, str]:
    """Return (node name, kernel release), the release "" where the node runs no Linux."""
    about = (node.get("status") or {}).get("nodeInfo") or {}
    linux = about.get("operatingSystem", "linux") == "linux"
    return node["metadata"]["name"], str(about.get("kernelVersion", "")) if linux else ""


def kernel_problems(chart_version: str, kernels: Iterable[tuple[str, str]]) -> list[Problem]:
    """Return the one problem that names every node whose kernel is too old. An unreadable release is no problem."""
    wanted = parse_version(chart_version)
    for since, floor, exception in KERNEL_FLOORS:
        if wanted and wanted >= since:
            old = [f"{release} on {node}" for node, release in kernels if _too_old(release, floor, exception)]
            hint = "Renew the operating system of these nodes first, or take an older chart"
            text = f"Cilium {wanted[0]}.{wanted[1]} needs Linux {floor[0]}.{floor[1]} (got {named(old)})"
            return [Problem("chart_version", text, hint)] if old else []
    return []


def _too_old(release: str, floor: tuple[int, int], exception: str) -> bool:
    numbers = parse_version(release)
    return numbers is not None and numbers < floor and not (exception and exception in release)
