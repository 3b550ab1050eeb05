# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module tinkerbell_manifests from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import tinkerbell_manifests
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import machine, nic

MACHINES = [machine(9, "cp", []), machine(1), machine(2)]


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run the module; no password may be in what it prints or logs."""
    logged = []
    monkeypatch.setattr(
        basic.AnsibleModule, "log", lambda _self, message, log_args=None: logged.append((message, log_args))
    )
    file = tmp_path / "c.yaml"
    file.write_text(TEXT)

    def _call(**options):
        given = {"cluster_file": str(file), "eks_anywhere_version": "v0.24.1", "machines": MACHINES, **options}
        with patch_module_args(given), pytest.raises(SystemExit) as caught:
            tinkerbell_manifests.main()
        printed = capsys.readouterr()
        assert PASSWORD not in printed.out + printed.err + str(logged)
        return caught.value.code, json.loads(printed.out)

    return _call


def test_renders_and_writes(call, tmp_path):
    dest = tmp_path / "hardware.yaml"
    code, planned = call(dest=str(dest), _ansible_check_mode=True, _ansible_diff=True)
    assert (code, planned["changed"], dest.exists()) == (0, True, False)
    code, result = call(dest=str(dest), _ansible_diff=True)
    assert (code, result["changed"], result["diff"]) == (0, True, planned["diff"])
    assert result["manifests"][0]["metadata"]["name"] == "eksa-cp09"
    assert "bootstrap_ip" in str(planned["warnings"])
    assert call(dest=str(dest))[1]["changed"] is False
    assert PASSWORD not in dest.read_text()


def test_all_errors(call):
    code, result = call(machines=[machine(1, interfaces=[nic(1, netmask="x")])], os_family="redhat")
    assert code == 1
    assert [error["message"] for error in result["errors"]] == [
        "machines with type=cp are too few for mgmt-cp (got 0, wanted 1)",
        "machines with type=worker are too few for mgmt-workers (got 1, wanted 2)",
        "it is no netmask (got x)",
    ]
    assert result["invocation"]["module_args"]["machines"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize(
    "options",
    [
        {"machines": [{**machine(), "bmc_pasword": PASSWORD}]},
        {"machines": [machine(bmc_password=f"{PASSWORD}\n")]},
        {"machines": PASSWORD},
        {"state": "wrong"},
        {"os_family": "bottlerocket"},
    ],
)
def test_a_password_is_in_no_failure(call, options):
    assert call(**options)[0] == 1


def test_present_connects(call, tmp_path):
    code, result = call(state="present", kubeconfig=str(tmp_path / "none"), bootstrap_ip="10.10.50.1")
    assert code == 1
    assert "kubeconfig" in result["msg"]
