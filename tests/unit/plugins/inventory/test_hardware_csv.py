# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin hardware_csv, asked as a user asks it: ansible-inventory --list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD, hardware, machine, table

NAME = "eks_anywhere.network.hardware_csv"
ROOT = Path(__file__).resolve().parents[7]
WORKERS = [machine(number, hostname=f"eksa-wk{number:02}", labels="type=worker|rack=r-1") for number in (4, 5)]


@pytest.fixture
def inventory(tmp_path):
    """Ask ansible-inventory for a source below tmp_path; returns hosts, groups and all that was printed."""

    config = tmp_path / "ansible.cfg"
    config.write_text("")

    def _inventory(source, tool=(), **settings):
        environment = os.environ | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "HOME": str(tmp_path),
            **settings,
        }
        words = ["--inventory", str(tmp_path / source), "--list", *tool]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = done.stdout + done.stderr
        assert PASSWORD not in printed
        found = json.loads(done.stdout) if done.returncode == 0 else {"_meta": {"hostvars": {}}}
        groups = {name: sorted(group.get("hosts", [])) for name, group in found.items() if group.get("hosts")}
        return found["_meta"]["hostvars"], groups, printed

    return _inventory


def settings(folder, name="site.hardware_csv.yml", **options):
    (folder / name).write_text(json.dumps({"plugin": NAME, **options}))
    return name


def test_a_file_becomes_hosts_groups_and_variables(inventory, tmp_path):
    (tmp_path / "hardware.csv").write_text(table(machine(mac="CC:48:3A:00:00:01"), *WORKERS))
    source = settings(
        tmp_path,
        src="hardware.csv",
        groups={"control_plane": "hardware_labels.type == 'cp'", "nodes": True},
        keyed_groups=[{"key": "hardware_disk | basename", "prefix": "disk"}],
        compose={"ansible_user": "'ec2-user'"},
    )
    hosts, groups, _printed = inventory(source)
    everyone = ["eksa-cp01", "eksa-wk04", "eksa-wk05"]
    assert groups == {
        "hardware": everyone,
        "nodes": everyone,
        "type_cp": everyone[:1],
        "control_plane": everyone[:1],
        "type_worker": everyone[1:],
        "rack_r_1": everyone[1:],
        "disk_sda": everyone,
    }
    assert hosts["eksa-cp01"] == {
        "ansible_host": "10.10.50.2",
        "ansible_user": "ec2-user",
        "hardware_bmc_ip": "10.10.44.1",
        "hardware_bmc_username": "root",
        "hardware_disk": "/dev/sda",
        "hardware_gateway": "10.10.50.1",
        "hardware_interfaces": [],
        "hardware_ip_address": "10.10.50.2",
        "hardware_labels": {"type": "cp"},
        "hardware_mac": "cc:48:3a:00:00:01",
        "hardware_nameservers": ["8.8.8.8", "8.8.4.4"],
        "hardware_netmask": "255.255.254.0",
        "hardware_vlan_id": "50",
    }


def test_a_file_is_an_inventory_by_itself(inventory, tmp_path):
    (tmp_path / "hardware.csv").write_text(table(machine()))
    hosts, groups, _printed = inventory("hardware.csv", ANSIBLE_INVENTORY_ENABLED=NAME)
    assert sorted(hosts) == groups["type_cp"] == ["eksa-cp01"]


def test_an_encrypted_file(inventory, tmp_path):
    path, key = tmp_path / "hardware.csv", tmp_path / "key"
    path.write_text(table(machine()))
    key.write_text("x")
    vault = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([vault, "encrypt", f"--vault-password-file={key}", path], check=True, capture_output=True)
    hosts, _groups, _printed = inventory(settings(tmp_path, src="hardware.csv"), [f"--vault-password-file={key}"])
    assert sorted(hosts) == ["eksa-cp01"]


def test_all_errors_of_a_file_are_printed(inventory, tmp_path):
    (tmp_path / "hardware.csv").write_text(table(machine(netmask="24"), machine(2, mac="")))
    hosts, _groups, printed = inventory(settings(tmp_path, src="hardware.csv"))
    assert hosts == {}
    assert f"{tmp_path}/hardware.csv:2 (eksa-cp01) netmask: it is no netmask (got 24)." in printed
    assert f"{tmp_path}/hardware.csv:3 (eksa-cp02) mac: a machine needs it." in printed


def test_another_name_is_not_ours(inventory, tmp_path):
    (tmp_path / "hardware.csv").write_text(table(machine()))
    _hosts, _groups, printed = inventory(settings(tmp_path, "site.yml", src="hardware.csv"))
    assert "could not be verified" in printed


def test_objects_of_a_management_cluster(inventory, tmp_path, api):
    taken = {"type": "cp", "v1alpha1.tinkerbell.org/ownerName": "m1"}
    api.lists["/apis/tinkerbell.org/v1alpha1/namespaces/eksa-system/hardware"] = [
        hardware("eksa-cp01", taken),
        hardware("eksa-wk01", {"type": "worker"}, mac="cc:48:3a:00:00:02", address="10.10.50.3"),
    ]
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
    chosen = {"nodes": "'hardware_provisioned' in group_names"}
    hosts, groups, _printed = inventory(settings(tmp_path, kubeconfig=kubeconfig, groups=chosen))
    assert {name: host["ansible_host"] for name, host in hosts.items()} == {
        "eksa-cp01": "10.10.50.2",
        "eksa-wk01": "10.10.50.3",
    }
    assert groups == {
        "hardware": ["eksa-cp01", "eksa-wk01"],
        "hardware_provisioned": ["eksa-cp01"],
        "hardware_available": ["eksa-wk01"],
        "type_cp": ["eksa-cp01"],
        "type_worker": ["eksa-wk01"],
        "nodes": ["eksa-cp01"],
    }
    hosts, _groups, _printed = inventory(settings(tmp_path), K8S_AUTH_KUBECONFIG=kubeconfig)
    assert len(hosts) == 2


def test_a_cluster_without_hardware(inventory, tmp_path, api):
    kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
    _hosts, _groups, printed = inventory(settings(tmp_path, kubeconfig=kubeconfig, namespace="other"))
    assert "has no Hardware in namespace other. Give the kubeconfig of the management cluster." in printed
