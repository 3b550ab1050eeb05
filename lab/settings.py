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

KUBERNETES = "1.33.4"
CILIUM = "1.17.6"
CILIUM_AWS = "1.17.6-0"
MULTUS = "4.3.0"
MULTUS_OLD = "4.1.4"
DEBIAN = "bookworm"

CLUSTER_NAME = "practice"
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
    """A host of the cluster. `index` is its host number in every one of the lab's networks."""

    name: str
    index: int
    control_plane: bool = False

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


NODES = (Node("cp1", 11, control_plane=True), Node("w1", 21), Node("w2", 22))
CONTROL_PLANE = NODES[0]


class SettingsError(Exception):
    """A choice that the lab does not know."""


@dataclass(frozen=True)
class Choices:
    """What a user may choose, each by an environment variable of the same name (`make lab lab_cilium=none`)."""

    lab_cilium: str
    lab_kube_proxy: bool
    lab_cilium_values: str

    @classmethod
    def read(cls, environment: dict[str, str]) -> Choices:
        cilium = environment.get("lab_cilium") or "upstream"
        if cilium not in ("upstream", "none"):
            raise SettingsError(f"lab_cilium: unknown start (got {cilium!r}). Use upstream or none.")
        proxy = (environment.get("lab_kube_proxy") or "true").lower()
        if proxy not in ("true", "false"):
            raise SettingsError(f"lab_kube_proxy: not a boolean (got {proxy!r}). Use true or false.")
        values = environment.get("lab_cilium_values") or str(HERE / "start" / f"cilium-kube-proxy-{proxy}.yml")
        if not Path(values).is_file():
            raise SettingsError(f"lab_cilium_values: no such file (got {values!r}). Give a YAML file of Helm values.")
        return cls(cilium, proxy == "true", values)
