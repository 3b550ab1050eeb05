# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which nodes a DaemonSet wants a pod."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.scheduling import daemon_wants

LABELS = {"kubernetes.io/os": "linux", "zone": "a", "size": "8"}


def node(labels=None, taints=()):
    return {
        "metadata": {"name": "w1", "labels": LABELS if labels is None else labels},
        "spec": {"taints": [dict(zip(("key", "value", "effect"), taint, strict=True)) for taint in taints]},
    }


def affinity(*terms):
    wanted = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": wanted}}


def expression(key, operator, *values):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, True),
        ({"nodeSelector": {"zone": "a"}}, True),
        ({"nodeSelector": {"zone": "b"}}, False),
        (affinity(expression("zone", "In", "a", "b")), True),
        (affinity(expression("zone", "In", "b")), False),
        (affinity(expression("zone", "NotIn", "b")), True),
        (affinity(expression("zone", "NotIn", "a")), False),
        (affinity(expression("gpu", "NotIn", "a")), True),
        (affinity(expression("zone", "Exists")), True),
        (affinity(expression("gpu", "Exists")), False),
        (affinity(expression("gpu", "DoesNotExist")), True),
        (affinity(expression("zone", "DoesNotExist")), False),
        (affinity(expression("size", "Gt", "4")), True),
        (affinity(expression("size", "Gt", "8")), False),
        (affinity(expression("size", "Lt", "9")), True),
        (affinity(expression("zone", "Gt", "4")), False),
        (affinity(expression("gpu", "Lt", "9")), False),
        (affinity(expression("size", "Lt")), False),
        (affinity(expression("zone", "In", "b"), expression("zone", "In", "a")), True),
        (affinity({}), False),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["w1"]}]}), True),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["w2"]}]}), False),
    ],
)
def test_labels(spec, wanted):
    assert daemon_wants(spec, node()) is wanted


TOLERATE_ALL = {"tolerations": [{"operator": "Exists"}]}


@pytest.mark.parametrize(
    ("spec", "taint", "wanted"),
    [
        ({}, ("dedicated", "x", "NoSchedule"), False),
        ({}, ("dedicated", "x", "NoExecute"), False),
        ({}, ("dedicated", "x", "PreferNoSchedule"), True),
        (TOLERATE_ALL, ("dedicated", "x", "NoExecute"), True),
        ({"tolerations": [{"key": "dedicated", "operator": "Exists"}]}, ("dedicated", "x", "NoSchedule"), True),
        ({"tolerations": [{"key": "dedicated", "value": "x"}]}, ("dedicated", "x", "NoSchedule"), True),
        ({"tolerations": [{"key": "dedicated", "value": "y"}]}, ("dedicated", "x", "NoSchedule"), False),
        (
            {"tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}]},
            ("dedicated", "x", "NoSchedule"),
            False,
        ),
        ({}, ("node.kubernetes.io/unschedulable", "", "NoSchedule"), True),
        ({}, ("node.kubernetes.io/not-ready", "", "NoExecute"), True),
        ({}, ("node.kubernetes.io/network-unavailable", "", "NoSchedule"), False),
        ({"hostNetwork": True}, ("node.kubernetes.io/network-unavailable", "", "NoSchedule"), True),
    ],
)
def test_taints(spec, taint, wanted):
    assert daemon_wants(spec, node(taints=[taint])) is wanted
