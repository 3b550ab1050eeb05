# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the ethtool ioctl, as a virtio NIC and a veth gave them, and the real kernel of this machine."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_ethtool import (
    LINK_SETTINGS,
    PERMANENT_ADDRESS,
    Ethtool,
    Hardware,
    driver_info,
    link_settings,
    permanent_address,
)
from hypothesis import given
from hypothesis import strategies as st


def info(driver, bus):
    """The layout of struct ethtool_drvinfo."""
    return struct.pack("=I32s32s32s32s32s12s5I", 3, driver, b"1.0.0\x004-old", b"", bus, b"", b"", 0, 20, 0, 0, 0)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (info(b"virtio_net", b"0000:00:03.0"), ("virtio_net", "0000:00:03.0")),
        (info(b"veth", b""), ("veth", None)),
        (info(b"bridge", b"N/A"), ("bridge", None)),
        (info(b"", b""), (None, None)),
    ],
)
def test_driver_and_bus(answer, expected):
    assert driver_info(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("20000000 06000000 02fc00000001" + 26 * "00", "02:fc:00:00:00:01"),
        ("20000000 06000000 000000000000" + 26 * "00", None),
        ("20000000 00000000 020000000000" + 26 * "00", None),
        ("20000000 08000000 0102030405060708" + 24 * "00", "01:02:03:04:05:06:07:08"),
    ],
)
def test_permanent_address(answer, expected):
    assert permanent_address(bytes.fromhex(answer)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("4c000000 ffffffff ff ff0000000000 04", (None, None)),
        ("4c000000 10270000 01 000000000000 fc", (10000, "full")),
        ("4c000000 64000000 00 000000000000 04", (100, "half")),
        ("4c000000 00000000 ff 000000000000 04", (None, None)),
        ("4c000000 400d0300 01 000000000000 04", (200000, "full")),
    ],
)
def test_speed_and_duplex(answer, expected):
    assert link_settings(bytes.fromhex(answer) + bytes(32 + 48)) == expected


def test_the_structures_have_the_size_of_the_kernels():
    assert (LINK_SETTINGS.size, PERMANENT_ADDRESS.size, len(info(b"", b""))) == (48, 40, 196)


def test_the_settings_are_asked_for_twice():
    """First the kernel says how many words its masks have, then it wants room for three of them."""
    asked = []

    class Kernel(Ethtool):
        def _ask(self, name, request):
            asked.append((LINK_SETTINGS.unpack_from(request)[-1], len(request)))
            return LINK_SETTINGS.pack(0x4C, 25000, 1, 0, 0, -4 if len(asked) == 1 else 4) + request[48:]

    with Kernel() as kernel:
        assert link_settings(kernel._link_settings("eth0")) == (25000, "full")
    assert asked == [(0, 48), (4, 48 + 4 * 3 * 4)]


@given(st.binary(min_size=256, max_size=300))
def test_whatever_a_driver_answers_is_read(answer):
    driver, bus = driver_info(answer)
    assert driver != ""
    assert bus not in ("", "N/A")
    assert all("\0" not in text for text in (driver, bus) if text)
    link_settings(answer)
    permanent_address(answer)


def test_the_kernel_of_this_machine():
    """An address that the kernel calls permanent (NET_ADDR_PERM, 0) is the permanent address."""
    folder = Path("/sys/class/net")
    with Ethtool() as ethtool:
        for name in {name for _index, name in socket.if_nameindex()} & {path.name for path in folder.iterdir()}:
            about = {key: (folder / name / key).read_text().strip() for key in ("address", "addr_assign_type", "type")}
            found = ethtool.hardware(name)
            if (about["addr_assign_type"], about["type"]) == ("0", "1"):
                assert found.permanent_mac == about["address"]
            if name == "lo":
                assert found == Hardware()


def test_an_interface_that_is_gone():
    with Ethtool() as ethtool:
        assert ethtool.hardware("none0") == Hardware()
