# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions go together: Cilium, Kubernetes, EKS Anywhere, the nodes' kernels, the cilium CLI. Pure.

The chart itself says which Kubernetes it needs at least, and Helm holds it against the cluster. Nothing holds the
kernel against anything before the agents fail to start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.findings import named

Minor = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """What goes with one minor of Cilium.

    ``kubernetes`` are the lowest and the highest minor that its release is tested with, ``kernel`` is the oldest Linux,
    ``rhel`` the minor of RHEL 8 whose older Linux does too, ``eks_anywhere`` are the minors that ship it, and ``cli``
    are releases of the cilium CLI that know it.
    """

    cilium: Minor
    kubernetes: tuple[Minor, Minor]
    kernel: Minor
    rhel: int
    eks_anywhere: tuple[Minor, ...]
    cli: str


TABLE = (
    Row((1, 19), ((1, 31), (1, 34)), (5, 10), 10, ((0, 26),), "v0.19"),
    Row((1, 18), ((1, 30), (1, 33)), (5, 10), 10, ((0, 25),), "v0.18.9 to v0.19"),
    Row((1, 17), ((1, 29), (1, 32)), (5, 4), 6, ((0, 24),), "v0.16 to v0.19"),
    Row((1, 16), ((1, 27), (1, 30)), (5, 4), 6, (), "v0.16 to v0.19"),
    Row((1, 15), ((1, 26), (1, 29)), (4, 19), 0, ((0, 22), (0, 23)), "v0.15 to v0.18"),
    Row((1, 14), ((1, 19), (1, 27)), (4, 19), 0, ((0, 21),), "v0.15"),
    Row((1, 13), ((1, 16), (1, 26)), (4, 19), 0, ((0, 20),), "v0.14"),
)
"""Newest first. Sources: Kubernetes and kernels from cilium/cilium at v1.13.10 to v1.19.1,
Documentation/network/kubernetes/compatibility.rst and Documentation/operations/system_requirements.rst, which take the
4.18 of RHEL 8 for what they ask; EKS Anywhere from aws/eks-anywhere, docs/content/en/docs/whatsnew/changelog.md; the
CLI from the README of cilium/cilium-cli at v0.14.8, v0.15.22, v0.16.10, v0.18.0, v0.18.9 and v0.19.0.
"""

RHEL_BUILDS = {0: 80, 6: 372, 10: 553}
"""Minor of RHEL 8: build of its first Linux, as in 4.18.0-372.9.1.el8. Source: wiki.rockylinux.org, version table."""

_RHEL = re.compile(r"4\.18\.0-(\d+)\..*\bel8")


def row_of(version: str) -> Row | None:
    """Return the row of a version of Cilium, the newest for anything newer, None for what is older or no version."""
    wanted = parse_version(version)
    if wanted is None:
        return None
    return next((row for row in TABLE if wanted[:2] >= row.cilium), None)


def pick_kernel(node: Mapping[str, Any]) -> tuple[str, str]:
    """Return (node name, kernel release), the release "" where the node runs no Linux."""
    about = (node.get("status") or {}).get("nodeInfo") or {}
    linux = about.get("operatingSystem", "linux") == "linux"
    return node["metadata"]["name"], str(about.get("kernelVersion", "")) if linux else ""


def kernel_problems(chart_version: str, kernels: Iterable[tuple[str, str]]) -> list[Problem]:
    """Return the one problem that names every node whose kernel is too old. An unreadable release is no problem."""
    row = row_of(chart_version)
    old = [f"{release} on {node}" for node, release in kernels if row and _too_old(release, row)]
    if not row or not old:
        return []
    hint = "Renew the operating system of these nodes first, or take an older chart"
    text = f"Cilium {_minor(parse_version(chart_version))} needs Linux {_minor(row.kernel)} (got {named(old)})"
    return [Problem("chart_version", text, hint)]


def warnings(chart_version: str, kubernetes: str, eks_anywhere: str | None) -> list[str]:
    """Return what of a combination nobody has tested, as far as it is known.

    ``eks_anywhere`` is the version that manages the cluster, for example ``v0.24.1``. What it ships it has tested, with
    every Kubernetes it offers.
    """
    wanted, cluster, eksa = parse_version(chart_version), parse_version(kubernetes), parse_version(eks_anywhere or "")
    row = row_of(chart_version)
    if wanted is None:
        return []
    if row is None or wanted[:2] != row.cilium:
        known = f"{_minor(TABLE[-1].cilium)} to {_minor(TABLE[0].cilium)}"
        return [f"Cilium {_minor(wanted)} is not among the versions that this collection knows ({known})."]
    shipped = eksa is not None and eksa[:2] in row.eks_anywhere
    found = []
    low, high = row.kubernetes
    if cluster and not shipped and not low <= cluster[:2] <= high:
        found.append(
            f"Cilium {_minor(row.cilium)} is tested with Kubernetes {_minor(low)} to {_minor(high)} "
            f"(got {_minor(cluster)})."
        )
    if eksa and not shipped:
        ships = [_minor(other.cilium) for other in TABLE if eksa[:2] in other.eks_anywhere]
        said = f"ships Cilium {ships[0]}" if ships else "is not among the versions that this collection knows"
        found.append(
            f"EKS Anywhere {eks_anywhere} {said} (got Cilium {_minor(row.cilium)}). "
            "Put in charge of Cilium again, it would install its own."
        )
    return found


def _too_old(release: str, row: Row) -> bool:
    numbers, rhel = parse_version(release), _RHEL.match(release)
    if numbers is None or numbers[:2] >= row.kernel:
        return False
    return rhel is None or int(rhel[1]) < RHEL_BUILDS[row.rhel]


def _minor(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, (version or ())[:2]))
