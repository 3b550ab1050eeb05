"""From options to a plan, with an API server that holds nothing."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import multus_plan

DAEMON = {"kind": "DaemonSet", "metadata": {"name": "kube-multus-ds", "namespace": "kube-system"}, "spec": {"a": 1}}


@pytest.fixture
def call(api, tmp_path, capsys):
    """Return a function that runs the module against the API server and returns its result."""

    def run(**options):
        kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
        with patch_module_args({"kubeconfig": kubeconfig, "manifests": [DAEMON], **options}), pytest.raises(SystemExit):
            multus_plan.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_an_install(call):
    result = call()
    assert (result["changed"], result["action"], result["changes"]) == (
        True,
        "install",
        ["DaemonSet kube-system/kube-multus-ds"],
    )
    assert result["refusals"] == []


def test_the_nodes_by_name(api, call):
    names = {"w2": {"metadata": {"name": "w2"}}, "cp1": {"metadata": {"name": "cp1", "labels": {"zone": "a"}}}}
    api.lists["/api/v1/nodes"] = list(names.values())
    assert call()["nodes"] == [{"name": "cp1", "labels": {"zone": "a"}}, {"name": "w2", "labels": {}}]


@pytest.mark.parametrize("lies", ["/etc/cni/net.d", "/etc/cni/net.d/"])
def test_it_sees_where_cilium_writes_its_configuration(api, call, lies):
    volumes = [{"name": "lib", "hostPath": {"path": "/lib"}}, {"name": "etc-cni-netd", "hostPath": {"path": lies}}]
    agent = {"spec": {"template": {"spec": {"volumes": volumes}}}}
    api.objects["/apis/apps/v1/namespaces/kube-system/daemonsets/cilium"] = agent
    assert "errors" not in call()
    (error,) = call(primary_dir="/etc/cni/primary.d")["errors"]
    assert "(got /etc/cni/net.d)" in error["message"]
    assert call(primary_dir="/etc/cni/primary.d", configure_cilium=True)["cilium_values"] == {
        "cni": {"confPath": "/etc/cni/primary.d"}
    }


def test_nothing_to_remove(call):
    result = call(state="absent")
    assert (result["changed"], result["action"], result["diff"]) == (False, "none", {"before": "", "after": ""})


def test_what_stands_against_it_fails(api, call):
    api.objects["/api/v1/namespaces/kube-system/configmaps/cilium-config"] = {"data": {"cni-exclusive": "true"}}
    result = call()
    assert result["failed"]
    assert [error["path"] for error in result["errors"]] == ["cilium-config cni-exclusive"]
    assert call(configure_cilium=True)["cilium_values"] == {"cni": {"exclusive": False}}
