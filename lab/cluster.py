"""Brings the cluster up from nothing, to the start state that was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from . import machines, network, nodes, processes, registry, settings
from .artefacts import cluster_api_crd, helm_programs, key_of, kubernetes_programs, machine_root, node_root
from .machines import Watch
from .pki import Authority
from .progress import step
from .settings import Choices
from .shell import LabError, run

_FINGERPRINT = settings.STATE / "fingerprint"
_START = settings.HERE / "start"
_WAIT_SECONDS = 120
_MACHINE_WAIT_SECONDS = 600


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
        time.sleep(seconds / 240)  # asking takes from the processor that a machine under emulation waits for


def fingerprint(choices: Choices) -> str:
    """What the running cluster was made from."""
    parts = [settings.HERE / "files", _START, registry.registry_storage().parent.name, kubernetes_programs().name]
    if choices.machines:
        parts.append(machine_root(choices.lab_vm_network).name)
    return key_of(*parts, node_root().name, repr(choices))


def matches(choices: Choices) -> bool:
    """Whether a cluster made from these choices runs, with every node Ready that Cilium runs on."""
    if not (processes.alive() and _FINGERPRINT.exists() and _FINGERPRINT.read_text() == fingerprint(choices)):
        return False
    if any(state != "RUNNING" for state in processes.states().values()):
        return False
    return _ready_nodes() >= {node.name for node in choices.cilium_nodes}


def create(choices: Choices) -> None:
    """Make the cluster anew, whatever was there before."""
    _FINGERPRINT.unlink(missing_ok=True)
    with step("ending the nodes of an earlier cluster"):
        if processes.alive():
            for name in processes.states().keys() & set(settings.DOUBLES):
                processes.stop(name)
        destroy_nodes()
    with step("preparing networks, registry and nodes"):
        settings.STATE.mkdir(parents=True, exist_ok=True)
        _link_tools()
        network.up(choices.nodes)
        nodes.write_ssh_client_files(choices)
        settings.INVENTORY.write_text(json.dumps(machines.inventory(choices)))
        processes.ensure(choices.nodes, choices.doubles)
        processes.stop("registry")
        processes.start("registry")
        authority = Authority()
        for node in choices.nodes:
            (machines if node.machine else nodes).prepare(node, authority, choices)
        authority.kubeconfig("lab-admin", "system:masters", settings.KUBECONFIG, nodes.API_SERVER)
    with step(f"booting {', '.join(node.name for node in choices.nodes)}"):
        for node in choices.nodes:
            processes.start(node.name)
        watches = {machine.name: Watch(machine) for machine in choices.machines}
        wait("API server", lambda: kubectl("get", "--raw=/readyz", check=False) == "ok")
    with step("nodes registering"):
        wait("nodes", lambda: _registered(node for node in choices.nodes if not node.machine))
        kubectl("label", "node", settings.CONTROL_PLANE.name, "node-role.kubernetes.io/control-plane=", "--overwrite")
    if choices.lab_cilium == "upstream":
        _start_upstream(choices, watches)
    if choices.lab_cilium == "eks_anywhere":
        _start_eks_anywhere(choices)
    for watch in watches.values():
        watch.await_ssh()
    wait("machines registered", lambda: _registered(choices.machines))
    settings.TIMES.write_text(json.dumps({name: watch.seconds for name, watch in watches.items()}))
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
        list(pool.map(_destroy_node, settings.EVERY_NODE))


def _destroy_node(node: settings.Node) -> None:
    nodes.kill(node)
    processes.await_end(node.name)
    network.remove(node)
    nodes.wipe(node)


def _nodes() -> list[dict]:
    text = kubectl("get", "nodes", "-o", "json", check=False)
    return json.loads(text)["items"] if text else []


def _registered(wanted: Iterable[settings.Node]) -> bool:
    return {node["metadata"]["name"] for node in _nodes()} >= {node.name for node in wanted}


def _ready_nodes() -> set[str]:
    return {
        node["metadata"]["name"]
        for node in _nodes()
        if any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    }


def start_values(choices: Choices) -> dict:
    """The Helm values of the start, with the digests of the images as served."""
    text = Path(choices.lab_cilium_values).read_text()
    for mark, name in (("__IMAGE_DIGEST__", "cilium"), ("__OPERATOR_DIGEST__", "operator-generic")):
        text = text.replace(mark, registry.digest(f"quay.io/cilium/{name}:v{settings.CILIUM}"))
    values = yaml.safe_load(text)
    if choices.lab_tunnel == "geneve":
        values |= {"tunnelProtocol": "geneve", "nodeSelector": {settings.MACHINE_LABEL: "true"}}
    return values


def _start_upstream(choices: Choices, watches: dict[str, Watch]) -> None:
    seconds = _MACHINE_WAIT_SECONDS if choices.machines else _WAIT_SECONDS

    def all_ready() -> bool:
        ready = _ready_nodes()
        for name in ready & watches.keys():
            watches[name].note("Ready")
        return ready >= {node.name for node in choices.cilium_nodes}

    with step(f"installing upstream Cilium {settings.CILIUM} by Helm"):
        chart = f"oci://{settings.REGISTRY}/cilium/charts/cilium"
        options = ["--plain-http", f"--version={settings.CILIUM}", "--namespace=kube-system", "--values=-"]
        helm("install", "cilium", chart, *options, stdin=yaml.safe_dump(start_values(choices)))
        kubectl("apply", "-f", str(_START / "workloads.yml"))
        wait("nodes Ready", all_ready, seconds)
        wait("Cilium agents", lambda: _rolled_out("daemonset/cilium", "kube-system"), seconds)
        for watch in watches.values():
            watch.note("Cilium")
        wait("Cilium operator", lambda: _rolled_out("deployment/cilium-operator", "kube-system"), seconds)
    with step("starting workloads and policies"):
        kubectl("apply", "-f", str(_START / "cilium-policy.yml"))
        wait("workloads", lambda: _rolled_out("daemonset/web", "shop"), seconds)


def _start_eks_anywhere(choices: Choices) -> None:
    """EKS Anywhere's objects and doubles: its controller finds no Cilium and installs its own."""
    with step(f"EKS Anywhere installing Cilium {settings.CILIUM_AWS}"):
        chart = f"oci://{settings.REGISTRY}/eks/cilium/cilium"
        options = ["--plain-http", f"--version={settings.CILIUM_AWS}", "--namespace=kube-system", "--values=-"]
        kube = f"--kube-version={settings.KUBERNETES}"
        manifests = helm("template", "cilium", chart, *options, kube, stdin=yaml.safe_dump(start_values(choices)))
        settings.EKS_ANYWHERE_MANIFESTS.write_text(manifests)
        crds = ("-f", str(_START / "eks-anywhere-crds.yml"), "-f", str(_START / "eks-anywhere-tinkerbell-crds.yml"))
        kubectl("apply", "--server-side", *crds, "-f", str(cluster_api_crd()))
        kubectl("wait", "--for=condition=Established", "--all", "crd", "--timeout=30s")
        for name in ("objects", "cluster"):
            kubectl("apply", "-f", str(_START / f"eks-anywhere-{name}.yml"))
        processes.start(settings.DOUBLES[0])
        kubectl("apply", "-f", str(_START / "workloads.yml"))
        wait("nodes Ready", lambda: _ready_nodes() >= {node.name for node in choices.cilium_nodes})
        wait("Cilium agents", lambda: _rolled_out("daemonset/cilium", "kube-system"))
        wait("Cilium operator", lambda: _rolled_out("deployment/cilium-operator", "kube-system"))
        processes.start(settings.DOUBLES[1])
    with step("starting workloads and policies"):
        kubectl("apply", "-f", str(_START / "cilium-policy.yml"))
        wait("workloads", lambda: _rolled_out("daemonset/web", "shop"))


def _rolled_out(workload: str, namespace: str) -> bool:
    return "successfully rolled out" in kubectl(
        "rollout", "status", workload, "-n", namespace, "--watch=false", check=False
    )
