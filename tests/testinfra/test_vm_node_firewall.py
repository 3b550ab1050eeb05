"""The firewall of a machine whose power is cut: in the window before it is confirmed, and after."""

from __future__ import annotations

import json
import subprocess

import pytest
from machines import Machine, fetch
from waiting import eventually

NAME = "vm1"
TABLE = "table inet eks_anywhere_network"
STATE = "/var/lib/eks-anywhere-network/guard"
QUICK = {"network_check_flows": False, "node_firewall_confirm_timeout": 120}
SILENT = {"node_firewall_probes": [{"type": "tcp", "host": "172.30.0.11", "port": 9}]}


@pytest.fixture(scope="module")
def vm(lab, project):
    """The machine. What stays of a firewall is removed afterwards."""
    found = Machine(NAME, lab, project)
    yield found
    done = start(project, {**QUICK, "node_firewall_state": "absent"})
    assert done.wait(300) == 0


def start(project, variables):
    """The playbook on this machine alone, running."""
    words = ["ansible-playbook", "-i", "inventories/lab", "--limit", f"cluster,{NAME}", "-e", json.dumps(variables)]
    return subprocess.Popen(
        [*words, "playbooks/node_firewall.yml"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_a_power_cut_in_the_window_brings_back_what_was(vm, project, read):
    running = start(project, {**QUICK, **SILENT})
    assert eventually(lambda: TABLE in vm.run("nft list tables").stdout, 180)
    assert vm.run(f"test -e {STATE}/pending.json").returncode == 0
    since = vm.cut_power()
    running.kill()
    running.wait()
    assert TABLE not in vm.check("nft list tables")
    assert vm.run(f"test -e {STATE}/pending.json").returncode != 0
    last = json.loads(vm.check(f"cat {STATE}/last.json"))
    assert (last["ended"], last["why"]) == ("restored", "the machine restarted before it was confirmed")
    assert vm.run("systemctl is-enabled eks-anywhere-network-firewall.service").returncode != 0
    vm.await_ready(read, since)


def test_a_confirmed_firewall_is_there_before_the_network_after_a_power_cut(vm, project, kubectl, read):
    assert start(project, QUICK).wait(600) == 0
    since = vm.cut_power()
    assert TABLE in vm.check("nft list tables")
    unit = "systemctl show -P ActiveEnterTimestampMonotonic"
    loaded = int(vm.check(f"{unit} eks-anywhere-network-firewall.service"))
    assert 0 < loaded < int(vm.check(f"{unit} systemd-networkd.service"))
    vm.await_ready(read, since)
    assert fetch(kubectl, read, "w1", NAME) == fetch(kubectl, read, NAME, "w1") == "200"
