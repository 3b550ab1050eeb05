# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_network from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import host_network
from ansible_collections.eks_anywhere.network.tests.unit.plugins.host_networks import CONFIG, EXISTING, OURS, facts

NIC = {"ethernets": {"eth1": {"addresses": ["10.1.0.2/24"]}}}


@pytest.fixture
def call(capsys):
    def _call(config, **options):
        with patch_module_args({"config": config, "state": "rendered", **options}), pytest.raises(SystemExit) as caught:
            host_network.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return _call


@pytest.mark.parametrize("check", [True, False])
def test_returns_files(call, check):
    code, result = call(NIC, existing=EXISTING["netplan"], node_network=facts(), _ansible_check_mode=check)
    assert (code, result["changed"], result["backend"]) == (0, False, "netplan")
    assert [(file["path"], file["mode"]) for file in result["files"]] == [
        (OURS, "0600"),
        ("/etc/systemd/networkd.conf.d/50-eks-anywhere.conf", "0644"),
        ("/etc/systemd/network/05-eks-anywhere-cni.network", "0644"),
    ]
    assert "10.1.0.2/24" in result["files"][0]["content"]
    assert (result["removed_files"], result["removed_devices"]) == ([], [])
    assert "warnings" not in result


def test_errors_and_warnings_have_paths(call):
    wrong = {"ethernets": {"eth1": {"mtuu": 9000, "routes": [{"to": "10.9.0.0/16", "scope": "link", "table": 700}]}}}
    code, result = call(wrong, backend="netplan")
    assert code == 1
    assert result["errors"] == [
        {
            "path": "config.ethernets.eth1.mtuu",
            "message": "an ethernet has no such key (got 9000)",
            "hint": "Use mtu, if that is meant",
        }
    ]
    assert "config.ethernets.eth1.routes[0].table: no rule asks this table (got 700)" in str(result["warnings"])
    code, result = call({"ethernets": {"eth1": {}}}, backend="netplan", existing={CONFIG: "network: ["})
    assert code == 1
    assert result["errors"][0]["path"] == f"existing[{CONFIG}]"


def test_consent(call):
    config = {"ethernets": {"id0": {"set-name": "wan"}}}
    options = {"existing": EXISTING["netplan"], "management_addresses": ["172.30.0.21"]}
    code, result = call(config, **options)
    assert (code, [error["path"] for error in result["errors"]]) == (1, ["config.ethernets.id0.set-name"])
    assert "allow_management_nic: true" in result["errors"][0]["hint"]
    assert call(config, allow_management_nic=True, **options)[0] == 0
