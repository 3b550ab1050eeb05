"""The images and charts of the lab, and the local OCI registry that serves them under their public names.

Nodes reach it through containerd's mirrors, so every manifest keeps the real image names.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from . import settings
from .artefacts import (
    CILIUM_PROGRAMS,
    IMAGES,
    MULTUS_PROGRAMS,
    cached,
    chart_aws,
    cilium_programs,
    cilium_source,
    helm_programs,
    image_root,
    key_of,
    multus_programs,
    node_root,
)
from .progress import step
from .shell import LabError, run

_AGENT_PLACES = {
    "cilium-agent": "usr/lib/cilium/cilium-agent",
    "cilium-cni": "opt/cni/bin/cilium-cni",
    "cilium-operator-generic": "",
}
_AGENT_SCRIPTS = {
    "images/cilium/init-container.sh": "init-container.sh",
    "plugins/cilium-cni/install-plugin.sh": "install-plugin.sh",
    "plugins/cilium-cni/cni-uninstall.sh": "cni-uninstall.sh",
}
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.13-slim"
CONFIG = settings.STATE / "registry.yml"
PAUSE_IMAGE = "registry.k8s.io/pause:3.10"


def image_names() -> dict[str, tuple[str, str]]:
    """Public name of every image served -> (directory of its Containerfile, vendor mark)."""
    upstream, aws = f"v{settings.CILIUM}", f"v{settings.CILIUM_AWS}"
    multus = "ghcr.io/k8snetworkplumbingwg/multus-cni"
    return {
        PAUSE_IMAGE: ("pause", ""),
        PYTHON_IMAGE: ("python", "practice cluster"),
        f"quay.io/cilium/cilium:{upstream}": ("cilium", "upstream"),
        f"quay.io/cilium/operator-generic:{upstream}": ("operator", "upstream"),
        f"public.ecr.aws/eks/cilium/cilium:{aws}": ("cilium", "aws"),
        f"public.ecr.aws/eks/cilium/operator-generic:{aws}": ("operator", "aws"),
        f"{multus}:v{settings.MULTUS}-thick": ("multus", settings.MULTUS),
        f"{multus}:v{settings.MULTUS_OLD}-thick": ("multus", settings.MULTUS_OLD),
        f"{multus}:v{settings.MULTUS_OLD}": ("multus-thin", settings.MULTUS_OLD),
    }


def repository(image: str) -> str:
    """An image's name inside the registry: the public name without its host and tag."""
    return image.split("/", 1)[1].rsplit(":", 1)[0]


def _write_config(path: Path, storage: Path, address: str, *, readonly: bool) -> None:
    path.write_text(
        f"""\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {storage}}}
  maintenance: {{readonly: {{enabled: {str(readonly).lower()}}}}}
http: {{addr: "{address}"}}
"""
    )


def server_command() -> list[str]:
    """The command that serves the built registry content read-only at the lab's address."""
    _write_config(CONFIG, registry_storage(), settings.REGISTRY, readonly=True)
    return ["/usr/bin/docker-registry", "serve", str(CONFIG)]


def digest(image: str) -> str:
    """The manifest digest of a served image."""
    name, tag = repository(image), image.rsplit(":", 1)[1]
    request = urllib.request.Request(
        f"http://{settings.REGISTRY}/v2/{name}/manifests/{tag}",
        method="HEAD",
        headers={
            "Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
        },
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.headers["Docker-Content-Digest"]


@contextmanager
def _temporary_registry(directory: Path, storage: Path, *, readonly: bool) -> Iterator[str]:
    """A registry on a free loopback port; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = directory / "registry.yml"
    _write_config(config, storage, address, readonly=readonly)
    log = directory / "registry.log"
    with log.open("w") as output:
        server = subprocess.Popen(["/usr/bin/docker-registry", "serve", config], stdout=output, stderr=output)
    try:
        for _attempt in range(50):
            try:
                urllib.request.urlopen(f"http://{address}/v2/", timeout=1)
                break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None:
                    raise LabError(f"docker-registry ended at once:\n{log.read_text()[-2000:]}") from None
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """The built content on a free loopback port, while the block runs; its files go to `directory`."""
    with _temporary_registry(directory, registry_storage(), readonly=True) as address:
        yield address


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _fill_context(kind: str, vendor: str, context: Path) -> None:
    """Lay out the files that a Containerfile copies."""
    context.mkdir(parents=True)
    (context / "vendor").write_text(vendor + "\n")
    tree = context / "tree"
    if kind == "pause":
        _copy(Path("/bin/busybox"), context / "busybox")
    elif kind.startswith("multus"):
        _copy(Path("/bin/busybox"), context / "busybox")
        for name in MULTUS_PROGRAMS[vendor]:
            place = tree if kind == "multus-thin" and name != "multus" else tree / "usr/src/multus-cni/bin"
            _copy(multus_programs(vendor) / name, place / name)
    elif kind == "operator":
        _copy(cilium_programs() / "cilium-operator-generic", tree / "usr/bin/cilium-operator-generic")
        _copy(Path("/etc/ssl/certs/ca-certificates.crt"), tree / "etc/ssl/certs/ca-certificates.crt")
    elif kind == "cilium":
        for name in CILIUM_PROGRAMS:
            place = _AGENT_PLACES.get(name, f"usr/bin/{name}")
            if place:
                _copy(cilium_programs() / name, tree / place)
        _copy(IMAGES / "cilium" / "cilium-agent", tree / "usr/bin/cilium-agent")
        source = cilium_source()
        for script, place in _AGENT_SCRIPTS.items():
            _copy(source / script, tree / place)
            (tree / place).chmod(0o755)
        shutil.copytree(source / "bpf", tree / "var/lib/cilium/bpf")
        _copy(node_root() / "root/usr/lib/cni/loopback", tree / "cni/loopback")
        run(["chmod", "-R", "u+w", tree])


def _push_images(directory: Path, address: str) -> None:
    runroot = tempfile.mkdtemp(prefix="lab-podman-")
    podman = [
        "podman",
        f"--root={directory}/podman",
        f"--runroot={runroot}",
        "--storage-driver=overlay",
        "--events-backend=none",
        "--log-level=error",
    ]
    base = "localhost/lab-base:latest"
    try:
        with step("importing the image root"):
            run([*podman, "import", "--quiet", image_root() / "base.tar", base])
        for image, (kind, vendor) in image_names().items():
            with step(f"building and pushing {image}"):
                context = directory / "context" / image.replace("/", "_")
                _fill_context(kind, vendor, context)
                local = f"{address}/{repository(image)}:{image.rsplit(':', 1)[1]}"
                build = ["build", "--quiet", "--isolation=chroot", f"--build-arg=BASE={base}", "--timestamp=0"]
                run([*podman, *build, "-f", IMAGES / kind / "Containerfile", "-t", local, context])
                run([*podman, "push", "--quiet", "--tls-verify=false", local])
    finally:
        run([*podman, "system", "reset", "--force"], check=False)
        for waste in (directory / "podman", directory / "context", Path(runroot)):
            shutil.rmtree(waste, ignore_errors=True)


def _push_charts(directory: Path, address: str) -> None:
    helm = helm_programs() / "helm"
    charts = directory / "charts"
    source = cilium_source()
    upstream = source / "install/kubernetes/cilium"
    for chart, path in ((upstream, "cilium/charts"), (chart_aws(source, charts), "eks/cilium")):
        out = run([helm, "package", "--destination", charts, chart])
        package = out.strip().rsplit(" ", 1)[-1]
        run([helm, "push", "--plain-http", package, f"oci://{address}/{path}"])
    shutil.rmtree(charts)


@cache
def registry_storage() -> Path:
    """Directory of the registry's content."""

    def build(directory: Path) -> None:
        storage = directory / "storage"
        with _temporary_registry(directory, storage, readonly=False) as address:
            _push_images(directory, address)
            with step("packaging and pushing the charts"):
                _push_charts(directory, address)
        for leftover in ("registry.yml", "registry.log"):
            (directory / leftover).unlink()

    key = key_of(
        IMAGES,
        "1",
        cilium_programs().name,
        *(multus_programs(version).name for version in MULTUS_PROGRAMS),
        helm_programs().name,
        image_root().name,
        node_root().name,
        repr(image_names()),
    )
    return cached("registry", key, build) / "storage"
