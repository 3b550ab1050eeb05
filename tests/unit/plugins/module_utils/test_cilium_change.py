"""The whole way from options to result, with a cluster that is a mapping and a chart that is small."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_change import Request, check_access, find
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_state import EKS_ANYWHERE_CLUSTERS
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem

NAMESPACE = "kube-system"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CORE = f"/api/v1/namespaces/{NAMESPACE}"


def render(values, version="v1.17.6-0", registry="public.ecr.aws/eks"):
    """What the chart makes of values."""
    config = {"ipam": values.get("ipam", {}).get("mode", "cluster-pool"), "cni-exclusive": "true"}
    if values.get("encryption"):
        config["enable-wireguard"] = "true"
    containers = [{"name": "cilium-agent", "image": f"{registry}/cilium/cilium:{version}"}]
    template = {"spec": {"containers": containers, "volumes": [{"configMap": {"name": "cilium-config"}}]}}
    return [
        {"kind": "ConfigMap", "metadata": {"name": "cilium-config", "namespace": NAMESPACE}, "data": config},
        {
            "kind": "DaemonSet",
            "metadata": {"name": "cilium", "namespace": NAMESPACE},
            "spec": {"selector": {"matchLabels": {"k8s-app": "cilium"}}, "template": template},
        },
    ]


class Helm:
    """Helm without a binary; remembers how it was asked."""

    def __init__(self, chart_dir):
        self.chart_dir = chart_dir
        self.pulled = ()
        self.asked = {}

    def pull(self, ref, version, dest):
        self.pulled = (ref, version)
        return read_chart(ref, str(self.chart_dir))

    def template(self, chart, release, namespace, values, kube_version, api_versions=(), upgrade=False):
        self.asked = {"kube_version": kube_version, "api_versions": list(api_versions), "upgrade": upgrade}
        return render(values)


class Api:
    """A cluster that is a mapping of path to object or list, and a user who may do what is not in ``forbidden``."""

    def __init__(self, objects=None, forbidden=()):
        self.objects = objects or {}
        self.forbidden = forbidden
        self.asked_access = []

    def server_version(self):
        return "1.33.4"

    def access(self, needs):
        self.asked_access.append(needs)
        return [Problem("kubeconfig", f"may not {need[0]} {need[2]}") for need in needs if need[2] in self.forbidden]

    def get(self, path, query=None):
        return self.objects.get(path)

    def list(self, path, query=None, metadata_only=False, pick=None):
        found = self.objects.get(path, [])
        return [pick(item) for item in found] if pick else found


def cluster_with(values, manifests, version="1.17.6", **more):
    """The cluster after Helm has installed manifests with values."""
    release = {
        "version": 3,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "cilium", "version": version, "appVersion": "1.17.6"}, "values": {}},
        "config": values,
        "manifest": yaml.safe_dump_all(manifests),
    }
    data = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
    config, daemonset = manifests
    secret = {"metadata": {"name": "sh.helm.release.v1.cilium.v3", "labels": {"version": "3"}}}
    return Api(
        {
            f"{CORE}/secrets": [secret],
            f"{CORE}/secrets/sh.helm.release.v1.cilium.v3": {"data": {"release": data}},
            f"{CORE}/configmaps/cilium-config": config,
            f"{APPS}/daemonsets": [daemonset],
            **more,
        }
    )


@pytest.fixture
def helm(chart_dir):
    return Helm(chart_dir)


def request(**more):
    return Request(**{"chart_ref": "oci://r/c", "chart_version": "1.17.6-0", **more})


def test_an_empty_cluster_is_an_install(helm):
    result = find(Api(), helm, request(values={"ipam": {"mode": "kubernetes"}}))
    assert (result["action"], result["changed"], result["release"]) == ("install", True, None)
    assert helm.pulled == ("oci://r/c", "1.17.6-0")
    assert helm.asked == {"kube_version": "1.33.4", "api_versions": [], "upgrade": False}
    assert result["chart"] == {"ref": "oci://r/c", "version": "1.17.6-0", "app_version": "1.17.6"}
    assert result["values"]["ipam"] == {"mode": "kubernetes"}
    assert result["values"]["envoy"] == {"enabled": False}
    assert result["images"] == ["public.ecr.aws/eks/cilium/cilium:v1.17.6-0"]
    assert result["expected_images"] == {"cilium": {"cilium-agent": "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"}}


def test_a_migration_keeps_the_values_and_drops_the_images(helm):
    own = {"ipam": {"mode": "kubernetes"}, "image": {"tag": "v1.17.6", "digest": "sha256:0"}}
    cluster = cluster_with(own, render(own, "v1.17.6", "quay.io"))
    result = find(cluster, helm, request(profile="none"))
    assert (result["action"], result["changed"], result["refusals"]) == ("migrate", True, [])
    assert result["values"] == {"ipam": {"mode": "kubernetes"}}
    assert result["release"] == {"revision": 3, "status": "deployed", "chart_version": "1.17.6"}
    assert result["changes"]["chart"] == {"before": "cilium 1.17.6", "after": "cilium 1.17.6-0"}
    assert helm.asked["upgrade"] is True
    assert "quay.io/cilium/cilium:v1.17.6" in result["diff"]["before"]
    assert json.loads(json.dumps(result)) == result


def test_a_second_run_changes_nothing(helm):
    values = find(Api(), helm, request())["values"]
    result = find(cluster_with(values, render(values), "1.17.6-0"), helm, request())
    assert (result["action"], result["changed"], result["diff"]) == ("none", False, {"before": "", "after": ""})


def test_forgetting_the_values_is_refused(helm):
    own = {"ipam": {"mode": "kubernetes"}}
    cluster = cluster_with(own, render(own), "1.17.6-0")
    refusals = find(cluster, helm, request(keep_values=False))["refusals"]
    assert [item["variable"] for item in refusals] == ["cilium_allow_ipam_change"]
    allowed = request(keep_values=False, consents=frozenset({"allow_ipam_change"}))
    assert find(cluster, helm, allowed)["refusals"] == []


def test_only_apis_that_are_served_are_given_to_helm(helm):
    gateway = {"resources": [{"kind": "HTTPRoute"}]}
    served = {"/apis/monitoring.coreos.com/v1": {}, "/apis/gateway.networking.k8s.io/v1": gateway}
    find(Api(served), helm, request())
    assert helm.asked["api_versions"] == ["monitoring.coreos.com/v1"]
    gateway["resources"].append({"kind": "GatewayClass"})
    find(Api(served), helm, request())
    assert helm.asked["api_versions"] == ["gateway.networking.k8s.io/v1/GatewayClass", "monitoring.coreos.com/v1"]


def test_an_old_kernel_stops_a_change_and_nothing_else(helm):
    nodes = [{"metadata": {"name": "w1"}, "status": {"nodeInfo": {"kernelVersion": "4.19.0"}}}]
    with pytest.raises(NetworkError, match=r"^chart_version: Cilium 1.17 needs Linux 5.4 \(got 4.19.0 on w1\)"):
        find(Api({"/api/v1/nodes": nodes}), helm, request())
    values = find(Api(), helm, request())["values"]
    settled = cluster_with(values, render(values), "1.17.6-0", **{"/api/v1/nodes": nodes})
    assert find(settled, helm, request())["action"] == "none"


def test_misspelt_values_stop_before_anything_is_rendered(helm):
    with pytest.raises(NetworkError) as caught:
        find(Api(), helm, request(values={"ipma": {"mode": "x"}, "cni": {"exclusive": "no"}}))
    assert [problem.path for problem in caught.value.problems] == ["values.cni.exclusive", "values.ipma.mode"]
    assert helm.asked == {}


def test_unsupported_features_are_listed_and_errors_on_demand(helm, monkeypatch):
    monkeypatch.setattr(Helm, "template", lambda *_args, **_more: render({"encryption": True}))
    result = find(Api(), helm, request())
    assert [item["key"] for item in result["support"]] == ["enable-wireguard"]
    with pytest.raises(
        NetworkError, match=r"^require_aws_support: .* is outside AWS's support \(enable-wireguard is true\)"
    ):
        find(Api(), helm, request(require_aws_support=True))


@pytest.mark.parametrize(("version", "stops"), [("v0.23.4", True), ("v0.24.0", False)])
def test_what_the_build_lacks_stops_below_0_24(helm, monkeypatch, version, stops):
    monkeypatch.setattr(Helm, "template", lambda *_args, **_more: render({"encryption": True}))
    api = Api({EKS_ANYWHERE_CLUSTERS: [{"metadata": {"name": "mgmt"}, "spec": {"eksaVersion": version}}]})
    if stops:
        with pytest.raises(NetworkError, match=r"^values: .*The Cilium build of EKS Anywhere v0.23.4 does not contain"):
            find(api, helm, request())
    else:
        assert len(find(api, helm, request())["support"]) == 1


def test_an_administrator_is_asked_for_once():
    cluster = Api()
    check_access(cluster, NAMESPACE)
    assert cluster.asked_access == [[("*", "*", "*", None)]]


def test_all_missing_permissions_are_named_before_anything_is_read(helm):
    cluster = Api(forbidden=("*", "secrets", "daemonsets"))
    with pytest.raises(Forbidden) as caught:
        find(cluster, helm, request())
    assert {problem.message.split()[-1] for problem in caught.value.problems} == {"secrets", "daemonsets"}
    assert helm.pulled == ()


@pytest.mark.parametrize("resource", ["ciliumenvoyconfigs", "ciliumclusterwideenvoyconfigs", "ciliumnetworkpolicies"])
def test_what_tells_of_envoys_users_must_be_readable(helm, resource):
    with pytest.raises(Forbidden, match=f"may not list {resource}"):
        find(Api(forbidden=("*", resource)), helm, request())


def test_who_may_do_what_is_needed_passes_without_being_an_administrator(helm):
    assert find(Api(forbidden=("*",)), helm, request())["action"] == "install"
