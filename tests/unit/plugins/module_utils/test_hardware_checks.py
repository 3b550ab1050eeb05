# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of hardware.csv: each breaks one thing and sees just that."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import Group, check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import read
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import machine, table, texts, verdict

REFUSED_BY_EKS_ANYWHERE = {
    "hostname": ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a b", "ä", "a" * 254],
    "ip_address": ["", "x", "10.10.50.256", "10.10.50.02", " 10.10.50.2"],
    "netmask": [""],
    "gateway": ["", "x"],
    "nameservers": ["", "8.8.8.8|", "|8.8.8.8"],
    "mac": ["", "x", "cc:48:3a:00:00", "cc:48:3a:00:00:0g"],
    "disk": ["", "sda", "/dev/disk/by-id/x", "/dev/mapper/x", "/dev/md/0", "/dev/s a"],
    "labels": [
        *("type", "a=b=c", "type=cp|", "=cp", "a b=c", "a=b c", "-a=b", "a/b/c=d", "/a=b", "a=-b"),
        *(f"a={'b' * 64}", f"{'a' * 64}=b", f"{'a' * 254}/b=c"),
    ],
    "bmc_ip": ["", "x", "10.10.44"],
    "bmc_username": [""],
    "bmc_password": [""],
    "vlan_id": ["x", "0", "4095", "-1", "1.5", " 5"],
}
"""What eksctl anywhere v0.26.1 refuses, tried with its own reader and validator, in a file that it takes otherwise."""
ACCEPTED_BY_EKS_ANYWHERE = {
    "hostname": ["a" * 64],
    "ip_address": [
        "fd00::2",
        "10.10.50.0",
        "10.10.51.255",
        "127.0.0.1",
        "0.0.0.0",
        "169.254.1.1",
        "224.0.0.1",
        "240.0.0.1",
    ],
    "netmask": ["24", "/24", "255.0.255.0", "0.0.0.255", "0.0.0.0", " 255.255.254.0", "x"],
    "gateway": ["fd00::1", "10.10.60.1", "10.10.50.2", "10.10.50.0", "10.10.51.255"],
    "nameservers": ["ns1", "8.8.8.8| 8.8.4.4", "fd00::1", "127.0.0.53", "0.0.0.0"],
    "mac": [
        *("cc-48-3a-00-00-01", "cc48.3a00.0001", "02:00:5e:10:00:00:00:01"),
        *("01:48:3a:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"),
    ],
    "disk": ["/dev/a/dev/b", "/dev/sda1", "/dev/vdb12", "/dev/nvme0n1p1", "/dev/mmcblk0p2"],
    "labels": [
        "type=cp|type=worker",
        "v1alpha1.tinkerbell.org/ownerName=x",
        "v1alpha1.tinkerbell.org/ownerNamespace=x",
    ],
    "bmc_ip": ["fd00::3", "127.0.0.1", "10.10.50.2", "169.254.0.1"],
    "vlan_id": ["+5", "007"],
}
"""What it takes, and what ends in a machine that cannot be used."""
WRONG = [
    pytest.param(column, value, id=f"{column}-{value[:20]}")
    for table_ in (REFUSED_BY_EKS_ANYWHERE, ACCEPTED_BY_EKS_ANYWHERE)
    for column, values in table_.items()
    for value in values
]


def one(**columns):
    """Machines and problems of a file of which one machine has these columns."""
    return verdict(table(machine(2), machine(1, **columns)))


@pytest.mark.parametrize(("column", "value"), WRONG)
def test_refused(column, value):
    machines, problems = one(**{column: value})
    assert [entry.hostname for entry in machines] == ["eksa-cp02"]
    assert {(problem.line, problem.column) for problem in problems} == {(3, column)}
    assert {problem.hostname for problem in problems} == {value if column == "hostname" else "eksa-cp01"}
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("hostname", "a"),
        ("hostname", "a.b-c.9"),
        ("hostname", "a" * 63),
        ("netmask", "255.255.255.0"),
        ("netmask", "255.0.0.0"),
        ("netmask", "255.255.255.248"),
        ("nameservers", "169.254.169.253"),
        ("mac", "CC:48:3A:00:00:01"),
        ("mac", "02:00:00:00:00:00"),
        ("disk", "/dev/nvme0n1"),
        ("disk", "/dev/mmcblk0"),
        ("disk", "/dev/a_b-c"),
        ("labels", ""),
        ("labels", "type="),
        ("labels", " type = cp |a.b/c=D_e.f"),
        ("vlan_id", "1"),
        ("vlan_id", "4094"),
        ("vlan_id", ""),
        ("bmc_password", ' a,"b" '),
    ],
)
def test_taken(column, value):
    machines, problems = one(**{column: value})
    assert problems == []
    assert len(machines) == 2


def test_messages():
    def said(**columns):
        (problem,) = one(**columns)[1]
        return str(problem).partition(": ")[2]

    assert said(mac="CC-48-3A-00-00-01") == (
        "it is no MAC address as Tinkerbell takes it (got cc-48-3a-00-00-01). Write it as cc:48:3a:00:00:01."
    )
    assert said(netmask="24") == "it is no netmask (got 24). Write it as 255.255.255.0."
    assert said(gateway="10.10.60.1") == (
        "10.10.60.1 is outside the machine's subnet 10.10.50.0/23. "
        "Give an address in the subnet, or correct netmask or ip_address."
    )
    assert said(gateway="10.10.50.2").startswith("it is the machine's own address (got 10.10.50.2)")
    assert said(gateway="10.10.51.255").startswith(
        "10.10.51.255 is the first or last address of the subnet 10.10.50.0/23"
    )
    assert said(ip_address="10.10.50.0").startswith(
        "10.10.50.0 is the first or last address of the subnet 10.10.50.0/23"
    )
    assert said(ip_address="127.0.0.1").startswith("it is a loopback address (got 127.0.0.1)")
    assert said(bmc_ip="fd00::3").startswith("EKS Anywhere has no IPv6 on bare metal (got fd00::3)")
    assert said(disk="/dev/sda1") == "it is a partition (got /dev/sda1). Give the whole disk."
    assert said(bmc_username="") == (
        "a machine with bmc_ip needs it. Give it, or leave bmc_ip, bmc_username, bmc_password all empty."
    )
    assert said(labels="a=b=c").startswith("it is no label (got a=b=c)")
    assert said(labels="type=cp|type=x").startswith("the label is there twice (got type)")


def test_all_at_once_in_the_order_of_lines():
    problems = verdict(table(machine(1, netmask="24", vlan_id="x"), machine(2), machine(3, mac="")))[1]
    assert texts(problems) == [
        (2, "netmask", "it is no netmask (got 24)"),
        (2, "vlan_id", "it is no VLAN"),
        (4, "mac", "a machine needs it"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("mac", "hunter2", False),
        ("ip_address", "hunter2", False),
        ("netmask", "hunter2", False),
        ("nameservers", "hunter2", False),
        ("vlan_id", "hunter2", False),
        ("disk", "hunter2", False),
        ("labels", "hunter2", False),
        ("vlan_id", "9999", True),
        ("mac", "cc48.3a00.0001", True),
        ("gateway", "10.10.60.1", True),
    ],
)
def test_a_part_of_a_password_in_the_next_column_is_not_shown(column, value, shown):
    (problem,) = one(**{column: value})[1]
    assert (value in str(problem)) == shown


@pytest.mark.parametrize("column", ["hostname", "disk", "bmc_password", "labels"])
def test_control_characters(column):
    (first, *_others) = one(**{column: f"{machine()[column]}\x07"})[1]
    assert first.column == column
    assert "it has a character that cannot be seen" in {problem.message for problem in one(**{column: "a\tb"})[1]}


@pytest.mark.parametrize("given", ["bmc_ip", "bmc_username", "bmc_password"])
def test_a_bmc_is_given_whole(given):
    columns = {name: "" for name in ("bmc_ip", "bmc_username", "bmc_password") if name != given}
    problems = one(**columns)[1]
    assert [(problem.column, problem.message) for problem in problems] == [
        (name, f"a machine with {given} needs it") for name in sorted(columns)
    ]


def test_a_machine_may_have_no_bmc():
    assert one(bmc_ip="", bmc_username="", bmc_password="")[1] == []


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("hostname", "eksa-cp02", "it is the hostname of line 2 (eksa-cp02) too (got eksa-cp02)"),
        ("mac", "CC:48:3A:00:00:02", "it is the mac of line 2 (eksa-cp02) too (got cc:48:3a:00:00:02)"),
        ("ip_address", "10.10.50.3", "it is the ip_address of line 2 (eksa-cp02) too (got 10.10.50.3)"),
        ("bmc_ip", "10.10.44.2", "it is the bmc_ip of line 2 (eksa-cp02) too (got 10.10.44.2)"),
        ("bmc_ip", "10.10.50.3", "it is the ip_address of line 2 (eksa-cp02) too (got 10.10.50.3)"),
        ("bmc_ip", "10.10.50.1", "10.10.50.1 is the gateway of line 2 (eksa-cp02)"),
    ],
)
def test_given_twice(column, value, message):
    assert texts(one(**{column: value})[1]) == [(3, column, message)]


def test_an_address_that_is_the_gateway_of_another_machine():
    other = {"ip_address": "10.10.50.9", "gateway": "10.10.50.2"}
    problems = verdict(table(machine(1), machine(2, **other)))[1]
    assert texts(problems) == [(2, "ip_address", "10.10.50.2 is the gateway of line 3 (eksa-cp02)")]


def test_a_bmc_that_has_the_address_of_the_machine_s_own_gateway():
    problems = verdict(table(machine(bmc_ip="10.10.50.1")))[1]
    assert texts(problems) == [(2, "bmc_ip", "10.10.50.1 is the gateway of line 2 (eksa-cp01)")]


def test_point_to_point_subnets_have_no_edges():
    columns = {"ip_address": "10.10.60.2", "gateway": "10.10.60.3", "netmask": "255.255.255.254"}
    assert one(**columns)[1] == []


@pytest.mark.parametrize(
    ("interfaces", "found"),
    [
        ([{"name": "eth1", "mac": "cc:48:3a:00:01:01", "ip_address": "10.20.0.2"}, {"name": "bond0"}], []),
        ([{"mac": "CC:48:3A:00:00:01"}], ["interfaces[0].mac"]),
        ([{"mac": "cc:48:3a:00:00:02"}], ["interfaces[0].mac"]),
        ([{}, {"mac": "cc-48-3a-00-00-09"}], ["interfaces[1].mac"]),
        ([{"mac": "cc:48:3a:00:01:01"}, {"mac": "cc:48:3a:00:01:01"}], ["interfaces[1].mac"]),
        ([{"ip_address": "10.10.50.3"}], ["interfaces[0].ip_address"]),
        ([{"ip_address": "10.10.50.1"}], ["interfaces[0].ip_address"]),
    ],
)
def test_other_nics_are_checked_against_all_machines(interfaces, found):
    rows, _problems = read([machine(2), machine(1, interfaces=interfaces)])
    machines, problems = check(rows)
    assert [problem.path for problem in problems] == [f"machines[1].{path}" for path in found]
    assert found or machines[1].interfaces == tuple(interfaces)


CP, WORKERS = Group("cp", {"type": "cp"}, 1), Group("workers", {"type": "worker"}, 1)
MIXED = table(machine(1), machine(2, labels="type=worker|rack=r1"), machine(3, labels=""))


def test_groups_that_fit():
    machines, problems = verdict(MIXED, [CP, WORKERS])
    assert (len(machines), problems) == (3, [])


@pytest.mark.parametrize("count", [2, 5])
def test_too_few_machines_for_a_group(count):
    problems = verdict(MIXED, [CP, Group("workers", {"type": "worker"}, count)])[1]
    assert [str(problem) for problem in problems] == [
        f"groups[1].count: machines with type=worker are too few for workers (got 1, wanted {count}). "
        "Add machines, or give the label to more of them."
    ]


def test_groups_with_the_same_selector_need_their_machines_together():
    groups = [WORKERS, Group("more", {"type": "worker"}, 1)]
    problems = verdict(MIXED, groups)[1]
    assert [problem.path for problem in problems] == ["groups[0].count", "groups[1].count"]
    assert "too few for workers and more (got 1, wanted 2)" in problems[0].message
    both = table(machine(1, labels="type=worker"), machine(2, labels="type=worker"))
    assert verdict(both, groups)[1] == []


def test_a_machine_that_several_groups_select():
    problems = verdict(MIXED, [CP, WORKERS, Group("rack", {"rack": "r1"}, 1)])[1]
    assert texts(problems) == [
        (3, "labels", "several groups select the machine: workers (type=worker) and rack (rack=r1)")
    ]


@pytest.mark.parametrize("selector", [{}, {"type": "cp", "rack": "r1"}])
def test_a_selector_is_one_label(selector):
    problems = verdict(MIXED, [Group("cp", selector, 1), WORKERS])[1]
    assert [problem.path for problem in problems] == ["groups[0].selector"]
