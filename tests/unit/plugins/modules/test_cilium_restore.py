# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module is a thin shell around the Secret that cilium_absent left."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_absent, cilium_backup
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_restore
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_everywhere as everywhere
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster

SECRET = f"/api/v1/namespaces/kube-system/secrets/{cilium_backup.NAME}"
AGENTS = "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium"


@pytest.fixture
def cluster():
    found = MemoryCluster(everywhere.objects())
    request = cilium_absent.Request(allow_in_use=True)
    there = cilium_absent.find(found, request)
    cilium_backup.save(found, "kube-system", there)
    cilium_absent.remove(found, request, there, sleep=lambda _seconds: None)
    found.log.clear()
    return found


@pytest.fixture
def call(monkeypatch, capsys, cluster):
    """Return a function that runs the module against a cluster in memory."""
    monkeypatch.setattr(cilium_restore, "Cluster", lambda _kubeconfig, _context: cluster)

    def run(**options):
        with patch_module_args({"kubeconfig": "/k", **options}), pytest.raises(SystemExit):
            cilium_restore.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_cilium_comes_back(call, cluster):
    result = call()
    assert result["changed"] is True
    assert AGENTS in result["restored"]
    assert AGENTS in cluster.objects
    assert call()["changed"] is False


def test_check_mode_says_the_same_and_changes_nothing(call, cluster):
    said = call(_ansible_check_mode=True)
    assert (cluster.log, said["changed"]) == ([], True)
    assert said["restored"] == call()["restored"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_forgetting(call, cluster, check_mode):
    result = call(state="absent", _ansible_check_mode=check_mode)
    assert (result["changed"], result["restored"]) == (True, [])
    assert (SECRET in cluster.objects) is check_mode
    assert call(state="absent")["changed"] is check_mode


def test_nothing_was_kept(call, cluster):
    del cluster.objects[SECRET]
    assert "there is no Secret" in call()["msg"]
