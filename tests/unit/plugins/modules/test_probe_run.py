"""The module is a thin shell around Probe."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import probe_run


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module with pods that repeat what they are told."""

    class Cluster:
        def __init__(self, kubeconfig, context, timeout):
            assert (kubeconfig, context) == ("/k", None)

        def exec(self, namespace, pod, container, command):
            return f"{namespace} {pod} {container} {command}"

    monkeypatch.setattr(probe_run, "Cluster", Cluster)

    def run(**options):
        given = {"kubeconfig": "/k", "namespace": "probe", "pods": ["a", "b"], "command": ["report"], **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            probe_run.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_each_pod_answers(call):
    result = call()
    assert result["changed"] is False
    assert result["results"] == [
        {"pod": "a", "stdout": "probe a prober ['report']"},
        {"pod": "b", "stdout": "probe b prober ['report']"},
    ]


def test_check_mode_asks_nobody(call):
    assert call(_ansible_check_mode=True)["results"] == []
