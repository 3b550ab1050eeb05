"""The lab's command line, called by the Makefile: `python -m lab up|reset|down|status|env`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from . import artefacts, cluster, network, nodes, processes, registry, seed, settings
from .artefacts import helm_programs, kubernetes_programs
from .progress import say, step
from .settings import Choices, SettingsError
from .shell import LabError


def build() -> None:
    """Build every artefact, CPU-bound and network-bound work side by side."""
    artefacts.install_host_packages()
    artefacts.check_free_space()
    with ThreadPoolExecutor(max_workers=2) as pool:
        roots = pool.submit(lambda: (artefacts.image_root(), artefacts.node_root()))
        kubernetes_programs()
        artefacts.cilium_programs()
        for version in artefacts.MULTUS_PROGRAMS:
            artefacts.multus_programs(version)
        helm_programs()
        roots.result()
    registry.registry_storage()
    seed.containerd_seed()


def up(choices: Choices) -> None:
    """Bring the cluster up; one that already runs from the same choices is left as it is."""
    build()
    if cluster.matches(choices):
        say("the practice cluster runs already. `make lab-reset` brings it back to its start state.")
        return
    cluster.create(choices)
    say("the practice cluster is up. `eval $(make -s lab-env)` points your shell at it.")


def reset(choices: Choices) -> None:
    """Bring the cluster back to its start state, whatever happened to it."""
    build()
    cluster.create(choices)


def down(_choices: Choices) -> None:
    """Remove every process, namespace, mount, link and file of the lab; the cache of artefacts stays."""
    with step("removing the practice cluster"):
        for node in settings.NODES:
            nodes.kill(node)
        processes.shutdown()
        network.down()
        shutil.rmtree(settings.STATE, ignore_errors=True)


def status(_choices: Choices) -> None:
    """Print what runs."""
    if not processes.alive():
        print("The practice cluster does not run. `make lab` brings it up.")
        return
    for name, state in sorted(processes.states().items()):
        print(f"{name:10} {state:10} {settings.LOGS}/{name}.log")
    print(cluster.kubectl("get", "nodes,pods", "--all-namespaces", "-o", "wide", check=False))


def environment(_choices: Choices) -> None:
    """Print shell assignments for working with the cluster by hand."""
    values = {
        "KUBECONFIG": settings.KUBECONFIG,
        "HELM": helm_programs() / "helm",
        "KUBECTL": kubernetes_programs() / "kubectl",
        "LAB_SSH_CONFIG": settings.SSH_CONFIG,
        "LAB_SUMMARY": settings.SUMMARY,
    }
    for name, value in values.items():
        print(f"export {name}={value}")


def main() -> int:
    """Run one command; a failure is one clear text and exit code 1."""
    commands = {"up": up, "reset": reset, "down": down, "status": status, "env": environment}
    parser = argparse.ArgumentParser(prog="lab")
    actions = parser.add_subparsers(dest="command", required=True)
    for name, function in commands.items():
        actions.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
    actions.add_parser("boot", help="become a node (called by the supervisor)").add_argument("node")
    arguments = parser.parse_args()
    try:
        if arguments.command == "boot":
            nodes.boot(next(node for node in settings.NODES if node.name == arguments.node))
        commands[arguments.command](Choices.read(dict(os.environ)))
    except (LabError, SettingsError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
