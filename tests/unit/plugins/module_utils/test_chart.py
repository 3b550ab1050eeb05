"""Charts as files."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError


def test_a_directory_and_an_archive_read_alike(chart_dir, chart_tgz):
    one, other = read_chart("ref", str(chart_dir)), read_chart("ref", str(chart_tgz))
    assert (one.name, one.version, one.app_version, one.title) == ("cilium", "1.17.6-0", "1.17.6", "cilium 1.17.6-0")
    assert one.values == other.values
    assert one.keys == other.keys
    assert other.path == str(chart_tgz)


def test_keys_come_from_defaults_schema_and_templates(chart_dir):
    keys = set(read_chart("ref", str(chart_dir)).keys.walk())
    assert {"ipam.mode", "eni", "kubeProxyReplacement", "devices", "loadBalancer.mode", "hostServices"} <= keys
    assert "notRead" not in keys


def test_free_form_places_are_open(chart_dir):
    keys = read_chart("ref", str(chart_dir)).keys.children
    assert keys["updateStrategy"].open
    assert keys["extraConfig"].open
    assert keys["eni"].open
    assert keys["operator"].children["nodeSelector"].open
    assert not keys["ipam"].open


def test_what_a_template_renames_is_followed(chart_dir):
    chart = read_chart("ref", str(chart_dir))
    assert chart.keys.children["socketLB"].relative
    assert "hostNamespaceOnly" in chart.relative_names


def test_booleans_are_known_by_default_and_by_schema(chart_dir):
    keys = read_chart("ref", str(chart_dir)).keys.children
    assert keys["cni"].children["exclusive"].boolean
    assert keys["envoy"].children["enabled"].boolean


def test_the_apis_a_chart_asks_for_are_listed(chart_dir):
    wanted = ("gateway.networking.k8s.io/v1/GatewayClass", "monitoring.coreos.com/v1")
    assert read_chart("ref", str(chart_dir)).api_versions == wanted


def test_what_is_no_chart_is_said(tmp_path, chart_dir):
    (tmp_path / "x.tgz").write_text("no")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NetworkError, match=r"^chart_ref: the packaged chart cannot be read: .* \(got x\)"):
        read_chart("x", str(tmp_path / "x.tgz"))
    with pytest.raises(NetworkError, match="it is not a Helm chart"):
        read_chart("x", str(tmp_path / "empty"))
    (chart_dir / "values.schema.json").write_text("{")
    with pytest.raises(NetworkError, match="schema.json is not JSON"):
        read_chart("x", str(chart_dir))
