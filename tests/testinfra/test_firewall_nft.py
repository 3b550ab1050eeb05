# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel makes of the table: loaded by nft in network namespaces of its own, and judged by packets.

Needs root, nft and ip where pytest runs, and the collections path on PYTHONPATH. The practice cluster is not touched.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import (
    ABSENT,
    LIST,
    SCRATCH,
    Connection,
    differences,
    listing,
    render,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_unit import REMOVE
from ansible_collections.eks_anywhere.network.tests.unit.plugins.firewall import any_rules, derive, right, rule
from hypothesis import HealthCheck, given, settings

NODE, PEER, STRANGER = "10.77.0.1", "10.77.0.2", "10.77.0.5"
NODE6, PEER6, STRANGER6 = "fd77::1", "fd77::2", "fd77::5"
POD = "10.88.0.2"
WAIT = 0.5
"""Seconds after which a packet counts as filtered. Between two namespaces of one machine it takes none."""

FOREIGN = """
table ip nat {
    chain KUBE-NODEPORTS { type nat hook prerouting priority -100; policy accept;
        tcp dport 30080 dnat to 10.88.0.2:80
        tcp dport 30081 dnat to 10.88.0.2:80
        tcp dport 30090 dnat to 10.77.0.1:9000
    }
}
table ip filter {
    chain KUBE-FORWARD { type filter hook forward priority 0; policy accept; counter accept; }
    chain CILIUM_INPUT { type filter hook input priority 0; policy accept; counter; }
}
"""
"""What Kubernetes has on a node, in short: NodePorts to a pod and to an endpoint on the network of the host."""

RULES = [
    rule(name="open", ports=[8000], origin="nodes"),
    rule(name="udp", proto="udp", ports=[8001], origin="nodes"),
    rule(name="ping", proto="icmp", ports=None, icmp_types=["8/0"], origin="nodes"),
    rule(name="ping6", proto="icmpv6", ports=None, icmp_types=["128/0"], origin="nodes"),
    rule(name="here", ports=[8002], origin="nodes", destination=[NODE6]),
    rule(name="to-all", ports=[30081]),
    rule(name="node-ports", ports=["30000-30080", 30090], origin="nodes"),
]


def scratch(text):
    """What the kernel makes of a text."""
    return listing(run(*SCRATCH, stdin=text))


def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Namespace:
    """A network namespace. ``call`` runs a function whose sockets are in it."""

    def __init__(self, name):
        self.name = f"{name}-{os.getpid()}"
        run("ip", "netns", "add", self.name)

    def ip(self, *words):
        run("ip", "-netns", self.name, *words)

    def nft(self, text):
        return run("ip", "netns", "exec", self.name, "nft", "-f", "-", stdin=text)

    def listing(self):
        return listing(run("ip", "netns", "exec", self.name, *LIST))

    def ruleset(self):
        """All but our table."""
        listed = json.loads(run("ip", "netns", "exec", self.name, "nft", "-j", "-s", "list", "ruleset"))["nftables"]
        ours = {"eks_anywhere_network"}
        return [item for item in listed for kind in item.values() if not {kind.get("table"), kind.get("name")} & ours]

    def call(self, work, *args):
        answer = Future()

        def inside():
            try:
                with (Path("/run/netns") / self.name).open() as handle:
                    libc = ctypes.CDLL(None, use_errno=True)
                    assert libc.setns(handle.fileno(), 0x40000000) == 0, os.strerror(ctypes.get_errno())
                answer.set_result(work(*args))
            except BaseException as error:
                answer.set_exception(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return answer.result()


class Server:
    """Accepts TCP connections, or notes UDP packets."""

    def __init__(self, port, kind=socket.SOCK_STREAM):
        self.socket = socket.socket(socket.AF_INET6, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        else:
            self.socket.settimeout(WAIT)

    def packet(self):
        try:
            return self.socket.recvfrom(100)[0]
        except TimeoutError:
            return None


def connect(source, target, port):
    """A connection, None where the packets are filtered; refused is not filtered."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    client = socket.socket(family)
    client.settimeout(WAIT)
    client.bind((source, 0))
    try:
        client.connect((target, port))
    except TimeoutError:
        client.close()
        return None
    return client


def send(source, target, port, data):
    with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((source, 0))
        client.sendto(data, (target, port))


def ping(source, target):
    """Whether an echo request is answered."""
    six = ":" in target
    family, proto = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    request, answer = (128, 129) if six else (8, 0)
    with socket.socket(family, socket.SOCK_RAW, proto) as client:
        client.settimeout(WAIT)
        client.bind((source, 0))
        # The kernel writes the checksum of ICMPv6. That of ICMP is the rest of the sum: type, number 7, serial 1.
        client.sendto(struct.pack("!BBHHH", request, 0, 0 if six else 0xFFFF - (request << 8) - 8, 7, 1), (target, 0))
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            try:
                packet = client.recvfrom(100)[0]
            except TimeoutError:
                return False
            if packet[0 if six else 20] == answer:
                return True
    return False


def link(one, name, other, other_name):
    one.ip("link", "add", name, "type", "veth", "peer", "name", other_name, "netns", other.name)
    for where, interface in ((one, name), (other, other_name)):
        where.ip("link", "set", interface, "up")
        where.ip("link", "set", "lo", "up")


@pytest.fixture(scope="module")
def net():
    """A node with a pod, and a machine outside that has the address of a node and one of nobody."""
    found = {name: Namespace(f"fw-{name}") for name in ("node", "outside", "pod")}
    try:
        node, outside, pod = found.values()
        link(node, "eth0", outside, "eth0")
        link(node, "lxcpod", pod, "eth0")
        for address in (f"{NODE}/24", f"{NODE6}/64"):
            node.ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        node.ip("address", "add", "10.88.0.1/24", "dev", "lxcpod")
        pod.ip("address", "add", f"{POD}/24", "dev", "eth0")
        pod.ip("route", "add", "default", "via", "10.88.0.1")
        for address in (f"{PEER}/24", f"{STRANGER}/24"):
            outside.ip("address", "add", address, "dev", "eth0")
        for address in (f"{PEER6}/64", f"{STRANGER6}/64"):
            outside.ip("address", "add", address, "dev", "eth0", "nodad")
        run("ip", "netns", "exec", node.name, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        node.nft(FOREIGN)
        servers = [node.call(Server, port) for port in (22, 8000, 8002, 9000, 30200)]
        servers += [pod.call(Server, 80), outside.call(Server, 443)]
        found["udp"] = {port: node.call(Server, port, socket.SOCK_DGRAM) for port in (8001, 8003)}
        yield found
        for server in (*servers, *found["udp"].values()):
            server.socket.close()
    finally:
        for name in ("node", "outside", "pod"):
            run("ip", "netns", "delete", found[name].name)


@pytest.fixture
def node(net):
    """The node with the rules loaded."""
    net["node"].nft(render(right(*RULES)))
    yield net["node"]
    net["node"].nft(ABSENT)


@pytest.fixture
def reaches(net):
    """Return a function: does a connection from this address get through to the node?"""

    def ask(source, port, target=None, where="outside"):
        client = net[where].call(connect, source, target or (NODE6 if ":" in source else NODE), port)
        if client:
            client.close()
        return client is not None

    return ask


def test_an_allowed_port_answers_and_a_forbidden_one_is_filtered(node, reaches):
    assert reaches(PEER, 8000)
    assert reaches(PEER6, 8000)
    assert not reaches(STRANGER, 8000)
    assert not reaches(STRANGER6, 8000)
    assert not reaches(PEER, 9000)
    assert not reaches(PEER6, 9000)


def test_without_the_table_everything_answers(net, reaches):
    assert all(reaches(source, port) for source in (PEER, STRANGER, PEER6, STRANGER6) for port in (8000, 9000))


def test_a_destination_is_one_address_of_the_node(node, reaches):
    assert reaches(PEER6, 8002)
    assert not reaches(PEER, 8002)


@pytest.mark.parametrize(("source", "target"), [(PEER, NODE), (PEER6, NODE6)])
def test_udp(net, node, source, target):
    for port, wanted in ((8001, b"in"), (8003, None)):
        net["outside"].call(send, source, target, port, b"in")
        assert net["udp"][port].packet() == wanted
    net["outside"].call(send, STRANGER if source == PEER else STRANGER6, target, 8001, b"in")
    assert net["udp"][8001].packet() is None


@pytest.mark.parametrize(
    ("source", "target", "answers"),
    [(PEER, NODE, True), (STRANGER, NODE, False), (PEER6, NODE6, True), (STRANGER6, NODE6, False)],
)
def test_pings_of_nodes_alone(net, node, source, target, answers):
    assert net["outside"].call(ping, source, target) is answers


def test_neighbours_are_found_again(net, node, reaches):
    for where in ("node", "outside"):
        net[where].ip("neigh", "flush", "all")
    assert reaches(PEER6, 8000)


def test_the_node_reaches_others_and_itself(net, node, reaches):
    assert reaches(NODE, 443, PEER, "node")
    assert reaches(NODE6, 443, PEER6, "node")
    assert reaches(NODE, 9000, NODE, "node")


def test_pods_reach_their_node_and_others(net, node, reaches):
    net["outside"].ip("route", "replace", "10.88.0.0/24", "via", NODE)
    assert reaches(POD, 9000, NODE, "pod")
    assert reaches(POD, 443, PEER, "pod")


def test_node_ports_are_filtered_before_they_are_rewritten(node, reaches):
    assert reaches(PEER, 30080)
    assert not reaches(STRANGER, 30080)
    assert reaches(STRANGER, 30081)
    assert not reaches(PEER, 30200)
    assert not reaches(STRANGER, 30200)


def test_a_node_port_whose_endpoint_is_on_the_host(node, reaches):
    assert not reaches(PEER, 9000)
    assert reaches(PEER, 30090)
    assert not reaches(STRANGER, 30090)


def test_the_connection_in_use_stays_and_can_be_made_again(net, reaches):
    client = net["outside"].call(connect, STRANGER, NODE, 22)
    net["node"].nft(render(right(*RULES), Connection.of_ssh(f"{STRANGER} 40000 {NODE} 22")))
    client.sendall(b"still here")
    for _try in range(20):
        info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        if int.from_bytes(info[24:28], "little") == 0:
            break
        time.sleep(0.05)
    assert int.from_bytes(info[24:28], "little") == 0, "data is not acknowledged"
    client.close()
    assert reaches(STRANGER, 22)
    assert not reaches(PEER, 22)
    net["node"].nft(ABSENT)


def test_rules_of_others_are_as_they_were(net):
    before = net["node"].ruleset()
    for text in (render(right(*RULES)), render(right(*RULES[:1])), ABSENT, ABSENT):
        net["node"].nft(text)
        assert net["node"].ruleset() == before
    run("ip", "netns", "exec", net["node"].name, "nft", REMOVE)
    assert net["node"].ruleset() == before


def test_what_is_loaded_is_what_was_wanted(node, reaches):
    wanted = scratch(render(right(*RULES)))
    assert reaches(PEER, 8000)
    assert any(item["rule"]["expr"][-2]["counter"]["packets"] for item in node.listing()["nftables"] if "rule" in item)
    assert differences(node.listing(), wanted) == []
    assert differences(node.listing(), scratch(render(right(*RULES), Connection(PEER, 22)))) == []


@pytest.mark.parametrize(
    ("command", "difference"),
    [
        ('add rule {} input tcp dport 1 accept comment "mine"', "input: rule mine is not wanted"),
        ("insert rule {} input accept", "input: rule without a name is not wanted"),
        ("flush chain {} node_ports", "node_ports: rule base: NodePorts is missing"),
        ("chain {} input {{ policy accept; }}", "chain input is another one"),
        ("add element {} nodes_ipv4 {{ 192.0.2.1 }}", "set nodes_ipv4 is another one"),
        ("add chain {} more", "chain more is not wanted"),
        ("add set {} more {{ type ipv4_addr; }}", "set more is not wanted"),
        ("add table {} {{ flags dormant; }}", "the table is one that nft cannot show"),
    ],
)
def test_what_another_tool_changed_is_seen(node, command, difference):
    wanted = scratch(render(right(*RULES)))
    node.nft(command.format("inet eks_anywhere_network"))
    found = differences(node.listing(), wanted)
    if command.startswith("flush"):
        assert {text.partition(":")[0] for text in found} == {"node_ports"}
    else:
        assert found == [difference]


def test_the_rules_of_a_whole_cluster():
    text = render(derive({"enable-ipv6": "true", "enable-ipsec": "true"}).rules, Connection(PEER6, 22))
    run("nft", "-c", "-f", "-", stdin=text)


def test_a_mistake_changes_nothing(node):
    before = node.listing()
    text = render(right(*RULES[:1])).replace('"base: services"', '"base: services" jump nowhere')
    words = ["ip", "netns", "exec", node.name, "nft", "-f", "-"]
    assert subprocess.run(words, input=text, capture_output=True, text=True, check=False).returncode
    assert node.listing() == before


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True, database=None)
@given(any_rules(low=1))
def test_nft_takes_whatever_the_checks_take(listed):
    text = render(right(*listed), Connection("fe80::1", 22))
    loaded = scratch(text)
    names = {item["rule"]["comment"] for item in loaded["nftables"] if "rule" in item}
    assert {one["name"] for one in listed} <= names
    assert differences(loaded, scratch(render(right(*listed)))) == []
    fewer = scratch(render(right(*listed[1:])))
    assert any(f"rule {listed[0]['name']} is not wanted" in line for line in differences(loaded, fewer))
