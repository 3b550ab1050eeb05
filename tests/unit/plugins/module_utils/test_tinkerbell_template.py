# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of a template."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import File
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_template import actions, render
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import stack

FILES = (File("/etc/netplan/config.yaml", "0644", "a"), File("/etc/netplan/zz-eks-anywhere.yaml", "0600", "b"))
HOSTS = ("10.0.0.1", "10.0.0.2")


def template(version="v0.24.1", family="ubuntu", **proxy):
    return render("workers", FILES, family, stack(version), "http://x/i.gz", HOSTS, proxy)


def test_the_actions_in_their_order():
    found = template()
    assert (found["kind"], found["metadata"]) == ("TinkerbellTemplateConfig", {"name": "workers"})
    names = [
        "stream image to disk",
        "write netplan config",
        "write zz-eks-anywhere.yaml",
        "disable cloud-init network capabilities",
        "add cloud-init config",
        "add cloud-init ds config",
        "reboot",
    ]
    assert list(actions(found)) == names
    (task,) = found["spec"]["template"]["tasks"]
    assert (task["worker"], task["name"]) == ("{{.device_1}}", "workers")
    assert found["spec"]["template"] | {"tasks": 0} == {
        "version": "0.1",
        "name": "workers",
        "id": "",
        "global_timeout": 6000,
        "tasks": 0,
    }


def test_what_an_action_writes():
    found = actions(template())["write zz-eks-anywhere.yaml"]
    assert (found["image"], found["pid"]) == ("127.0.0.1/embedded/writefile", "host")
    assert found["environment"] == {
        "DEST_DISK": "{{ formatPartition ( index .Hardware.Disks 0 ) 2 }}",
        "FS_TYPE": "ext4",
        "DEST_PATH": "/etc/netplan/zz-eks-anywhere.yaml",
        "CONTENTS": "b",
        "UID": "0",
        "GID": "0",
        "MODE": "0600",
        "DIRMODE": "0755",
    }
    values = [value for one in actions(template()).values() for value in one.get("environment", {}).values()]
    assert all(isinstance(value, str) for value in values)


def test_the_image():
    found = actions(template(HTTPS_PROXY="http://p"))["stream image to disk"]["environment"]
    assert found == {
        "DEST_DISK": "{{ index .Hardware.Disks 0 }}",
        "IMG_URL": "http://x/i.gz",
        "COMPRESSED": "true",
        "HTTPS_PROXY": "http://p",
    }


def test_the_root_partition():
    red = actions(template(family="redhat"))["add cloud-init config"]["environment"]["DEST_DISK"]
    assert red == "{{ formatPartition ( index .Hardware.Disks 0 ) 1 }}"


@pytest.mark.parametrize(("version", "port"), [("v0.24.6", 50061), ("v0.25.0", 7172)])
def test_where_metadata_is(version, port):
    text = actions(template(version))["add cloud-init config"]["environment"]["CONTENTS"]
    assert f'metadata_urls: ["http://10.0.0.1:{port}", "http://10.0.0.2:{port}"]' in text
