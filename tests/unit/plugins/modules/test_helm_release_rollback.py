"""The module asks helm for exactly the way back, and in check mode for nothing."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import helm_release_rollback


@pytest.fixture
def call(tmp_path, capsys):
    """Return a function that runs the module with a helm that notes its arguments and does what it is told."""

    def run(script="echo 'Rollback was a success!'", **options):
        helm = tmp_path / "helm"
        helm.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/said\n{script}\n')
        helm.chmod(0o755)
        with patch_module_args({"helm_binary": str(helm), **options}), pytest.raises(SystemExit):
            helm_release_rollback.main()
        said = tmp_path / "said"
        return json.loads(capsys.readouterr().out), said.read_text().split() if said.exists() else None

    return run


def test_helm_is_told_release_revision_and_cluster(call):
    result, said = call(revision=3, release_name="net", namespace="kube-net", kubeconfig="/k", context="c")
    assert (result["changed"], result["message"]) == (True, "Rollback was a success!")
    assert " ".join(said) == "rollback net 3 --namespace kube-net --kubeconfig /k --kube-context c"


def test_check_mode_runs_nothing(call):
    result, said = call(revision=3, _ansible_check_mode=True)
    assert (result["changed"], result["message"], said) == (True, "", None)


def test_what_helm_refuses_is_said(call):
    result, _said = call("echo 'Error: release has no 9 version' >&2; exit 1", revision=9)
    assert result["failed"]
    text = "Helm release kube-system/cilium cannot go back to revision 9: release has no 9 version"
    assert [(error["path"], error["message"]) for error in result["errors"]] == [("revision", text)]
