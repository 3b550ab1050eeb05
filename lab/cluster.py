"""Brings the cluster up from nothing, to the start state that was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from . import network, nodes, processes, registry, settings
from .artefacts import helm_programs, key_of, kubernetes_programs, node_root
from .pki import Authority
from .progress import step
from .settings import Choices
from .shell import LabError, run

_FINGERPRINT = settings.STATE / "fingerprint"
_START = settings.HERE / "start"
_WAIT_SECONDS = 120


def kubectl(*words: str, stdin: str | None = None, check: bool = True) -> str:
    """Run the lab's kubectl as cluster administrator."""
    program = kubernetes_programs() / "kubectl"
    return run([program, f"--kubeconfig={settings.KUBECONFIG}", *words], stdin=stdin, timeout=60, check=check)


def helm(*words: str, stdin: str | None = None) -> str:
    """Run the lab's helm as cluster administrator."""
    return run([helm_programs() / "helm", f"--kubeconfig={settings.KUBECONFIG}", *words], stdin=stdin, timeout=120)


def wait(what: str, ready: Callable[[], bool], seconds: float = _WAIT_SECONDS) -> None:
    """Wait for a condition; a lab process that dies meanwhile ends the wait with its last lines."""
    deadline = time.monotonic() + seconds
    while not ready():
        processes.check()
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:.0f} s. Logs: {settings.LOGS}")
        time.sleep(0.5)


def fingerprint(choices: Choices) -> str:
    """What the running cluster was made from."""
    parts = (settings.HERE / "files", _START, registry.registry_storage().parent.name, kubernetes_programs().name)
    return key_of(*parts, node_root().name, repr(choices))


def matches(choices: Choices) -> bool:
    """Whether a cluster made from these choices runs, with every node Ready."""
    if not (processes.alive() and _FINGERPRINT.exists() and _FINGERPRINT.read_text() == fingerprint(choices)):
        return False
    if any(state != "RUNNING" for state in processes.states().values()):
        return False
    return len(_ready_nodes()) == len(settings.NODES) or choices.lab_cilium == "none"


def create(choices: Choices) -> None:
    """Make the cluster anew, whatever was there before."""
    _FINGERPRINT.unlink(missing_ok=True)
    with step("ending the nodes of an earlier cluster"):
        destroy_nodes()
    with step("preparing networks, registry and nodes"):
        settings.STATE.mkdir(parents=True, exist_ok=True)
        _link_tools()
        network.up()
        nodes.write_ssh_client_files()
        processes.ensure()
        processes.stop("registry")
        processes.start("registry")
        authority = Authority()
        for node in settings.NODES:
            nodes.prepare(node, authority, choices)
        authority.kubeconfig("lab-admin", "system:masters", settings.KUBECONFIG, nodes.API_SERVER)
    with step("booting cp1, w1 and w2"):
        for node in settings.NODES:
            processes.start(node.name)
        wait("API server", lambda: kubectl("get", "--raw=/readyz", check=False) == "ok")
    with step("nodes registering"):
        wait("nodes", lambda: len(_nodes()) == len(settings.NODES))
        kubectl("label", "node", settings.CONTROL_PLANE.name, "node-role.kubernetes.io/control-plane=", "--overwrite")
    if choices.lab_cilium == "upstream":
        _start_upstream(choices)
    _FINGERPRINT.write_text(fingerprint(choices))


def _link_tools() -> None:
    """`helm` and `kubectl` at a path that does not change with their versions."""
    directory = settings.STATE / "bin"
    directory.mkdir(exist_ok=True)
    for tool in (helm_programs() / "helm", kubernetes_programs() / "kubectl"):
        link = directory / tool.name
        link.unlink(missing_ok=True)
        link.symlink_to(tool)


def destroy_nodes() -> None:
    """End every node at once and remove what it wrote."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(_destroy_node, settings.NODES))


def _destroy_node(node: settings.Node) -> None:
    nodes.kill(node)
    processes.await_end(node.name)
    network.renew(node)
    nodes.wipe(node)


def _nodes() -> list[dict]:
    text = kubectl("get", "nodes", "-o", "json", check=False)
    return json.loads(text)["items"] if text else []


def _ready_nodes() -> list[str]:
    return [
        node["metadata"]["name"]
        for node in _nodes()
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    ]


def start_values(choices: Choices) -> dict:
    """The Helm values of the start, with the digests of the images as served."""
    text = Path(choices.lab_cilium_values).read_text()
    for mark, name in (("__IMAGE_DIGEST__", "cilium"), ("__OPERATOR_DIGEST__", "operator-generic")):
        text = text.replace(mark, registry.digest(f"quay.io/cilium/{name}:v{settings.CILIUM}"))
    return yaml.safe_load(text)


def _start_upstream(choices: Choices) -> None:
    with step(f"installing upstream Cilium {settings.CILIUM} by Helm"):
        chart = f"oci://{settings.REGISTRY}/cilium/charts/cilium"
        options = ["--plain-http", f"--version={settings.CILIUM}", "--namespace=kube-system", "--values=-"]
        helm("install", "cilium", chart, *options, stdin=yaml.safe_dump(start_values(choices)))
        kubectl("apply", "-f", str(_START / "workloads.yml"))
        wait("Cilium agents", lambda: _rolled_out("daemonset/cilium", "kube-system"))
        wait("Cilium operator", lambda: _rolled_out("deployment/cilium-operator", "kube-system"))
        wait("nodes Ready", lambda: len(_ready_nodes()) == len(settings.NODES))
    with step("starting workloads and policies"):
        kubectl("apply", "-f", str(_START / "cilium-policy.yml"))
        wait("workloads", lambda: _rolled_out("daemonset/web", "shop"))


def _rolled_out(workload: str, namespace: str) -> bool:
    return "successfully rolled out" in kubectl(
        "rollout", "status", workload, "-n", namespace, "--watch=false", check=False
    )
