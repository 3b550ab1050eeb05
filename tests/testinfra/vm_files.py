"""Prints what the template of a machine group writes to the disk of vm1, for the lab's choice `lab_vm_files`.

The template is the collection's; the lab's Go program renders it over the Hardware object, as Tinkerbell does.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import tinkerbell as shared
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Request

NAME = "vm1"
VERSION = "v0.24.1"
MACHINE = {
    "hostname": NAME,
    "mac": "52:54:00:1e:00:1f",
    "ip_address": "172.30.0.31",
    "netmask": "255.255.255.0",
    "gateway": "172.30.0.1",
    "nameservers": ["172.30.0.1"],
    "labels": {"type": "worker"},
    "disk": "/dev/vda",
    "interfaces": [
        {"name": "eth1", "mac": "52:54:00:1e:01:1f", "ip_address": "172.30.1.31", "netmask": "255.255.255.0"},
        {"name": "eth2", "mac": "52:54:00:1e:02:1f"},
        {"name": "storage", "ip_address": "10.98.0.31", "netmask": "255.255.0.0"},
    ],
}
"""vm1 with the NICs that the lab gives it."""
NETWORK = {
    "ethernets": {
        "eth1": {
            "set-name": "radio",
            "mtu": 1400,
            "routes": [
                {"to": "10.77.0.0/16", "via": "172.30.1.1"},
                {"to": "default", "via": "172.30.1.1", "table": 1000},
            ],
            "routing-policy": [{"from": "hardware", "table": 1000, "priority": 1000}],
        }
    },
    "bonds": {
        "bond0": {
            "interfaces": ["eth2"],
            "parameters": {"mode": "active-backup", "mii-monitor-interval": 100},
        }
    },
    "vlans": {"storage": {"id": 100, "link": "bond0", "mtu": 1300}},
}
GROUP = {
    "name": "workers",
    "selector": {"type": "worker"},
    "count": 1,
    "os_image_url": "http://172.30.0.1/node.gz",
    "network": NETWORK,
}


def connect():
    raise AssertionError("nothing is asked of a cluster")


def files(family):
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder) / "hardware.yaml"
        request = Request(
            machines=[MACHINE],
            groups=[GROUP],
            os_family=family,
            eks_anywhere_version=VERSION,
            tinkerbell_ip="172.30.0.250",
            dest=str(dest),
        )
        found = tinkerbell.run(request, connect, sys.stderr.write, False)
        (hardware,) = yaml.safe_load_all(dest.read_text())
    (template,) = found["templates"]
    case = {"stack": shared.STACKS["v0.24.6"], "template": template["spec"]["template"], "hardware": hardware}
    (answer,) = shared.render(Path(__file__).resolve().parents[2], [case])
    return shared.disk_of(answer["workflow"])


if __name__ == "__main__":
    print(json.dumps({NAME: files(sys.argv[1])}))
