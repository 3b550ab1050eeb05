"""A virtual machine as worker: its kernel, its NICs, its reboots, and its power switch."""

from __future__ import annotations

import json
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import machines
import pytest
import yaml

NAME = "vm1"
MACS = {"172.30.0.31/24": "52:54:00:1e:00:1f", "172.30.1.31/24": "52:54:00:1e:01:1f"}
PERMANENT = "cd /sys/class/net; for nic in e*; do echo $nic $(ethtool -P $nic); done"
RECOVERED = "recovery complete"


@pytest.fixture(scope="module")
def vm(lab, project):
    return machines.Machine(NAME, lab, project)


@pytest.fixture
def restarted(vm, read):
    """Return a function that restarts the machine and waits until it is back; returns seconds and the kernel's log."""

    def run(restart):
        vm.check("touch /run/in-memory /var/on-disk; sync /var/on-disk")
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        began = time.monotonic()
        restart()
        seconds = time.monotonic() - began
        vm.check("test ! -e /run/in-memory && test -e /var/on-disk")
        vm.await_ready(read, since)
        return seconds, vm.check("dmesg")

    return run


def test_it_answered_and_was_ready_in_time(lab):
    seconds = machines.times(lab)[NAME]
    assert seconds["ssh"] <= machines.SECONDS_TO_SSH
    assert seconds["Ready"] <= machines.SECONDS_TO_READY
    assert seconds["Cilium"] <= machines.SECONDS_TO_CILIUM


def test_it_has_a_kernel_of_its_own(vm):
    assert vm.check("uname -r") != Path("/proc/sys/kernel/osrelease").read_text()
    assert vm.check("systemd-detect-virt").strip() == "qemu"


def test_it_is_a_worker_of_the_inventory(project):
    words = ["ansible", "-i", "inventories/lab", "workers", "-m", "ansible.builtin.command", "-a", "hostname", "-o"]
    said = subprocess.run(words, cwd=project, check=True, capture_output=True, text=True).stdout
    assert sorted(line.split(" | ")[0] for line in said.splitlines()) == ["vm1", "w1", "w2"]
    assert sorted(line.rsplit(" ", 1)[1] for line in said.splitlines()) == ["vm1", "w1", "w2"]


def test_it_is_a_node_with_the_same_software_as_the_containers(read):
    software = {}
    for node in read("nodes"):
        info = node["status"]["nodeInfo"]
        software[node["metadata"]["name"]] = (info["kubeletVersion"], info["osImage"])
    assert software[NAME] == software["w1"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ipvlan", "link eth1 name lab0 type ipvlan mode l3"),
        ("macvlan", "link eth1 name lab0 type macvlan mode bridge"),
        ("geneve", "name lab0 type geneve id 7 remote 192.0.2.1 dstport 6082"),
        ("bond", "name lab0 type bond mode active-backup"),
        ("vlan", "link eth1 name lab0 type vlan id 7"),
    ],
)
def test_its_kernel_makes_devices(vm, kind, options):
    shown = vm.check(f"ip link add {options} && ip -j -d link show lab0; ip link delete lab0")
    assert json.loads(shown)[0]["linkinfo"]["info_kind"] == kind


def addresses(vm):
    """The NIC of each of the lab's addresses: its name and permanent hardware address."""
    permanent = dict(re.findall(r"^(\S+) Permanent address: (\S+)$", vm.check(PERMANENT), re.MULTILINE))
    return {
        cidr: (link["ifname"], permanent[link["ifname"]])
        for link in json.loads(vm.check("ip -j addr"))
        for item in link["addr_info"]
        if (cidr := f"{item['local']}/{item['prefixlen']}") in MACS
    }


def hold_the_match(vm):
    found = addresses(vm)
    assert {cidr: mac for cidr, (_name, mac) in found.items()} == MACS
    assert found["172.30.1.31/24"][0] == "eth1"
    first = found["172.30.0.31/24"][0]
    assert not first.startswith("eth")
    assert "netplan-id0.network" in vm.check(f"networkctl status {first}")
    (route,) = json.loads(vm.check("ip -j route show default"))
    assert (route["dev"], route["gateway"]) == (first, "172.30.0.1")


def test_the_netplan_file_is_eks_anywheres_and_its_match_holds(vm):
    config = yaml.safe_load(vm.check("cat /etc/netplan/config.yaml"))["network"]
    assert config["ethernets"]["id0"]["match"] == {"macaddress": MACS["172.30.0.31/24"]}
    assert vm.check("stat -c %a /etc/netplan/config.yaml").strip() == "644"
    hold_the_match(vm)


@pytest.mark.parametrize(("one", "other"), [(NAME, "w1"), ("w1", NAME)])
def test_its_pods_and_those_of_containers_reach_each_other(kubectl, read, one, other):
    assert machines.fetch(kubectl, read, one, other) == "200"


def test_it_reboots_in_order(vm, restarted):
    seconds, log = restarted(lambda: vm.lab("reboot", NAME))
    assert seconds <= machines.SECONDS_TO_SSH
    assert RECOVERED not in log
    hold_the_match(vm)


def test_it_survives_a_power_cut(vm, restarted):
    def cut():
        vm.lab("power", "off", NAME)
        assert vm.run("true").returncode == 255
        vm.lab("power", "on", NAME)

    seconds, log = restarted(cut)
    assert seconds <= machines.SECONDS_TO_SSH
    assert RECOVERED in log
    hold_the_match(vm)


def test_its_pods_are_reachable_again(kubectl, read):
    assert machines.fetch(kubectl, read, "w1", NAME) == "200"
