"""The whole way from options to result, with a cluster that is a mapping and a chart that is small."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.chart import read_chart
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_change import Request, check_access, find
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_values import ONE_BY_ONE
from ansible_collections.eks_anywhere.network.plugins.module_utils.eks_anywhere import CLUSTERS
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError, Problem
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import encode

NAMESPACE = "kube-system"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
CREATED = "2026-01-31T12:00:00Z"
OWN = {"ipam": {"mode": "kubernetes"}}


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
    config, daemonset = manifests
    live = {f"{CORE}/configmaps/cilium-config": config, f"{APPS}/daemonsets": [daemonset], **more}
    return add_revision(Api(live), 3, values, manifests, version)


def add_revision(api, number, values, manifests, version, status="deployed"):
    """Add a revision of the release to a cluster; what was deployed is superseded by one that is."""
    release = {
        "version": number,
        "info": {"status": status},
        "chart": {"metadata": {"name": "cilium", "version": version, "appVersion": "1.17.6"}, "values": {}},
        "config": values,
        "manifest": yaml.safe_dump_all(manifests),
    }
    name = f"sh.helm.release.v1.cilium.v{number}"
    metadata = {"name": name, "labels": {"version": str(number), "status": status}, "creationTimestamp": CREATED}
    listed = api.objects.setdefault(f"{CORE}/secrets", [])
    for item in listed if status == "deployed" else ():
        item["metadata"]["labels"]["status"] = "superseded"
    listed.append({"metadata": metadata})
    api.objects[f"{CORE}/secrets/{name}"] = {"metadata": metadata, "data": {"release": encode(release)}}
    return api


def with_record(api, revision, chart_version, proven):
    data = {"release": "cilium", "revision": str(revision), "chart_version": chart_version, "proven": proven}
    api.objects[f"{CORE}/configmaps/eks-anywhere-network-cilium"] = {"data": data}
    return api


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
    assert result["values"] == OWN | ONE_BY_ONE
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


def eksa(name, skip_upgrade=True, version="v0.24.1"):
    """A Cluster object of EKS Anywhere that manages itself."""
    cilium = {} if skip_upgrade is None else {"skipUpgrade": skip_upgrade}
    spec = {"eksaVersion": version, "clusterNetwork": {"cniConfig": {"cilium": cilium}}}
    return {"metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize("said", [None, False, "true"])
def test_a_change_that_eks_anywhere_would_undo_is_an_error(helm, said):
    api = Api({CLUSTERS: [eksa("mgmt", said)]})
    with pytest.raises(NetworkError, match=r"Cluster default/mgmt does not say .*skipUpgrade: true.*eksa_cni"):
        find(api, helm, request())


def test_the_management_cluster_is_asked_where_there_is_one(helm):
    with pytest.raises(NetworkError, match="Cluster default/w does not say"):
        find(Api(), helm, request(cluster_name="w"), Api({CLUSTERS: [eksa("mgmt"), eksa("w", False)]}))
    assert find(Api(), helm, request(), Api({CLUSTERS: [eksa("mgmt")]}))["action"] == "install"


def test_what_eks_anywhere_says_does_not_matter_where_nothing_changes(helm):
    values = find(Api(), helm, request())["values"]
    cluster = cluster_with(values, render(values), "1.17.6-0", **{CLUSTERS: [eksa("mgmt", False)]})
    assert find(cluster, helm, request())["action"] == "none"


def test_that_it_is_not_known_is_a_warning(helm):
    api = Api({CLUSTERS: [eksa("one"), eksa("two")]})
    assert [text for text in find(api, helm, request())["warnings"] if "Which of the Clusters one, two" in text]


@pytest.mark.parametrize(("version", "stops"), [("v0.23.4", True), ("v0.24.0", False)])
def test_what_the_build_lacks_stops_below_0_24(helm, monkeypatch, version, stops):
    monkeypatch.setattr(Helm, "template", lambda *_args, **_more: render({"encryption": True}))
    api = Api({CLUSTERS: [eksa("mgmt", version=version)]})
    if stops:
        with pytest.raises(NetworkError, match=r"^values: .*The Cilium build of EKS Anywhere v0.23.4 does not contain"):
            find(api, helm, request())
    else:
        assert len(find(api, helm, request())["support"]) == 1


DNS_RULES = {"egress": [{"toPorts": [{"rules": {"dns": [{"matchPattern": "*"}]}}]}]}
POLICIES = "/apis/cilium.io/v2/ciliumnetworkpolicies"


@pytest.mark.parametrize(
    ("version", "options", "stops"),
    [("v0.24.0", {}, False), ("v0.23.4", {}, True), ("v0.24.0", {"require_aws_support": True}, True)],
)
def test_policies_above_l4_are_outside_the_support(helm, version, options, stops):
    policy = {"metadata": {"namespace": "shop", "name": "dns"}, "spec": DNS_RULES}
    api = Api({CLUSTERS: [eksa("mgmt", version=version)], POLICIES: [policy]})
    if stops:
        with pytest.raises(NetworkError, match="^CiliumNetworkPolicy shop/dns: it has rules above L4"):
            find(api, helm, request(**options))
    else:
        (entry,) = find(api, helm, request(**options))["support"]
        assert (entry["feature"], entry["key"]) == ("DNS, L7 or TLS policy", "CiliumNetworkPolicy shop/dns")


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


def half_way(status="pending-upgrade"):
    """Upstream ran, and Helm was killed after it had applied the AWS build."""
    new = {**OWN, "debug": {"enabled": True}}
    api = cluster_with(OWN, render(OWN, "v1.17.6", "quay.io"))
    api.objects[f"{APPS}/daemonsets"] = [render(OWN)[1]]
    return add_revision(api, 4, new, render(new), "1.17.6-0", status)


def test_a_repair_starts_from_what_was_deployed_and_says_what_to_unlock(helm):
    result = find(half_way(), helm, request(profile="none"))
    assert (result["action"], result["unlock"]) == ("repair", None)
    assert result["values"] == OWN | ONE_BY_ONE
    assert result["release"] == {"revision": 3, "status": "deployed", "chart_version": "1.17.6"}
    assert result["refusals"][0]["before"] == "revision 4 is pending-upgrade since 2026-01-31T12:00:00Z"
    assert result["warnings"][0].startswith("Revision 4 did not end, and what it wanted is not taken over: debug.enabl")
    allowed = find(half_way(), helm, request(profile="none", consents=frozenset({"allow_repair"})))
    assert (allowed["action"], allowed["refusals"]) == ("repair", [])
    assert allowed["unlock"] == {"revision": 4, "status": "pending-upgrade", "since": CREATED}
    assert allowed["goes_back_to"] == {"revision": 3, "chart_version": "1.17.6"}
    assert json.loads(json.dumps(allowed)) == allowed


def test_a_failed_revision_is_repaired_without_unlocking(helm):
    result = find(half_way("failed"), helm, request(consents=frozenset({"allow_repair"})))
    assert (result["action"], result["unlock"], result["refusals"]) == ("repair", None, [])


def test_after_a_repair_nothing_is_left_to_do(helm):
    values = find(half_way(), helm, request(profile="none"))["values"]
    api = half_way("failed")
    api.objects[f"{CORE}/configmaps/cilium-config"] = render(values)[0]
    add_revision(api, 5, values, render(values), "1.17.6-0")
    result = find(api, helm, request(profile="none"))
    assert (result["action"], result["changed"], result["unlock"], result["warnings"]) == ("none", False, None, [])


def test_a_first_installation_that_was_killed_is_repaired_and_has_no_way_back(helm):
    api = add_revision(Api(), 1, OWN, render(OWN), "1.17.6-0", "pending-install")
    result = find(api, helm, request(profile="none", consents=frozenset({"allow_repair"})))
    assert (result["action"], result["values"], result["goes_back_to"]) == ("repair", OWN | ONE_BY_ONE, None)
    assert result["unlock"]["revision"] == 1
    assert helm.asked["upgrade"] is True


def migrated(proven="true"):
    """Upstream ran in revision 3, the AWS build runs in revision 4."""
    api = cluster_with(OWN, render(OWN, "v1.17.6", "quay.io"))
    api.objects[f"{APPS}/daemonsets"] = [render(OWN)[1]]
    return with_record(add_revision(api, 4, OWN, render(OWN), "1.17.6-0"), 3, "1.17.6", proven)


@pytest.mark.parametrize("rollback_to", ["recorded", "3"])
def test_going_back_takes_everything_from_the_revision_and_needs_no_chart(helm, rollback_to):
    result = find(migrated(), helm, Request("oci://r/c", rollback_to=rollback_to, values={"no": 1}))
    assert helm.pulled == ()
    assert (result["action"], result["refusals"], result["values"]) == ("rollback", [], OWN)
    assert result["target"] == result["goes_back_to"] == {"revision": 3, "chart_version": "1.17.6"}
    assert result["record"] == {"revision": 3, "chart_version": "1.17.6", "proven": True}
    assert result["chart"] == {"ref": None, "version": "1.17.6", "app_version": "1.17.6"}
    assert result["images"] == ["quay.io/cilium/cilium:v1.17.6"]
    assert result["changes"]["images"][0]["before"] == "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
    assert json.loads(json.dumps(result)) == result


def test_going_back_twice_is_going_back_once(helm):
    api = migrated()
    api.objects[f"{APPS}/daemonsets"] = [render(OWN, "v1.17.6", "quay.io")[1]]
    add_revision(api, 5, OWN, render(OWN, "v1.17.6", "quay.io"), "1.17.6")
    result = find(api, helm, Request("oci://r/c", rollback_to="recorded"))
    assert (result["action"], result["changed"], result["goes_back_to"]) == ("none", False, None)


@pytest.mark.parametrize(("proven", "revision"), [("true", 4), ("false", 3)])
def test_a_change_goes_back_to_what_was_proven(helm, proven, revision):
    result = find(migrated(proven), helm, request(values={"ipam": {"mode": "cluster-pool"}}))
    assert result["goes_back_to"]["revision"] == revision
    assert result["record"]["proven"] is (proven == "true")


def test_going_back_is_not_held_up_by_what_ran_before(helm, monkeypatch):
    nodes = [{"metadata": {"name": "w1"}, "status": {"nodeInfo": {"kernelVersion": "4.19.0"}}}]
    api = migrated()
    api.objects["/api/v1/nodes"] = nodes
    old = {**OWN, "encryption": True}
    add_revision(api, 5, old, render(old), "1.17.6-0", "superseded")
    add_revision(api, 6, OWN, render(OWN), "1.17.6-0")
    result = find(api, helm, Request("oci://r/c", rollback_to="5", require_aws_support=True))
    assert (result["action"], [item["key"] for item in result["support"]]) == ("rollback", ["enable-wireguard"])


def test_going_back_warns_of_the_secrets_it_returns(helm):
    api = migrated()
    add_revision(api, 5, {"tls": {"ca": {"key": "x"}}}, render({}), "1.17.6-0", "superseded")
    add_revision(api, 6, OWN, render(OWN), "1.17.6-0")
    assert "tls.ca.key" in find(api, helm, Request("oci://r/c", rollback_to="5"))["warnings"][0]


def test_a_pending_revision_is_unlocked_before_going_back(helm):
    consented = Request("oci://r/c", rollback_to="3", consents=frozenset({"allow_repair"}))
    result = find(half_way(), helm, consented)
    assert (result["action"], result["refusals"], result["unlock"]["revision"]) == ("rollback", [], 4)
    assert len(find(half_way(), helm, Request("oci://r/c", rollback_to="3"))["refusals"]) == 1
    failed = find(half_way("failed"), helm, Request("oci://r/c", rollback_to="3"))
    assert (failed["action"], failed["refusals"], failed["unlock"]) == ("rollback", [], None)


def test_a_removal_says_what_goes_and_waits_for_connected_pods(helm):
    api = migrated()
    result = find(api, helm, Request("oci://r/c", state="absent"))
    assert (result["action"], result["chart"], result["values"], result["images"]) == ("remove", None, {}, [])
    assert (result["goes_back_to"], result["expected_images"], result["restart"]) == (None, {}, [])
    assert helm.pulled == ()
    pod = {"metadata": {"name": "a", "namespace": "shop"}, "spec": {"nodeName": "w1"}}
    api.objects["/api/v1/pods"] = [pod]
    with pytest.raises(NetworkError, match=r"^state: pods run .*\(found 1: 1 in shop\)"):
        find(api, helm, Request("oci://r/c", state="absent"))


def test_removing_what_is_not_there_is_nothing_whatever_pods_there_are(helm):
    pod = {"metadata": {"name": "a", "namespace": "shop"}, "spec": {"nodeName": "w1"}}
    result = find(Api({"/api/v1/pods": [pod]}), helm, Request("oci://r/c", state="absent"))
    assert (result["action"], result["changed"]) == ("none", False)


def test_a_removal_needs_to_see_the_pods_of_the_whole_cluster(helm):
    cluster = Api(forbidden=("*",))
    find(cluster, helm, Request("oci://r/c", state="absent"))
    assert ("list", "", "pods", None) in cluster.asked_access[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "^chart_version: it is missing"),
        ({"rollback_to": "3", "state": "absent"}, r"^rollback_to: a release that is removed goes nowhere \(got 3\)"),
    ],
)
def test_options_that_do_not_go_together(helm, options, message):
    with pytest.raises(NetworkError, match=message):
        find(Api(), helm, Request("oci://r/c", **options))


def test_a_key_of_an_older_chart_is_moved_and_one_that_would_be_lost_is_named(helm):
    own = {**OWN, "remoteNodeIdentity": True, "bgp": {"enabled": True}}
    cluster = cluster_with(own, render(own, "v1.15.16", "quay.io"), "1.15.16")
    with pytest.raises(NetworkError, match=r"values.bgp.enabled: the running release has it, and this chart does not"):
        find(cluster, helm, request(profile="none"))
    result = find(cluster, helm, request(profile="none", values={"bgp": {"enabled": None}}))
    assert result["values"] == OWN | ONE_BY_ONE
    assert [text for text in result["warnings"] if "remoteNodeIdentity of the running release was dropped" in text]


def test_the_caller_is_told_what_a_key_is_called_now(helm):
    with pytest.raises(NetworkError, match=r"values.encryption.keyFile: .* Use encryption.ipsec.keyFile"):
        find(Api(), helm, request(values={"encryption": {"keyFile": "k"}}))
