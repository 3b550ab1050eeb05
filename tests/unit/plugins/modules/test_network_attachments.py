# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module network_attachments from its options to its exit, against a server on real sockets."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import network_attachments
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    MACVLAN,
    edit,
    facts,
    network,
    serve,
    writes,
)


@pytest.fixture
def call(api, tmp_path, capsys):
    """Run the module on a cluster with namespace default."""
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
    serve(api)

    def _call(*attachments, **options):
        arguments = {"kubeconfig": kubeconfig, "attachments": list(attachments), **options}
        with patch_module_args(arguments), pytest.raises(SystemExit) as caught:
            network_attachments.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return _call


def test_makes_networks_once(call):
    code, result = call(network(config=json.dumps(MACVLAN)))
    assert (code, result["changed"]) == (0, True)
    assert result["attachments"] == [{"name": "net", "namespace": "default", "action": "create"}]
    assert result["diff"]["before"] == ""
    code, result = call(network())
    assert (code, result["changed"]) == (0, False)


def test_check_mode(call, api):
    code, result = call(network(), _ansible_check_mode=True)
    assert (code, result["changed"]) == (0, True)
    assert writes(api) == []


def test_errors_and_warnings_have_paths(call, api):
    wrong = edit(edit(MACVLAN, "ipam.rangeEnd", "10.1.1.9"), "ipam.routes", [{"dst": "0.0.0.0/0"}])
    code, result = call(network(), network("b", wrong))
    assert code == 1
    assert result["errors"] == [
        {
            "path": "attachments[1].config.ipam.rangeEnd",
            "message": "10.1.1.9 is outside 10.1.0.0/24",
            "hint": "Give an address in the subnet",
        }
    ]
    assert result["msg"] == (
        "attachments[1].config.ipam.rangeEnd: 10.1.1.9 is outside 10.1.0.0/24. Give an address in the subnet."
    )
    assert "a default route here" in str(result["warnings"])
    assert writes(api) == []


def test_rendered_needs_no_cluster(call, api):
    entry = network(ipam_per_node=True)
    code, result = call(entry, state="rendered", kubeconfig="/nowhere", nodes=[facts("w1"), facts("w2")])
    assert (code, result["changed"]) == (0, False)
    assert result["manifests"][0]["spec"] == {}
    assert sorted(result["node_files"]) == ["w1", "w2"]
    assert api.requests == []


def test_absent_and_prune(call):
    call(network(), network("other", edit(MACVLAN, "ipam.subnet", "10.2.0.0/24")))
    code, result = call(state="absent", prune=True)
    assert (code, result["changed"]) == (0, True)
    assert [entry["action"] for entry in result["attachments"]] == ["delete", "delete"]
    code, result = call(state="absent", prune=True)
    assert (code, result["changed"], result["attachments"]) == (0, False, [])
