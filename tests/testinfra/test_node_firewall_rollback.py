"""What goes wrong with a firewall is undone in time, stops the play at the first node, or is named by the next run."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import probes
import pytest
from plays import play
from probes import ADDRESSES, BRIDGE

OWN = "inet eks_anywhere_network"
TIMEOUT, GRACE = 10, 15
OTHER = "172.30.0.3"
"""A second address of the machine that runs Ansible."""
QUICK = {"network_check_flows": False, "node_firewall_confirm_timeout": TIMEOUT}
SILENT = {"node_firewall_probes": [{"type": "tcp", "host": "172.30.0.21", "port": 9}]}


def tables(lab):
    """The nodes that have our table."""
    shown = {name: probes.node(lab, name).run("nft", "list", "tables").stdout for name in ADDRESSES}
    return [name for name, listed in shown.items() if f"table {OWN}" in listed]


def traces(lab):
    """What a change leaves on the control plane while it is pending."""
    found = probes.node(lab, "cp1").run("find", "/etc", "/var/lib/eks-anywhere-network", "-name", "*pending*")
    return found.stdout + probes.node(lab, "cp1").run("find", "/etc", "-name", "*eks-anywhere-network.nft*").stdout


class Watch(threading.Thread):
    """Connects to the control plane's sshd all the time; ``longest`` is how many seconds nobody answered at most."""

    def __init__(self):
        super().__init__()
        self.longest = 0.0
        self.ended = threading.Event()

    def run(self):
        answered = time.monotonic()
        while not self.ended.is_set():
            with contextlib.suppress(OSError), socket.create_connection((ADDRESSES["cp1"], 22), 0.5):
                answered = time.monotonic()
            self.longest = max(self.longest, time.monotonic() - answered)
            self.ended.wait(0.2)


@pytest.fixture
def watch():
    found = Watch()
    found.start()
    yield found
    found.ended.set()
    found.join()


@pytest.fixture
def two_addresses(lab):
    """Options of an ssh whose first connection to a node comes from OTHER, and later ones from the usual address."""
    # Not pytest's directory: the name of a socket may have some hundred characters.
    with tempfile.TemporaryDirectory() as folder:
        once = f"test ! -e {folder}/%h && touch {folder}/%h"
        config = Path(folder) / "config"
        config.write_text(f'Match exec "{once}"\n  BindAddress {OTHER}\nMatch all\nInclude {lab["LAB_SSH_CONFIG"]}\n')
        subprocess.run(["ip", "address", "add", f"{OTHER}/24", "dev", BRIDGE], check=True)
        yield {"ansible_ssh_common_args": f"-F {config} -o ControlPath={folder}/%C"}
        subprocess.run(["ip", "address", "delete", f"{OTHER}/24", "dev", BRIDGE], check=True)


def test_rules_that_cut_ssh_are_undone(lab, project, two_addresses, watch):
    done = play(project, "node_firewall", {**QUICK, **two_addresses, "node_firewall_admin_sources": ["192.0.2.0/24"]})
    assert done.code != 0
    told = done.failures[-1]
    assert f"cp1: The change was undone: it was not confirmed within {TIMEOUT} seconds." in told
    assert "The nodes after it were left as they are." in told
    assert 3 < watch.longest < TIMEOUT + GRACE
    assert (tables(lab), traces(lab)) == ([], "")


def test_a_probe_that_does_not_answer_undoes_it(lab, project):
    done = play(project, "node_firewall", {**QUICK, **SILENT})
    assert done.code != 0
    assert "cp1: The change was undone" in done.failures[-1]
    assert (tables(lab), traces(lab)) == ([], "")


def test_a_controller_that_is_killed_undoes_it_too(lab, project):
    words = ["ansible-playbook", "-i", "inventories/lab", "-e", json.dumps({**QUICK, **SILENT})]
    command = shlex.join([*words, "playbooks/node_firewall.yml"])
    running = subprocess.Popen(
        command, shell=True, cwd=project, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while "cp1" not in tables(lab):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    begun = time.monotonic()
    while tables(lab):
        assert time.monotonic() < begun + TIMEOUT + 3
        time.sleep(0.5)
    assert traces(lab) == ""


def test_the_next_run_finishes_it(lab, project):
    done = play(project, "node_firewall", QUICK)
    assert (done.code, done.failures) == (0, [])
    assert tables(lab) == list(ADDRESSES)


def test_what_another_tool_does_is_named_by_the_next_run(lab, project):
    probes.node(lab, "w1").run(
        "nft", "add", "rule", "inet", "eks_anywhere_network", "input", "tcp", "dport", "1", "accept"
    )
    probes.node(lab, "w2").run("systemctl", "restart", "nftables.service")
    assert tables(lab) == ["cp1", "w1"]
    checked = play(project, "node_firewall", QUICK, check=True)
    nodes = checked.fact("node_firewall_result")["nodes"]
    assert (nodes["cp1"]["changes"], nodes["cp1"]["lost"]) == ([], "")
    assert nodes["w1"]["changes"] == ["input: rule without a name is not wanted"]
    assert nodes["w2"]["changes"] == ["the table is missing"]
    assert (
        "someone else removed this table (nftables.service was started, stopped or reloaded at 20"
        in nodes["w2"]["lost"]
    )
    play(project, "node_firewall", QUICK)
    assert tables(lab) == list(ADDRESSES)
    assert "tcp dport 1 accept" not in probes.node(lab, "w1").run("nft", "list", "table", *OWN.split()).stdout


def test_what_the_advice_says_brings_the_chains_back(lab, kubectl):
    w2 = probes.node(lab, "w2")
    assert ":CILIUM_" not in w2.run("iptables-save").stdout
    selector = ["-l", "k8s-app=cilium", "--field-selector", "spec.nodeName=w2"]
    kubectl("-n", "kube-system", "delete", "pod", *selector)
    kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=90s")
    assert ":CILIUM_" in w2.run("iptables-save").stdout
    assert f"table {OWN}" in w2.run("nft", "list", "tables").stdout
