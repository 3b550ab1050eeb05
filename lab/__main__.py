"""The lab's command line, called by the Makefile: `python -m lab up|reset|down|status|env|power|reboot`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from . import artefacts, cluster, machines, network, nodes, processes, registry, seed, settings
from .artefacts import helm_programs, kubernetes_programs
from .progress import say, step
from .settings import Choices, Node, SettingsError
from .shell import LabError


def build(choices: Choices) -> None:
    """Build every artefact, CPU-bound and network-bound work side by side."""
    artefacts.install_host_packages(machines=bool(choices.machines))
    artefacts.check_free_space()
    with ThreadPoolExecutor(max_workers=2) as pool:
        roots = pool.submit(build_roots, choices)
        kubernetes_programs()
        artefacts.cilium_programs()
        for version in artefacts.MULTUS_PROGRAMS:
            artefacts.multus_programs(version)
        helm_programs()
        artefacts.tinkerbell_programs()
        roots.result()
    registry.registry_storage()
    seed.containerd_seed()


def build_roots(choices: Choices) -> None:
    """Build the Debian roots that these choices need."""
    artefacts.image_root()
    artefacts.node_root()
    if choices.machines:
        artefacts.machine_root(choices.lab_vm_network)


def up(choices: Choices) -> None:
    """Bring the cluster up; one that already runs from the same choices is left as it is."""
    build(choices)
    if cluster.matches(choices):
        say("the practice cluster runs already. `make lab-reset` brings it back to its start state.")
        return
    cluster.create(choices)
    say("the practice cluster is up. `eval $(make -s lab-env)` points your shell at it.")


def reset(choices: Choices) -> None:
    """Bring the cluster back to its start state, whatever happened to it."""
    build(choices)
    cluster.create(choices)


def down(_choices: Choices) -> None:
    """Remove every process, namespace, mount, link and file of the lab; the cache of artefacts stays."""
    with step("removing the practice cluster"):
        for node in settings.EVERY_NODE:
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


def tinkerbell(_choices: Choices) -> None:
    """Print where the program is that renders templates, and the CRD of Hardware."""
    print(f"export TINKERBELL={artefacts.tinkerbell_programs() / 'tinkerbell'}")
    print(f"export HARDWARE_CRD={artefacts.hardware_crd()}")


def machine(name: str) -> Node:
    """The virtual machine of that name."""
    if not processes.alive() or name not in processes.states():
        raise LabError(f"{name}: the practice cluster has no such machine. `make lab lab_vm_nodes=1` makes one.")
    return next(node for node in settings.MACHINES if node.name == name)


def boot(name: str) -> None:
    """Become a node. Does not return."""
    node = next(node for node in settings.EVERY_NODE if node.name == name)
    (machines if node.machine else nodes).boot(node)


def arguments() -> argparse.Namespace:
    """What stands on the command line."""
    parser = argparse.ArgumentParser(prog="lab")
    actions = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        actions.add_parser(name, help=(function.__doc__ or "").splitlines()[0])
    names = [node.name for node in settings.MACHINES]
    power = actions.add_parser("power", help="cut the power of a virtual machine, or restore it")
    power.add_argument("state", choices=["off", "on"])
    power.add_argument("node", choices=names)
    actions.add_parser("reboot", help="reboot a virtual machine in order").add_argument("node", choices=names)
    actions.add_parser("boot", help="become a node (called by the supervisor)").add_argument("node")
    return parser.parse_args()


COMMANDS = {"up": up, "reset": reset, "down": down, "status": status, "env": environment, "tinkerbell": tinkerbell}


def main() -> int:
    """Run one command; a failure is one clear text and exit code 1."""
    words = arguments()
    try:
        if words.command == "boot":
            boot(words.node)
        elif words.command == "power":
            (machines.power_off if words.state == "off" else machines.power_on)(machine(words.node))
        elif words.command == "reboot":
            machines.reboot(machine(words.node))
        else:
            COMMANDS[words.command](Choices.read(dict(os.environ)))
    except (LabError, SettingsError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
