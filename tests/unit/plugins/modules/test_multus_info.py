"""The module is a thin shell around Watch."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import multus_info


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module and returns its result and what was asked."""
    asked = []

    class Watch:
        def __init__(self, cluster, namespace, image):
            asked.append((cluster, namespace, image))

        def once(self):
            return {"healthy": False}

        def until_healthy(self, timeout):
            asked.append(timeout)
            return {"healthy": True}

    monkeypatch.setattr(multus_info, "Watch", Watch)
    monkeypatch.setattr(multus_info, "Cluster", lambda kubeconfig, context: (kubeconfig, context))

    def run(**options):
        with patch_module_args({"kubeconfig": "/k", **options}), pytest.raises(SystemExit):
            multus_info.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_it_looks_once(call):
    result, asked = call(namespace="net", image="i")
    assert (result["healthy"], result["changed"], asked) == (False, False, [(("/k", None), "net", "i")])


def test_it_waits(call):
    result, asked = call(wait=True, wait_timeout=7)
    assert (result["healthy"], asked[1:]) == (True, [7])


def test_check_mode_does_not_wait(call):
    assert call(wait=True, _ansible_check_mode=True)[0]["healthy"] is False
