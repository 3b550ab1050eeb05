# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to the API, against a server on real sockets: what it returns, and one clear message per failure."""

from __future__ import annotations

import base64
import socket
import time
from datetime import timedelta

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Conflict,
    Forbidden,
    NetworkError,
    Unreachable,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster
from ansible_collections.eks_anywhere.network.tests.unit.plugins.certificates import Authority
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_api import FakeApi

PODS = "/api/v1/pods"


def named(count):
    return [{"metadata": {"name": f"pod-{number}"}, "spec": {"nodeName": "w1"}} for number in range(count)]


def test_get_returns_an_object_or_none(api, cluster):
    api.objects["/version"] = {"gitVersion": "v1.33.4-eks-1"}
    assert cluster.get("/version") == {"gitVersion": "v1.33.4-eks-1"}
    assert cluster.get("/api/v1/nodes/gone") is None
    assert cluster.server_version() == "1.33.4"
    assert {headers["authorization"] for headers in api.headers} == {"Bearer secret-token"}


def test_list_follows_pages(api, cluster):
    api.lists[PODS] = named(1201)
    assert [item["metadata"]["name"] for item in cluster.list(PODS)] == [f"pod-{number}" for number in range(1201)]
    assert [query.get("continue") for method, path, query in api.requests] == [None, "500", "1000"]
    assert {query["limit"] for method, path, query in api.requests} == {"500"}


def test_list_of_an_unknown_kind_is_empty(cluster):
    assert cluster.list("/apis/cilium.io/v2/ciliumendpoints") == []


def test_list_picks_and_asks_for_metadata(api, cluster):
    api.lists[PODS] = named(3)
    assert cluster.list(PODS, pick=lambda item: item["metadata"]["name"]) == ["pod-0", "pod-1", "pod-2"]
    assert cluster.list(PODS, metadata_only=True)[0] == {"metadata": {"name": "pod-0"}}


def test_list_starts_anew_when_its_token_is_stale(api, cluster):
    api.lists[PODS] = named(3)
    api.page = 2
    stale = iter([(410, {"code": 410, "message": "too old resource version"})])
    api.answers[f"GET {PODS}"] = lambda query: next(stale, None) if "continue" in query else None
    assert len(cluster.list(PODS)) == 3


def test_list_gives_up_when_every_token_is_stale(api, cluster):
    api.lists[PODS] = named(3)
    api.page = 2
    api.answers[f"GET {PODS}"] = lambda query: (410, {"code": 410}) if "continue" in query else None
    with pytest.raises(NetworkError, match="changed faster than it could be read"):
        cluster.list(PODS)


def test_create_patch_delete(api, cluster):
    body = {"metadata": {"name": "a"}}
    assert cluster.create(PODS, body)["metadata"]["uid"] == "uid-a"
    with pytest.raises(Conflict, match="a already exists"):
        cluster.create(PODS, body)
    api.objects["/api/v1/namespaces/x"] = {"kind": "Namespace"}
    assert cluster.patch("/api/v1/namespaces/x", {"metadata": {"labels": {}}})["metadata"] == {"labels": {}}
    assert api.headers[-1]["Content-Type"] == "application/merge-patch+json"
    assert cluster.delete("/api/v1/namespaces/x") is True
    assert cluster.delete("/api/v1/namespaces/x") is False
    with pytest.raises(NetworkError, match="not found"):
        cluster.patch("/api/v1/namespaces/x", {})


def test_apply_creates_and_changes_in_the_name_of_a_manager(api, cluster):
    body = {"metadata": {"namespace": "n", "name": "a"}, "spec": {"config": "x"}}
    path = "/apis/x/v1/namespaces/n/things/a"
    assert cluster.apply(path, body, "us")["spec"] == {"config": "x"}
    assert cluster.apply(path, {**body, "spec": {}}, "us")["spec"] == {}
    assert api.requests[-1] == ("PATCH", path, {"fieldManager": "us", "force": "false"})
    assert api.headers[-1]["Content-Type"] == "application/apply-patch+yaml"
    api.answers[f"PATCH {path}"] = (409, {"message": 'conflict with "helm"'})
    with pytest.raises(Conflict, match='conflict with "helm"'):
        cluster.apply(path, body, "us")


def test_access_returns_all_that_is_missing(api, cluster):
    api.denied = {("create", "pods/exec"), ("list", "secrets")}
    needs = [
        ("list", "", "pods", None),
        ("create", "", "pods/exec", "kube-system"),
        ("list", "", "secrets", "kube-system"),
        ("get", "apps", "daemonsets", "kube-system"),
    ]
    assert [str(problem) for problem in cluster.access(needs)] == [
        "kubeconfig: its user may not create pods/exec in namespace kube-system. Grant it with a role binding.",
        "kubeconfig: its user may not list secrets in namespace kube-system. Grant it with a role binding.",
    ]


def test_log_is_text_or_nothing(api, cluster):
    api.answers["GET /api/v1/namespaces/n/pods/p/log"] = (200, b"one\ntwo\n")
    assert cluster.log("n", "p", "c", 2, previous=True) == "one\ntwo\n"
    assert api.requests[-1][2] == {"container": "c", "tailLines": "2", "previous": "true"}
    api.answers["GET /api/v1/namespaces/n/pods/p/log"] = (400, {"message": "container is waiting to start"})
    assert cluster.log("n", "p", "c") == ""


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (401, {"message": "Unauthorized"}, NetworkError, "does not accept its credentials (401)"),
        (403, {"message": 'pods is forbidden: User "x" cannot list'}, Forbidden, 'pods is forbidden: User "x"'),
        (404, b"<html>", Unreachable, "does not answer like a Kubernetes API server"),
        (302, b"", Unreachable, "does not answer like a Kubernetes API server"),
        (200, b"hello", Unreachable, "does not answer like a Kubernetes API server"),
        (403, {"message": 'User "system:anonymous" cannot list'}, Forbidden, "The kubeconfig gave no credentials"),
        (429, {"message": "too many requests"}, Unreachable, "too many requests. Try again"),
        (500, {"message": "etcdserver: leader changed"}, Unreachable, "etcdserver: leader changed"),
        (503, b"", Unreachable, "POST /api/v1/pods: the API server answered HTTP 503"),
        (422, {"message": "spec.x: Invalid value"}, NetworkError, "POST /api/v1/pods: spec.x: Invalid value"),
    ],
)
def test_each_status_has_its_message(api, cluster, status, body, kind, text):
    api.answers[f"POST {PODS}"] = (status, body)
    with pytest.raises(NetworkError) as caught:
        cluster.create(PODS, {})
    assert caught.type is kind
    assert text in str(caught.value)


def failure(path, context=None, timeout=10.0):
    started = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        Cluster(path, context, timeout).get("/version")
    assert time.monotonic() - started < 7
    return caught.value


def test_closed_port(api, tmp_path):
    path = api.kubeconfig(tmp_path / "kubeconfig")
    api.stop()
    error = failure(path)
    assert isinstance(error, Unreachable)
    assert "connection refused. Check that the API server runs" in str(error)


def test_silent_server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = FakeApi()
        api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        error = failure(api.kubeconfig(tmp_path / "kubeconfig"), timeout=0.2)
        api.stop()
    assert "accepted the connection and did not answer in time" in str(error)


def test_unknown_host(api, tmp_path):
    error = failure(api.kubeconfig(tmp_path / "kubeconfig", cluster={"server": "https://api.invalid:6443"}))
    assert "its name cannot be resolved" in str(error)


@pytest.fixture
def tls_api(authority):
    server = FakeApi(authority.issue("server"))
    server.objects["/version"] = {"gitVersion": "v1.33.4"}
    yield server
    server.stop()


def inline(path):
    return base64.b64encode(path.read_bytes()).decode()


def test_right_ca(tls_api, authority, tmp_path):
    path = tls_api.kubeconfig(tmp_path / "kubeconfig", cluster={"certificate-authority-data": inline(authority.ca)})
    assert Cluster(path, None).server_version() == "1.33.4"


def test_wrong_ca(tls_api, tmp_path):
    other = Authority(tmp_path, "other")
    path = tls_api.kubeconfig(tmp_path / "kubeconfig", cluster={"certificate-authority-data": inline(other.ca)})
    error = failure(path)
    assert isinstance(error, Unreachable)
    assert "certificate is not signed by the CA in the kubeconfig" in str(error)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ends": timedelta(days=-1)}, "the server's certificate has expired"),
        ({"address": "127.0.0.9"}, "the server's certificate is for another name"),
    ],
)
def test_bad_server_certificate(authority, tmp_path, options, text):
    server = FakeApi(authority.issue("bad", **options))
    path = server.kubeconfig(tmp_path / "kubeconfig", cluster={"certificate-authority": str(authority.ca)})
    error = failure(path)
    server.stop()
    assert text in str(error)


def test_plain_server_asked_over_tls(api, tmp_path):
    server = api.url.replace("http", "https")
    assert "it does not speak TLS" in str(failure(api.kubeconfig(tmp_path / "k", cluster={"server": server})))


def test_expired_client_certificate(tls_api, authority, tmp_path):
    certificate, key = authority.issue("admin", ends=timedelta(days=-1))
    tls_api.answers["GET /version"] = (401, {"message": "Unauthorized"})
    path = tls_api.kubeconfig(
        tmp_path / "kubeconfig",
        user={"client-certificate": certificate, "client-key": key},
        cluster={"certificate-authority": str(authority.ca)},
    )
    assert "its client certificate expired on 20" in str(failure(path))


def test_broken_client_certificate(tls_api, authority, tmp_path):
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    path = tls_api.kubeconfig(
        tmp_path / "kubeconfig",
        user={"client-certificate": str(broken), "client-key": str(broken)},
        cluster={"certificate-authority": str(authority.ca)},
    )
    assert "kubeconfig: " in str(failure(path))
