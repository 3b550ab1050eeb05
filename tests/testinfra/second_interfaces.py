"""Applications with networks of Multus, and what they have of them by kubectl and by their own `ip` and `ping`."""

from __future__ import annotations

import ipaddress
import json

NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
PYTHON = "public.ecr.aws/docker/library/python:3.13-slim"
PAUSE = "registry.k8s.io/pause:3.10"


def template(networks, node, image=PYTHON, labels=None):
    """The metadata and spec of a pod that asks for networks."""
    container = {"name": "app", "image": image}
    if image == PYTHON:
        container["command"] = ["sleep", "36000"]
    return {
        "metadata": {"annotations": {NETWORKS: networks}, "labels": labels or {"app": "second-interface"}},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def pod(name, networks, node, image=PYTHON):
    """A pod of namespace shop."""
    found = template(networks, node, image)
    found["metadata"].update(name=name, namespace="shop")
    return {"apiVersion": "v1", "kind": "Pod", **found}


def deployment(name, networks, node):
    """A Deployment of one pod in namespace shop."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "Recreate"},
            "template": template(networks, node, labels=labels),
        },
    }


class Applications:
    """Makes applications and looks at them."""

    def __init__(self, kubectl, read):
        self.kubectl, self.read = kubectl, read

    def make(self, *manifests, wait=60):
        """Make them and wait until all pods are ready."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        for item in manifests:
            kind = item["kind"].lower()
            condition = "Ready" if kind == "pod" else "Available"
            name = f"{kind}/{item['metadata']['name']}"
            self.kubectl("-n", "shop", "wait", f"--for=condition={condition}", name, f"--timeout={wait}s")

    def pods(self):
        """The pods of namespace shop that ask for a network, by name."""
        found = self.read("pods", "-n", "shop")
        return {item["metadata"]["name"]: item for item in found if NETWORKS in item["metadata"].get("annotations", {})}

    def of(self, deployment_name):
        """The name of a Deployment's pod."""
        (found,) = [name for name in self.pods() if name.startswith(f"{deployment_name}-")]
        return found

    def networks(self, name):
        """Interface and addresses by network, as Multus' status has them."""
        status = json.loads(self.pods()[name]["metadata"]["annotations"].get(STATUS, "[]"))
        return {entry["name"]: (entry["interface"], entry["ips"]) for entry in status if "/" in entry["name"]}

    def lacking(self):
        """The running pods that have fewer networks than they ask for."""
        running = {name: item for name, item in self.pods().items() if item["status"]["phase"] == "Running"}
        return {
            name
            for name, item in running.items()
            if len(self.networks(name)) < len(item["metadata"]["annotations"][NETWORKS].split(","))
        }

    def address(self, name, interface="net1"):
        """The IPv4 address of an interface, as the application's own `ip` shows it."""
        words = ("exec", name, "--", "ip", "-j", "-4", "addr", "show", interface)
        shown = json.loads(self.kubectl("-n", "shop", *words))
        (found,) = shown[0]["addr_info"]
        return ipaddress.ip_interface(f"{found['local']}/{found['prefixlen']}")

    def ping(self, one, other, *options, interface="net1"):
        """What `ping` says from one application to the other's address."""
        target = str(self.address(other, interface).ip)
        return self.kubectl("-n", "shop", "exec", one, "--", "ping", *options, "-I", interface, target)
