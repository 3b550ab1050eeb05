"""What the nodes let in, by packets from every node, from pods and from outside; and that others' rules stay."""

from __future__ import annotations

import contextlib
import json
import re
import time

import firewall_snapshot
import probes
import pytest
from machines import fetch
from plays import play
from probes import ADDRESSES, FILTERED, OPEN
from waiting import eventually

OWN = "inet eks_anywhere_network"
LISTENER = 9999
"""A port that no rule knows, with something behind it."""
KUBELET, HEALTH, KUBE_PROXY, API, ETCD, SSH, NODE_PORT = 10250, 4240, 10256, 6443, 2379, 22, 30080
STRANGER, NEWCOMER = 200, 31
"""An address that is nobody's, and one that belongs to a machine which has not joined."""

LISTEN = """
import socket, sys, threading
port = int(sys.argv[1])
tcp = socket.create_server(("", port))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", port))

def accept():
    while True:
        tcp.accept()

threading.Thread(target=accept).start()
with open("/run/came", "wb", 0) as file:
    while True:
        file.write(udp.recv(100))
"""
SERVICE = """
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: outside, namespace: default, labels: {app: outside}}
    spec:
      nodeName: w1
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: public.ecr.aws/docker/library/python:3.13-slim
          command: [python3, -m, http.server, "8080"]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
  - apiVersion: v1
    kind: Service
    metadata: {name: outside, namespace: default}
    spec:
      type: NodePort
      selector: {app: outside}
      ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""


def other_nodes(name):
    return [address for other, address in ADDRESSES.items() if other != name]


@pytest.fixture(scope="module")
def web(read):
    """The pod of the workload on each worker."""
    pods = read("pods", "-n", "shop", "-l", "app=web")
    return {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in pods}


@pytest.fixture(scope="module")
def listeners(lab):
    """Something that listens on LISTENER on every node, for TCP and UDP; notes what UDP brings."""
    for name in ADDRESSES:
        probes.node(lab, name).run("systemd-run", "--quiet", "--unit=listener", "python3", "-c", LISTEN, str(LISTENER))
    yield
    for name in ADDRESSES:
        probes.node(lab, name).run("systemctl", "stop", "listener", check=False)


@pytest.fixture(scope="module")
def stranger():
    with probes.outside(STRANGER) as place:
        yield place


@pytest.fixture(scope="module")
def newcomer():
    with probes.outside(NEWCOMER) as place:
        yield place


def test_rules_of_others_are_as_they_were(lab, before):
    assert firewall_snapshot.rules(lab) == before


def test_there_is_one_more_table_and_it_is_ours(node):
    tables = node.check_output("nft list tables").splitlines()
    assert tables.count(f"table {OWN}") == 1
    assert "hook forward" not in node.check_output(f"nft list table {OWN}")


def test_the_unit_comes_after_nothing_that_flushes(node):
    unit = node.check_output("systemctl cat eks-anywhere-network-firewall.service")
    assert "ExecStop" not in unit
    assert node.check_output("systemctl is-enabled eks-anywhere-network-firewall.service") == "enabled"
    assert not node.service("nftables").is_enabled


@pytest.mark.parametrize("name", ADDRESSES)
def test_nodes_reach_what_the_cluster_needs_and_nothing_else(lab, listeners, name):
    expected = {("127.0.0.1", LISTENER): OPEN, (ADDRESSES[name], LISTENER): OPEN, (ADDRESSES[name], KUBE_PROXY): OPEN}
    for host in other_nodes(name):
        expected |= {(host, port): OPEN for port in (KUBELET, HEALTH, "ping")}
        expected |= {(host, port): FILTERED for port in (LISTENER, KUBE_PROXY, SSH, 9100)}
    if name != "cp1":
        expected |= {(ADDRESSES["cp1"], API): OPEN, (ADDRESSES["cp1"], ETCD): FILTERED}
    found = probes.node(lab, name).ask(*expected)
    assert dict(zip(expected, found, strict=True)) == expected


def test_a_stranger_reaches_the_api_server_alone(listeners, stranger):
    cp1, w1, w2 = ADDRESSES.values()
    assert stranger.ask((cp1, API), (w1, API)) == [OPEN, FILTERED]
    closed = [(host, port) for host in (cp1, w1, w2) for port in (SSH, KUBELET, HEALTH, KUBE_PROXY, LISTENER, "ping")]
    assert set(stranger.ask(*closed)) == {FILTERED}


def test_the_administrator_reaches_ssh(listeners):
    hosts = list(ADDRESSES.values())
    assert set(probes.HERE.ask(*((host, SSH) for host in hosts))) == {OPEN}
    closed = [(host, port) for host in hosts for port in (KUBELET, HEALTH, LISTENER)]
    assert set(probes.HERE.ask(*closed)) == {FILTERED}


def test_a_machine_that_has_not_joined_is_let_in_already(listeners, newcomer):
    cp1, w1, w2 = ADDRESSES.values()
    opened = [(cp1, API), (w1, KUBELET), (w2, KUBELET), (w1, HEALTH), (w2, HEALTH), (cp1, KUBELET), (w1, "ping")]
    assert newcomer.ask(*opened) == [OPEN] * len(opened)
    assert set(newcomer.ask((w1, LISTENER), (cp1, ETCD), (w2, SSH))) == {FILTERED}


def test_pods_reach_every_node_and_each_other(lab, kubectl, read, web, listeners):
    for name, pod in web.items():
        expected = {("10.96.0.1", 443): OPEN, (ADDRESSES[name], LISTENER): OPEN}
        expected |= {(host, KUBELET): OPEN for host in ADDRESSES.values()}
        # With a tunnel Cilium gives what a pod sends to another node the address of its own node.
        expected |= {(host, LISTENER): FILTERED for host in other_nodes(name)}
        found = probes.pod(lab, "shop", pod).ask(*expected)
        assert dict(zip(expected, found, strict=True)) == expected
    assert fetch(kubectl, read, "w1", "w2") == fetch(kubectl, read, "w2", "w1") == "200"


def test_udp_that_no_rule_knows_does_not_arrive(lab, listeners, stranger):
    code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'{0}', ('172.30.0.21', {1}))"
    for place, word in ((stranger, "outside"), (probes.node(lab, "w2"), "node"), (probes.node(lab, "w1"), "self")):
        place.run("python3", "-c", code.format(word, LISTENER))
    time.sleep(0.5)
    assert probes.node(lab, "w1").run("cat", "/run/came").stdout == "self"


def test_what_is_dropped_gets_no_answer_at_all(lab, listeners, stranger):
    w1 = probes.node(lab, "w1")
    filters = f"host 172.30.0.{STRANGER} and tcp port {LISTENER}"
    w1.run("systemd-run", "--quiet", "--unit=dump", "tcpdump", "-lni", "eth0", "-w", "/run/dump", "-U", filters)
    eventually_there = "while ! [ -s /run/dump ]; do sleep 0.1; done"
    w1.run("timeout", "10", "sh", "-c", eventually_there)
    assert stranger.ask((ADDRESSES["w1"], LISTENER)) == [FILTERED]
    time.sleep(0.3)
    w1.run("systemctl", "stop", "dump")
    lines = w1.run("tcpdump", "-nr", "/run/dump").stdout.splitlines()
    assert lines
    assert all(f"172.30.0.{STRANGER}" in line.partition(" > ")[0] and "Flags [S]" in line for line in lines)


def test_rules_are_counted(lab):
    for name in ADDRESSES:
        shown = probes.node(lab, name).run("nft", "list", "table", *OWN.split()).stdout
        counted = {rule: int(number) for number, rule in re.findall(r'packets (\d+) .*comment "([^"]+)"', shown)}
        assert counted["kubelet"] > 0
        assert counted["base: everything else"] > 0


def test_node_ports_are_for_those_who_may(lab, kubectl, stranger, newcomer):
    kubectl("apply", "-f", "-", stdin=SERVICE)
    try:
        kubectl("wait", "--for=condition=Ready", "pod/outside", "--timeout=60s")
        targets = [(address, NODE_PORT) for address in ADDRESSES.values()]
        assert eventually(lambda: set(stranger.ask(*targets)) == {OPEN}, 20)
        assert set(newcomer.ask(*targets)) == {OPEN}
        assert set(probes.HERE.ask(*targets)) == {FILTERED}
    finally:
        kubectl("delete", "-f", "-", "--wait=false", stdin=SERVICE)


def test_a_machine_that_joins_later_is_ready_without_a_second_run(lab, kubectl, read):
    """w2 leaves the cluster, and comes back as a machine without a firewall and without pods."""
    w2 = probes.node(lab, "w2")
    w2.run("systemctl", "stop", "kubelet")
    kubectl("delete", "node", "w2")
    kubectl("delete", "pods", "-A", "--field-selector", "spec.nodeName=w2", "--force", "--grace-period=0")
    w2.run("nft", "delete", "table", *OWN.split())
    w2.run("systemctl", "disable", "--quiet", "eks-anywhere-network-firewall.service")
    w2.run("rm", "/etc/systemd/system/eks-anywhere-network-firewall.service", "/etc/eks-anywhere-network.nft")
    w2.run("systemctl", "restart", "containerd")
    w2.run("systemctl", "start", "kubelet")

    def ready():
        conditions = {
            node["metadata"]["name"]: {item["type"]: item["status"] for item in node["status"]["conditions"]}["Ready"]
            for node in read("nodes")
        }
        return conditions == dict.fromkeys(ADDRESSES, "True")

    def running(selector, namespace, count):
        pods = read("pods", "-n", namespace, "-l", selector)
        states = [status["ready"] for pod in pods for status in pod["status"].get("containerStatuses", [])]
        return len(states) == count and all(states)

    def talking():
        with contextlib.suppress(AssertionError, KeyError):
            return fetch(kubectl, read, "w1", "w2") == fetch(kubectl, read, "w2", "w1") == "200"

    assert eventually(ready, 90)
    assert eventually(lambda: running("k8s-app=cilium", "kube-system", 3) and running("app=web", "shop", 2), 120)
    assert eventually(talking, 60)
    for name in ADDRESSES:
        listed = probes.node(lab, name).run("nft", "list", "tables").stdout
        assert (f"table {OWN}" in listed) is (name != "w2")


def test_absent_leaves_nothing(lab, project):
    done = play(project, "node_firewall", {"node_firewall_state": "absent", "network_check_flows": False})
    assert (done.code, done.failures) == (0, [])
    for name in ADDRESSES:
        place = probes.node(lab, name)
        assert f"table {OWN}" not in place.run("nft", "list", "tables").stdout
        assert place.run("find", "/etc", "-name", "*eks-anywhere-network*", "-not", "-name", "*guard*").stdout == ""
        assert place.run("systemctl", "is-enabled", "eks-anywhere-network-firewall.service", check=False).returncode
    assert probes.HERE.ask(*((address, KUBE_PROXY) for address in ADDRESSES.values())) == [OPEN] * 3
    assert json.dumps(done.fact("node_firewall_result")["rules"]) == "[]"
