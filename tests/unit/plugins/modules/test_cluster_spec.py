# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cluster_spec from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import cluster_spec
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT, template


@pytest.fixture
def call(capsys, tmp_path):
    def _call(**options):
        src = tmp_path / "c.yaml"
        if not src.exists():
            src.write_text(TEXT)
        with patch_module_args({"src": str(src), **options}), pytest.raises(SystemExit) as caught:
            cluster_spec.main()
        return caught.value.code, json.loads(capsys.readouterr().out), src.read_text()

    return _call


def test_changes_once(call):
    options = {"templates": [template()], "template_refs": {"mgmt-workers": "w"}, "skip_upgrade": "yes"}
    code, planned, text = call(**options, _ansible_check_mode=True, _ansible_diff=True)
    assert (code, planned["changed"], text) == (0, True, TEXT)
    code, result, text = call(**options, _ansible_diff=True)
    assert (result["diff"], result["changed"]) == (planned["diff"], True)
    assert text == result["diff"]["after"]
    assert result["groups"][1]["template"] == "w"
    assert call(**options)[1]["changed"] is False


def test_warns(call):
    code, result, _text = call(templates=[template()])
    assert (code, len(result["warnings"])) == (0, 1)


def test_fails_with_every_problem(call):
    code, result, text = call(template_refs={"mgmt-workers": "x", "mgmt-cp": "y"})
    assert (code, text) == (1, TEXT)
    assert [error["path"].split()[1] for error in result["errors"]] == [
        "TinkerbellMachineConfig/mgmt-cp",
        "TinkerbellMachineConfig/mgmt-workers",
    ]
