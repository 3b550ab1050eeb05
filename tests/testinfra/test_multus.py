"""Multus on every node, and applications that reach each other over net1, on one node and across nodes."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import ipaddress
import json
import tarfile
import threading

import pytest
import testinfra
from plays import play
from second_interfaces import Applications, pod

IMAGE = "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick"
APPS = (
    ("app1", "w1", "storage"),
    ("app2", "w2", "storage"),
    ("app3", "w1", "storage"),
    ("radio1", "w1", '[{"name": "radio", "ips": ["192.168.77.1/24"]}]'),
    ("radio2", "w2", '[{"name": "radio", "ips": ["192.168.77.2/24"]}]'),
)


def root_of(lab, name):
    """A node over ssh, as root."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=lab["LAB_SSH_CONFIG"], sudo=True)


@pytest.fixture(scope="module")
def apps(kubectl, read):
    """The applications, running."""
    found = Applications(kubectl, read)
    found.make(*(pod(name, networks, node) for name, node, networks in APPS))
    yield found
    kubectl("-n", "shop", "delete", "pod", *(name for name, *_rest in APPS))


def test_a_daemon_of_the_wanted_image_runs_on_every_node(read):
    pods = read("pods", "-n", "kube-system", "-l", "name=multus")
    assert sorted(pod["spec"]["nodeName"] for pod in pods) == ["cp1", "w1", "w2"]
    containers = [c for pod in pods for c in pod["spec"]["containers"] + pod["spec"]["initContainers"]]
    assert {container["image"] for container in containers} == {IMAGE}
    assert all(status["ready"] for pod in pods for status in pod["status"]["containerStatuses"])


def test_kubelets_configuration_leads_to_multus_and_from_there_to_cilium(node):
    config = json.loads(node.file("/etc/cni/net.d/00-multus.conf").content_string)
    assert (config["type"], config["cniVersion"]) == ("multus-shim", "0.3.1")
    assert config["clusterNetwork"].endswith("/05-cilium.conflist")
    assert node.file("/etc/cni/net.d/05-cilium.conflist").exists
    assert node.file("/opt/cni/bin/multus-shim").exists


def test_the_ranges_of_the_nodes_do_not_overlap(lab):
    ranges = []
    for name in ("cp1", "w1", "w2"):
        conflist = json.loads(root_of(lab, name).file("/etc/cni/multus/net.d/storage.conflist").content_string)
        ipam = conflist["plugins"][0]["ipam"]
        part = ipam["ranges"][0][0] if "ranges" in ipam else ipam
        ranges.append((ipaddress.ip_address(part["rangeStart"]), ipaddress.ip_address(part["rangeEnd"])))
    ranges.sort()
    assert all(low <= high for low, high in ranges)
    assert all(one[1] < other[0] for one, other in zip(ranges, ranges[1:], strict=False))
    assert ranges[0][0] >= ipaddress.ip_address("10.99.0.10")
    assert ranges[-1][1] <= ipaddress.ip_address("10.99.0.249")


@pytest.mark.parametrize("name", [app for app, _node, _network in APPS])
def test_every_application_has_its_second_interface(apps, name):
    ((interface, addresses),) = apps.networks(name).values()
    assert interface == "net1"
    assert [str(apps.address(name).ip)] == addresses


def test_addresses_come_from_the_range_and_differ(apps):
    found = [apps.address(name) for name in ("app1", "app2", "app3")]
    assert len({item.ip for item in found}) == 3
    assert {item.network for item in found} == {ipaddress.ip_network("10.99.0.0/24")}


@pytest.mark.parametrize(
    ("one", "other"), [("app1", "app2"), ("app2", "app1"), ("app1", "app3"), ("radio1", "radio2"), ("radio2", "radio1")]
)
@pytest.mark.parametrize("size", [56, 1472])
def test_they_reach_each_other_over_it(apps, one, other, size):
    assert " 0% packet loss" in apps.ping(one, other, "-c", "2", "-W", "2", "-M", "do", "-s", str(size))


def test_the_packets_pass_the_nodes_second_nic(lab, apps):
    def received():
        shown = json.loads(root_of(lab, "w2").check_output("ip -j -s link show eth1"))
        return shown[0]["stats64"]["rx"]["packets"]

    before = received()
    apps.ping("app1", "app2", "-c", "20", "-i", "0.05")
    assert received() - before >= 20


def test_the_first_interface_keeps_the_default_route(kubectl, apps):
    routes = json.loads(kubectl("-n", "shop", "exec", "app1", "--", "ip", "-j", "route", "show", "default"))
    assert [route["dev"] for route in routes] == ["eth0"]


@pytest.mark.usefixtures("apps")
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"multus_state": "absent"}, "networks of running pods: shop/app1"),
        ({"multus_networks": [], "multus_prune_networks": True}, "shop/app1"),
    ],
)
def test_what_running_pods_use_is_not_removed(project, read, variables, said):
    done = play(project, "multus", variables)
    assert done.code != 0
    assert done.changed == []
    assert said in done.failures[-1]
    assert "multus_allow_in_use" in done.failures[-1]
    assert len(read("network-attachment-definitions", "-n", "shop")) == 2
    assert len(read("pods", "-n", "kube-system", "-l", "name=multus")) == 3


@pytest.fixture
def plugins(lab, tmp_path):
    """An archive of two CNI plugins that nodes can fetch, its address and sum; macvlan is not there on w2."""
    w2 = root_of(lab, "w2")
    archive = tmp_path / "plugins.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in (("macvlan", w2.file("/opt/cni/bin/macvlan").content), ("bridge", b"not a plugin")):
            about = tarfile.TarInfo(f"./{name}")
            about.size, about.mode = len(content), 0o755
            tar.addfile(about, io.BytesIO(content))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("172.30.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    w2.check_output("mv /opt/cni/bin/macvlan /opt/cni/bin/.macvlan-away")
    yield f"http://172.30.0.1:{server.server_port}/plugins.tgz", hashlib.sha256(archive.read_bytes()).hexdigest()
    w2.check_output("mv /opt/cni/bin/.macvlan-away /opt/cni/bin/macvlan")
    server.shutdown()


def test_a_missing_plugin_is_installed_if_its_sum_is_right(lab, project, plugins):
    url, digest = plugins
    w2 = root_of(lab, "w2")
    bridge = w2.file("/opt/cni/bin/bridge").sha256sum

    wrong = {"multus_cni_plugins_install": {"url": url, "checksum": f"sha256:{'0' * 64}"}}
    done = play(project, "multus", wrong)
    assert done.code != 0
    assert any("checksum" in text for text in done.failures), done.failures
    assert not w2.file("/opt/cni/bin/macvlan").exists

    done = play(project, "multus", {"multus_cni_plugins_install": {"url": url, "checksum": f"sha256:{digest}"}})
    assert done.code == 0, done.failures
    assert w2.file("/opt/cni/bin/macvlan").sha256sum == w2.file("/opt/cni/bin/.macvlan-away").sha256sum
    assert w2.file("/opt/cni/bin/bridge").sha256sum == bridge
    assert w2.check_output("ls -A /opt/cni") == "bin"
