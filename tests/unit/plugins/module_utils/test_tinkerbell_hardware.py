# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of one machine, as EKS Anywhere makes them of hardware.csv, and more interfaces."""

from __future__ import annotations

import base64
import json

from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_hardware import hidden, render
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import bare, checked, machine, nic


def objects(**columns):
    (found,) = checked(machine(**columns))
    return render(found, "eksa-system")


def test_hardware():
    hardware, _bmc, _secret = objects(interfaces=[], vlan_id=50)
    assert hardware == {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "eksa-worker01", "namespace": "eksa-system", "labels": {"type": "worker"}},
        "spec": {
            "bmcRef": {"kind": "Machine", "name": "bmc-eksa-worker01"},
            "disks": [{"device": "/dev/sda"}],
            "metadata": {
                "facility": {"facility_code": "onprem", "plan_slug": "c2.medium.x86"},
                "instance": {
                    "id": "cc:48:3a:00:00:01",
                    "hostname": "eksa-worker01",
                    "allow_pxe": True,
                    "always_pxe": True,
                    "operating_system": {},
                    "ips": [
                        {
                            "address": "10.10.50.2",
                            "netmask": "255.255.254.0",
                            "gateway": "10.10.50.1",
                            "family": 4,
                            "public": True,
                        }
                    ],
                },
            },
            "interfaces": [
                {
                    "dhcp": {
                        "arch": "x86_64",
                        "mac": "cc:48:3a:00:00:01",
                        "hostname": "eksa-worker01",
                        "ip": {
                            "address": "10.10.50.2",
                            "netmask": "255.255.254.0",
                            "gateway": "10.10.50.1",
                            "family": 4,
                        },
                        "lease_time": 4294967294,
                        "name_servers": ["8.8.8.8", "8.8.4.4"],
                        "uefi": True,
                        "vlan_id": "50",
                    },
                    "netboot": {"allowPXE": True, "allowWorkflow": True},
                }
            ],
        },
    }


def test_further_interfaces_follow_in_the_order_of_their_names():
    lonely = {"name": "bond0", "ip_address": "10.7.0.2", "netmask": "255.255.0.0", "gateway": "10.7.0.1"}
    listed = objects(interfaces=[nic(1, 2, mac="CC:48:3A:00:02:01", nameservers=["9.9.9.9"]), bare(1, 1), lonely])
    first, *rest = listed[0]["spec"]["interfaces"]
    assert first["dhcp"]["mac"] == "cc:48:3a:00:00:01"
    common = {"arch": "x86_64", "hostname": "eksa-worker01", "lease_time": 4294967294, "uefi": True}
    ip = {"address": "10.7.0.2", "netmask": "255.255.0.0", "gateway": "10.7.0.1", "family": 4}
    assert [entry["dhcp"] for entry in rest] == [
        {**common, "iface_name": "bond0", "ip": ip},
        {**common, "iface_name": "eth1", "mac": "cc:48:3a:00:01:01"},
        {
            **common,
            "iface_name": "eth2",
            "mac": "cc:48:3a:00:02:01",
            "ip": {"address": "10.100.0.2", "netmask": "255.255.255.0", "family": 4},
            "name_servers": ["9.9.9.9"],
        },
    ]
    assert all(entry["netboot"] == {"allowPXE": False, "allowWorkflow": False} for entry in rest)


def test_bmc_and_secret():
    _hardware, bmc, secret = objects()
    assert bmc["spec"]["connection"] == {
        "host": "10.10.44.1",
        "port": 0,
        "insecureTLS": True,
        "authSecretRef": {"name": "bmc-eksa-worker01-auth", "namespace": "eksa-system"},
        "providerOptions": {"preferredOrder": ["gofish"]},
    }
    assert secret["metadata"] == {
        "name": "bmc-eksa-worker01-auth",
        "namespace": "eksa-system",
        "labels": {"clusterctl.cluster.x-k8s.io/move": "true"},
    }
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == {
        "username": "root",
        "password": f"{PASSWORD}1",
    }


def test_a_machine_without_bmc():
    (hardware,) = objects(bmc_ip="", bmc_username="", bmc_password="", labels={})
    assert "bmcRef" not in hardware["spec"]
    assert "labels" not in hardware["metadata"]


def test_a_secret_is_shown_without_what_it_says():
    found = list(map(hidden, objects()))
    assert found[2]["data"] == {"username": "(hidden)", "password": "(hidden)"}
    assert base64.b64encode(PASSWORD.encode()).decode()[:8] not in json.dumps(found)
    assert found[0] == objects()[0]
