# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, networks, pools and routes, read as the plugins read them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_addresses import (
    Pool,
    check_gateway,
    check_routes,
    is_edge,
    parse_address,
    parse_interface,
    parse_network,
    subtract,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.cni_fields import Report
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import texts

NET = ip_network("10.1.0.0/24")


def pool(first, last, gateway=None, network=NET):
    return Pool("p", "p.subnet", network, int(ip_address(first)), int(ip_address(last)), gateway)


@pytest.mark.parametrize("value", ["10.1.0.0/24", "10.1.0.01", "10.1.0", "fe80::1%eth0", "x", "", 5, None])
def test_what_is_no_address(value):
    report = Report()
    assert parse_address(value, "f", report) is None
    assert report.errors[0].message.startswith("it is not an IP address (got ")


def test_an_address_with_a_length_gets_its_own_hint():
    report = Report()
    parse_address("10.1.0.5/24", "f", report)
    assert texts(report)[0] == [
        "f: it is not an IP address (got 10.1.0.5/24). Give the address without a prefix length."
    ]


@pytest.mark.parametrize("value", ["10.1.0.5", "10.1.0.0/255.255.255.0", "10.1.0.0/33", "10.1.0.0/", "x/24", 7, None])
def test_what_is_no_network(value):
    report = Report()
    assert parse_network(value, "f", report) is None
    assert parse_interface(value, "f", report) is None
    assert [problem.path for problem in report.errors] == ["f", "f"]


def test_an_ipv4_network_is_not_written_as_ipv6():
    report = Report()
    assert parse_network("::ffff:10.1.0.0/120", "f", report) is None
    assert report.errors[0].message == "it is not a network (got ::ffff:10.1.0.0/120)"


def test_host_bits_are_refused_and_the_network_named():
    report = Report()
    assert parse_network("10.1.0.5/24", "f", report) is None
    assert texts(report)[0] == ["f: it has host bits set (got 10.1.0.5/24). Write 10.1.0.0/24."]
    assert parse_network("10.1.0.5/24", "f", report, host_bits=True) == NET
    assert parse_interface("10.1.0.5/24", "f", report) == (ip_address("10.1.0.5"), NET)
    assert len(report.errors) == 1


@pytest.mark.parametrize(
    ("gateway", "message"),
    [
        ("10.2.0.1", "10.2.0.1 is outside 10.1.0.0/24"),
        ("fd00::1", "fd00::1 is not of the family of 10.1.0.0/24"),
        ("10.1.0.0", "10.1.0.0 is the network address of 10.1.0.0/24"),
        ("10.1.0.255", "10.1.0.255 is the broadcast address of 10.1.0.0/24"),
        ("10.1.0.1/24", "it is not an IP address (got 10.1.0.1/24)"),
    ],
)
def test_a_gateway_is_a_host_of_the_network(gateway, message):
    report = Report()
    assert check_gateway(gateway, NET, "f", report) is None
    assert [problem.message for problem in report.errors] == [message]
    assert check_gateway("10.1.0.254", NET, "f", report) == ip_address("10.1.0.254")


@pytest.mark.parametrize(
    ("address", "network", "edge"),
    [
        ("10.1.0.0", "10.1.0.0/24", "network address"),
        ("10.1.0.255", "10.1.0.0/24", "broadcast address"),
        ("10.1.0.1", "10.1.0.0/24", ""),
        ("10.1.0.0", "10.1.0.0/31", ""),
        ("10.1.0.0", "10.1.0.0/32", ""),
        ("fd00::", "fd00::/64", "network address"),
        ("fd00::ffff:ffff:ffff:ffff", "fd00::/64", ""),
    ],
)
def test_edges_of_a_network(address, network, edge):
    assert is_edge(ip_address(address), ip_network(network)) == edge


def test_a_pool_says_what_it_gives_out():
    assert str(pool("10.1.0.1", "10.1.0.9")) == "10.1.0.1 to 10.1.0.9"
    assert str(pool("10.1.0.1", "10.1.0.1")) == "10.1.0.1"
    assert pool("10.1.0.1", "10.1.0.9", ip_address("10.1.0.1")).usable == 8
    assert pool("10.1.0.1", "10.1.0.9", ip_address("10.1.0.100")).usable == 9


@pytest.mark.parametrize(
    ("holes", "left"),
    [
        ([], ["10.1.0.1 to 10.1.0.254"]),
        (["10.1.0.0/25"], ["10.1.0.128 to 10.1.0.254"]),
        (["10.1.0.128/25"], ["10.1.0.1 to 10.1.0.127"]),
        (["10.1.0.64/32", "10.1.0.32/27"], ["10.1.0.1 to 10.1.0.31", "10.1.0.65 to 10.1.0.254"]),
        (["10.1.0.0/24"], []),
        (["10.9.0.0/24", "fd00::/64"], ["10.1.0.1 to 10.1.0.254"]),
    ],
)
def test_what_excluded_networks_leave(holes, left):
    found = subtract(pool("10.1.0.1", "10.1.0.254"), [ip_network(hole) for hole in holes])
    assert [str(part) for part in found] == left


@pytest.mark.parametrize(
    ("route", "error"),
    [
        (
            {"gw": "10.1.0.1"},
            "i.routes[0].dst: a route needs it. Give the network behind the route, for example 10.20.0.0/16.",
        ),
        ({"dst": "10.20.0.1/16"}, "i.routes[0].dst: it has host bits set (got 10.20.0.1/16). Write 10.20.0.0/16."),
        (
            {"dst": "10.20.0.0/16", "gw": "10.9.0.1"},
            "i.routes[0].gw: 10.9.0.1 is outside 10.1.0.0/24. Give a gateway that is in the subnet of the pods.",
        ),
        (
            {"dst": "10.20.0.0/16", "gw": "fd00::1"},
            "i.routes[0].gw: fd00::1 is not of the family of 10.20.0.0/16. Give an IPv4 address.",
        ),
        (
            {"dst": "fd01::/64"},
            "i.routes[0].dst: no address of IPv6 comes with it (got fd01::/64). Give a range of IPv6, or remove the "
            "route.",
        ),
        (
            {"dst": "10.20.0.0/16", "gw": "x"},
            "i.routes[0].gw: it is not an IP address (got x). Give an address, as 10.0.0.10.",
        ),
    ],
)
def test_routes_that_fail_when_a_pod_starts(route, error):
    report = Report()
    check_routes({"routes": [route]}, [NET], "i", report)
    assert texts(report)[0] == [error]


def test_a_route_through_the_subnet_is_fine_and_without_known_addresses_nothing_is_said():
    report = Report()
    check_routes({"routes": [{"dst": "10.20.0.0/16", "gw": "10.1.0.1"}]}, [NET], "i", report)
    check_routes({"routes": [{"dst": "fd01::/64", "gw": "fd00::1"}]}, [], "i", report)
    check_routes({}, [NET], "i", report)
    assert texts(report) == ([], [])


@pytest.mark.parametrize("target", ["0.0.0.0/0", "::/0"])
def test_a_default_route_is_a_warning(target):
    report = Report()
    check_routes({"routes": [{"dst": target}]}, [NET, ip_network("fd00::/64")], "i", report)
    assert texts(report) == (
        [],
        [
            "i.routes[0].dst: a default route here takes the pods' traffic away from their first interface (got "
            f"{target}). Give only the networks that are behind this one, unless that is meant."
        ],
    )
