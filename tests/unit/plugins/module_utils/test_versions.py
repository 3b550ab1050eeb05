# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of Cilium needs of the nodes."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.versions import (
    RHEL_BUILDS,
    TABLE,
    kernel_problems,
    pick_kernel,
    warnings,
)


@pytest.mark.parametrize(
    ("chart", "kernel", "enough"),
    [
        ("1.17.6-0", "5.4.0-150-generic", True),
        ("1.17.6-0", "5.3.18", False),
        ("1.17.6-0", "4.18.0-553.el8_10.x86_64", True),
        ("1.17.6-0", "4.18.0-372.9.1.el8.x86_64", True),
        ("1.17.6-0", "4.18.0-348.7.1.el8_5.x86_64", False),
        ("1.17.6-0", "4.18.0-553-generic", False),
        ("1.18.5-0", "4.18.0-553.el8_10.x86_64", True),
        ("1.18.5-0", "4.18.0-372.el8_6.x86_64", False),
        ("1.18.5-0", "5.4.0-150-generic", False),
        ("1.18.5-0", "5.10.245", True),
        ("1.19.4-1", "5.9.1", False),
        ("1.19.4-1", "6.1.0", True),
        ("1.16.2", "4.19.1", False),
        ("1.15.16", "4.19.1", True),
        ("1.15.16", "4.18.0-80.el8.x86_64", True),
        ("1.12.1", "3.10.0", True),
        ("1.20.0", "5.4.0", False),
        ("1.17.6-0", "", True),
        ("main", "4.4.0", True),
    ],
)
def test_a_kernel_below_the_floor_is_a_problem(chart, kernel, enough):
    assert (kernel_problems(chart, [("w1", kernel)]) == []) is enough


def test_all_nodes_with_an_old_kernel_are_named_at_once():
    (problem,) = kernel_problems("1.18.5-0", [("w1", "5.4.0"), ("w2", "5.15.0"), ("w3", "5.4.1")])
    assert str(problem) == (
        "chart_version: Cilium 1.18 needs Linux 5.10 (got 5.4.0 on w1, 5.4.1 on w3). "
        "Renew the operating system of these nodes first, or take an older chart."
    )


def test_a_node_of_another_system_has_no_kernel():
    def node(**about):
        return {"metadata": {"name": "w1"}, "status": {"nodeInfo": about}}

    assert pick_kernel(node(kernelVersion="10.0.1", operatingSystem="windows")) == ("w1", "")
    assert pick_kernel(node(kernelVersion="6.1.0", operatingSystem="linux")) == ("w1", "6.1.0")
    assert pick_kernel({"metadata": {"name": "w1"}}) == ("w1", "")


@pytest.mark.parametrize(
    ("chart", "kubernetes", "eks_anywhere", "said"),
    [
        ("1.17.6-0", "1.32.1", None, []),
        ("1.17.6-0", "1.29.0", None, []),
        ("1.17.6-0", "1.33.4", None, ["Cilium 1.17 is tested with Kubernetes 1.29 to 1.32 (got 1.33)."]),
        ("1.17.6-0", "1.28.9", None, ["Cilium 1.17 is tested with Kubernetes 1.29 to 1.32 (got 1.28)."]),
        ("1.17.6-0", "1.33.4", "v0.24.1", []),
        (
            "1.17.6-0",
            "1.31.4",
            "v0.25.3",
            [
                "EKS Anywhere v0.25.3 ships Cilium 1.18 (got Cilium 1.17). "
                "Put in charge of Cilium again, it would install its own."
            ],
        ),
        (
            "1.19.4-1",
            "1.30.0",
            "v0.99.0",
            [
                "Cilium 1.19 is tested with Kubernetes 1.31 to 1.34 (got 1.30).",
                "EKS Anywhere v0.99.0 is not among the versions that this collection knows (got Cilium 1.19). "
                "Put in charge of Cilium again, it would install its own.",
            ],
        ),
        (
            "1.21.0",
            "1.34.0",
            None,
            ["Cilium 1.21 is not among the versions that this collection knows (1.13 to 1.19)."],
        ),
        (
            "1.12.0",
            "1.24.0",
            None,
            ["Cilium 1.12 is not among the versions that this collection knows (1.13 to 1.19)."],
        ),
        ("main", "1.24.0", None, []),
        ("1.17.6", "", None, []),
    ],
)
def test_what_nobody_has_tested_is_a_warning(chart, kubernetes, eks_anywhere, said):
    assert warnings(chart, kubernetes, eks_anywhere) == said


def test_the_table_is_whole():
    minors = [row.cilium for row in TABLE]
    assert minors == [(1, number) for number in range(19, 12, -1)]
    assert all(row.kubernetes[0] < row.kubernetes[1] for row in TABLE)
    floors = [row.kernel for row in TABLE]
    assert floors == sorted(floors, reverse=True)
    assert {row.rhel for row in TABLE} == RHEL_BUILDS.keys()
    shipped = [minor for row in TABLE for minor in row.eks_anywhere]
    assert sorted(shipped) == [(0, number) for number in range(20, 27)]
