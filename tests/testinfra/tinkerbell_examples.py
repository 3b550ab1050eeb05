"""Prints templates and Hardware objects of the collection: machines of the scenario, every version and family."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from pathlib import Path

import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Request

SCENARIO = Path(__file__).resolve().parents[2] / "molecule" / "tinkerbell_hardware"
VERSIONS = ("v0.22.5", "v0.23.4", "v0.24.6", "v0.25.0", "v0.26.1")
FAMILIES = ("ubuntu", "redhat")


def connect():
    raise AssertionError("nothing is asked of a cluster")


def example(site, version, family):
    with tempfile.TemporaryDirectory() as folder:
        dest = Path(folder) / "hardware.yaml"
        request = Request(
            machines=site["tinkerbell_hardware_machines"],
            groups=site["tinkerbell_hardware_groups"],
            attachments=site["tinkerbell_hardware_networks"],
            bootstrap_ip=site["tinkerbell_hardware_bootstrap_ip"],
            cluster_file=str(SCENARIO / "files" / "mycluster.cluster"),
            eks_anywhere_version=version,
            os_family=family,
            dest=str(dest),
        )
        found = tinkerbell.run(request, connect, sys.stderr.write, False)
        objects = list(yaml.safe_load_all(dest.read_text()))
    hardware = [one for one in objects if one["kind"] == "Hardware"]
    return {"version": version, "family": family, "templates": found["templates"], "hardware": hardware}


if __name__ == "__main__":
    site = yaml.safe_load((SCENARIO / "vars" / "machines.yml").read_text())
    print(json.dumps([example(site, *chosen) for chosen in itertools.product(VERSIONS, FAMILIES)]))
