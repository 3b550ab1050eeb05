"""Two virtual machines with NetworkManager as the only workers; Cilium with EKS Anywhere's own tunnel between them."""

from __future__ import annotations

import json

import machines
import pytest

NAMES = ("vm1", "vm2")
CONNECTIONS = {"eth1": "lab-eth1", "eth2": "lab-eth2"}


@pytest.fixture(params=NAMES)
def vm(request, lab, project):
    return machines.Machine(request.param, lab, project)


@pytest.mark.parametrize("name", NAMES)
def test_they_answered_and_were_ready_in_time(lab, name):
    seconds = machines.times(lab)[name]
    assert seconds["ssh"] <= machines.SECONDS_TO_SSH
    assert seconds["Ready"] <= machines.SECONDS_TO_READY
    assert seconds["Cilium"] <= machines.SECONDS_TO_CILIUM


def test_networkmanager_has_the_nics(vm):
    asked = "command -v netplan; systemctl is-active NetworkManager systemd-networkd"
    assert vm.run(asked).stdout.split() == ["active", "inactive"]
    rows = (row.split(":") for row in vm.check("nmcli -t -f DEVICE,STATE,CONNECTION device").splitlines())
    found = {device: connection for device, state, connection in rows if state == "connected"}
    (first,) = (device for device, connection in found.items() if connection == "static-connection")
    assert found == {first: "static-connection", **CONNECTIONS}
    (route,) = json.loads(vm.check("ip -j route show default"))
    assert route["dev"] == first


def test_cilium_runs_on_the_machines_alone(agents):
    assert {name: ready for name, (_image, ready) in agents().items()} == dict.fromkeys(NAMES, True)


def test_their_tunnel_is_geneve(vm):
    links = json.loads(vm.check("ip -j -d link"))
    kinds = {link["ifname"]: link["linkinfo"]["info_kind"] for link in links if "linkinfo" in link}
    assert {name: kind for name, kind in kinds.items() if kind in ("geneve", "vxlan")} == {"cilium_geneve": "geneve"}


@pytest.mark.parametrize(("one", "other"), [NAMES, NAMES[::-1]])
def test_their_pods_reach_each_other_through_it(lab, project, kubectl, read, one, other):
    receiver = machines.Machine(other, lab, project)

    def received():
        (device,) = json.loads(receiver.check("ip -j -s link show cilium_geneve"))
        return device["stats64"]["rx"]["packets"]

    before = received()
    assert machines.fetch(kubectl, read, one, other) == "200"
    assert received() > before
