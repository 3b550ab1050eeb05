"""The hosts: systemd-nspawn containers of a Debian root, each in a namespace with its own NICs and cgroups.

What is laid into a host, its cgroup and its end are the same for a virtual machine (machines.py).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from . import netfiles, seed, settings
from .artefacts import kubernetes_programs, machine_root, node_root
from .netfiles import File
from .pki import Authority, service_account_keys
from .settings import CONTROL_PLANE, Choices, Node
from .shell import LabError, run

API_SERVER = f"https://{CONTROL_PLANE.address}:6443"
_FILES = settings.HERE / "files"
_CGROUPS = Path("/sys/fs/cgroup")
_COMMON_UNITS = ("lab-host", "containerd", "kubelet")
_CONTROL_PLANE_UNITS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


def prepare(node: Node, authority: Authority, choices: Choices) -> None:
    """Lay out a container's writable layer: empty but for what makes it this node of this cluster."""
    wipe(node)
    upper = node.directory / "upper"
    for name in ("upper", "work", "merged", "containerd", "kubelet"):
        (node.directory / name).mkdir(parents=True)
    seed.plant(node.directory / "containerd")
    lay_out(node, upper, authority, choices, netfiles.container(node))


def lay_out(node: Node, upper: Path, authority: Authority, choices: Choices, network: Iterable[File]) -> None:
    """Write the files that make a Debian root this node of this cluster."""
    _copy_files("node", upper)
    if node.machine:
        _copy_files("machine", upper)
    if node.control_plane:
        _copy_files("control-plane", upper)
        _control_plane_files(upper, authority)
    _network_files(node, upper, choices, network)
    _registry_files(upper)
    _kubelet_files(node, upper, authority)
    _ssh_files(upper)
    units = list(_COMMON_UNITS)
    if choices.lab_kube_proxy:
        authority.kubeconfig("system:kube-proxy", "", upper / "etc/lab/kube-proxy.kubeconfig", API_SERVER)
        units.append("kube-proxy")
    if node.control_plane:
        units.extend(_CONTROL_PLANE_UNITS)
    wants = upper / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for unit in units:
        place = "/lib/systemd/system" if unit == "containerd" else "/etc/systemd/system"
        (wants / f"{unit}.service").symlink_to(f"{place}/{unit}.service")
    run(["chmod", "0440", upper / f"etc/sudoers.d/{settings.SSH_USER}"])


def _copy_files(kind: str, upper: Path) -> None:
    run(["cp", "-a", "--no-preserve=ownership", f"{_FILES}/{kind}/.", upper])


def _network_files(node: Node, upper: Path, choices: Choices, network: Iterable[File]) -> None:
    for file in network:
        path = upper / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
        path.chmod(file.mode)
    (upper / "etc/hostname").write_text(f"{node.name}\n")
    (upper / "etc/resolv.conf").write_text(f"nameserver {settings.GATEWAY}\n")
    hosts = ["127.0.0.1 localhost", *(f"{n.address} {n.name}" for n in choices.nodes)]
    (upper / "etc/hosts").write_text("\n".join(hosts) + "\n")


def _registry_files(upper: Path) -> None:
    for host in settings.MIRRORED:
        path = upper / f"etc/containerd/certs.d/{host}/hosts.toml"
        path.parent.mkdir(parents=True)
        path.write_text(f'[host."http://{settings.REGISTRY}"]\n  capabilities = ["pull", "resolve"]\n')


def _kubelet_files(node: Node, upper: Path, authority: Authority) -> None:
    lab = upper / "etc/lab"
    (lab / "pki").mkdir(parents=True, exist_ok=True)
    (lab / "pki/ca.crt").write_bytes(authority.pair.certificate)
    authority.kubeconfig(f"system:node:{node.name}", "system:nodes", lab / "kubelet.kubeconfig", API_SERVER)
    options = [f"--hostname-override={node.name}", f"--node-ip={node.address}"]
    if node.control_plane:
        options.append("--register-with-taints=node-role.kubernetes.io/control-plane=:NoSchedule")
    if node.machine:
        options.append(f"--node-labels={settings.MACHINE_LABEL}=true")
    (lab / "kubelet.env").write_text(f"KUBELET_ARGS={' '.join(options)}\n")


def _control_plane_files(upper: Path, authority: Authority) -> None:
    lab, secrets = upper / "etc/lab", upper / "etc/lab/pki"
    authority.pair.write(secrets, "ca")
    service_account_keys(secrets)
    names = (
        CONTROL_PLANE.address,
        settings.API_SERVICE_IP,
        "127.0.0.1",
        CONTROL_PLANE.name,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    )
    authority.issue("kube-apiserver", names=names).write(secrets, "apiserver")
    authority.issue("kube-apiserver-kubelet-client", "system:masters").write(secrets, "apiserver-kubelet")
    for user in ("controller-manager", "scheduler"):
        authority.kubeconfig(f"system:kube-{user}", "", lab / f"{user}.kubeconfig", API_SERVER)
    (lab / "control-plane.env").write_text(
        f"ADDRESS={CONTROL_PLANE.address}\nPOD_CIDR={settings.POD_CIDR}\nSERVICE_CIDR={settings.SERVICE_CIDR}\n"
    )


def _ssh_files(upper: Path) -> None:
    home = upper / f"home/{settings.SSH_USER}/.ssh"
    home.mkdir(parents=True)
    shutil.copy(settings.SSH_KEY.with_suffix(".pub"), home / "authorized_keys")
    for path in (home.parent, home, home / "authorized_keys"):
        os.chown(path, 1000, 1000)
    home.chmod(0o700)


def write_ssh_client_files(choices: Choices) -> None:
    """The key and the ssh configuration with which the nodes are reached."""
    if not settings.SSH_KEY.exists():
        settings.SSH_KEY.parent.mkdir(parents=True, exist_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", settings.SSH_KEY])
    known = settings.SSH_KEY.parent / "known_hosts"
    known.write_text("".join(f"{node.address} {_host_key(node, choices)}\n" for node in choices.nodes))
    blocks = [
        f"Host {node.name} {node.address}\n  HostName {node.address}\n  HostKeyAlias {node.address}\n"
        f"  ConnectTimeout {20 if node.machine else 5}\n"
        for node in choices.nodes
    ]
    common = (
        f"Host *\n  User {settings.SSH_USER}\n  IdentityFile {settings.SSH_KEY}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {known}\n  StrictHostKeyChecking yes\n"
    )
    settings.SSH_CONFIG.write_text("".join(blocks) + common)


def _host_key(node: Node, choices: Choices) -> str:
    """Every host of one root has that root's key."""
    root = machine_root(choices.lab_vm_network) if node.machine else node_root()
    return " ".join((root / "root/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2])


def boot(node: Node) -> None:
    """Become the container: called as the supervised process, in a mount namespace of its own. Does not return."""
    enter_cgroup(node)
    merged, d = node.directory / "merged", node.directory
    layers = f"lowerdir={node_root() / 'root'},upperdir={d / 'upper'},workdir={d / 'work'}"
    run(["mount", "-t", "overlay", "overlay", "-o", layers, merged])
    command = [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--console=pipe",
        "--capability=all",
        f"--directory={merged}",
        f"--machine={node.name}",
        f"--hostname={node.name}",
        f"--network-namespace-path=/run/netns/{node.netns}",
        "--resolv-conf=off",
        f"--bind={d / 'containerd'}:/var/lib/containerd",
        f"--bind={d / 'kubelet'}:/var/lib/kubelet",
        f"--bind-ro={kubernetes_programs()}:/opt/lab/bin",
        "--bind=/dev/kmsg",
    ]
    os.environ["SYSTEMD_SECCOMP"] = "0"
    # A reboot inside ends nspawn with 133 and is answered by starting it again; any other end is the end.
    os.execvp("sh", ["sh", "-c", 'while "$@"; [ $? -eq 133 ]; do :; done', "sh", *command])


def _cgroup_directories(node: Node) -> list[Path]:
    """The node's cgroup in every hierarchy of the machine."""
    hierarchies = [p for p in _CGROUPS.iterdir() if (p / "cgroup.procs").is_file()]
    if (_CGROUPS / "cgroup.procs").is_file():
        hierarchies.append(_CGROUPS)
    return [hierarchy / "eksa-lab" / node.name for hierarchy in hierarchies]


def enter_cgroup(node: Node) -> None:
    """Put this process into the node's cgroup, by which `kill` finds it."""
    for directory in _cgroup_directories(node):
        for level in (directory.parent, directory):
            level.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if (level / setting).is_file() and not (level / setting).read_text().strip():
                    (level / setting).write_text((level.parent / setting).read_text())
        (directory / "cgroup.procs").write_text(str(os.getpid()))


def _processes(node: Node) -> set[int]:
    found: set[int] = set()
    for directory in _cgroup_directories(node):
        for file in directory.rglob("cgroup.procs"):
            try:
                found.update(int(pid) for pid in file.read_text().split())
            except OSError:
                continue
    return found


def kill(node: Node) -> None:
    """End every process of a node at once, as a power cut does, and remove its cgroups."""
    deadline = time.monotonic() + 20
    while processes := _processes(node):
        for pid in processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise LabError(f"{node.name}: processes {sorted(processes)} do not end")
        time.sleep(0.1)
    for directory in _cgroup_directories(node):
        for level in sorted(directory.rglob("*"), reverse=True):
            if level.is_dir():
                level.rmdir()
        if directory.is_dir():
            directory.rmdir()
        with contextlib.suppress(OSError):  # another node's cgroup is still in it, or it is gone already
            directory.parent.rmdir()


def wipe(node: Node) -> None:
    """Remove what a node has written."""
    if node.directory.exists():
        shutil.rmtree(node.directory)
