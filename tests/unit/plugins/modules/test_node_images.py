# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_images from its options to its exit, against a server on real sockets."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import node_images

IMAGE = "quay.io/cilium/cilium:v1.17.6"


@pytest.fixture
def call(api, tmp_path, capsys):
    """Run the module on a cluster of one node, w1, whose kubelet pulls at once."""
    path = api.kubeconfig(tmp_path / "kubeconfig")
    api.lists["/api/v1/nodes"] = [{"metadata": {"name": "w1"}, "status": {}}]
    api.lists["/api/v1/namespaces/images/pods"] = []
    api.on_create = lambda pod: pod.update(
        status={"containerStatuses": [{"name": "image-0", "imageID": "x", "state": {}}]}
    )

    def _call(**options):
        arguments = {"kubeconfig": path, "namespace": "images", "images": [IMAGE], **options}
        with patch_module_args(arguments), pytest.raises(SystemExit) as caught:
            node_images.main()
        return caught.value.code, json.loads(capsys.readouterr().out)

    return _call


def test_pulls(call, api):
    code, result = call()
    assert (code, result["changed"], result["pulled"]) == (0, True, [{"node": "w1", "image": IMAGE}])
    assert api.lists["/api/v1/namespaces/images/pods"] == []


def test_check_mode(call, api):
    code, result = call(_ansible_check_mode=True)
    assert (code, result["changed"]) == (0, True)
    assert {method for method, path, query in api.requests} == {"GET"}


def test_failure_names_image_and_node(call, api):
    status = {"name": "image-0", "state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}}
    api.on_create = lambda pod: pod.update(status={"containerStatuses": [status]})
    code, result = call()
    assert code == 1
    assert result["errors"] == [
        {
            "path": "node w1",
            "message": f"image {IMAGE}: ErrImagePull: manifest unknown",
            "hint": "Check the image's name and that the node reaches its registry",
        }
    ]
