# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPAM plugins: what each refuses, what it takes and breaks on, and which addresses it gives out."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_ipam import FIELDS, Context, check_ipam
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    DHCP,
    GONE,
    HOST_LOCAL,
    STATIC,
    WHEREABOUTS,
    edit,
    texts,
)

SETS = {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd00::/64"}]]}


def judge(ipam, version="0.3.1", **capabilities):
    report = Report()
    pools = check_ipam(ipam, "i", Context(version, capabilities), report)
    found, doubts = texts(report)
    return found, doubts, [str(pool) for pool in pools]


@pytest.mark.parametrize(
    ("ipam", "pools"),
    [
        (HOST_LOCAL, ["10.1.0.1 to 10.1.0.254"]),
        (edit(HOST_LOCAL, "rangeStart", "10.1.0.10"), ["10.1.0.10 to 10.1.0.254"]),
        ({**HOST_LOCAL, "rangeEnd": "10.1.0.20", "gateway": "10.1.0.254"}, ["10.1.0.1 to 10.1.0.20"]),
        (edit(HOST_LOCAL, "subnet", "10.1.0.0/30"), ["10.1.0.1 to 10.1.0.2"]),
        (edit(HOST_LOCAL, "subnet", "fd00::/126"), ["fd00::1 to fd00::3"]),
        (edit(HOST_LOCAL, "rangeEnd", None), ["10.1.0.1 to 10.1.0.254"]),
        ({**HOST_LOCAL, "dataDir": "/run/nets", "resolvConf": "/etc/r", "routes": []}, ["10.1.0.1 to 10.1.0.254"]),
        (SETS, ["10.1.0.1 to 10.1.0.254", "fd00::1 to fd00::ffff:ffff:ffff:ffff"]),
        (
            {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "10.2.0.0/24"}]]},
            ["10.1.0.1 to 10.1.0.254", "10.2.0.1 to 10.2.0.254"],
        ),
        (STATIC, ["10.1.0.5"]),
        (edit(STATIC, "addresses[0].address", "10.1.0.5/32"), ["10.1.0.5"]),
        (edit(STATIC, "addresses[0].gateway", "10.1.0.1"), ["10.1.0.5"]),
        (WHEREABOUTS, ["10.1.0.1 to 10.1.0.254"]),
        (edit(WHEREABOUTS, "range", "192.168.2.225/28"), ["192.168.2.225 to 192.168.2.238"]),
        (edit(WHEREABOUTS, "range", "192.168.2.230-192.168.2.233/28"), ["192.168.2.230 to 192.168.2.233"]),
        ({**WHEREABOUTS, "range_start": "10.1.0.9", "range_end": "10.1.0.11"}, ["10.1.0.9 to 10.1.0.11"]),
        (
            {**WHEREABOUTS, "exclude": ["10.1.0.0/25", "10.1.0.200"]},
            ["10.1.0.128 to 10.1.0.199", "10.1.0.201 to 10.1.0.254"],
        ),
        (
            {"type": "whereabouts", "ipRanges": [{"range": "10.1.0.0/24"}, {"range": "fd00::/120"}]},
            ["10.1.0.1 to 10.1.0.254", "fd00::1 to fd00::ff"],
        ),
        ({**WHEREABOUTS, "node_slice_size": "/26", "gateway": "10.1.0.1"}, ["10.1.0.1 to 10.1.0.254"]),
        (DHCP, []),
        (
            {
                **DHCP,
                "request": [{"option": "routers"}, {"skipDefault": True}],
                "provide": [{"option": "61", "value": "x"}],
            },
            [],
        ),
    ],
)
def test_what_is_right_and_which_addresses_it_gives_out(ipam, pools):
    assert judge(ipam)[0] == []
    assert judge(ipam)[2] == pools


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("subnet", "10.1.0.1/24", "i.subnet: it has host bits set (got 10.1.0.1/24). Write 10.1.0.0/24."),
        ("subnet", "10.1.0.0/31", "i.subnet: 10.1.0.0/31 is too small to give addresses out. Give at most a /30."),
        ("subnet", "10.1.0.0/32", "i.subnet: 10.1.0.0/32 is too small to give addresses out. Give at most a /30."),
        ("subnet", "fd00::/127", "i.subnet: fd00::/127 is too small to give addresses out. Give at most a /126."),
        ("subnet", "fd00::/128", "i.subnet: fd00::/128 is too small to give addresses out. Give at most a /126."),
        ("subnet", GONE, "i.subnet: host-local needs a subnet or ranges. Give the subnet of the pods' addresses."),
        ("subnet", 7, "i.subnet: it must be a string (got 7). Give a string."),
        ("rangeStart", "10.1.1.9", "i.rangeStart: 10.1.1.9 is outside 10.1.0.0/24. Give an address in the subnet."),
        ("rangeEnd", "10.1.1.9", "i.rangeEnd: 10.1.1.9 is outside 10.1.0.0/24. Give an address in the subnet."),
        ("rangeEnd", "fd00::9", "i.rangeEnd: fd00::9 is outside 10.1.0.0/24. Give an address in the subnet."),
        (
            "rangeStart",
            "10.1.0.0",
            "i.rangeStart: 10.1.0.0 is the network address of 10.1.0.0/24. Give a host's address.",
        ),
        (
            "rangeEnd",
            "10.1.0.255",
            "i.rangeEnd: 10.1.0.255 is the broadcast address of 10.1.0.0/24. Give a host's address.",
        ),
        (
            "rangeStart",
            "10.1.0.9/24",
            "i.rangeStart: it is not an IP address (got 10.1.0.9/24). Give the address without a prefix length.",
        ),
        (
            "rangeStart",
            "10.1.0.09",
            "i.rangeStart: it is not an IP address (got 10.1.0.09). Give an address, as 10.0.0.10.",
        ),
        ("gateway", "10.2.0.1", "i.gateway: 10.2.0.1 is outside 10.1.0.0/24. Give an address in the subnet."),
        (
            "gateway",
            "fd00::1",
            "i.gateway: fd00::1 is not of the family of 10.1.0.0/24. Give an address in the subnet.",
        ),
        (
            "range_start",
            "10.1.0.9",
            "i.range_start: host-local has no such field (got 10.1.0.9). Use rangeStart, if that is meant.",
        ),
        ("dataDir", "nets", "i.dataDir: it is not an absolute path (got nets). Give an absolute path."),
        (
            "ranges",
            {},
            "i.ranges: it must be a list of lists (got {}). Give a list of lists of ranges: the outer list is one "
            "address each, the inner one its alternatives.",
        ),
        ("ranges", [[]], "i.ranges[0]: the set is empty. Give a range, or remove the set."),
        ("ranges", [["x"]], "i.ranges[0][0]: it must be a mapping (got x). Give a range with its subnet."),
        ("ranges", [[{}]], "i.ranges[0][0].subnet: a range needs it. Give the subnet of the range."),
        (
            "ranges",
            [[{"subnet": "10.2.0.0/24", "rangestart": "x"}]],
            "i.ranges[0][0].rangestart: a range has no such field (got x). Use rangeStart, if that is meant.",
        ),
        (
            "ranges",
            [[{"subnet": "10.1.0.128/25"}]],
            "i.ranges[0][0]: 10.1.0.129 to 10.1.0.254 overlaps 10.1.0.1 to 10.1.0.254 of i. Give ranges that do not "
            "overlap.",
        ),
        (
            "routes",
            [{"dst": "10.20.0.0/16", "via": "10.1.0.1"}],
            "i.routes[0].via: a route has no such field (got 10.1.0.1). Its fields are: advmss, dst, gw, mtu, "
            "priority, scope, table.",
        ),
    ],
)
def test_host_local(path, value, error):
    assert judge(edit(HOST_LOCAL, path, value))[0] == [error]


@pytest.mark.parametrize(
    ("ipam", "error"),
    [
        (
            {**HOST_LOCAL, "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.8"},
            "i.rangeStart: 10.1.0.9 is after rangeEnd 10.1.0.8. Swap them.",
        ),
        (
            {**HOST_LOCAL, "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.9", "gateway": "10.1.0.9"},
            "i.rangeStart: the range holds only the gateway 10.1.0.9. Give a larger range.",
        ),
        (
            {**HOST_LOCAL, "rangeEnd": "10.1.0.1"},
            "i.rangeStart: the range holds only the gateway 10.1.0.1. Give a larger range.",
        ),
        (
            {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "fd00::/64"}]]},
            "i.ranges[0][1].subnet: a set cannot mix IPv4 and IPv6. Give each family a set of its own.",
        ),
        (
            {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "10.1.0.0/25"}]]},
            "i.ranges[0][1]: 10.1.0.1 to 10.1.0.126 overlaps 10.1.0.1 to 10.1.0.254 of i.ranges[0][0]. Give ranges "
            "that do not overlap.",
        ),
        (
            {"type": "host-local", "ranges": [{"subnet": "10.1.0.0/24"}]},
            'i.ranges: it must be a list of lists (got [{"subnet": "10.1.0.0/24"}]). Give a list of lists of ranges: '
            "the outer list is one address each, the inner one its alternatives.",
        ),
        (
            {**SETS, "rangeStart": "10.1.0.9"},
            "i.rangeStart: it is ignored beside ranges. Move it into the range it belongs to.",
        ),
    ],
)
def test_host_local_as_a_whole(ipam, error):
    assert judge(ipam)[0] == [error]


def test_ranges_that_come_with_the_pod_need_no_subnet():
    assert judge({"type": "host-local"}, ipRanges=True)[0] == []


def test_several_addresses_of_one_family():
    two = {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24"}], [{"subnet": "10.2.0.0/24"}]]}
    doubt = (
        "i.ranges: every pod gets an address of each set, so several of one family. Put ranges that are "
        "alternatives into "
    )
    assert judge(two)[:2] == ([], [doubt + "one inner list, unless that is meant."])
    assert judge(two, "0.2.0")[0] == ["i.ranges: CNI 0.2.0 has one address per family. Use cniVersion 0.3.1 or newer."]
    assert judge(SETS, "0.2.0")[:2] == ([], [])
    both = {**HOST_LOCAL, "ranges": SETS["ranges"][1:]}
    assert judge(both)[1] == [
        "i.ranges: every pod gets an address of subnet and one of each set here. Move subnet into ranges, unless that "
        "is meant."
    ]
    pair = edit(STATIC, "addresses", [{"address": "10.1.0.5/24"}, {"address": "10.1.0.6/24"}])
    assert judge(pair, "0.1.0")[0] == [
        "i.addresses: CNI 0.1.0 has one address per family. Use cniVersion 0.3.1 or newer."
    ]
    assert judge(pair)[0] == []


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (
            "addresses",
            GONE,
            "i.addresses: static needs at least one. Give addresses, or capabilities: {ips: true} where each pod's "
            "annotation gives them.",
        ),
        (
            "addresses[0].address",
            GONE,
            "i.addresses[0].address: an entry of addresses needs it. Give it as address/length: 10.0.0.10/24.",
        ),
        (
            "addresses[0].address",
            "10.1.0.5",
            "i.addresses[0].address: it is not an address with its prefix length (got 10.1.0.5). Give it as "
            "address/length: 10.0.0.10/24.",
        ),
        (
            "addresses[0].address",
            "10.1.0.0/24",
            "i.addresses[0].address: 10.1.0.0 is the network address of 10.1.0.0/24. Give a host's address.",
        ),
        (
            "addresses[0].address",
            "10.1.0.255/24",
            "i.addresses[0].address: 10.1.0.255 is the broadcast address of 10.1.0.0/24. Give a host's address.",
        ),
        (
            "addresses[0].gateway",
            "10.2.0.1",
            "i.addresses[0].gateway: 10.2.0.1 is outside 10.1.0.0/24. Give an address in the subnet.",
        ),
        (
            "addresses[0].gateway",
            "10.1.0.5",
            "i.addresses[0].gateway: 10.1.0.5 is the address itself. Give the address of the router.",
        ),
        ("address", "x", "i.address: static has no such field (got x). Use addresses, if that is meant."),
        (
            "addresses[0].gw",
            "x",
            "i.addresses[0].gw: an entry of addresses has no such field (got x). Its fields are: address, gateway.",
        ),
    ],
)
def test_static(path, value, error):
    assert judge(edit(STATIC, path, value))[0] == [error]


def test_static_addresses_are_for_one_pod_and_may_come_from_it():
    assert judge(STATIC)[1] == [
        "i.addresses: every pod gets the same addresses. Let only one pod at a time use the network."
    ]
    assert judge({"type": "static"}, ips=True) == ([], [], [])


@pytest.mark.parametrize(
    ("ipam", "error"),
    [
        ({"request": [{}]}, "i.request[0].option: an entry needs it. Give the name or the number of a DHCP option."),
        (
            {"provide": [{"option": "host"}]},
            "i.provide[0].option: dhcp knows no such option (got host). Use a number up to 255, or one of: "
            "dhcp-client-identifier, subnet-mask, routers, host-name, user-class, vendor-class-identifier.",
        ),
        (
            {"request": [{"option": "256"}]},
            "i.request[0].option: dhcp knows no such option (got 256). Use a number up to 255, or one of: "
            "dhcp-client-identifier, subnet-mask, routers, host-name, user-class, vendor-class-identifier.",
        ),
        (
            {"subnet": "10.1.0.0/24"},
            "i.subnet: dhcp has no such field (got 10.1.0.0/24). Its fields are: daemonSocketPath, priority, provide, "
            "request, skipDefaultOptions, type.",
        ),
    ],
)
def test_dhcp(ipam, error):
    assert judge({**DHCP, **ipam})[0] == [error]


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("range", GONE, "i.range: whereabouts needs a range or ipRanges. Give the range of the pods' addresses."),
        (
            "range",
            "10.1.0.0",
            "i.range: it is not a network (got 10.1.0.0). Give it as address/length, for example 10.0.0.0/24.",
        ),
        ("range", "10.1.0.0/31", "i.range: 10.1.0.0/31 is too small to give addresses out. Give at most a /30."),
        (
            "range",
            "10.1.0.20-10.1.0.10/24",
            "i.range: 10.1.0.20 is after 10.1.0.10. Swap the start and the end of the range.",
        ),
        ("range", "10.9.0.2-10.1.0.10/24", "i.range: 10.9.0.2 is outside 10.1.0.0/24. Give an address in the subnet."),
        ("range_start", "10.2.0.9", "i.range_start: 10.2.0.9 is outside 10.1.0.0/24. Give an address in the subnet."),
        ("range_end", "nine", "i.range_end: it is not an IP address (got nine). Give an address, as 10.0.0.10."),
        (
            "rangeStart",
            "10.1.0.9",
            "i.rangeStart: whereabouts has no such field (got 10.1.0.9). Use range_start, if that is meant.",
        ),
        (
            "exclude",
            ["10.2.0.0/25"],
            "i.exclude[0]: 10.2.0.0/25 is outside 10.1.0.0/24. Give a part of the range, or remove it.",
        ),
        (
            "exclude",
            ["x"],
            "i.exclude[0]: it is not a network (got x/32). Give it as address/length, for example 10.0.0.0/24.",
        ),
        ("exclude", ["10.1.0.0/24"], "i.exclude: nothing of the range is left. Exclude less."),
        (
            "ipRanges",
            [{}],
            "i.ipRanges[0].range: an entry of ipRanges needs it. Give the range of the pods' addresses.",
        ),
        ("gateway", "10.2.0.1", "i.gateway: 10.2.0.1 is outside 10.1.0.0/24. Give an address in the range's subnet."),
        (
            "node_slice_size",
            "/16",
            "i.node_slice_size: no slice of that size is in 10.1.0.0/24 (got /16). Give a length from 24 to 32.",
        ),
        ("node_slice_size", "many", "i.node_slice_size: it is not a prefix length (got many). Give it as /26."),
        (
            "log_level",
            "loud",
            "i.log_level: there is no such value (got loud). Use one of: debug, error, panic, verbose.",
        ),
    ],
)
def test_whereabouts(path, value, error):
    assert judge(edit(WHEREABOUTS, path, value))[0] == [error]


def test_what_belongs_to_a_range_is_not_ignored_without_one():
    assert judge({"type": "whereabouts", "range_start": "10.1.0.9"})[0] == [
        "i.range: whereabouts needs a range or ipRanges. Give the range of the pods' addresses.",
        "i.range_start: it is ignored without range. Give the range it belongs to.",
    ]


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_every_misspelt_field_is_named(kind):
    for name in FIELDS[kind]:
        found = judge(
            {
                **{"host-local": HOST_LOCAL, "static": STATIC, "whereabouts": WHEREABOUTS, "dhcp": DHCP}[kind],
                f"{name}x": "1",
            }
        )[0]
        assert found == [f"i.{name}x: {kind} has no such field (got 1). Use {name}, if that is meant."]
