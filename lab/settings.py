"""What the lab is made of: versions, addresses, paths, and the choices a user has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
CACHE = Path(os.environ.get("EKS_ANYWHERE_LAB_CACHE", Path.home() / ".cache" / "eks-anywhere-lab"))
STATE = Path("/var/lib/eks-anywhere-lab")
LOGS = STATE / "log"
KUBECONFIG = STATE / "kubeconfig"
SSH_CONFIG = STATE / "ssh_config"
SSH_KEY = STATE / "ssh" / "id_ed25519"
SUMMARY = STATE / "summary.json"
INVENTORY = STATE / "machines.json"
TIMES = STATE / "times.json"
EKS_ANYWHERE_MANIFESTS = STATE / "eks-anywhere-cilium.yml"

KUBERNETES = "1.33.4"
CILIUM = "1.17.6"
CILIUM_AWS = "1.17.6-0"
CLUSTER_API = "1.11.1"
MULTUS = "4.3.0"
MULTUS_OLD = "4.1.4"
TINK = "0.12.2"
DEBIAN = "bookworm"

CLUSTER_NAME = "practice"
DOUBLES = ("eks-anywhere", "health-check")
"""Controllers that cannot run here, in the order in which they start."""
UNHEALTHY_SECONDS = 20
"""How long a node may be not Ready before the machine health check's double replaces it. EKS Anywhere: 300."""
POD_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.96.0.0/12"
API_SERVICE_IP = "10.96.0.1"
SSH_USER = "ec2-user"

GATEWAY = "172.30.0.1"
REGISTRY = f"{GATEWAY}:5000"
MIRRORED = ("docker.io", "ghcr.io", "public.ecr.aws", "quay.io", "registry.k8s.io")
BRIDGES = ("eksabr0", "eksabr1", "eksabr2")
"""One per network: eth0 management, eth1 and eth2 secondary."""


@dataclass(frozen=True)
class Node:
    """A host of the cluster: a container, or a virtual machine with a kernel of its own.

    `index` is its host number in every one of the lab's networks.
    """

    name: str
    index: int
    control_plane: bool = False
    machine: bool = False

    @property
    def address(self) -> str:
        return f"172.30.0.{self.index}"

    @property
    def netns(self) -> str:
        return f"eksa-{self.name}"

    @property
    def directory(self) -> Path:
        return STATE / "nodes" / self.name

    def nics(self) -> list[tuple[str, str, str, str | None]]:
        """(name in the node, name on the machine, bridge, address) of every NIC; eth2 has no address of its own."""
        return [
            ("eth0", f"{self.name}-eth0", BRIDGES[0], f"{self.address}/24"),
            ("eth1", f"{self.name}-eth1", BRIDGES[1], f"172.30.1.{self.index}/24"),
            ("eth2", f"{self.name}-eth2", BRIDGES[2], None),
        ]

    def macs(self) -> list[str]:
        """The permanent hardware address of every NIC of a machine."""
        return [f"52:54:00:1e:{network:02x}:{self.index:02x}" for network in range(len(BRIDGES))]


CONTROL_PLANE = Node("cp1", 11, control_plane=True)
NODES = (CONTROL_PLANE, Node("w1", 21), Node("w2", 22))
MACHINES = tuple(Node(f"vm{number}", 30 + number, machine=True) for number in range(1, 5))
EVERY_NODE = (*NODES, *MACHINES)
"""All that the lab can have. Which of them a cluster has is a choice."""
MACHINE_LABEL = "eks-anywhere-lab/machine"


class SettingsError(Exception):
    """A choice that the lab does not know."""


def _one_of(environment: dict[str, str], name: str, *known: str) -> str:
    """A choice among words, of which the first is the default."""
    value = (environment.get(name) or known[0]).lower()
    if value not in known:
        raise SettingsError(f"{name}: unknown (got {value!r}). Use {' or '.join(known)}.")
    return value


@dataclass(frozen=True)
class Choices:
    """What a user may choose, each by an environment variable of the same name (`make lab lab_cilium=none`)."""

    lab_cilium: str
    lab_kube_proxy: bool
    lab_cilium_values: str
    lab_tunnel: str
    lab_vm_nodes: int
    lab_vm_network: str
    lab_vm_files: str = ""

    @classmethod
    def read(cls, environment: dict[str, str]) -> Choices:
        cilium = _one_of(environment, "lab_cilium", "upstream", "none", "eks_anywhere")
        proxy = _one_of(environment, "lab_kube_proxy", "true", "false")
        start = "cilium-eks-anywhere.yml" if cilium == "eks_anywhere" else f"cilium-kube-proxy-{proxy}.yml"
        values = environment.get("lab_cilium_values") or str(HERE / "start" / start)
        if not Path(values).is_file():
            raise SettingsError(f"lab_cilium_values: no such file (got {values!r}). Give a YAML file of Helm values.")
        count = environment.get("lab_vm_nodes") or "0"
        if count not in map(str, range(len(MACHINES) + 1)):
            raise SettingsError(f"lab_vm_nodes: not a number of machines (got {count!r}). Use 0 to {len(MACHINES)}.")
        tunnel = _one_of(environment, "lab_tunnel", "vxlan", "geneve")
        if tunnel == "geneve" and count == "0":
            raise SettingsError(
                "lab_tunnel: containers share a kernel that may lack Geneve, only machines run it (got 'geneve' and no "
                "machine). Add lab_vm_nodes=1."
            )
        if cilium == "eks_anywhere" and (proxy == "false" or count != "0"):
            raise SettingsError(
                "lab_cilium: EKS Anywhere's Cilium is beside kube-proxy and on containers only (got 'eks_anywhere'). "
                "Leave lab_kube_proxy and lab_vm_nodes out."
            )
        network = _one_of(environment, "lab_vm_network", "networkd", "networkmanager")
        files = environment.get("lab_vm_files") or ""
        if files and not Path(files).is_file():
            raise SettingsError(
                f"lab_vm_files: no such file (got {files!r}). Give a JSON file of each machine's files."
            )
        return cls(cilium, proxy == "true", values, tunnel, int(count), network, files)

    @property
    def doubles(self) -> tuple[str, ...]:
        """The doubles of controllers that run beside the cluster."""
        return DOUBLES if self.lab_cilium == "eks_anywhere" else ()

    @property
    def machines(self) -> tuple[Node, ...]:
        return MACHINES[: self.lab_vm_nodes]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The hosts of the cluster. With Geneve its workers are machines alone."""
        containers = (CONTROL_PLANE,) if self.lab_tunnel == "geneve" else NODES
        return (*containers, *self.machines)

    @property
    def cilium_nodes(self) -> tuple[Node, ...]:
        """The hosts on which Cilium runs: only these get Ready."""
        if self.lab_cilium == "none":
            return ()
        return self.machines if self.lab_tunnel == "geneve" else self.nodes
