# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prober's sender against a peer that does not read."""

from __future__ import annotations

import socket

from packets import DATA, PACKET, pack, unpack
from sender import Sender


def test_what_tcp_cannot_take_yet_is_sent_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = Sender("tcp", "flow-0", listener.getsockname())
        number = 0
        while len(sender._pending) < 1000:
            number += 1
            assert sender._send(pack(DATA, "flow-0", number))
        connection, _address = listener.accept()
        with connection:
            data = b""
            while len(data) < number * PACKET.size:
                data += connection.recv(1 << 20)
                sender._send(b"")
    packets = [unpack(data[start : start + PACKET.size]) for start in range(0, len(data), PACKET.size)]
    assert packets == [(DATA, "flow-0", count) for count in range(1, number + 1)]
