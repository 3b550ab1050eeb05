# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of Multus: each test breaks one thing of a healthy cluster."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import multus_status, pod_networks
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.multus_status import CRD, Watch, judge, layout

NODES = ("cp1", "w1")
IMAGE = "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"


def daemon(node):
    return {
        "metadata": {"name": f"multus-{node}", "namespace": "kube-system"},
        "spec": {"nodeName": node, "containers": [{"name": "kube-multus", "image": IMAGE}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "kube-multus", "restartCount": 0, "state": {"running": {}}}],
        },
    }


def daemon_set(command="/usr/src/multus-cni/bin/multus-daemon"):
    container = {"name": "kube-multus", "image": IMAGE, "command": [command]}
    template = {"spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]}}
    return {
        "metadata": {"name": "kube-multus-ds", "generation": 2},
        "spec": {"template": template},
        "status": {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2},
    }


@pytest.fixture
def state():
    return multus_status.State(
        "kube-system",
        daemon_set(),
        [daemon(name) for name in NODES],
        [{"metadata": {"name": name}, "spec": {}} for name in NODES],
        [],
        True,
    )


def said(state, image=None):
    return [f"{item['object']}: {item['message']}" for item in judge(state, image)["problems"]]


def test_a_healthy_one(state):
    result = judge(state)
    assert (result["healthy"], result["layout"], result["problems"]) == (True, "thick", [])
    assert [(node["name"], node["ready"]) for node in result["nodes"]] == [("cp1", True), ("w1", True)]


def drop(name):
    return lambda state: setattr(state, name, None if name == "daemon_set" else False)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop("defined"), f"CustomResourceDefinition {CRD}: does not exist"),
        (drop("daemon_set"), "DaemonSet kube-system/kube-multus-ds: does not exist"),
        (
            lambda state: state.daemon_set["status"].update(observedGeneration=1),
            "DaemonSet kube-system/kube-multus-ds: its controller has not seen the last change",
        ),
        (
            lambda state: state.daemon_set["status"].update(updatedNumberScheduled=1),
            "DaemonSet kube-system/kube-multus-ds: 1 of 2 pods have the current template",
        ),
        (lambda state: state.pods.pop(), "DaemonSet kube-system/kube-multus-ds: no daemon on w1"),
        (
            lambda state: state.pods[0]["spec"]["containers"][0].update(image="old"),
            f"Pod kube-system/multus-cp1 on cp1: runs old instead of {IMAGE}",
        ),
        (
            lambda state: state.pods[0]["status"]["conditions"][0].update(status="False"),
            "Pod kube-system/multus-cp1 on cp1: is not ready",
        ),
        (
            lambda state: state.pods[0]["status"]["containerStatuses"][0].update(
                lastState={"terminated": {"reason": "OOMKilled"}}
            ),
            "Pod kube-system/multus-cp1 on cp1: was killed for want of memory",
        ),
    ],
)
def test_each_damage_is_one_problem(state, damage, message):
    damage(state)
    assert said(state) == [message]


def test_a_container_that_waits_says_why(state):
    status = state.pods[1]["status"]
    status["conditions"][0]["status"] = "False"
    status["containerStatuses"][0]["state"] = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    (text,) = said(state)
    assert text.endswith("is not ready: container kube-multus: ErrImagePull: no such image")


def test_another_image_than_the_wanted_one(state):
    assert len(said(state, "other:1")) == 2


def test_which_kind_it_is():
    assert layout(None) == "absent"
    assert layout(daemon_set()) == "thick"
    assert layout(daemon_set("/thin_entrypoint")) == "thin"


def annotated(asked, status=()):
    entries = json.dumps([{"name": name} for name in status])
    annotations = {pod_networks.NETWORKS: asked, pod_networks.STATUS: entries}
    return pod_networks.pick({"metadata": {"name": "app", "namespace": "shop", "annotations": annotations}})


@pytest.mark.parametrize(
    ("asked", "status", "missing"),
    [
        ("a", ["cilium", "shop/a"], []),
        ("a,other/b", ["cilium", "shop/a"], ["other/b"]),
        ("a", ["cilium"], ["shop/a"]),
        ("a,", ["cilium", "shop/a"], []),
    ],
)
def test_pods_that_lack_a_network_are_listed(state, asked, status, missing):
    state.running = [annotated(asked, status)]
    found = judge(state)["pods_missing_networks"]
    if asked.endswith(","):
        assert "is not namespace/name@interface" in found[0]["reason"]
    else:
        assert [item["missing"] for item in found] == ([missing] if missing else [])
    assert judge(state)["healthy"] is True


class Time:
    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds


def watch_of(monkeypatch, states):
    """A watch that sees one state after the other, the last for ever; an exception is raised."""
    time, left = Time(), list(states)

    def read(_cluster, _namespace):
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(multus_status, "read", read)
    return Watch(None, "kube-system", None, time.sleep, lambda: time.now), time


def test_it_waits_until_healthy_and_a_server_may_be_away(monkeypatch, state):
    ill = multus_status.State("kube-system")
    watch, time = watch_of(monkeypatch, [ill, Unreachable([]), ill, state])
    assert watch.until_healthy(60)["healthy"] is True
    assert time.now == 6


def test_time_is_over(monkeypatch):
    watch, time = watch_of(monkeypatch, [multus_status.State("kube-system")])
    with pytest.raises(NetworkError, match="stood still for 20 seconds") as caught:
        watch.until_healthy(20)
    assert "DaemonSet kube-system/kube-multus-ds: does not exist" in str(caught.value)
    assert caught.value.result["layout"] == "absent"
    assert time.now <= 20


def test_a_lost_server_ends_it(monkeypatch):
    watch, _time = watch_of(monkeypatch, [Unreachable([])])
    with pytest.raises(Unreachable):
        watch.until_healthy(3600)


def test_only_metadata_of_pods_is_read(api, cluster):
    path = f"/apis/apps/v1/namespaces/kube-system/daemonsets/{multus_status.DAEMON_SET}"
    api.objects[path] = daemon_set()
    api.objects[f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}"] = {}
    api.lists["/api/v1/nodes"] = [{"metadata": {"name": "w1"}, "spec": {}}]
    api.lists["/api/v1/pods"] = []
    found = multus_status.read(cluster, "kube-system")
    assert (found.defined, found.daemon_set["metadata"]["name"]) == (True, "kube-multus-ds")
