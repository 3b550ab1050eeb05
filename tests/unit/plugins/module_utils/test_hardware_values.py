# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, netmasks and hints."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.hardware_values import (
    MASKS,
    ipv4,
    is_edge,
    is_ipv6,
    mac_hint,
    mask_hint,
    subnet,
    unusable,
)
from hypothesis import given
from hypothesis import strategies as st


def test_every_mask_but_that_of_everything():
    assert {str(IPv4Network(f"0.0.0.0/{size}").netmask): size for size in range(1, 33)} == {
        text: bits.bit_count() for text, bits in MASKS.items()
    }
    assert all(str(ip_address(bits)) == text for text, bits in MASKS.items())


@given(st.ip_addresses(v=4), st.integers(1, 32))
def test_edges_and_subnets_are_those_of_the_standard_library(address, size):
    network = IPv4Network((address, size), strict=False)
    mask = int(network.netmask)
    edges = (network.network_address, network.broadcast_address) if size < 31 else ()
    assert is_edge(int(address), mask) == (address in edges)
    assert subnet(int(address), mask) == str(network)


@given(st.ip_addresses(v=4))
def test_what_is_usable_is_what_the_standard_library_says(address):
    assert ipv4(str(address)) == int(address)
    special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_reserved
    assert bool(unusable(int(address))) == (special or str(address).startswith("0."))


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0", "10.0.0.256", "10.0.0.01", " 10.0.0.1", "10.0.0.1\n", "10.0.0.1/24"]
)
def test_no_ipv4(text):
    assert ipv4(text) is None


def test_ipv6():
    assert [is_ipv6(text) for text in ("fd00::1", "::ffff:10.0.0.1", "10.0.0.1", "", "x")] == [True, True] + [False] * 3


@pytest.mark.parametrize(
    ("mac", "hint"),
    [
        ("cc-48-3a-00-00-01", "Write it as cc:48:3a:00:00:01"),
        ("cc48.3a00.0001", "Write it as cc:48:3a:00:00:01"),
        ("cc483a000001", "Write it as cc:48:3a:00:00:01"),
        ("02:00:5e:10:00:00:00:01", "Give the NIC's own address of six bytes, not one of eight"),
        ("x", "Give six pairs of hexadecimal digits joined by colons"),
    ],
)
def test_mac_hint(mac, hint):
    assert mac_hint(mac) == hint


@pytest.mark.parametrize("size", range(1, 33))
def test_mask_hint_of_a_prefix_length(size):
    wanted = f"Write it as {IPv4Network(f'0.0.0.0/{size}').netmask}"
    assert (mask_hint(str(size)), mask_hint(f"/{size}")) == (wanted, wanted)


@pytest.mark.parametrize("text", ["0", "33", "255.0.255.0", "", "²"])
def test_mask_hint_of_anything_else(text):
    assert mask_hint(text) == "Give a mask such as 255.255.255.0: all ones first, then all zeros"
