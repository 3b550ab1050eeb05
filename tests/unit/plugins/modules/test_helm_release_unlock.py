"""The module is a thin shell: options in, result out."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.modules import helm_release_unlock


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module with a double for the work and returns (result, how it was asked)."""

    def run(work, **options):
        asked = []

        def unlock(*arguments):
            asked.extend(arguments)
            return work()

        monkeypatch.setattr(helm_release_unlock, "unlock", unlock)
        monkeypatch.setattr(helm_release_unlock, "Cluster", lambda kubeconfig, context: (kubeconfig, context))
        with patch_module_args({"kubeconfig": "/k", "revision": 4, **options}), pytest.raises(SystemExit):
            helm_release_unlock.main()
        return json.loads(capsys.readouterr().out), asked

    return run


@pytest.mark.parametrize("check_mode", [False, True])
def test_options_reach_the_work(call, check_mode):
    result, asked = call(
        lambda: {"changed": True, "before": "pending-upgrade", "after": "failed"},
        namespace="cilium",
        _ansible_check_mode=check_mode,
    )
    assert asked == [("/k", None), "cilium", "cilium", 4, check_mode]
    assert (result["changed"], result["after"]) == (True, "failed")


def test_errors_are_returned(call):
    def work():
        raise NetworkError(Problem("revision", "it ended meanwhile", "Plan anew"))

    result, _asked = call(work)
    assert (result["failed"], result["msg"]) == (True, "revision: it ended meanwhile. Plan anew.")
