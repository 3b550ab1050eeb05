# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module is a thin shell: options in, result out, and nothing is marked before EKS Anywhere keeps its hands off."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import eks_anywhere
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_adoption import Adoption
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_adopt
from ansible_collections.eks_anywhere.network.tests.unit.plugins import eksa_objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.memory_cluster import MemoryCluster

PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium"


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module: its result, the request, the Helm, and what was marked."""

    def run(skip=True, found=None, **options):
        asked = []
        cluster = MemoryCluster({eksa_objects.PATH: eksa_objects.eksa({"skipUpgrade": skip})})

        def find(_cluster, helm, request, eksa):
            asked.extend([request, helm, eksa.name])
            return found or Adoption(True, "1.17.6-0", {"a": 1}, (PATH,))

        monkeypatch.setattr(cilium_adopt.cilium_adoption, "find", find)
        monkeypatch.setattr(cilium_adopt.cilium_adoption, "adopt", lambda *given: asked.append(given[2].patches))
        monkeypatch.setattr(cilium_adopt, "Cluster", lambda _kubeconfig, _context: cluster)
        with patch_module_args({"kubeconfig": "/k", **options}), pytest.raises(SystemExit):
            cilium_adopt.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_options_reach_the_work(call):
    result, (request, helm, name, marked) = call(
        chart_ref="oci://x", chart_version="1.0.0", chart_plain_http=True, values={"b": 2}, helm_binary="/h"
    )
    assert (request.chart_ref, request.chart_version, request.values) == ("oci://x", "1.0.0", {"b": 2})
    assert (helm.binary, helm.plain_http, name, marked) == ("/h", True, "Cluster default/mgmt", (PATH,))
    assert (result["changed"], result["install"], result["adopted"]) == (True, True, [PATH])
    assert result["values"] == {"a": 1}


def test_nothing_is_marked_while_eks_anywhere_would_undo_it(call):
    result, asked = call(skip=False)
    assert eks_anywhere.SKIP_UPGRADE in result["msg"]
    assert len(asked) == 3


def test_check_mode_compares_before_the_cluster_says_it(call):
    result, asked = call(skip=False, _ansible_check_mode=True)
    assert (result["changed"], len(asked)) == (True, 3)


def test_a_release_needs_nothing(call):
    result, _asked = call(skip=False, found=Adoption(False, "1.17.6-0", {}))
    assert (result["changed"], result["install"]) == (False, False)
