# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the plugins' tests."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.common import warnings
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_state, cilium_status
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.tests.unit.plugins.certificates import Authority
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import NOW
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_api import FakeApi


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    """The machine's proxies and kubeconfigs are no part of a test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "KUBECONFIG", "K8S_AUTH_KUBECONFIG", "K8S_AUTH_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _no_earlier_warnings(monkeypatch):
    """A module's process begins without warnings, and is not the controller; here all modules and actions share one."""
    monkeypatch.setattr(warnings, "_global_warnings", {})
    monkeypatch.setattr(warnings._internal, "is_controller", False)


@pytest.fixture
def api():
    """A fake API server without TLS."""
    server = FakeApi()
    yield server
    server.stop()


@pytest.fixture
def cluster(api, tmp_path):
    """A Cluster that talks to the fake API server."""
    return Cluster(api.kubeconfig(tmp_path / "kubeconfig"), None)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A CA for the tests of this process."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def judge(api, cluster):
    """Serve the objects of a cluster with Cilium, read them, judge them."""

    def _judge(content, expected=None, agents=False):
        content.serve(api)
        state = cilium_state.read(cluster, "cilium", "kube-system", agents)
        result = cilium_status.status(state, NOW, expected)
        json.dumps(result)
        return result

    return _judge
