"""Virtual machines: what QEMU is told, the inventory, and the power button."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.lab import machines, settings
from ansible_collections.eks_anywhere.network.lab.settings import Choices
from ansible_collections.eks_anywhere.network.lab.shell import LabError

MACHINE = settings.MACHINES[0]


def test_every_nic_hangs_on_its_own_tap_device_with_its_own_address():
    words = machines.command(MACHINE)
    netdevs = [word for word in words if word.startswith("tap,")]
    assert [word.split(",")[2] for word in netdevs] == ["ifname=vm1-eth0", "ifname=vm1-eth1", "ifname=vm1-eth2"]
    devices = [word for word in words if word.startswith("virtio-net-pci,")]
    assert [word.split("mac=")[1] for word in devices] == MACHINE.macs()


def test_a_machine_is_emulated_and_takes_at_most_three_gigabytes():
    words = machines.command(MACHINE)
    accelerator = words[words.index("-accel") + 1]
    translated = int(accelerator.rpartition("tb-size=")[2])
    assert accelerator.startswith("tcg,")
    assert int(words[words.index("-m") + 1]) + translated <= 3 * 1024


def test_the_inventory_names_the_machines_of_the_cluster_as_workers():
    assert machines.inventory(Choices.read({"lab_vm_nodes": "2"})) == {
        "workers": {"hosts": ["vm1", "vm2"]},
        "_meta": {"hostvars": {"vm1": {"ansible_host": "172.30.0.31"}, "vm2": {"ansible_host": "172.30.0.32"}}},
    }


@dataclass(frozen=True)
class Machine:
    """A machine with a directory elsewhere."""

    name: str
    directory: Path


@pytest.fixture
def machine(tmp_path):
    return Machine("vm1", tmp_path)


@pytest.fixture
def qemu(machine):
    """Start a QEMU that answers commands, and then says what it is told; returns the commands it was sent."""

    def start(*says):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(machine.directory / "qmp"))
        server.listen()
        sent = []

        def serve():
            connection, _address = server.accept()
            with server, connection, connection.makefile("rw") as stream:
                stream.write('{"QMP": {"version": {}, "capabilities": []}}\n')
                for _command in range(2):
                    stream.flush()
                    sent.append(json.loads(stream.readline())["execute"])
                    stream.write('{"return": {}}\n')
                stream.flush()
                for event in says:
                    time.sleep(0.05)
                    stream.write(json.dumps({"event": event}) + "\n")
                    stream.flush()

        threading.Thread(target=serve, daemon=True).start()
        return sent

    return start


def test_the_power_button_is_pressed_and_the_reboot_awaited(machine, qemu):
    sent = qemu("POWERDOWN", "SHUTDOWN", "RESET")
    machines.press_power_button(machine)
    assert sent == ["qmp_capabilities", "system_powerdown"]


def test_a_guest_that_goes_off_instead_is_an_error(machine, qemu):
    qemu("POWERDOWN", "SHUTDOWN")
    with pytest.raises(LabError, match="vm1: no reboot .*QEMU has ended"):
        machines.press_power_button(machine)


def test_a_guest_that_does_not_heed_the_button_is_an_error(machine, monkeypatch):
    monkeypatch.setattr(machines, "_SHUTDOWN_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(machine.directory / "qmp"))
        server.listen()
        with pytest.raises(LabError, match="vm1: no reboot .*timed out"):
            machines.press_power_button(machine)


def test_a_machine_that_is_off_is_an_error(machine):
    with pytest.raises(LabError, match="vm1: no reboot"):
        machines.press_power_button(machine)


@pytest.fixture
def answers(monkeypatch):
    """Whether the machine answers over ssh: a list of one, to be changed."""
    value, before = [False], {*threading.enumerate()}
    monkeypatch.setattr(machines, "_answers", lambda _machine: value[0])
    monkeypatch.setattr(machines.processes, "check", lambda *_names: None)
    yield value
    value[0] = True
    for thread in {*threading.enumerate()} - before:
        thread.join(5)


def test_what_a_machine_was_seen_to_do_is_noted_the_first_time(machine, answers):
    answers[0] = True
    watch = machines.Watch(machine)
    watch.await_ssh()
    watch.note("Ready")
    first = dict(watch.seconds)
    time.sleep(0.2)
    watch.note("Ready")
    assert watch.seconds == first
    assert set(first) == {"ssh", "Ready"}


@pytest.mark.usefixtures("answers")
def test_a_machine_that_does_not_answer_in_time_is_an_error_that_names_its_log(machine, monkeypatch):
    monkeypatch.setattr(machines, "_BOOT_SECONDS", 0.1)
    watch = machines.Watch(machine)
    with pytest.raises(LabError, match=r"vm1 does not answer over ssh .*/vm1\.log"):
        watch.await_ssh()


@pytest.mark.usefixtures("answers")
def test_a_machine_that_has_ended_is_not_waited_for(machine, monkeypatch):
    def check(name):
        raise LabError(f"{name} has ended")

    monkeypatch.setattr(machines.processes, "check", check)
    with pytest.raises(LabError, match="vm1 has ended"):
        machines.Watch(machine).await_ssh()
