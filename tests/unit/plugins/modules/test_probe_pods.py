"""The module is a thin shell around Probe."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import probe_pods


class Probe:
    """Notes what is asked."""

    said: list = []

    def __init__(self, cluster, namespace, timeout):
        self.said.append((cluster, namespace, timeout))

    def __getattr__(self, name):
        return lambda *given: self.said.append((name, *given)) or []


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module and returns its result and what was asked."""
    monkeypatch.setattr(probe_pods, "Probe", Probe)
    monkeypatch.setattr(probe_pods, "Cluster", lambda kubeconfig, context: (kubeconfig, context))
    Probe.said = []

    def run(**options):
        with patch_module_args({"kubeconfig": "/k", "namespace": "probe", **options}), pytest.raises(SystemExit):
            probe_pods.main()
        return json.loads(capsys.readouterr().out), Probe.said[1:]

    return run


def test_fresh_makes_creates_and_waits(call):
    result, said = call(state="fresh", objects=[{"kind": "Pod"}], pods=["a"], phases=["Failed"], timeout=5)
    assert said == [("fresh",), ("create", [{"kind": "Pod"}]), ("wait", ["a"], ["Failed"]), ("services",)]
    assert (result["changed"], result["resources"], result["services"]) == (False, [], [])


def test_present_makes_no_namespace(call):
    assert [name for name, *_given in call(pods=["a"])[1]] == ["create", "wait", "services"]


def test_absent_only_removes(call):
    assert call(state="absent")[1] == [("remove",)]


@pytest.mark.parametrize("state", ["fresh", "present", "absent"])
def test_check_mode_does_nothing(call, state):
    result, said = call(state=state, _ansible_check_mode=True)
    assert (result["changed"], result["resources"], said) == (False, [], [])
