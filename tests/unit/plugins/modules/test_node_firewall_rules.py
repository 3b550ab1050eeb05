# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module node_firewall_rules from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import node_firewall_rules
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import EKS_ANYWHERE, right, rule

CONFIG = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
PASSWORD = "PrZ8W93i"
GIVEN = {
    "roles": ["worker"],
    "node_cidrs": ["10.77.0.0/24"],
    "pod_cidrs": ["10.88.0.0/16"],
    "admin_sources": ["10.99.0.0/24"],
}


@pytest.fixture
def call(api, tmp_path, capsys):
    """Return a function that runs the module against the API server and returns its result."""
    api.objects[CONFIG] = {"data": EKS_ANYWHERE}
    api.lists["/api/v1/nodes"] = [
        {"metadata": {"name": "w1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.77.0.1"}]}}
    ]

    def run(**options):
        options = {"kubeconfig": api.kubeconfig(tmp_path / "kubeconfig"), **GIVEN, **options}
        with patch_module_args(options), pytest.raises(SystemExit):
            node_firewall_rules.main()
        printed = capsys.readouterr()
        assert PASSWORD not in printed.out + printed.err
        return json.loads(printed.out)

    return run


def ports(result):
    return {entry["name"]: entry["ports"] for entry in result["rules"]}


def test_the_rules_of_what_runs(call):
    result = call()
    assert (result["changed"], ports(result)["cilium-tunnel"]) == (False, [6081])
    assert "etcd" not in ports(result)
    assert result["table"][1].startswith("cilium-tunnel")
    assert (result["node_port_range"], result["kube_proxy_replacement"], result["replaced"]) == (
        "30000-32767",
        False,
        [],
    )
    assert len(result["notes"]) == 1
    assert "warnings" not in result
    assert right(*result["rules"], words=None, resolved=True)


def test_check_mode_is_the_same(call):
    assert call(_ansible_check_mode=True) == call()


def test_a_given_configuration_needs_no_cluster(api, call):
    result = call(cilium_config={"tunnel-protocol": "vxlan", "tunnel-port": 8473}, tunnel_change={"protocol": "geneve"})
    assert (ports(result)["cilium-tunnel"], ports(result)["cilium-tunnel-change"]) == ([8473], [6081])
    assert api.requests == []


def test_every_option_counts(api, call):
    api.objects[CONFIG.replace("kube-system", "cilium")] = {"data": {"kube-proxy-replacement": "true"}}
    result = call(
        roles=["control_plane", "tinkerbell"],
        control_plane_cidrs=["10.77.0.7"],
        machines=[{"ip_address": "10.78.0.1", "bmc_ip": "10.79.0.1", "bmc_password": PASSWORD}],
        eks_anywhere_version="v0.24.0",
        node_port_range="20000-20099",
        cilium_namespace="cilium",
        extra_rules=[{**rule(name="ssh", ports=["22"], origin="any"), "on": ["control_plane"]}],
    )
    found = {entry["name"]: entry for entry in result["rules"]}
    assert found["cilium-tunnel"]["ports"] == [8472]
    assert found["etcd"]["sources"] == ["10.77.0.7/32"]
    assert found["kubelet"]["sources"] == ["10.77.0.0/24", "10.78.0.1/32"]
    assert found["tinkerbell-iso"]["from"] == ["10.79.0.1/32"]
    assert found["tinkerbell-metadata"]["ports"] == [50061]
    assert found["node-ports-tcp"]["ports"] == ["20000-20099"]
    assert found["ssh"]["on"] == ["control_plane"]
    assert (result["replaced"], result["kube_proxy_replacement"]) == (["ssh"], True)


def test_consent_to_the_nodes_of_today(call):
    result = call(node_cidrs=[], allow_present_nodes_only=True)
    assert result["rules"][0]["sources"] == ["10.77.0.1/32"]
    assert len(result["warnings"]) == 1
    assert "node_cidrs: only the nodes of today are let in" in str(result["warnings"])


def test_all_that_is_wrong(call):
    result = call(node_cidrs=["10.0.0.0/24"], extra_rules=[rule(ports=[0, 70000])])
    assert result["failed"]
    assert [entry["path"] for entry in result["errors"]] == ["extra_rules[0].ports[1]", "node_cidrs"]
    assert result["msg"].startswith("extra_rules[0].ports[1]: it is no port (got 70000). Give a port")
