# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says over netlink: recorded, and from a kernel that is played."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_nftables
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_nftables import (
    DONE,
    ERROR,
    INTERRUPTED,
    chain,
    chains,
    messages,
    table,
    tables,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import netlink, packets
from hypothesis import given
from hypothesis import strategies as st


class Kernel:
    """Plays the kernel's end of the socket. ``dumps``: for each request, the packets of its answer."""

    def __init__(self, *dumps):
        self.dumps = list(dumps)
        self.requests = []

    def socket(self, *_about):
        self.open = list(self.dumps.pop(0))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_about):
        assert self.open == []

    def settimeout(self, seconds):
        self.timeout = seconds

    def bind(self, _address):
        pass

    def send(self, request):
        self.requests.append(request)

    def recv(self, _size):
        packet = self.open.pop(0)
        if isinstance(packet, OSError):
            raise packet
        return packet


@pytest.fixture
def kernel(monkeypatch):
    """Let the kernel answer."""

    def _kernel(*dumps):
        played = Kernel(*dumps)
        monkeypatch.setattr(node_nftables.socket, "socket", played.socket)
        return played

    return _kernel


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def made_table(family, name, flags=0):
    content = bytes([family, 0, 0, 0]) + attribute(1, name + b"\0") + attribute(2, flags.to_bytes(4, "big"))
    return netlink(0xA00, content)


def test_tables_of_a_node(kernel):
    played = kernel(packets("w1.nft-tables.hex"))
    assert [(found["family"], found["name"]) for found in tables(5)] == [
        ("ip", "filter"),
        ("ip", "mangle"),
        ("ip", "nat"),
        ("ip", "raw"),
        ("ip6", "filter"),
        ("ip6", "mangle"),
        ("ip6", "nat"),
    ]
    assert played.requests == [bytes.fromhex("14000000 010a 0103 01000000 00000000 00000000")]
    assert played.timeout == 5


def test_chains_of_a_node(kernel):
    played = kernel(packets("w1.nft-chains.hex"))
    found = chains(5)
    assert ("ip6", "mangle", "KUBE-IPTABLES-HINT") in found
    assert ("ip", "nat", "CILIUM_POST_nat") in found
    assert len(found) == len(set(found)) > 60
    assert played.requests[0][4] == 4


def test_a_table_that_a_process_holds(kernel):
    kernel([made_table(1, b"firewalld", 2) + made_table(2, b"sleeping", 1), netlink(DONE, bytes(4))])
    assert tables(5) == [
        {"family": "inet", "name": "firewalld", "owned": True},
        {"family": "ip", "name": "sleeping", "owned": False},
    ]


def test_a_family_that_we_do_not_know_has_its_number(kernel):
    kernel([made_table(44, b"new"), netlink(DONE)])
    assert tables(5)[0]["family"] == "44"


def test_without_the_right_nothing_is_known(kernel):
    refusal = netlink(ERROR, struct.pack("=i", -1) + bytes(20))
    kernel([refusal], [refusal])
    assert tables(5) is None
    assert chains(5) is None


@pytest.mark.parametrize("error", [TimeoutError("timed out"), OSError(93, "Protocol not supported")])
def test_a_kernel_that_does_not_answer(kernel, error):
    kernel([error])
    assert tables(5) is None


def test_a_list_that_changed_while_it_was_read_is_read_again(kernel):
    half = [made_table(1, b"old"), netlink(DONE, bytes(4), INTERRUPTED)]
    kernel(half, [made_table(1, b"new"), netlink(DONE)])
    assert [found["name"] for found in tables(5)] == ["new"]


def test_a_list_that_never_stands_still_is_taken_as_it_is(kernel):
    played = kernel(*[[made_table(1, b"a"), netlink(DONE, bytes(4), INTERRUPTED)] for _try in range(3)])
    assert [found["name"] for found in tables(5)] == ["a"]
    assert played.dumps == []


def test_a_list_that_ends_without_more_is_complete(kernel):
    kernel([netlink(ERROR, bytes(20))])
    assert tables(5) == []


@given(st.binary(max_size=80))
def test_any_packet_is_read_to_its_end(packet):
    for _kind, _flags, content in messages(packet):
        table(content)
        chain(content)


NAMES = st.text("abcXYZ-_", min_size=1, max_size=30)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 5, 10]), NAMES, st.booleans()), max_size=5))
def test_what_is_packed_is_read(wanted):
    packet = b"".join(made_table(family, name.encode(), 2 * owned) for family, name, owned in wanted)
    found = [table(content) for _kind, _flags, content in messages(packet)]
    assert [(one["name"], one["owned"]) for one in found] == [(name, owned) for _family, name, owned in wanted]
