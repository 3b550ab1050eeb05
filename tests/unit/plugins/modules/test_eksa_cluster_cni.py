# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module is a thin shell: options in, result out."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.eksa_cluster import Wanted
from ansible_collections.eks_anywhere.network.plugins.modules import eksa_cluster_cni


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module with a double for the work and returns (result, how it was asked)."""

    def run(**options):
        asked = []

        def change(target, wanted, timeout, check_mode, _warn):
            asked.extend([target.management, target.name, target.elsewhere, wanted, timeout, check_mode])
            return {"changed": True}

        monkeypatch.setattr(eksa_cluster_cni.eksa_reconcile, "change", change)
        monkeypatch.setattr(eksa_cluster_cni, "Cluster", lambda kubeconfig, context: (kubeconfig, context))
        with patch_module_args({"kubeconfig": "/k", "context": "c", **options}), pytest.raises(SystemExit):
            eksa_cluster_cni.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_options_reach_the_work(call):
    result, asked = call(skip_upgrade="true", annotation=True, paused=False, helm_values={"a": 1}, wait_timeout=7)
    assert asked == [("/k", "c"), None, False, Wanted("true", {"a": 1}, True, False), 7, False]
    assert result["changed"] is True


@pytest.mark.parametrize(("given", "wanted"), [(True, "true"), (False, "false"), ("absent", "absent")])
def test_a_boolean_is_a_word(call, given, wanted):
    assert call(skip_upgrade=given)[1][3].skip_upgrade == wanted


def test_the_management_cluster_has_its_own_kubeconfig(call):
    _result, asked = call(management_kubeconfig="/m", management_context="mc", cluster_name="w", wait=False)
    assert asked == [("/m", "mc"), "w", True, Wanted(), 0, False]


def test_check_mode_reaches_the_work(call):
    assert call(paused=True, _ansible_check_mode=True)[1][-1] is True
