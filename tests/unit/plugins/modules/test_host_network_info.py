# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_network_info from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_check
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_proof import Seen
from ansible_collections.eks_anywhere.network.plugins.modules import host_network_info


@pytest.fixture
def call(capsys, monkeypatch):
    monkeypatch.setattr(host_network_check, "look", lambda: Seen(Facts({"interfaces": []}), {}, []))

    def run(**options):
        with patch_module_args({"timeout": 0, **options}), pytest.raises(SystemExit) as caught:
            host_network_info.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return run


def test_problems_do_not_fail_the_module(call):
    code, result = call(config={"ethernets": {"eth1": {}}})
    assert (code, result["changed"]) == (0, False)
    assert result["problems"][0]["message"] == "the node has no eth1"
    assert (result["addresses"], result["foreign"], result["paths"]) == ([], [], [])


def test_a_wrong_configuration_does(call):
    code, result = call(config={"ethernets": {"eth1": {"mtuu": 1}}})
    assert code == 1
    assert result["errors"][0]["path"] == "config.ethernets.eth1.mtuu"
