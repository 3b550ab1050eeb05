# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hardware.csv: what is read from a file and from options, and what is written."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import (
    COLUMNS,
    HardwareProblem,
    decode,
    parse,
    read,
    render,
    split,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import (
    HEAD,
    PASSWORD,
    SOURCE,
    machine,
    table,
    texts,
    verdict,
)

REQUIRED = ("hostname", "ip_address", "netmask", "gateway", "nameservers", "mac", "disk", "labels")


def problems(text):
    return texts(verdict(text)[1])


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a,b", ["a", "b"]),
        ("a,,", ["a", "", ""]),
        (",", ["", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('"",""', ["", ""]),
        (' a ,"b "', [" a ", "b "]),
        ('a"b', None),
        ('"a"b,c', None),
        ('"a', None),
        ('a,"', None),
        (' "a"', None),
    ],
)
def test_quotes_are_those_of_go(line, fields):
    assert split(line) == fields


@pytest.mark.parametrize("column", REQUIRED)
def test_a_required_column_is_missing(column):
    text = table(machine(), columns=[name for name in COLUMNS if name != column])
    assert problems(text) == [(1, column, "the column is missing")]


def test_columns_that_no_machine_needs_may_be_missing():
    machines, found = verdict(table(machine(), columns=REQUIRED))
    assert found == []
    assert (machines[0].bmc_ip, machines[0].bmc_password, machines[0].vlan_id) == ("", "", "")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bmcip", "bmc_ip"),
        ("vlanid", "vlan_id"),
        ("VLAN_ID", "vlan_id"),
        ("hostnme", "hostname"),
        ("bmc_pasword", "bmc_password"),
        (" disk", "disk"),
        ("nameserver", "nameservers"),
    ],
)
def test_a_misspelt_column_is_one_error_and_its_values_are_checked(name, meant):
    wrong = {"disk": "sda", "hostname": "A", "nameservers": "x"}.get(meant, "")
    head = HEAD.split(",")
    head[head.index(meant)] = name
    machines, found = verdict(table(machine(), machine(2, **{meant: wrong})).replace(HEAD, ",".join(head)))
    assert texts(found)[0] == (1, name, "EKS Anywhere has no such column")
    assert found[0].hint == f"Use {meant}, if that is meant"
    assert {problem.column for problem in found[1:]} == ({meant} if wrong or meant.startswith("bmc") else set())


def test_an_unknown_column_is_an_error_and_all_columns_are_named():
    _machines, (found,) = verdict(table(machine(comment="x"), columns=[*COLUMNS, "comment"]))
    assert (found.line, found.column) == (1, "comment")
    assert all(name in found.hint for name in COLUMNS)


def test_a_column_twice():
    columns = [*COLUMNS, "disk"]
    assert problems(table(machine(), columns=columns)) == [(1, "disk", "the column is there twice")]


def test_a_file_without_its_first_line_shows_nothing_of_it():
    text = table(machine()).partition("\n")[2]
    _machines, (found,) = verdict(text)
    assert (found.line, found.message) == (1, "it is not the line with the names of the columns")
    assert PASSWORD not in str(found)


@pytest.mark.parametrize("text", ["", "\n\n", HEAD.replace(",", ";"), "hostname"[:4]])
def test_no_first_line(text):
    assert [message for _line, _column, message in problems(text)] == [
        "it is not the line with the names of the columns"
    ]


def test_no_machines():
    assert problems(f"{HEAD}\n") == [(1, "", "there are no machines below it")]
    assert [str(problem) for problem in read([])[1]] == ["machines: there are none. Give at least one machine."]


def test_lines_that_cannot_be_read_show_nothing_and_hide_no_other():
    lines = table(machine(), machine(2), machine(3, disk="sda")).splitlines()
    lines[1] += ",more"
    lines[2] = lines[2].replace(PASSWORD, f'{PASSWORD}"')
    _machines, found = verdict("\n".join(lines))
    assert texts(found) == [
        (2, "", "the number of fields is not that of the columns (got 13, wanted 12)"),
        (3, "", "its quotes do not match, or a field goes over several lines"),
        (4, "disk", "it is no disk"),
    ]
    assert PASSWORD not in "".join(map(str, found))


def test_empty_lines_and_ends_of_windows_are_read_and_counted():
    lines = table(machine(), machine(2, disk="sda")).splitlines()
    text = "\r\n".join(["", lines[0], "", lines[1], lines[2], "", ""])
    assert problems(text) == [(5, "disk", "it is no disk")]


def test_a_place_says_file_line_host_and_column():
    _machines, (found,) = verdict(table(machine(disk="/dev/disk/x")))
    assert str(found).startswith("hardware.csv:2 (eksa-cp01) disk: it is no disk (got /dev/disk/x). ")
    assert found.as_dict() == {
        "path": "hardware.csv:2 (eksa-cp01) disk",
        "message": "it is no disk (got /dev/disk/x)",
        "hint": "Give the device itself, such as /dev/sda: EKS Anywhere takes no links below /dev/disk",
        "line": 2,
        "hostname": "eksa-cp01",
        "column": "disk",
    }
    _machines, (found,) = verdict(table(machine(hostname="")))
    assert found.path == "hardware.csv:2 hostname"


def test_problems_are_in_the_order_of_lines():
    found = [HardwareProblem(f"f:{line}", "b", order=line) for line in (10, 9, 100)]
    assert [problem.path for problem in NetworkError(found).problems] == ["f:9", "f:10", "f:100"]


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"\xef\xbb\xbfhostname\n", 1, "it begins with a byte order mark"),
        (b"hostname\na\n\xe4\n", 3, "it is not UTF-8"),
    ],
)
def test_not_the_text_eks_anywhere_reads(data, line, message):
    with pytest.raises(NetworkError, match=message) as caught:
        decode(data, SOURCE)
    assert [problem.line for problem in caught.value.problems] == [line]
    assert decode("ä\n".encode(), SOURCE) == "ä\n"


def options(*entries):
    rows, found = read(entries)
    machines, more = check(rows)
    return machines, sorted([*found, *more])


def test_options_take_lists_mappings_and_numbers():
    given = machine(nameservers=["8.8.8.8", "8.8.4.4"], labels={"type": "cp", "rack": 7}, vlan_id=50)
    machines, found = options(given)
    assert found == []
    assert (machines[0].nameservers, machines[0].vlan_id) == (("8.8.8.8", "8.8.4.4"), "50")
    assert machines[0].labels == {"type": "cp", "rack": "7"}
    assert options(machine(labels="type=cp|rack=7"))[0] == machines


def test_what_is_returned_can_be_given_again():
    given = machine(bmc_ip="", bmc_username="", bmc_password="", interfaces=[{"name": "eth1"}])
    machines, _found = options(given)
    assert options(machines[0].as_dict())[0] == machines
    assert "bmc_password" not in machines[0].as_dict()


def test_nothing_given_is_needed_or_empty():
    machines, found = options(dict.fromkeys(COLUMNS), {})
    assert machines == []
    assert [problem.column for problem in found if problem.order == 0] == sorted(set(REQUIRED) - {"labels"})
    assert {problem.message for problem in found} == {"a machine needs it"}
    assert {problem.line for problem in found} == {None}


@pytest.mark.parametrize(
    ("columns", "column", "message"),
    [
        ({"bmcip": "x"}, "bmcip", "a machine has no such column"),
        ({"ip_address": 10}, "ip_address", "it must be a string (got 10)"),
        ({"hostname": ["a"]}, "hostname", 'it must be a string (got ["a"])'),
        ({"vlan_id": True}, "vlan_id", "it must be a string (got true)"),
        ({"nameservers": {"a": 1}}, "nameservers", 'it must be a list of strings (got {"a": 1})'),
        ({"nameservers": [8]}, "nameservers", "every entry must be a string without |"),
        ({"nameservers": ["8.8.8.8|8.8.4.4"]}, "nameservers", "every entry must be a string without |"),
        ({"labels": ["type=cp"]}, "labels", 'it must be a mapping of strings (got ["type=cp"])'),
        ({"labels": {"type": True}}, "labels", "every value must be a string"),
        ({"labels": {"type": {}}}, "labels", "every value must be a string"),
        ({"labels": {"a": "b=c"}}, "labels", "a label cannot have a = in it"),
        ({"labels": {"a": "b|c"}}, "labels", "every entry must be a string without |"),
        ({"bmc_password": 12345678}, "bmc_password", "it must be a string"),
        ({"interfaces": {"name": "eth1"}}, "interfaces", "it must be a list of mappings"),
        ({"interfaces": ["eth1"]}, "interfaces", "it must be a list of mappings"),
    ],
)
def test_options_of_another_kind(columns, column, message):
    machines, found = options(machine() | columns)
    assert [(problem.path, problem.message) for problem in found] == [(f"machines[0].{column}", message)]
    assert found[0].hostname in ("eksa-cp01", "")
    assert "12345678" not in str(found[0])


def test_an_entry_that_is_no_mapping():
    rows, found = read(["x", machine()])
    assert [str(problem) for problem in found] == ["machines[0]: it must be a mapping. Give its columns by name."]
    assert [row.number for row in rows] == [1]


def test_written_is_one_form():
    given = table(
        machine(2, mac="CC:48:3A:00:00:02", labels=" type = cp | a=b|c=", bmc_password='a,"b"'), machine(1, vlan_id="")
    )
    machines, found = verdict(given)
    assert found == []
    assert render(machines) == (
        f"{HEAD}\n"
        'eksa-cp02,10.10.44.2,root,"a,""b""",cc:48:3a:00:00:02,10.10.50.3,255.255.254.0,10.10.50.1,'
        "8.8.8.8|8.8.4.4,a=b|c=|type=cp,/dev/sda,50\n"
        f"eksa-cp01,10.10.44.1,root,{PASSWORD}1,cc:48:3a:00:00:01,10.10.50.2,255.255.254.0,10.10.50.1,"
        "8.8.8.8|8.8.4.4,type=cp,/dev/sda,\n"
    )


def test_columns_that_no_machine_uses_are_not_written():
    none = dict.fromkeys(("bmc_ip", "bmc_username", "bmc_password", "vlan_id"), "")
    machines, _found = verdict(table(machine(**none)))
    assert render(machines).partition("\n")[0] == "hostname,mac,ip_address,netmask,gateway,nameservers,labels,disk"
    machines, _found = verdict(table(machine(**none), machine(2)))
    assert render(machines).partition("\n")[0] == HEAD


def test_a_password_is_in_no_representation():
    machines, _found = verdict(table(machine()))
    rows, _problems = parse(table(machine()), SOURCE)
    assert PASSWORD in machines[0].bmc_password
    assert PASSWORD not in f"{machines[0]!r}{machines[0].as_dict()}{rows[0]}{rows[0]!r}"
