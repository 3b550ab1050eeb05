"""The helm binary: what it is asked and what its errors mean."""

from __future__ import annotations

import json
import shlex
import socket

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import helm as helm_module
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Helm

REF = "oci://registry.example.com/eks/cilium/cilium"


@pytest.fixture
def binary(tmp_path):
    """Return a maker of helm doubles. Each writes its arguments to ``said`` and does what it is told."""

    def make(script, version="v3.19.0"):
        path = tmp_path / "helm"
        path.write_text(
            f'#!/bin/sh\n[ "$1" = version ] && {{ echo {version}; exit 0; }}\n'
            f'printf "%s\\n" "$@" > {tmp_path}/said\n{script}\n'
        )
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def reachable(monkeypatch):
    monkeypatch.setattr(helm_module.socket, "create_connection", lambda *_args: socket.socket())


def said(tmp_path):
    return (tmp_path / "said").read_text().split("\n")


@pytest.mark.usefixtures("reachable")
def test_pull_fetches_and_reads_a_chart(binary, tmp_path, chart_tgz):
    dest = tmp_path / "dest"
    dest.mkdir()
    helm = Helm(binary(f"cp {chart_tgz} {dest}/"), plain_http=True, ca_file="/ca.pem")
    chart = helm.pull(REF, "1.17.6-0", str(dest))
    assert (chart.ref, chart.title) == (REF, "cilium 1.17.6-0")
    assert said(tmp_path)[:5] == ["pull", REF, "--destination", str(dest), "--version"]
    assert {"--plain-http", "--ca-file", "/ca.pem"} <= set(said(tmp_path))


def test_a_local_chart_needs_no_helm(chart_dir, chart_tgz, tmp_path):
    helm = Helm("/nowhere/helm")
    assert helm.pull(str(chart_tgz), "1.17.6-0", str(tmp_path)).path == str(chart_tgz)
    assert helm.pull(str(chart_dir), None, str(tmp_path)).path == str(chart_dir)


def test_a_local_chart_of_another_version_is_an_error(chart_dir, tmp_path):
    with pytest.raises(NetworkError, match=r"^chart_version: the chart at .* has version 1.17.6-0 \(got 1.17.5\)"):
        Helm().pull(str(chart_dir), "1.17.5", str(tmp_path))


def test_a_local_chart_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(NetworkError, match=r"^chart_ref: there is no such file or directory \(got ./no.tgz\)"):
        Helm().pull("./no.tgz", None, str(tmp_path))


@pytest.mark.parametrize(
    ("plain", "text", "path", "message"),
    [
        (False, "reg/x:1.17.6-9: not found", "chart_version", "there is no version 1.17.6-9 of the chart oci://"),
        (False, "unexpected status code 404: MANIFEST UNKNOWN", "chart_version", "there is no version"),
        (False, "repo foo not found", "chart_ref", "helm knows no such repository"),
        (False, "http: server gave HTTP response to HTTPS client", "chart_plain_http", "speaks plain HTTP (got false)"),
        (True, "response status code 400: Bad Request", "chart_plain_http", "speaks TLS (got true)"),
        (False, "x509: certificate signed by unknown authority", "chart_ca_file", "is not trusted: certificate signed"),
        (False, "can't create TLS config: can't read CA file: ca.pem", "chart_ca_file", "it cannot be read"),
        (False, "response status code 401: Unauthorized", "chart_ref", "refuses access"),
        (False, "dial tcp: lookup x: no such host", "chart_ref", "the registry registry.example.com cannot be reached"),
        (False, "response status code 503: Service Unavailable", "chart_ref", "cannot be reached"),
        (False, "something new", "chart_ref", "helm cannot fetch the chart: something new"),
    ],
)
@pytest.mark.usefixtures("reachable")
def test_what_helm_says_of_a_pull_is_translated(binary, tmp_path, plain, text, path, message):
    helm = Helm(binary(f"echo {shlex.quote('Error: ' + text)} >&2; exit 1"), plain_http=plain)
    with pytest.raises(NetworkError) as caught:
        helm.pull(REF, "1.17.6-9", str(tmp_path))
    (problem,) = caught.value.problems
    assert problem.path == path
    assert message in problem.message


@pytest.mark.usefixtures("reachable")
def test_a_helm_that_is_too_old_is_said(binary, tmp_path):
    helm = Helm(binary("echo 'Error: unknown flag: --plain-http' >&2; exit 1", "v3.9.4"), plain_http=True)
    with pytest.raises(NetworkError, match=r"^helm_binary: Helm 3.13 or newer is needed \(got 3.9 at "):
        helm.pull(REF, "1", str(tmp_path))


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("found", ["missing", "a directory"])
def test_a_helm_that_cannot_be_run_is_said(tmp_path, found):
    path = tmp_path / "x" if found == "missing" else tmp_path
    with pytest.raises(NetworkError, match=rf"^helm_binary: helm cannot be run: .* \(got {path}\)"):
        Helm(str(path)).pull(REF, "1", str(tmp_path))


@pytest.mark.usefixtures("reachable")
def test_a_helm_that_hangs_is_ended(binary, tmp_path, monkeypatch):
    monkeypatch.setattr(helm_module, "PULL_TIMEOUT", 0.2)
    with pytest.raises(Unreachable, match="helm pull did not end within"):
        Helm(binary("exec sleep 20")).pull(REF, "1", str(tmp_path))


@pytest.mark.usefixtures("reachable")
def test_a_pull_that_leaves_nothing_is_an_error(binary, tmp_path):
    with pytest.raises(NetworkError, match="left no packaged chart"):
        Helm(binary("exit 0")).pull(REF, "1", str(tmp_path))


def test_a_registry_that_is_down_is_found_before_helm_is_run(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ref = f"oci://127.0.0.1:{closed.getsockname()[1]}/cilium"
        with pytest.raises(Unreachable, match=r"the registry 127.0.0.1:\d+ cannot be reached: Connection refused"):
            Helm("/nowhere/helm").pull(ref, "1", str(tmp_path))


def test_behind_a_proxy_the_registry_is_not_tried_directly(tmp_path, monkeypatch):
    monkeypatch.setattr(helm_module, "getproxies", lambda: {"https": "http://proxy:3128"})
    monkeypatch.setattr(helm_module, "proxy_bypass", lambda _host: False)
    with pytest.raises(NetworkError, match=r"^helm_binary: helm cannot be run"):
        Helm("/nowhere/helm").pull("oci://registry.invalid/x", "1", str(tmp_path))


def test_template_renders_with_the_clusters_version_and_apis(binary, tmp_path, chart_dir):
    chart = read_chart("ref", str(chart_dir))
    helm = Helm(binary(f"for last; do :; done; cp $last {tmp_path}/values; printf 'a: 1\\n---\\n---\\nb: 2\\n'"))
    found = helm.template(
        chart, "cilium", "kube-system", {"x": {"y": True}}, "1.33.4", ["monitoring.coreos.com/v1"], True
    )
    assert found == [{"a": 1}, {"b": 2}]
    words = said(tmp_path)
    assert words[:7] == ["template", "cilium", str(chart_dir), "--namespace", "kube-system", "--kube-version", "1.33.4"]
    assert words[7:10] == ["--api-versions", "monitoring.coreos.com/v1", "--is-upgrade"]
    assert json.loads((tmp_path / "values").read_text()) == {"x": {"y": True}}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "chart requires kubeVersion: >= 1.21.0-0 which is incompatible with Kubernetes v1.20.0",
            [("chart_version", "chart cilium 1.17.6-0 needs Kubernetes >= 1.21.0-0 (got 1.33.4)")],
        ),
        (
            "values don't meet the specifications of the schema(s) in the following chart(s):\ncilium:\n"
            "- at '/cni/exclusive': got string, want boolean\n- at '/l7Proxy': got string, want boolean\n",
            [
                ("values.cni.exclusive", "the chart does not accept it: got string, want boolean"),
                ("values.l7Proxy", "the chart does not accept it: got string, want boolean"),
            ],
        ),
        (
            "execution error at (cilium/templates/validate.yaml:33:5): tunnel was removed\n\nUse --debug flag",
            [
                (
                    "values",
                    "chart cilium 1.17.6-0 cannot be rendered with them: tunnel was removed "
                    "(cilium/templates/validate.yaml:33:5)",
                )
            ],
        ),
    ],
)
def test_what_helm_says_of_a_rendering_is_translated(binary, chart_dir, text, problems):
    helm = Helm(binary(f"echo {shlex.quote('Error: ' + text)} >&2; exit 1"))
    with pytest.raises(NetworkError) as caught:
        helm.template(read_chart("ref", str(chart_dir)), "cilium", "kube-system", {}, "1.33.4")
    assert [(problem.path, problem.message) for problem in caught.value.problems] == problems


def test_an_old_helm_that_cannot_render_is_said(binary, chart_dir):
    helm = Helm(binary("echo 'Error: unknown flag' >&2; exit 1", "v3.1.0"))
    with pytest.raises(NetworkError, match="Helm 3.13 or newer is needed"):
        helm.template(read_chart("ref", str(chart_dir)), "cilium", "kube-system", {}, "1.33.4")
