"""Bonds, VLANs and names on a machine with a kernel of its own, and what its power switch does to a change.

The machine's NICs are found by MAC address; networkd and udev configure them.
"""

from __future__ import annotations

import json
import subprocess

import pytest
from machines import Machine
from waiting import eventually

NAME = "vm1"
STATE = "/var/lib/eks-anywhere-network/guard"
SILENT = [{"type": "tcp", "host": "172.30.0.11", "port": 9}]
BOND = {
    "ethernets": {"eth1": {}, "eth2": {}},
    "bonds": {
        "bond0": {
            "interfaces": ["eth1", "eth2"],
            "addresses": ["10.98.3.31/24"],
            "parameters": {"mode": "active-backup", "mii-monitor-interval": 100},
        }
    },
    "vlans": {"storage": {"id": 100, "link": "bond0", "addresses": ["10.98.4.31/24"]}},
}
OTHER = {**BOND, "bonds": {"bond0": {**BOND["bonds"]["bond0"], "parameters": {"mode": "balance-xor"}}}}
OTHER["vlans"] = {"storage": {**BOND["vlans"]["storage"], "id": 200}}


@pytest.fixture(scope="module")
def vm(lab, project):
    """The machine. What it was given is taken away afterwards."""
    found = Machine(NAME, lab, project)
    yield found
    assert start(project, {}).wait(600) == 0


def start(project, config, **more):
    """The playbook on this machine alone, running."""
    variables = {"host_network_config": config, "host_network_confirm_timeout": 120, **more}
    words = ["ansible-playbook", "-i", "inventories/lab", "--limit", f"cluster,{NAME}", "-e", json.dumps(variables)]
    return subprocess.Popen(
        [*words, "playbooks/host_network.yml"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def link(vm, name):
    """An interface as `ip -d` shows it, None where there is none."""
    done = vm.run(f"ip -j -d address show dev {name}")
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def addresses(vm, name):
    found = link(vm, name)
    return {one["local"] for one in found["addr_info"] if one["family"] == "inet"} if found else set()


def test_a_power_cut_in_the_window_brings_back_what_was(vm, project, read):
    running = start(project, BOND, host_network_probes=SILENT, host_network_confirm_timeout=600)
    assert eventually(lambda: link(vm, "bond0") is not None, 240)
    assert vm.run(f"test -e {STATE}/pending.json").returncode == 0
    since = vm.cut_power()
    running.kill()
    running.wait()
    assert link(vm, "bond0") is None
    assert vm.run("test -e /run/systemd/network/10-netplan-bond0.netdev").returncode != 0
    assert vm.run(f"test -e {STATE}/pending.json").returncode != 0
    last = json.loads(vm.check(f"cat {STATE}/last.json"))
    assert (last["ended"], last["why"]) == ("restored", "the machine restarted before it was confirmed")
    assert "172.30.1.31" in addresses(vm, "eth1")
    vm.await_ready(read, since)


def test_a_bond_and_a_vlan_on_it(vm, project):
    assert start(project, BOND).wait(600) == 0
    bond = link(vm, "bond0")
    assert bond["linkinfo"]["info_data"]["mode"] == "active-backup"
    assert {link(vm, name)["master"] for name in ("eth1", "eth2")} == {"bond0"}
    assert link(vm, "storage")["linkinfo"]["info_data"]["id"] == 100
    assert (addresses(vm, "bond0"), addresses(vm, "storage")) == ({"10.98.3.31"}, {"10.98.4.31"})


def test_parameters_that_a_device_keeps_while_it_exists(vm, project):
    assert start(project, OTHER).wait(600) == 0
    assert link(vm, "bond0")["linkinfo"]["info_data"]["mode"] == "balance-xor"
    assert link(vm, "storage")["linkinfo"]["info_data"]["id"] == 200
    assert {link(vm, name)["master"] for name in ("eth1", "eth2")} == {"bond0"}


def test_it_is_the_same_after_a_power_cut(vm, read):
    since = vm.cut_power()
    assert addresses(vm, "storage") == {"10.98.4.31"}
    assert link(vm, "bond0")["linkinfo"]["info_data"]["mode"] == "balance-xor"
    vm.await_ready(read, since)


def test_what_is_declared_no_more_is_gone(vm, project):
    assert start(project, {}).wait(600) == 0
    assert (link(vm, "storage"), link(vm, "bond0")) == (None, None)
    assert {link(vm, name).get("master") for name in ("eth1", "eth2")} == {None}


def test_a_name_is_given_live_and_at_boot(vm, project, read):
    mac = "52:54:00:1e:02:1f"
    config = {
        "ethernets": {"eth2": {"match": {"macaddress": mac}, "set-name": "radio0", "addresses": ["10.98.5.31/24"]}}
    }
    assert start(project, config).wait(600) == 0
    assert addresses(vm, "radio0") == {"10.98.5.31"}
    since = vm.cut_power()
    assert addresses(vm, "radio0") == {"10.98.5.31"}
    vm.await_ready(read, since)
