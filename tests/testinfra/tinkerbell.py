"""What tests of provisioning share: machines as given, templates rendered by the Go program, files they write."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

SCENARIO = Path(__file__).resolve().parents[2] / "molecule" / "tinkerbell_hardware"
STACKS = {"v0.22.5": "tink", "v0.23.4": "tink-patched", "v0.24.6": "tink-patched"}
"""What renders for which version; later ones have Tinkerbell's own stack."""


def machines():
    """The machines as they are given, by hostname."""
    listed = yaml.safe_load((SCENARIO / "vars" / "machines.yml").read_text())["tinkerbell_hardware_machines"]
    return {one["hostname"]: one for one in listed}


def programs(project):
    """Where the lab's Go program and the CRD of Hardware are."""
    words = [sys.executable, "-m", "lab", "tinkerbell"]
    printed = subprocess.run(words, cwd=project, capture_output=True, text=True, check=True).stdout
    return dict(word.split("=", 1) for word in shlex.split(printed) if "=" in word)


def examples():
    """Templates and Hardware objects of the collection for every version and family."""
    env = os.environ | {"PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    script = Path(__file__).with_name("tinkerbell_examples.py")
    return json.loads(subprocess.run([sys.executable, script], env=env, capture_output=True, check=True).stdout)


def render(project, cases):
    """Let the Go program render; an answer has a workflow or an error."""
    program = programs(project)["TINKERBELL"]
    done = subprocess.run([program], input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def case(example, hardware, stack=None):
    """What the Go program needs for one machine: its group's template, its Hardware, the stack."""
    group = {"cp": "mycluster-cp", "worker": "mycluster-workers", "edge": "mycluster-edge"}
    name = group[hardware["metadata"]["labels"]["type"]]
    (template,) = (one for one in example["templates"] if one["metadata"]["name"] == name)
    return {
        "stack": stack or STACKS.get(example["version"], "tinkerbell"),
        "template": template["spec"]["template"],
        "hardware": hardware,
    }


def disk_of(workflow):
    """What the actions of a rendered workflow write: {path: (mode, content)}."""
    (task,) = workflow["tasks"]
    written = [one["environment"] for one in task["actions"] if one["image"].endswith("/writefile")]
    return {entry["DEST_PATH"]: (entry["MODE"], entry["CONTENTS"]) for entry in written}
