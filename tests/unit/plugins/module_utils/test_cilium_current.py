"""What runs and what a chart renders, in one shape."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import (
    ENVOY_USERS,
    manifests,
    policies_above_l4,
    read,
    workload,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import History, Release

NAMESPACE = "kube-system"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"


def pods(**images):
    return {"spec": {"containers": [{"name": name, "image": image} for name, image in images.items()]}}


def document(kind, name, template, **more):
    spec = {"template": template, "selector": {"matchLabels": {"app": name}}}
    return {"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec, **more}


def agent(image="i:1"):
    template = pods(**{"cilium-agent": image})
    template["spec"]["initContainers"] = [{"name": "config", "image": image}]
    template["spec"]["volumes"] = [{"name": "c", "configMap": {"name": "cilium-config"}}]
    return document("DaemonSet", "cilium", template)


CONFIG = {"kind": "ConfigMap", "metadata": {"name": "cilium-config"}, "data": {"debug": "false"}}
ENVOY = document("DaemonSet", "cilium-envoy", pods(**{"cilium-envoy": "e:1"}))
JOB = {"kind": "Job", "metadata": {"name": "certgen"}, "spec": {"template": pods(certgen="c:1")}}
CRON_JOB = {
    "kind": "CronJob",
    "metadata": {"name": "certgen"},
    "spec": {"jobTemplate": {"spec": {"template": pods(certgen="c:2")}}},
}


def release(*documents):
    return Release("cilium", NAMESPACE, 1, "deployed", "cilium", "1.17.6", "", {}, {}, yaml.safe_dump_all(documents))


def settled(newest):
    return History((), newest, newest)


class Api:
    """A cluster that is a mapping of path to object or list."""

    def __init__(self, objects):
        self.objects = objects
        self.asked = []

    def get(self, path, query=None):
        return self.objects.get(path)

    def list(self, path, query=None, metadata_only=False, pick=None):
        self.asked.append((path, query))
        found = self.objects.get(path, [])
        return [pick(item) for item in found] if pick else found


def live(config=None, daemonsets=(), deployments=(), **more):
    objects = {f"{APPS}/daemonsets": list(daemonsets), f"{APPS}/deployments": list(deployments), **more}
    if config is not None:
        objects[f"/api/v1/namespaces/{NAMESPACE}/configmaps/cilium-config"] = config
    return Api(objects)


def test_rendered_manifests_are_sorted():
    found = manifests(
        [CONFIG, agent(), ENVOY, JOB, CRON_JOB, {"kind": "Service", "metadata": {"name": "x"}}], NAMESPACE
    )
    assert found.config == {"debug": "false"}
    assert sorted(found.workloads) == ["cilium", "cilium-envoy"]
    assert found.workloads["cilium"].images == {"config": "i:1", "cilium-agent": "i:1"}
    assert found.images == ("c:1", "c:2", "e:1", "i:1")


def test_config_values_are_texts():
    data = {"a": True, "b": 1, "c": None, "d": "x"}
    assert manifests([{**CONFIG, "data": data}], NAMESPACE).config == {"a": "true", "b": "1", "c": "", "d": "x"}


def test_only_what_mentions_the_configmap_reads_it():
    assert workload(agent(), NAMESPACE).reads_config
    assert not workload(ENVOY, NAMESPACE).reads_config


def test_a_cluster_without_cilium_is_empty():
    current = read(live(), History(), manifests([CONFIG, agent()], NAMESPACE), NAMESPACE)
    assert current.release is None
    assert current.config is None
    assert current.workloads == {}


def test_without_a_release_an_agent_of_another_namespace_is_found():
    elsewhere = agent()
    elsewhere["metadata"]["namespace"] = "network"
    api = live(**{"/apis/apps/v1/daemonsets": [elsewhere]})
    current = read(api, History(), manifests([agent()], NAMESPACE), NAMESPACE)
    assert current.workloads["cilium"].namespace == "network"
    assert ("/apis/apps/v1/daemonsets", {"labelSelector": "k8s-app=cilium"}) in api.asked
    assert read(api, settled(release(agent())), manifests([agent()], NAMESPACE), NAMESPACE).workloads == {}


def test_live_workloads_of_the_old_and_the_new_chart_are_read():
    stranger = document("DaemonSet", "other", pods(x="x:1"))
    api = live(CONFIG, [agent("live:1"), ENVOY, stranger])
    current = read(api, settled(release(CONFIG, agent(), ENVOY)), manifests([CONFIG, agent()], NAMESPACE), NAMESPACE)
    assert sorted(current.workloads) == ["cilium", "cilium-envoy"]
    assert current.workloads["cilium"].images["cilium-agent"] == "live:1"
    assert current.rendered.workloads["cilium"].images["cilium-agent"] == "i:1"
    assert current.config == {"debug": "false"}


def test_keys_of_others_and_the_time_of_the_last_change():
    managed = [
        {
            "manager": "helm",
            "time": "2026-01-01T00:00:00Z",
            "fieldsV1": {"f:data": {".": {}, "f:debug": {}, "f:both": {}}},
        },
        {
            "manager": "kubectl-edit",
            "time": "2026-01-02T00:00:00Z",
            "fieldsV1": {"f:data": {"f:mine": {}, "f:both": {}}},
        },
        {"manager": "x", "time": "2026-01-03T00:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
    ]
    config = {**CONFIG, "metadata": {"name": "cilium-config", "managedFields": managed}}
    current = read(live(config), settled(release()), manifests([], NAMESPACE), NAMESPACE)
    assert current.managers == {"mine": "kubectl-edit", "both": "helm, kubectl-edit", "debug": "helm"}
    assert current.config_time == "2026-01-02T00:00:00Z"


def pod(start, phase="Running", **metadata):
    return {"metadata": metadata, "status": {"phase": phase, "startTime": start}}


def test_the_oldest_pod_that_stays_counts():
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    restarted = pod("1", creationTimestamp="1")
    restarted["status"]["initContainerStatuses"] = [
        {"name": "config", "state": {"terminated": {"startedAt": "4"}}},
    ]
    slow_clock = pod("1", creationTimestamp="3")
    waits = pod(None, "Pending", creationTimestamp="1")
    gone = pod("0", deletionTimestamp="x", creationTimestamp="0")
    listed = [slow_clock, pod("2", creationTimestamp="2"), restarted, pod("1", "Failed"), gone, waits]
    api = live(CONFIG, [agent()], **{path: listed})
    current = read(api, settled(release(agent())), manifests([agent()], NAMESPACE), NAMESPACE)
    assert current.workloads["cilium"].oldest_pod == "2"
    assert (path, {"labelSelector": "app=cilium"}) in api.asked


@pytest.mark.parametrize(
    ("kind", "status", "rolling"),
    [
        ("DaemonSet", {"observedGeneration": 2, "updatedNumberScheduled": 3, "desiredNumberScheduled": 3}, False),
        ("DaemonSet", {"observedGeneration": 1, "updatedNumberScheduled": 3, "desiredNumberScheduled": 3}, True),
        ("DaemonSet", {"observedGeneration": 2, "updatedNumberScheduled": 1, "desiredNumberScheduled": 3}, True),
        ("Deployment", {"observedGeneration": 2, "updatedReplicas": 1, "replicas": 2}, True),
        ("Deployment", {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2}, False),
        ("Deployment", None, False),
    ],
)
def test_a_roll_out_under_way_is_seen(kind, status, rolling):
    item = document(kind, "x", pods(x="x"), status=status)
    item["metadata"]["generation"] = 2
    assert workload(item, NAMESPACE).rolling is rolling


def test_envoys_users_are_read_only_when_it_goes():
    policies = [
        {"metadata": {"name": "l4", "namespace": "a"}, "spec": {}},
        {
            "metadata": {"name": "l7", "namespace": "a"},
            "spec": {"ingress": [{"toPorts": [{"rules": {"http": [{}]}}]}]},
        },
    ]
    objects = {
        "/apis/cilium.io/v2/ciliumnetworkpolicies": policies,
        "/apis/cilium.io/v2/ciliumclusterwideenvoyconfigs": [{"metadata": {"name": "lb"}}],
    }
    api = live(CONFIG, [agent(), ENVOY], **objects)
    old = release(agent(), ENVOY)
    gone = read(api, settled(old), manifests([agent()], NAMESPACE), NAMESPACE)
    assert gone.envoy_users == ("CiliumClusterwideEnvoyConfig lb", "CiliumNetworkPolicy a/l7")
    stays = read(api, settled(old), manifests([agent(), ENVOY], NAMESPACE), NAMESPACE)
    assert stays.envoy_users == ()


def test_policies_above_l4_are_found_in_spec_and_specs():
    def policy(name, place):
        return {"metadata": {"name": name, "namespace": "a"}, **place}

    names = {"egress": [{"toFQDNs": [{"matchName": "example.com"}]}]}
    plain = {"ingress": [{"toPorts": [{"ports": [{"port": "80"}]}]}]}
    objects = {
        ENVOY_USERS["CiliumNetworkPolicy"]: [
            policy("plain", {"spec": plain}),
            policy("one", {"spec": names}),
            policy("many", {"specs": [plain, names]}),
        ],
        ENVOY_USERS["CiliumClusterwideNetworkPolicy"]: [{"metadata": {"name": "all"}, "spec": names}],
        ENVOY_USERS["CiliumEnvoyConfig"]: [policy("lb", {"spec": names})],
    }
    assert policies_above_l4(live(CONFIG, [], **objects)) == (
        "CiliumClusterwideNetworkPolicy all",
        "CiliumNetworkPolicy a/many",
        "CiliumNetworkPolicy a/one",
    )


def test_after_a_change_that_did_not_end_both_revisions_are_looked_at():
    relay = document("Deployment", "hubble-relay", pods(relay="r:1"))
    api = Api({f"{APPS}/daemonsets": [agent()], f"{APPS}/deployments": [relay]})
    base, broken = release(CONFIG, agent()), release(agent("i:2"), relay)
    broken = dataclasses.replace(broken, revision=2, status="failed")
    upgrade = read(api, History((), broken, base), manifests([agent()], NAMESPACE), NAMESPACE)
    assert (upgrade.release, upgrade.broken) == (base, broken)
    assert (set(upgrade.rendered.workloads), upgrade.rendered.config) == ({"cilium"}, {"debug": "false"})
    assert set(upgrade.aside.workloads) == {"cilium", "hubble-relay"}
    assert set(upgrade.workloads) == {"cilium", "hubble-relay"}
    rollback = read(api, History((), broken, base), manifests([agent()], NAMESPACE), NAMESPACE, from_newest=True)
    assert (rollback.release, rollback.broken) == (base, broken)
    assert (rollback.rendered, rollback.aside) == (upgrade.aside, upgrade.rendered)


def test_a_first_installation_that_did_not_end_is_its_own_base():
    broken = dataclasses.replace(release(CONFIG, agent()), status="pending-install")
    current = read(Api({}), History((), broken, broken), manifests([agent()], NAMESPACE), NAMESPACE, from_newest=True)
    assert (current.release, current.broken, set(current.rendered.workloads)) == (broken, broken, {"cilium"})
    assert current.aside.workloads == {}
