# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines as hosts of an inventory."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_hosts import (
    from_cluster,
    from_csv,
    from_object,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import (
    PASSWORD,
    SOURCE,
    hardware,
    machine,
    nic,
    table,
)

LIST = "/apis/tinkerbell.org/v1alpha1/namespaces/eksa-system/hardware"


def hosts(*machines):
    return from_csv(table(*machines).encode(), SOURCE)


def test_a_machine_of_a_file():
    (host,) = hosts(machine(labels="type=cp|rack.example.com/row=7|spare="))
    assert host.name == "eksa-cp01"
    assert host.groups == ("hardware", "rack.example.com/row_7", "spare", "type_cp")
    assert host.variables == {
        "ansible_host": "10.10.50.2",
        "hardware_bmc_ip": "10.10.44.1",
        "hardware_bmc_username": "root",
        "hardware_disk": "/dev/sda",
        "hardware_gateway": "10.10.50.1",
        "hardware_interfaces": [],
        "hardware_ip_address": "10.10.50.2",
        "hardware_labels": {"rack.example.com/row": "7", "spare": "", "type": "cp"},
        "hardware_mac": "cc:48:3a:00:00:01",
        "hardware_nameservers": ["8.8.8.8", "8.8.4.4"],
        "hardware_netmask": "255.255.254.0",
        "hardware_vlan_id": "50",
    }


def test_no_password_becomes_a_variable():
    assert PASSWORD not in str(hosts(machine(), machine(2)))


def test_a_file_with_an_error_makes_no_hosts():
    with pytest.raises(NetworkError) as caught:
        from_csv(table(machine(), machine(2, netmask="24"), machine(3, mac="")).encode() + b"x,y\n", SOURCE)
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]


def test_an_object():
    item = hardware(vlan_id="7")
    item["spec"]["interfaces"] += [nic("cc:48:3a:00:01:01", "10.20.0.2", iface_name="eth1")]
    host = from_object(item)
    assert host.name == "eksa-cp01"
    assert host.groups == ("hardware", "hardware_available", "type_cp")
    assert host.variables == {
        "ansible_host": "10.10.50.2",
        "hardware_disk": "/dev/sda",
        "hardware_gateway": "10.10.50.1",
        "hardware_interfaces": [
            {
                "name": "eth1",
                "mac": "cc:48:3a:00:01:01",
                "ip_address": "10.20.0.2",
                "netmask": "255.255.254.0",
                "gateway": "10.10.50.1",
                "nameservers": ["8.8.8.8"],
                "vlan_id": "",
            }
        ],
        "hardware_ip_address": "10.10.50.2",
        "hardware_labels": {"type": "cp"},
        "hardware_mac": "cc:48:3a:00:00:01",
        "hardware_nameservers": ["8.8.8.8"],
        "hardware_netmask": "255.255.254.0",
        "hardware_vlan_id": "7",
    }


def test_an_object_that_a_cluster_has_taken():
    taken = {"v1alpha1.tinkerbell.org/ownerName": "m1", "v1alpha1.tinkerbell.org/ownerNamespace": "eksa-system"}
    host = from_object(hardware(labels={"type": "cp", **taken}))
    assert host.groups == ("hardware", "hardware_provisioned", "type_cp")
    assert host.variables["hardware_labels"] == {"type": "cp"}


@pytest.mark.parametrize(
    "spec", [{}, {"interfaces": [], "disks": None}, {"interfaces": [{"dhcp": {"mac": "x"}}]}, None]
)
def test_an_object_that_lacks_almost_everything(spec):
    host = from_object({"metadata": {"name": "a"}, "spec": spec})
    assert host.groups == ("hardware", "hardware_available")
    assert "ansible_host" not in host.variables
    assert host.variables["hardware_ip_address"] == ""


@pytest.mark.parametrize("value", ["{{ x }}", "{% x %}", "{# x #}"])
def test_no_value_is_a_template(value):
    with pytest.raises(NetworkError, match="machine eksa-cp01: one of its values is a template"):
        from_object(hardware(iface_name=value, mac=value))
    with pytest.raises(NetworkError, match="machine eksa-cp01: one of its values is a template"):
        hosts(machine(bmc_username=value))
    assert hosts(machine(bmc_username="{x}"))[0].variables["hardware_bmc_username"] == "{x}"


def test_all_objects_of_a_namespace(api, cluster):
    api.lists[LIST] = [hardware(f"m{number}") for number in range(7)]
    api.page = 3
    assert [host.name for host in from_cluster(cluster, "eksa-system")] == [f"m{number}" for number in range(7)]
    assert {path for _method, path, _query in api.requests} == {LIST}


def test_a_cluster_without_hardware_is_not_the_management_cluster(cluster):
    with pytest.raises(NetworkError, match="has no Hardware in namespace eksa-system"):
        from_cluster(cluster, "eksa-system")


def test_a_user_who_may_not_list_hardware(api, cluster):
    api.answers[f"GET {LIST}"] = (403, {"message": "hardware.tinkerbell.org is forbidden"})
    with pytest.raises(Forbidden, match="is forbidden"):
        from_cluster(cluster, "eksa-system")
