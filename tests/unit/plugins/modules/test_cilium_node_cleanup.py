# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module is a thin shell: options in, result out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_node_cleanup import Result
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_node_cleanup


@pytest.mark.parametrize("check_mode", [False, True])
def test_options_reach_the_work(monkeypatch, capsys, check_mode):
    asked = []

    def clean(node, check):
        asked.append((node.root, node.conf, check))
        return Result(["link cilium_host"], ["ipset x: busy"])

    monkeypatch.setattr(cilium_node_cleanup.cilium_node_cleanup, "clean", clean)
    given = {"cni_conf_dir": "/etc/other.d/", "_ansible_check_mode": check_mode}
    with patch_module_args(given), pytest.raises(SystemExit):
        cilium_node_cleanup.main()
    result = json.loads(capsys.readouterr().out)
    assert asked == [(Path("/"), "etc/other.d", check_mode)]
    assert (result["changed"], result["removed"]) == (True, ["link cilium_host"])
    assert result["left"] == ["ipset x: busy"]
