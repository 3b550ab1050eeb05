"""With multus_fail_closed no pod starts without Multus; the way there and back leaves no node without a configuration.

The stories build on each other, in the order of the file.
"""

from __future__ import annotations

import json
import time

import pytest
import testinfra
from plays import play
from second_interfaces import Applications, pod
from waiting import eventually

NODES = ("cp1", "w1", "w2")
CLOSED = {"multus_fail_closed": True, "multus_configure_cilium": True, "network_check_networks": []}
INSIDE, OUTSIDE = "/etc/cni/net.d", "/etc/cni/primary.d"


def listed(lab, directory):
    """What lies in a directory of every node."""
    found = {}
    for name in NODES:
        host = testinfra.get_host(f"ssh://{name}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)
        found[name] = host.run(f"ls {directory}").stdout.split()
    return found


def everywhere(*names):
    return dict.fromkeys(NODES, list(names))


@pytest.fixture(scope="module")
def apps(kubectl, read):
    """Applications of this module."""
    return Applications(kubectl, read)


@pytest.fixture
def ready(read):
    """Return a function that says which nodes are ready."""

    def look():
        return {
            node["metadata"]["name"]
            for node in read("nodes")
            for condition in node["status"]["conditions"]
            if (condition["type"], condition["status"]) == ("Ready", "True")
        }

    return look


def test_without_consent_it_is_refused(project, lab):
    done = play(project, "multus", {"multus_fail_closed": True})
    assert done.code != 0
    assert done.changed == []
    assert "confPath: /etc/cni/primary.d" in done.failures[-1]
    assert listed(lab, OUTSIDE) == everywhere()


def test_ciliums_configuration_leaves_kubelets_directory_and_pods_start(project, lab, apps):
    done = play(project, "multus", CLOSED)
    assert done.code == 0, done.failures
    assert listed(lab, INSIDE) == everywhere("00-multus.conf")
    assert listed(lab, OUTSIDE) == everywhere("05-cilium.conflist")
    apps.make(pod("first", "storage", "w1"))
    assert apps.lacking() == set()


def test_a_second_run_changes_nothing(project):
    done = play(project, "multus", CLOSED)
    assert (done.code, done.changed) == (0, [])


def test_without_its_daemon_a_pod_waits_and_starts_with_its_network_later(project, kubectl, read, apps, ready):
    nowhere = json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"no": "node"}}}}})
    kubectl("-n", "kube-system", "patch", "daemonset", "kube-multus-ds", "--type=merge", "-p", nowhere)
    assert eventually(lambda: ready() == set(), 60)
    manifest = pod("waiting", "storage", "w2")
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    time.sleep(10)
    assert read("pod", "waiting", "-n", "shop")["status"]["phase"] == "Pending"
    assert read("pod", "first", "-n", "shop")["status"]["phase"] == "Running"

    done = play(project, "multus", CLOSED)
    assert done.code == 0, done.failures
    assert ready() == set(NODES)
    apps.make(manifest)
    assert apps.lacking() == set()
    assert " 0% packet loss" in apps.ping("first", "waiting", "-c", "3")


def test_multus_is_not_removed_from_under_it(project, kubectl, lab):
    kubectl("-n", "shop", "delete", "pod", "first", "waiting")
    done = play(project, "multus", {"multus_state": "absent"})
    assert done.code != 0
    assert "kubelet would have no configuration without Multus" in done.failures[-1]
    assert listed(lab, INSIDE) == everywhere("00-multus.conf")


def test_the_way_back_ends_with_ciliums_configuration_in_kubelets_directory(project, lab, apps, ready):
    variables = {"multus_state": "absent", "multus_configure_cilium": True}
    done = play(project, "multus", variables)
    assert done.code == 0, done.failures
    assert listed(lab, INSIDE) == everywhere("05-cilium.conflist")
    assert listed(lab, OUTSIDE) == everywhere()
    assert ready() == set(NODES)
    plain = pod("plain", "storage", "w1")
    del plain["metadata"]["annotations"]
    apps.make(plain)
