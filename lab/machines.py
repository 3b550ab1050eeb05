"""Virtual machines: hosts with a kernel of their own, under QEMU without hardware support, and their power switch."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable

from . import netfiles, nodes, processes, seed, settings
from .artefacts import kubernetes_programs, machine_root
from .pki import Authority
from .progress import say, step
from .settings import Choices, Node
from .shell import LabError, run

_DISK = """
set -eu
mount -t overlay overlay -o "lowerdir=$LAYER:$ROOT" "$MERGED"
mount --bind "$SEED" "$MERGED/var/lib/containerd"
mke2fs -q -F -t ext4 -d "$MERGED" "$DISK" 8G
"""
_PROGRAMS = ("kubelet", "kube-proxy", "kubectl")
_IDLE_UNITS = [f"modprobe@{name}" for name in ("configfs", "dm_mod", "drm", "efi_pstore", "fuse", "loop")]
"""Nothing needs them, and each takes seconds under emulation, before ssh."""
_KERNEL_OPTIONS = (
    "root=/dev/vda rw console=ttyS0 mitigations=off quiet",
    *(f"systemd.mask={unit}.service" for unit in (*_IDLE_UNITS, "serial-getty@ttyS0")),
)
_MEGABYTES, _TRANSLATED_MEGABYTES = 2048, 512
_BOOT_SECONDS = 180
_SHUTDOWN_SECONDS = 120


def prepare(machine: Node, authority: Authority, choices: Choices) -> None:
    """Make a machine's disk: the root, the files that make it this node of this cluster, and the start images."""
    nodes.wipe(machine)
    directory, layer = machine.directory, machine.directory / "layer"
    (directory / "merged").mkdir(parents=True)
    for name in ("var/lib/containerd", "opt/lab/bin", "opt/cni/bin"):
        (layer / name).mkdir(parents=True)
    root = machine_root(choices.lab_vm_network)
    nodes.lay_out(machine, layer, authority, choices, netfiles.of_machine(machine, choices))
    for program in _PROGRAMS:
        run(["cp", "--link", kubernetes_programs() / program, layer / "opt/lab/bin"])
    run(["cp", "--archive", "--link", f"{root}/root/usr/lib/cni/.", layer / "opt/cni/bin"])
    variables = {
        "LAYER": str(layer),
        "ROOT": str(root / "root"),
        "MERGED": str(directory / "merged"),
        "SEED": str(seed.containerd_seed()),
        "DISK": str(directory / "disk"),
        "PATH": os.environ["PATH"],
    }
    run(["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", _DISK], env=variables)
    shutil.rmtree(layer)
    for name in ("kernel", "initrd"):
        (directory / name).symlink_to(root / name)


def command(machine: Node) -> list[str]:
    """The QEMU that is the machine. Its serial line is the log.

    What the guest has written is in the host's cache, which outlives QEMU: unsafe is safe for a cut of the power.
    """
    d = machine.directory
    nics: list[str] = []
    for (name, tap, _bridge, _address), mac in zip(machine.nics(), machine.macs(), strict=True):
        nics += ["-netdev", f"tap,id={name},ifname={tap},script=no,downscript=no"]
        nics += ["-device", f"virtio-net-pci,netdev={name},mac={mac}"]
    return [
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35"),
        *("-accel", f"tcg,thread=multi,tb-size={_TRANSLATED_MEGABYTES}", "-cpu", "max,la57=off"),
        *("-smp", "2", "-m", str(_MEGABYTES)),
        *("-kernel", str(d / "kernel"), "-initrd", str(d / "initrd")),
        *("-append", " ".join(_KERNEL_OPTIONS)),
        *("-drive", f"file={d / 'disk'},if=virtio,format=raw,cache=unsafe"),
        *("-device", "virtio-rng-pci"),
        *nics,
        *("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"),
        *("-qmp", f"unix:{d / 'qmp'},server=on,wait=off"),
    ]


def boot(machine: Node) -> None:
    """Become the machine: called as the supervised process. Does not return."""
    nodes.enter_cgroup(machine)
    words = command(machine)
    os.execvp(words[0], words)


def inventory(choices: Choices) -> dict:
    """The machines as an Ansible inventory."""
    hosts = {machine.name: {"ansible_host": machine.address} for machine in choices.machines}
    return {"workers": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}


class Watch:
    """Notes how many seconds after its start a machine was seen to do what."""

    def __init__(self, machine: Node) -> None:
        self.machine = machine
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()
        threading.Thread(target=self._answer, daemon=True).start()

    def note(self, what: str) -> None:
        """Note and say it, the first time."""
        if what not in self.seconds:
            self.seconds[what] = round(time.monotonic() - self._began, 1)
            say(f"{self.machine.name}: {what} {self.seconds[what]:.0f} s after its start")

    def _answer(self) -> None:
        while not _answers(self.machine):
            time.sleep(0.5)
        self.note("ssh")

    def await_ssh(self) -> None:
        """Wait until the machine answers."""
        deadline = self._began + _BOOT_SECONDS
        while "ssh" not in self.seconds:
            processes.check(self.machine.name)
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self.machine.name} does not answer over ssh {_BOOT_SECONDS} s after its start. "
                    f"Its console: {settings.LOGS}/{self.machine.name}.log"
                )
            time.sleep(0.2)


def _answers(machine: Node) -> bool:
    words = ["ssh", "-F", str(settings.SSH_CONFIG), "-oBatchMode=yes", machine.name, "true"]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def power_off(machine: Node) -> None:
    """Cut the power: the guest is not told."""
    processes.stop(machine.name)


def power_on(machine: Node) -> None:
    """Restore the power and wait until the machine answers over ssh."""
    with step(f"starting {machine.name}"):
        processes.start(machine.name)
        Watch(machine).await_ssh()


def reboot(machine: Node) -> None:
    """Press the power button, which the guest answers with an orderly reboot, and wait until it is back over ssh."""
    with step(f"rebooting {machine.name}"):
        press_power_button(machine)
        Watch(machine).await_ssh()


def press_power_button(machine: Node) -> None:
    """Return when the guest has shut down and the machine starts anew."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(_SHUTDOWN_SECONDS)
        try:
            connection.connect(str(machine.directory / "qmp"))
            with connection.makefile("rw") as stream:
                _await(stream.readline, "QMP")
                for name in ("qmp_capabilities", "system_powerdown"):
                    stream.write(json.dumps({"execute": name}) + "\n")
                    stream.flush()
                    _await(stream.readline, "return")
                _await(stream.readline, "RESET")
        except OSError as error:
            raise LabError(f"{machine.name}: no reboot within {_SHUTDOWN_SECONDS} s ({error}).") from error


def _await(read: Callable[[], str], wanted: str) -> None:
    """Read QMP's messages up to a greeting, an answer or an event."""
    while line := read():
        message = json.loads(line)
        if wanted in message or message.get("event") == wanted:
            return
    raise OSError("QEMU has ended")
