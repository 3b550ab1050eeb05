# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests over one interface: what goes out, which answers count, and what is said of those that do not come."""

from __future__ import annotations

import struct
from typing import Any

import ping as program
import pytest
from ping import COUNT, DO_NOT_FRAGMENT, SO_BINDTODEVICE, ping, try_target

MTU = 1400


class Wire:
    """Stands in for a socket: hands every request to ``peer`` and gives out what that returns."""

    made: list[Wire]
    peer: Any

    def __init__(self, *kind: Any) -> None:
        self.kind = kind
        self.options: list[tuple[Any, ...]] = []
        self.bound: Any = None
        self.sent: list[tuple[bytes, Any]] = []
        self.waiting: list[bytes] = []
        Wire.made.append(self)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: Any) -> None:
        self.waiting.clear()

    def settimeout(self, _seconds: float) -> None:
        """Time-outs are raised at once."""

    def setsockopt(self, *option: Any) -> None:
        """Keep an option."""
        self.options.append(option)

    def bind(self, address: Any) -> None:
        """Keep the source."""
        self.bound = address

    def sendto(self, data: bytes, address: Any) -> None:
        """Keep the request and let the peer answer."""
        self.sent.append((data, address))
        self.waiting += Wire.peer(data, len(self.sent))

    def recv(self, _size: int) -> bytes:
        """Return the next answer."""
        if not self.waiting:
            raise TimeoutError
        return self.waiting.pop(0)


def reply(data: bytes, kind: int = 0) -> bytes:
    """Return the echo reply to a request."""
    return struct.pack("!BB", kind, 0) + data[2:]


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> type[Wire]:
    """Every socket is a Wire whose peer answers everything."""
    Wire.made = []
    Wire.peer = staticmethod(lambda data, _number: [reply(data, 129 if data[0] == 128 else 0)])
    monkeypatch.setattr(program.socket, "socket", Wire)
    monkeypatch.setattr(program, "mtu_of", lambda _interface: MTU)
    return Wire


MEMBER = {"pod": "a", "interface": "net1", "address": "10.0.0.1", "to": ["b"]}
TARGET = {"pod": "b", "interface": "net1", "address": "10.0.0.2", "to": ["a"]}


def test_every_answer_is_counted(wire: type[Wire]) -> None:
    told = try_target(MEMBER, TARGET, full=False, seconds=1)
    assert (told["to"], told["size"], told["sent"], told["received"], told["error"]) == ("b", 56, COUNT, COUNT, "")
    assert told["rtt_ms"] >= 0
    assert {address for _data, address in wire.made[0].sent} == {("10.0.0.2", 0)}


def test_it_goes_out_of_this_interface_with_this_source(wire: type[Wire]) -> None:
    try_target(MEMBER, TARGET, full=False, seconds=1)
    assert (program.socket.SOL_SOCKET, SO_BINDTODEVICE, b"net1") in wire.made[0].options
    assert wire.made[0].bound == ("10.0.0.1", 0)


@pytest.mark.parametrize(("prefix", "headers", "level"), [("10.0.0.", 28, 0), ("fd00::", 48, 41)])
def test_a_full_request_fills_the_mtu_and_is_not_fragmented(
    wire: type[Wire], prefix: str, headers: int, level: int
) -> None:
    member, target = {**MEMBER, "address": f"{prefix}1"}, {**TARGET, "address": f"{prefix}2"}
    told = try_target(member, target, full=True, seconds=1)
    assert (told["size"], told["received"]) == (MTU - headers, COUNT)
    assert {len(data) for data, _address in wire.made[0].sent} == {MTU - headers + 8}
    assert [option[2] for option in wire.made[0].options if option[0] == level] == [DO_NOT_FRAGMENT]


def test_what_is_not_the_answer_does_not_count(wire: type[Wire]) -> None:
    def other(data: bytes, _number: int) -> list[bytes]:
        return [reply(data, 3), reply(data[:6] + b"\xff\xff" + data[8:]), reply(data[:-1] + b"?")]

    wire.peer = staticmethod(other)
    told = try_target(MEMBER, TARGET, full=False, seconds=0)
    assert (told["received"], told["rtt_ms"]) == (0, None)


def test_without_an_answer_it_tries_until_the_time_is_over(wire: type[Wire]) -> None:
    wire.peer = staticmethod(lambda _data, _number: [])
    told = try_target(MEMBER, TARGET, full=False, seconds=0.05)
    assert told["sent"] == len(wire.made[0].sent) > 1
    assert (told["received"], told["error"]) == (0, "")


def test_the_first_answer_may_be_late_and_a_lost_one_counts(wire: type[Wire]) -> None:
    wire.peer = staticmethod(lambda data, number: [] if number in (1, 4) else [reply(data)])
    told = try_target(MEMBER, TARGET, full=False, seconds=5)
    assert (told["sent"], told["received"]) == (COUNT, COUNT - 1)


def test_what_the_kernel_refuses_is_said(wire: type[Wire]) -> None:
    def refuse(_data: bytes, _number: int) -> list[bytes]:
        raise OSError(90, "Message too long")

    wire.peer = staticmethod(refuse)
    assert try_target(MEMBER, TARGET, full=True, seconds=1)["error"] == "Message too long"


def test_a_kernel_that_wants_a_capability_for_the_interface_is_fine(
    wire: type[Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    def setsockopt(_self: Wire, *option: Any) -> None:
        if option[1] == SO_BINDTODEVICE:
            raise PermissionError

    monkeypatch.setattr(wire, "setsockopt", setsockopt)
    assert try_target(MEMBER, TARGET, full=False, seconds=1)["received"] == COUNT


def test_a_pod_does_its_own_part_of_a_job() -> None:
    third = {**TARGET, "pod": "c", "address": "10.0.0.3"}
    told = ping({"seconds": 1, "members": [{**MEMBER, "to": ["b", "c"]}, TARGET, third]}, "a")
    assert told["mtu"] == MTU
    assert [(item["to"], item["size"]) for item in told["pings"]] == [("b", 56), ("b", 1372), ("c", 56), ("c", 1372)]
