# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws that hold for any right hardware.csv: what is written is read again, and one wrong cell is one wrong machine."""

from __future__ import annotations

import csv
import io
import json
from ipaddress import IPv4Interface, IPv4Network

from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_checks import check
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_csv import COLUMNS, OPTIONAL, read, render
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_file import hidden, passwords
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_hosts import from_csv
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import MASKS
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import SOURCE, machine, table, verdict
from hypothesis import assume, given
from hypothesis import strategies as st

LABELS = st.lists(st.sampled_from(["type=cp", "rack=", "a.b/C_d=1.2-3", "x=Y"]), max_size=3, unique=True)
SERVERS = st.lists(st.sampled_from(["8.8.8.8", "1.1.1.1", "10.10.50.1"]), min_size=1, max_size=3)
SECRET = st.text(st.sampled_from("aZ9 ,\"'|=;\\äß($"), min_size=1, max_size=6)
WRONG = [
    *[("hostname", text) for text in ("", "A", "a_b", "-")],
    *[("ip_address", text) for text in ("", "10.0.0", "fd00::1", "10.10.50.0")],
    *[("netmask", text) for text in ("", "24", "255.0.255.0")],
    *[("gateway", text) for text in ("", "10.10.90.1", "10.10.51.255")],
    *[("nameservers", text) for text in ("", "8.8.8.8|", "ns1")],
    *[("mac", text) for text in ("", "cc-48-3a-00-00-63", "02:00:5e:10:00:00:00:01")],
    *[("labels", text) for text in ("type", "a=b=c", "a=b|a=c")],
    *[("disk", text) for text in ("", "sda", "/dev/sda1")],
    *[("vlan_id", text) for text in ("0", "x")],
]


@st.composite
def machines(draw, low=1):
    """Right machines, each text by column, all different where they have to be."""
    found = []
    for number in draw(st.lists(st.integers(1, 99), min_size=low, max_size=4, unique=True)):
        columns = {
            "labels": "|".join(draw(LABELS)),
            "nameservers": "|".join(draw(SERVERS)),
            "disk": draw(st.sampled_from(["/dev/sda", "/dev/nvme0n1"])),
            "vlan_id": draw(st.one_of(st.just(""), st.integers(1, 4094).map(str))),
            "bmc_username": draw(SECRET),
            "bmc_password": draw(SECRET),
        }
        if draw(st.booleans()):
            columns["mac"] = machine(number)["mac"].upper()
        if draw(st.booleans()):
            columns |= dict.fromkeys(("bmc_ip", "bmc_username", "bmc_password"), "")
        found.append(machine(number, **columns))
    return found


def right(text):
    found, problems = verdict(text)
    assert problems == []
    return found


@given(machines())
def test_what_is_written_is_read_again(given_machines):
    found = right(table(*given_machines))
    text = render(found)
    assert right(text) == found
    assert render(right(text)) == text
    for entry, row in zip(found, given_machines, strict=True):
        pairs = filter(None, row["labels"].split("|"))
        assert entry.labels == dict(pair.split("=") for pair in pairs)
        assert {**entry.cells(), "labels": ""} == {**row, "mac": row["mac"].lower(), "labels": ""}


@given(machines(), st.permutations(COLUMNS), st.sampled_from(["\n", "\r\n"]))
def test_order_of_columns_quotes_and_ends_of_lines_mean_nothing(given_machines, columns, end):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([columns, *([row[name] for name in columns] for row in given_machines)])
    assert right(text.getvalue()) == right(table(*given_machines))


@given(machines())
def test_options_mean_what_a_file_means(given_machines):
    rows, problems = read(given_machines)
    assert problems == []
    found, more = check(rows)
    assert (found, more) == (right(table(*given_machines)), [])


@given(machines(low=2), st.data())
def test_the_order_of_machines_stays(given_machines, data):
    mixed = data.draw(st.permutations(given_machines))
    by_name = {entry.hostname: entry for entry in right(table(*given_machines))}
    assert right(table(*mixed)) == [by_name[row["hostname"]] for row in mixed]


@given(machines(), st.data(), st.sampled_from(WRONG))
def test_one_wrong_cell_is_one_wrong_machine(given_machines, data, wrong):
    column, text = wrong
    place = data.draw(st.integers(0, len(given_machines) - 1))
    broken = [row | {column: text} if number == place else row for number, row in enumerate(given_machines)]
    found, problems = verdict(table(*broken))
    assert {(problem.line, problem.column) for problem in problems} == {(place + 2, column)}
    assert found == [entry for number, entry in enumerate(right(table(*given_machines))) if number != place]


@given(machines(low=2), st.data(), st.sampled_from(["hostname", "mac", "ip_address"]))
def test_what_is_given_twice_is_wrong_at_the_second(given_machines, data, column):
    first, second = sorted(data.draw(st.permutations(range(len(given_machines))))[:2])
    broken = [dict(row) for row in given_machines]
    broken[second][column] = broken[first][column]
    _found, problems = verdict(table(*broken))
    assert [(problem.line, problem.column) for problem in problems] == [(second + 2, column)]
    assert f"line {first + 2} (" in problems[0].message


@given(machines(), st.lists(st.sampled_from(OPTIONAL)))
def test_a_column_that_nobody_uses_may_be_missing(given_machines, dropped):
    columns = [name for name in COLUMNS if name not in dropped or any(row[name] for row in given_machines)]
    assert right(table(*given_machines, columns=columns)) == right(table(*given_machines))


@given(
    st.ip_addresses(v=4, network="10.0.0.0/8"), st.ip_addresses(v=4, network="10.0.0.0/8"), st.sampled_from([*MASKS])
)
def test_a_gateway_is_another_address_of_the_subnet(address, gateway, mask):
    network = IPv4Interface(f"{address}/{mask}").network
    edges = {network.network_address, network.broadcast_address} if network.prefixlen < 31 else set()
    fits = gateway in network and gateway != address and not edges & {address, gateway}
    columns = {"ip_address": str(address), "gateway": str(gateway), "netmask": mask, "bmc_ip": "172.16.0.1"}
    assert (verdict(table(machine(**columns)))[1] == []) == fits


@given(st.integers(0, 0xFFFFFFFF))
def test_a_netmask_is_one_of_a_prefix(bits):
    text = ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))
    known = {str(IPv4Network(f"0.0.0.0/{size}").netmask) for size in range(1, 33)}
    problems = verdict(table(machine(netmask=text)))[1]
    assert ("netmask" in {problem.column for problem in problems}) == (text not in known)


@given(machines(), st.data())
def test_a_password_is_in_nothing_but_the_file(given_machines, data):
    marked = [
        row | {"bmc_password": row["bmc_password"] and f"pass:word{row['bmc_password']}"} for row in given_machines
    ]
    assume(any(row["bmc_password"] for row in marked))
    text = table(*marked)
    found = right(text)
    hosts = from_csv(text.encode(), SOURCE)
    shown = hidden(render(found), passwords(text))
    broken = table(*(row | dict([data.draw(st.sampled_from(WRONG))]) for row in marked))
    said = "".join(str(problem.as_dict()) for problem in verdict(broken)[1])
    for part in (
        shown,
        hidden(broken, {}),
        said,
        json.dumps([entry.as_dict() for entry in found]),
        str(hosts),
        repr(found),
    ):
        assert "pass:word" not in part
    assert "pass:word" in render(found)
