"""Multus of earlier releases is replaced under running applications, and no pod lacks a network without being named.

The stories build on each other, in the order of the file.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading

import multus_old
import pytest
import testinfra
from plays import play
from second_interfaces import PAUSE, Applications, deployment, pod
from waiting import eventually

DAEMONS = ("pods", "-n", "kube-system", "-l", "name=multus")
NEW = "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"
LEGACY = {
    "apiVersion": "k8s.cni.cncf.io/v1",
    "kind": "NetworkAttachmentDefinition",
    "metadata": {"name": "legacy", "namespace": "shop"},
    "spec": {
        "config": json.dumps(
            {
                "cniVersion": "0.3.1",
                "type": "macvlan",
                "master": "eth1",
                "ipam": {"type": "host-local", "subnet": "10.98.0.0/24"},
            }
        )
    },
}
"""A network that someone made by hand, for pods of one node."""
BURST = 60
LEFTOVERS = ("/opt/cni/bin/multus", "/etc/cni/net.d/multus.d", "/etc/cni/net.d/00-multus.conflist")


def multus(project, **variables):
    """A run of the playbook. What its own proof would say is looked at here with other eyes."""
    return play(project, "multus", {"network_check_networks": [], **variables})


def host(lab, name):
    """A node over ssh, as root."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)


@pytest.fixture(scope="module")
def apps(kubectl, read):
    """Applications of this module."""
    return Applications(kubectl, read)


@pytest.fixture(scope="module")
def daemons(read):
    """Return a function that says of every node: the daemon's image, and whether it is ready."""

    def look():
        found = {}
        for item in read(*DAEMONS):
            status = (item["status"].get("containerStatuses") or [{}])[0]
            found[item["spec"].get("nodeName")] = (item["spec"]["containers"][0]["image"], status.get("ready"))
        return found

    return look


@pytest.fixture(scope="module")
def install(kubectl, daemons):
    """Return a function that installs a layout by its manifests and waits until it runs."""

    def run(layout):
        kubectl("apply", "-f", "-", stdin=json.dumps(multus_old.everything(layout)))
        kubectl("-n", "kube-system", "rollout", "status", "daemonset/kube-multus-ds", "--timeout=90s")
        assert len(daemons()) == 3

    return run


@contextlib.contextmanager
def watched(daemons):
    """Counts, beside the block, how many nodes have a ready daemon: the fewest ever seen."""
    seen, over = [], threading.Event()

    def watch():
        while not over.is_set():
            with contextlib.suppress(AssertionError):
                seen.append(sum(bool(ready) for _image, ready in daemons().values()))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def pinging(lab, one, target):
    """Pings beside the block; afterwards ``lost`` holds what ping says of its losses."""
    words = [lab["KUBECTL"], "-n", "shop", "exec", one, "--", "ping", "-i", "0.2", "-I", "net1", str(target)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    lost = {}
    try:
        yield lost
    finally:
        subprocess.run([*words[:5], "--", "pkill", "-INT", "ping"], check=False)
        told = process.communicate(timeout=30)[0]
        lost["said"] = told[told.rindex("---") :]


@pytest.fixture(scope="module")
def replaced(lab, project, kubectl, install, apps, daemons):
    """Thin Multus with an application, then the role."""
    install(multus_old.thin())
    # It writes https://[10.96.0.1]:443, which programs built by a Go of today refuse.
    for name in ("cp1", "w1", "w2"):
        host(lab, name).check_output("sed -i -E 's/\\[([0-9.]+)\\]/\\1/' /etc/cni/net.d/multus.d/multus.kubeconfig")
    kubectl("apply", "-f", "-", stdin=json.dumps(LEGACY))
    apps.make(pod("old1", "legacy", "w1"), pod("old2", "legacy", "w1"))
    start = {name: (item["metadata"]["uid"], apps.address(name)) for name, item in apps.pods().items()}
    with watched(daemons) as ready, pinging(lab, "old1", apps.address("old2").ip) as lost:
        done = multus(project)
    return start, done, ready, lost


def test_thin_becomes_thick_one_node_at_a_time(replaced, daemons):
    _start, done, ready, _lost = replaced
    assert done.code == 0, done.failures
    assert done.fact("multus_result")["action"] == "replace"
    assert daemons() == dict.fromkeys(("cp1", "w1", "w2"), (NEW, True))
    assert min(ready) >= 2


@pytest.mark.usefixtures("replaced")
def test_nothing_of_the_thin_plugin_is_left(node):
    assert [path for path in LEFTOVERS if node.file(path).exists] == []
    config = json.loads(node.file("/etc/cni/net.d/00-multus.conf").content_string)
    assert config["type"] == "multus-shim"


def test_running_applications_keep_their_interface(replaced, apps):
    start, _done, _ready, lost = replaced
    assert {name: (item["metadata"]["uid"], apps.address(name)) for name, item in apps.pods().items()} == start
    assert " 0% packet loss" in lost["said"]


@pytest.mark.usefixtures("replaced")
def test_what_the_thin_plugin_attached_is_taken_away_again(kubectl, lab):
    """An address that a pod of the thin plugin had is free when the pod is gone."""
    kubectl("-n", "shop", "delete", "pod", "old2")
    store = host(lab, "w1").file("/var/lib/cni/networks/legacy")
    assert eventually(lambda: len([name for name in store.listdir() if name.startswith("10.98.")]) == 1, 20)


@pytest.mark.usefixtures("replaced")
def test_new_applications_get_old_and_new_networks(apps):
    apps.make(pod("both", "legacy,storage", "w1"), deployment("app1", "storage", "w1"), pod("app2", "storage", "w2"))
    assert set(apps.networks("both")) == {"shop/legacy", "shop/storage"}
    assert apps.lacking() == set()
    assert " 0% packet loss" in apps.ping(apps.of("app1"), "app2", "-c", "3")


@pytest.mark.usefixtures("replaced")
def test_a_second_run_changes_nothing(project):
    done = multus(project)
    assert (done.code, done.changed) == (0, [])


def test_another_configuration_reaches_every_daemon_under_running_applications(lab, project, apps, daemons, read):
    before = {item["metadata"]["name"] for item in read(*DAEMONS)}
    with watched(daemons) as ready, pinging(lab, apps.of("app1"), apps.address("app2").ip) as lost:
        done = multus(project, multus_log_level="verbose")
    assert done.code == 0, done.failures
    assert before & {item["metadata"]["name"] for item in read(*DAEMONS)} == set()
    assert min(ready) >= 2
    assert " 0% packet loss" in lost["said"]
    assert "verbose" in read("configmap", "multus-daemon-config", "-n", "kube-system")["data"]["daemon-config.json"]


def test_a_killed_daemon_costs_no_pod_its_network(lab, apps, read):
    (killed,) = [item for item in read(*DAEMONS) if item["spec"]["nodeName"] == "w1"]
    threading.Timer(0.5, lambda: host(lab, "w1").run("pkill -KILL -f [m]ultus-daemon")).start()
    apps.make(*(pod(f"meanwhile{number}", "storage", "w1") for number in range(4)), wait=120)
    (restarted,) = [item for item in read(*DAEMONS) if item["metadata"]["name"] == killed["metadata"]["name"]]
    assert restarted["status"]["containerStatuses"][0]["restartCount"] == 1
    assert apps.lacking() == set()


def test_pods_that_started_without_multus_are_named_and_restarted(project, kubectl, apps, daemons):
    nowhere = json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"no": "node"}}}}})
    kubectl("-n", "kube-system", "patch", "daemonset", "kube-multus-ds", "--type=merge", "-p", nowhere)
    assert eventually(lambda: daemons() == {}, 60)
    apps.make(deployment("late", "storage", "w1"), pod("alone", "storage", "w2"))
    late = apps.of("late")
    assert apps.lacking() == {late, "alone"}

    done = multus(project)
    assert done.code == 0, done.failures
    told = {item["pod"]: item["missing"] for item in done.fact("multus_result")["pods_missing_networks"]}
    assert told == {f"shop/{late}": ["shop/storage"], "shop/alone": ["shop/storage"]}
    assert daemons() == dict.fromkeys(("cp1", "w1", "w2"), (NEW, True))

    done = multus(project, multus_restart_pods=True)
    assert done.code == 0, done.failures
    assert eventually(lambda: apps.lacking() == {"alone"} and len(apps.pods()) == 10, 60)
    assert apps.of("late") != late
    kubectl("-n", "shop", "delete", "pod", "alone")


def test_a_rebooted_node_brings_its_pods_back_with_their_networks(lab, apps, read):
    mark = "/run/before-the-reboot"
    host(lab, "w2").check_output(f"touch {mark} && systemd-run --on-active=1 systemctl reboot --force")

    def rebooted():
        words = ["ssh", "-n", "-F", lab["LAB_SSH_CONFIG"], "w2", f"test ! -e {mark}"]
        return subprocess.run(words, check=False, capture_output=True, timeout=60).returncode == 0

    def started_again():
        daemons = [item for item in read(*DAEMONS) if item["spec"]["nodeName"] == "w2"]
        states = [item["status"]["containerStatuses"][0] for item in [*daemons, apps.pods()["app2"]]]
        return all(state["restartCount"] and state["ready"] for state in states)

    assert eventually(rebooted, 180)
    assert eventually(started_again, 180)
    assert eventually(lambda: apps.lacking() == set(), 60)
    assert " 0% packet loss" in apps.ping(apps.of("app1"), "app2", "-c", "3", "-W", "2")


def test_a_burst_of_pods_all_get_their_network(kubectl, apps, read):
    before = {
        item["metadata"]["name"]: item["status"]["containerStatuses"][0]["restartCount"] for item in read(*DAEMONS)
    }
    names = [f"burst{number}" for number in range(BURST)]
    nodes = ("w1", "w2")
    apps.make(*(pod(name, "storage", nodes[place % 2], PAUSE) for place, name in enumerate(names)), wait=180)
    assert apps.lacking() == set()
    pods = apps.pods()
    addresses = [
        entry["ips"][0]
        for name in names
        for entry in json.loads(pods[name]["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"])
        if entry["name"] == "shop/storage"
    ]
    assert len(set(addresses)) == BURST
    after = {
        item["metadata"]["name"]: item["status"]["containerStatuses"][0]["restartCount"] for item in read(*DAEMONS)
    }
    assert after == before
    kubectl("-n", "shop", "delete", "pod", "--wait=false", *names)


def test_removed_it_leaves_nothing(project, kubectl, read, lab, apps):
    kubectl("-n", "shop", "delete", "deployment,pod", "--all")
    assert eventually(lambda: apps.pods() == {}, 60)
    done = multus(project, multus_state="absent")
    assert done.code == 0, done.failures
    assert read(*DAEMONS) == []
    kinds = "serviceaccounts,configmaps,daemonsets"
    assert "multus" not in kubectl("-n", "kube-system", "get", kinds, "-o", "name")
    assert "multus" not in kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    assert {item["metadata"]["name"] for item in read("network-attachment-definitions", "-n", "shop")} >= {"legacy"}
    for name in ("cp1", "w1", "w2"):
        listed = host(lab, name).check_output("ls /etc/cni/net.d /opt/cni/bin /var/lib/cni /run")
        assert "multus" not in listed
        assert "05-cilium.conflist" in listed


def test_the_thick_plugin_of_an_earlier_release_is_replaced_too(project, install, apps, daemons):
    install(multus_old.thick())
    apps.make(pod("old3", "legacy", "w2"))
    with watched(daemons) as ready:
        done = multus(project)
    assert done.code == 0, done.failures
    assert daemons() == dict.fromkeys(("cp1", "w1", "w2"), (NEW, True))
    assert min(ready) >= 2
    apps.make(pod("new3", "legacy,storage", "w2"))
    assert apps.lacking() == set()
    assert " 0% packet loss" in apps.ping("new3", "old3", "-c", "3")
