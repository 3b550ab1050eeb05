"""Builds what the lab runs, from package registries alone, into a cache outside the checkout.

Each artefact is a directory `<cache>/<name>-<key>`; the key is a hash of everything that decides its content. A
directory counts only when its manifest (written last) agrees with the files in it; a process looks once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from . import settings
from .progress import say, step
from .shell import LabError, run

GO_MODULES = settings.HERE / "go"
IMAGES = settings.HERE / "images"
_FREE_BYTES_WANTED = 16 * 1024**3

HOST_PACKAGES = {
    "busybox-static": "/bin/busybox",
    "debootstrap": "/usr/sbin/debootstrap",
    "docker-registry": "/usr/bin/docker-registry",
    "iproute2": "/usr/sbin/ip",
    "openssh-client": "/usr/bin/ssh-keygen",
    "podman": "/usr/bin/podman",
    "rsync": "/usr/bin/rsync",
    "systemd-container": "/usr/bin/systemd-nspawn",
}
MACHINE_HOST_PACKAGES = {
    "e2fsprogs": "/usr/sbin/mke2fs",
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
}
"""What virtual machines need on top of it."""
NODE_PACKAGES = (
    "ca-certificates conntrack containerd containernetworking-plugins dbus etcd-client etcd-server ethtool iproute2 "
    "ipset iptables iputils-ping kmod libpam-systemd netplan.io nftables openssh-server procps python3 runc socat sudo "
    "systemd systemd-sysv tcpdump udev"
).split()
_NETPLAN, _KERNEL = "netplan.io", ("initramfs-tools", "linux-image-amd64")
MACHINE_PACKAGES = {
    "networkd": (*NODE_PACKAGES, *_KERNEL),
    "networkmanager": (*(name for name in NODE_PACKAGES if name != _NETPLAN), "network-manager", *_KERNEL),
}
"""By what configures the network. NetworkManager alone, without netplan, is what the RHEL family has."""
_NETWORK_UNITS = {"networkd": "systemd-networkd", "networkmanager": "NetworkManager"}
_INITRD_MODULES = ("ext4", "virtio_blk", "virtio_pci")

IMAGE_PACKAGES = (
    "bpftool ca-certificates clang-19 iproute2 ipset iptables iputils-ping kmod llvm-19 procps python3 tcpdump "
    "util-linux"
).split()

KUBERNETES_PROGRAMS = {
    name: f"k8s.io/kubernetes/cmd/{name}"
    for name in ("kube-apiserver", "kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubectl")
}
CILIUM_PROGRAMS = {
    "cilium-agent": "daemon",
    "cilium-operator-generic": "operator",
    "cilium-cni": "plugins/cilium-cni",
    "cilium-dbg": "cilium-dbg",
    "cilium-health": "cilium-health",
    "cilium-health-responder": "cilium-health/responder",
    "cilium-mount": "tools/mount",
    "cilium-sysctlfix": "tools/sysctlfix",
}
MULTUS_PROGRAMS = {
    settings.MULTUS: {
        "multus-daemon": "multus-daemon",
        "multus-shim": "multus-shim",
        "install_multus": "install_multus",
        "passthru": "passthru-cni",
    },
    settings.MULTUS_OLD: {
        name: name for name in ("multus", "multus-daemon", "multus-shim", "install_multus", "thin_entrypoint")
    },
}
"""By version: name in the image -> command of the module. The old one, thick and thin, is what upgrades start from."""


def key_of(*parts: str | bytes | Path) -> str:
    """A short hash of strings and of the files and directories given."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
            for file in files:
                digest.update(f"{file.name}:{file.stat().st_mode & 0o111}:".encode() + file.read_bytes())
        else:
            digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _listing(directory: Path) -> dict[str, int]:
    """Size of every regular file below a directory, the manifest itself left out."""
    return {
        str(p.relative_to(directory)): p.stat().st_size
        for p in sorted(directory.rglob("*"))
        if p.is_file() and not p.is_symlink() and p.name != ".manifest"
    }


def cached(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The directory of an artefact, built when it is missing or not as its manifest says."""
    target = settings.CACHE / f"{name}-{key}"
    manifest = target / ".manifest"
    if manifest.is_file() and json.loads(manifest.read_text()) == _listing(target):
        return target
    if target.exists():
        say(f"{target.name}: incomplete or changed, building it again")
        shutil.rmtree(target)
    for stale in settings.CACHE.glob(f"{name}-*.part"):
        shutil.rmtree(stale)
    part = target.with_suffix(".part")
    part.mkdir(parents=True)
    build(part)
    (part / ".manifest").write_text(json.dumps(_listing(part)))
    part.rename(target)
    return target


def install_host_packages(*, machines: bool) -> None:
    """Debian packages the lab's own machine needs, with or without virtual machines on it."""
    wanted = HOST_PACKAGES | (MACHINE_HOST_PACKAGES if machines else {})
    missing = sorted(name for name, path in wanted.items() if not Path(path).exists())
    if not missing:
        return
    with step(f"installing Debian packages: {' '.join(missing)}"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], env=env)
        run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], env=env)


def check_free_space() -> None:
    """Say at once, in numbers, that a cold build would not fit."""
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.CACHE).free
    if free < _FREE_BYTES_WANTED:
        raise LabError(
            f"{settings.CACHE}: {free / 1024**3:.0f} GiB free, a first build needs {_FREE_BYTES_WANTED / 1024**3:.0f} "
            "GiB (Go's caches included). Free some space or point EKS_ANYWHERE_LAB_CACHE at a larger disk."
        )


def _go() -> Path:
    go = Path(sys.executable).with_name("go")
    if not go.is_file():
        raise LabError(f"{go}: the Go toolchain is missing. Run `make setup`.")
    return go


def _go_env() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly", "GOWORK": "off"}


def _go_key(module: str, *settings_of_build: str) -> str:
    directory = GO_MODULES / module
    own = sorted(directory.glob("*.go"))
    return key_of(directory / "go.mod", directory / "go.sum", *own, run([_go(), "version"]), *settings_of_build)


def _go_build(module: str, programs: dict[str, str], ldflags: str, tags: dict[str, str] | None = None) -> Path:
    def build(directory: Path) -> None:
        for name, package in programs.items():
            with step(f"building {name}"):
                command: list[str | Path] = [_go(), "build", "-trimpath", f"-ldflags=-s -w {ldflags}"]
                if tags and name in tags:
                    command.append(f"-tags={tags[name]}")
                run([*command, "-o", directory / name, package], env=_go_env(), cwd=GO_MODULES / module)

    return cached(f"go-{module}", _go_key(module, repr(programs), ldflags, repr(tags)), build)


@cache
def helm_programs() -> Path:
    """Directory of `helm`."""
    return _go_build("helm", {"helm": "helm.sh/helm/v3/cmd/helm"}, "")


@cache
def kubernetes_programs() -> Path:
    """Directory of the control plane, kubelet, kube-proxy and kubectl."""
    version, (major, minor, _patch) = f"v{settings.KUBERNETES}", settings.KUBERNETES.split(".")
    stamp = " ".join(
        f"-X {package}.{field}={value}"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for field, value in (("gitVersion", version), ("gitMajor", major), ("gitMinor", minor))
    )
    return _go_build("kubernetes", KUBERNETES_PROGRAMS, stamp)


@cache
def cilium_programs() -> Path:
    """Directory of Cilium's agent, operator, CNI plugin and helpers."""
    prefix = "github.com/cilium/cilium/"
    return _go_build(
        "cilium",
        {name: prefix + package for name, package in CILIUM_PROGRAMS.items()},
        f"-X {prefix}pkg/version.ciliumVersion={settings.CILIUM}",
        {"cilium-operator-generic": "ipam_provider_operator"},
    )


@cache
def multus_programs(version: str) -> Path:
    """Directory of Multus, of one of the two versions."""
    prefix = "gopkg.in/k8snetworkplumbingwg/multus-cni.v4/"
    programs = {name: f"{prefix}cmd/{package}" for name, package in MULTUS_PROGRAMS[version].items()}
    return _go_build(f"multus-{version}", programs, f"-X {prefix}pkg/multus.version={version}")


@cache
def tinkerbell_programs() -> Path:
    """Directory of `tinkerbell`, which renders templates as EKS Anywhere and Tinkerbell do."""
    return _go_build("tinkerbell", {"tinkerbell": "."}, "")


@cache
def hardware_crd() -> Path:
    """File of the CRD of Tinkerbell's Hardware, from its Go module."""
    source = _go_source("tinkerbell", f"github.com/tinkerbell/tink@v{settings.TINK}")
    return source / "config/crd/bases/tinkerbell.org_hardware.yaml"


@cache
def cilium_source() -> Path:
    """Directory of the Cilium Go module: its chart, BPF programs and scripts."""
    return _go_source("cilium", f"github.com/cilium/cilium@v{settings.CILIUM}")


@cache
def cluster_api_crd() -> Path:
    """File of the CRD of Cluster API's Cluster, from its Go module."""
    source = _go_source("cluster-api", f"sigs.k8s.io/cluster-api@v{settings.CLUSTER_API}")
    return source / "config/crd/bases/cluster.x-k8s.io_clusters.yaml"


def _go_source(directory: str, module: str) -> Path:
    command: list[str | Path] = [_go(), "mod", "download", "-json", module]
    return Path(json.loads(run(command, env=_go_env(), cwd=GO_MODULES / directory))["Dir"])


def _debootstrap(directory: Path, packages: Iterable[str]) -> None:
    run(
        [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(packages)}",
            settings.DEBIAN,
            directory,
        ],
        timeout=1200,
    )
    for waste in ("var/cache/apt/archives", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(directory / waste, ignore_errors=True)
    (directory / "var/cache/apt/archives/partial").mkdir(parents=True)


@cache
def node_root() -> Path:
    """Directory of a Debian root that every node starts from."""

    def build(directory: Path) -> None:
        with step("debootstrap of the node root"):
            root = directory / "root"
            _debootstrap(root, NODE_PACKAGES)
            _finish_node(root, "systemd-networkd")

    return cached("node-root", key_of(settings.DEBIAN, *NODE_PACKAGES, "1"), build)


def _finish_node(root: Path, network_unit: str) -> None:
    """The user, and which units start by themselves."""
    run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", settings.SSH_USER])
    for unit in ("containerd", "etcd", "nftables", "e2scrub_reap"):
        run(["systemctl", f"--root={root}", "disable", unit], check=False)
    run(["systemctl", f"--root={root}", "enable", network_unit, "ssh"])
    (root / "etc/machine-id").write_text("")


@cache
def machine_root(network: str) -> Path:
    """Directory of `root`, the Debian root of every virtual machine, and of its own `kernel` and `initrd`.

    `network` is what configures its NICs: networkd or networkmanager.
    """

    def build(directory: Path) -> None:
        with step(f"debootstrap of the machine root with {network}"):
            root = directory / "root"
            _debootstrap(root, MACHINE_PACKAGES[network])
            _finish_node(root, _NETWORK_UNITS[network])
            # Only what the disk needs: the initial RAM disk is unpacked under emulation.
            (root / "etc/initramfs-tools/conf.d/lab").write_text("MODULES=list\n")
            (root / "etc/initramfs-tools/modules").write_text("".join(f"{name}\n" for name in _INITRD_MODULES))
            run(["chroot", root, "update-initramfs", "-u", "-k", "all"])
            for file, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
                (image,) = (root / "boot").glob(pattern)
                shutil.move(image, directory / file)

    key = key_of(settings.DEBIAN, *MACHINE_PACKAGES[network], *_INITRD_MODULES, "1")
    return cached(f"machine-root-{network}", key, build)


@cache
def image_root() -> Path:
    """Directory of `base.tar`, the Debian root under the Cilium image and the Python double."""

    def build(directory: Path) -> None:
        with step("debootstrap of the image root"):
            root = directory / "root"
            _debootstrap(root, IMAGE_PACKAGES)
            for name in ("clang", "llc"):
                (root / "usr/bin" / name).symlink_to(f"{name}-19")
            if not (root / "usr/sbin/bpftool").exists() and not (root / "usr/bin/bpftool").exists():
                raise LabError("bpftool is missing from the image root")
            shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
            shutil.rmtree(root / "dev", ignore_errors=True)
            with tarfile.open(directory / "base.tar", "w") as tar:
                tar.add(root, arcname=".")
            shutil.rmtree(root)

    return cached("image-root", key_of(settings.DEBIAN, *IMAGE_PACKAGES, "1"), build)


def chart_aws(source: Path, directory: Path) -> Path:
    """A double of AWS's chart: the upstream chart with the names and tags AWS publishes. Returns its directory."""
    chart = directory / "cilium"
    shutil.copytree(source / "install/kubernetes/cilium", chart)
    run(["chmod", "-R", "u+w", chart])
    old, new = settings.CILIUM, settings.CILIUM_AWS
    description = chart / "Chart.yaml"
    text = description.read_text()
    description.write_text(re.sub(rf"^(version|appVersion): {re.escape(old)}$", rf"\1: {new}", text, flags=re.M))
    values = chart / "values.yaml"
    text = values.read_text()
    for name in ("cilium", "operator"):
        pattern = rf'repository: "quay.io/cilium/{name}"(\n\s+)tag: "v{re.escape(old)}"'
        text, count = re.subn(pattern, rf'repository: "public.ecr.aws/eks/cilium/{name}"\1tag: "v{new}"', text)
        if not count:
            raise LabError(f"{values}: no image entry of {name} to rename")
    values.write_text(text)
    return chart
