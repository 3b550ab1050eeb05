# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cilium_info from its options to its exit, against a server on real sockets."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_info
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects


@pytest.fixture
def call(api, tmp_path, capsys):
    """Serve the objects and run the module on them."""
    path = api.kubeconfig(tmp_path / "kubeconfig")

    def _call(content, **options):
        content.serve(api)
        with patch_module_args({"kubeconfig": path, **options}), pytest.raises(SystemExit) as caught:
            cilium_info.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return _call


@pytest.mark.parametrize("wait", [False, True])
def test_healthy(call, wait):
    code, result = call(Objects(), wait=wait)
    # The objects' pods are older than any clock, so nothing is young any more.
    assert (code, result["changed"], result["healthy"], result["problems"]) == (0, False, True, [])


def test_broken_is_no_failure_without_wait(call):
    content = Objects()
    content.deployments.clear()
    code, result = call(content)
    assert code == 0
    assert result["healthy"] is False
    assert result["problems"][0]["message"] == "does not exist"


def test_broken_fails_with_wait(call):
    content = Objects()
    content.deployments.clear()
    code, result = call(content, wait=True, wait_timeout=1)
    assert code == 1
    assert "Deployment kube-system/cilium-operator: does not exist." in result["msg"]
    assert "wait_timeout: Cilium is not healthy, and its roll-out stood still for 1 seconds." in result["msg"]
    assert result["management"] == "helm"
    assert {"path", "message", "hint"} == set(result["errors"][0])


def test_check_mode_does_not_wait(call):
    content = Objects()
    content.deployments.clear()
    code, result = call(content, wait=True, wait_timeout=1, _ansible_check_mode=True)
    assert (code, result["healthy"]) == (0, False)


def test_expected_images_and_names_are_passed_on(call, api):
    code, result = call(Objects(), release_name="other", expected_images={"cilium": {"cilium-agent": "x:1"}})
    assert code == 0
    assert "instead of x:1" in result["problems"][0]["message"]
    selectors = [query.get("labelSelector") for method, path, query in api.requests if path.endswith("/secrets")]
    assert selectors == ["owner=helm,name=other"]


def test_unknown_context_fails(call):
    code, result = call(Objects(), context="nope")
    assert code == 1
    assert result["msg"].startswith("context: not found in ")


def test_malformed_expected_images_fail(call):
    code, result = call(Objects(), expected_images={"cilium": "x:1", "cilium-operator": {"cilium-operator": 1}})
    assert code == 1
    assert [error["path"] for error in result["errors"]] == [
        "expected_images.cilium",
        "expected_images.cilium-operator",
    ]
