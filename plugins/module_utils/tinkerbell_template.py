# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TinkerbellTemplateConfig of a machine group: what is written to a machine's disk before its first boot.

Actions and their environment are those of EKS Anywhere's own templates (see tinkerbell_versions), with one more
``writefile`` for each network file. The last one keeps its name: Tinkerbell counts an action ``reboot`` as done when
it has begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import basename
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import API, TEMPLATE
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import File
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_network import CONFIG, STATIC, UBUNTU
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import IMAGES, Stack

REBOOT = "reboot"
PARTITIONS = {UBUNTU: 2, "redhat": 1}
"""The root partition in the images that EKS Anywhere's image-builder makes."""

_DISK = "{{ index .Hardware.Disks 0 }}"
_KNOWN_NAMES = {CONFIG: "write netplan config", STATIC: "write network manager config"}
_CLOUD = "/etc/cloud/cloud.cfg.d"
_CLOUD_INIT = """\
datasource:
  Ec2:
    metadata_urls: [%s]
    strict_id: false
manage_etc_hosts: localhost
warnings:
  dsid_missing_source: off
"""


def render(
    name: str,
    files: Sequence[File],
    family: str,
    stack: Stack,
    image_url: str,
    metadata_hosts: Sequence[str],
    proxy: Mapping[str, str],
) -> dict[str, Any]:
    """Return a TinkerbellTemplateConfig. ``metadata_hosts`` are addresses where machines may find their metadata."""
    urls = ", ".join(f'"http://{host}:{stack.metadata_port}"' for host in metadata_hosts)
    without = File(f"{_CLOUD}/99-disable-network-config.cfg", "0600", "network: {config: disabled}")
    own = [
        ("disable cloud-init network capabilities", without),
        ("add cloud-init config", File(f"{_CLOUD}/10_tinkerbell.cfg", "0600", _CLOUD_INIT % urls)),
        ("add cloud-init ds config", File("/etc/cloud/ds-identify.cfg", "0600", "datasource: Ec2\n")),
    ]
    network = [(_KNOWN_NAMES.get(file.path, f"write {basename(file.path)}"), file) for file in files]
    actions = [
        {
            "name": "stream image to disk",
            "image": f"{IMAGES}image2disk",
            "timeout": 600,
            "environment": {"DEST_DISK": _DISK, "IMG_URL": image_url, "COMPRESSED": "true", **proxy},
        },
        *(_write(action, file, family) for action, file in (*network, *own)),
        {
            "name": REBOOT,
            "image": f"{IMAGES}reboot",
            "timeout": 90,
            "pid": "host",
            "volumes": ["/worker:/worker"],
        },
    ]
    task = {
        "name": name,
        "worker": "{{.device_1}}",
        "volumes": ["/dev:/dev", "/dev/console:/dev/console", "/lib/firmware:/lib/firmware:ro"],
        "actions": actions,
    }
    template = {"version": "0.1", "name": name, "id": "", "global_timeout": 6000, "tasks": [task]}
    return {"apiVersion": API, "kind": TEMPLATE, "metadata": {"name": name}, "spec": {"template": template}}


def _write(name: str, file: File, family: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"{IMAGES}writefile",
        "timeout": 90,
        "pid": "host",
        "environment": {
            "DEST_DISK": f"{{{{ formatPartition ( index .Hardware.Disks 0 ) {PARTITIONS[family]} }}}}",
            "FS_TYPE": "ext4",
            "DEST_PATH": file.path,
            "CONTENTS": file.content,
            "UID": "0",
            "GID": "0",
            "MODE": file.mode,
            "DIRMODE": "0755",
        },
    }


def actions(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the actions of a TinkerbellTemplateConfig by name, in their order."""
    tasks = ((template.get("spec") or {}).get("template") or {}).get("tasks") or []
    listed = [action for task in tasks for action in task.get("actions") or []]
    return {str(action.get("name")): action for action in listed}
