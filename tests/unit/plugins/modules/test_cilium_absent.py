# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module is a thin shell around finding, keeping and removing."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_backup, eks_anywhere
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_absent
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_everywhere as everywhere
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster

SECRET = f"/api/v1/namespaces/kube-system/secrets/{cilium_backup.NAME}"
EKSA = "/apis/anywhere.eks.amazonaws.com/v1alpha1/namespaces/default/clusters/mgmt"


@pytest.fixture
def cluster():
    return MemoryCluster(everywhere.objects())


@pytest.fixture
def call(monkeypatch, capsys, cluster):
    """Return a function that runs the module against a cluster in memory."""
    asked = []

    def connect(kubeconfig, context):
        asked.append((kubeconfig, context))
        return cluster

    monkeypatch.setattr(cilium_absent, "Cluster", connect)

    def run(**options):
        with patch_module_args({"kubeconfig": "/k", **options}), pytest.raises(SystemExit):
            cilium_absent.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_it_is_kept_and_removed(call, cluster):
    result, asked = call(allow_in_use=True)
    assert result["changed"] is True
    assert result["removed"][0] == "Deployment kube-system/cilium-operator"
    assert SECRET in cluster.objects
    assert asked == [("/k", None)]
    assert "DaemonSet kube-system/cilium\n" in result["diff"]["before"]


def test_check_mode_says_the_same_and_changes_nothing(call, cluster):
    said, _asked = call(allow_in_use=True, _ansible_check_mode=True)
    assert cluster.log == []
    assert said["removed"] == call(allow_in_use=True)[0]["removed"]


def test_without_keeping(call, cluster):
    call(allow_in_use=True, backup=False)
    assert SECRET not in cluster.objects


@pytest.mark.parametrize(
    ("cilium", "annotations", "said"),
    [
        ({}, {eks_anywhere.ANNOTATION: ""}, "skipUpgrade: true"),
        ({"skipUpgrade": True}, {}, "lacks the annotation"),
        ({"skipUpgrade": True}, {eks_anywhere.ANNOTATION: ""}, ""),
    ],
)
def test_eks_anywhere_is_asked_first(call, cluster, cilium, annotations, said):
    spec = {"clusterNetwork": {"cniConfig": {"cilium": cilium}}}
    cluster.objects[EKSA] = {"metadata": {"name": "mgmt", "annotations": annotations}, "spec": spec}
    result, asked = call(allow_in_use=True, management_kubeconfig="/m")
    assert asked == [("/k", None), ("/m", None)]
    assert result.get("failed", False) is bool(said)
    assert said in result.get("msg", "")
    assert bool(cluster.log) is not bool(said)


def test_connected_pods_are_a_problem(call, cluster):
    result, _asked = call()
    assert "pods run that have their network from Cilium" in result["msg"]
    assert cluster.log == []
