"""The module is a thin shell: options in, warnings and result out."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import CONSENTS
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.modules import cilium_plan


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the module with a double for the work and returns (result, request, helm)."""

    def run(work, **options):
        asked = {}

        def find(cluster, helm, request, management):
            asked.update(cluster=cluster, helm=helm, request=request, management=management)
            return work()

        monkeypatch.setattr(cilium_plan, "find", find)
        monkeypatch.setattr(cilium_plan, "Cluster", lambda kubeconfig, context: (kubeconfig, context))
        with patch_module_args({"chart_version": "1.17.6-0", **options}), pytest.raises(SystemExit):
            cilium_plan.main()
        return json.loads(capsys.readouterr().out), asked

    return run


def test_options_reach_the_request(call):
    options = {
        "kubeconfig": "/k",
        "context": "c",
        "values": {"a": 1},
        "keep_values": "no",
        "allow_ipam_change": "yes",
        "chart_plain_http": True,
        "helm_binary": "/usr/bin/helm",
    }
    result, asked = call(lambda: {"changed": False, "warnings": ["careful"]}, **options)
    request = asked["request"]
    assert (asked["cluster"], asked["management"]) == (("/k", "c"), None)
    assert (request.values, request.keep_values, request.profile) == ({"a": 1}, False, "aws")
    assert request.consents == {"allow_ipam_change"}
    assert (asked["helm"].binary, asked["helm"].plain_http, asked["helm"].ca_file) == ("/usr/bin/helm", True, None)
    assert result["changed"] is False
    assert "careful" in json.dumps(result["warnings"])


def test_the_management_cluster_is_another_one_when_given(call):
    _result, asked = call(lambda: {"changed": False, "warnings": []}, kubeconfig="/k", management_kubeconfig="/m")
    assert (asked["cluster"], asked["management"]) == (("/k", None), ("/m", None))


def test_the_same_kubeconfig_is_the_same_cluster(call, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "config")
    options = {"kubeconfig": f"{tmp_path}/config", "management_kubeconfig": f"{tmp_path}/link"}
    _result, asked = call(lambda: {"changed": False, "warnings": []}, **options)
    assert asked["management"] is None


def test_errors_are_returned_one_by_one(call):
    def work():
        raise NetworkError([Problem("values.b", "wrong", "Mend it"), Problem("values.a", "wrong")])

    result, _asked = call(work)
    assert result["failed"]
    assert result["msg"] == "values.a: wrong.\nvalues.b: wrong. Mend it."
    assert [entry["path"] for entry in result["errors"]] == ["values.a", "values.b"]


def test_every_consent_is_a_documented_option():
    options = yaml.safe_load(cilium_plan.DOCUMENTATION)["options"]
    assert set(CONSENTS) == {name for name in options if name.startswith("allow_")}
