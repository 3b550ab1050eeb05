# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow prober over real sockets on loopback, with a relay in between that can block, cut or repeat."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import prober as program
import pytest
from packets import DATA, END, HELLO, PACKET, READY, pack, unpack
from prober import ask, control_address, serve_control
from reach import check, fit
from receiver import Counter, Server
from sender import Client, knock


class Relay:
    """Passes TCP and UDP on to a server. ``blocked`` holds TCP back and drops UDP; ``cut`` resets all connections."""

    def __init__(self, target: int) -> None:
        self.blocked = threading.Event()
        self.repeat = 1
        self._target = ("127.0.0.1", target)
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._upstream.connect(self._target)
        self._client: Any = None
        self._open: list[socket.socket] = []
        for loop in (self._accept, self._datagrams, self._answers):
            threading.Thread(target=loop, daemon=True).start()

    def cut(self) -> None:
        """Reset every TCP connection that is open now."""
        for sock in self._open:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            # The reset of its other half may have ended it already.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RD)
            sock.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            near, _address = self._tcp.accept()
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                while self.blocked.is_set():
                    time.sleep(0.01)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _datagrams(self) -> None:
        while True:
            data, self._client = self._udp.recvfrom(2048)
            if not self.blocked.is_set():
                for _copy in range(self.repeat):
                    self._upstream.send(data)

    def _answers(self) -> None:
        while True:
            self._udp.sendto(self._upstream.recv(2048), self._client)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    stop = threading.Event()
    thread = threading.Thread(target=server.serve, args=(stop,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server(0)) as running_server:
        yield running_server


@pytest.fixture
def relay(server: Server) -> Relay:
    return Relay(server.port)


def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def started(client: Client) -> Callable[[], bool]:
    return lambda: all(client.report()[protocol]["started"] for protocol in ("tcp", "udp"))


def test_every_packet_is_counted_once(server: Server) -> None:
    client = Client("flow-0", ("127.0.0.1", server.port))
    client.start()
    eventually(started(client))
    time.sleep(0.6)
    client.stop(drain=0.2)
    sent, arrived = client.report(), server.report()["flows"]["flow-0"]
    for protocol in ("tcp", "udp"):
        assert sent[protocol]["sent"] >= 40
        assert arrived[protocol]["received"] == sent[protocol]["sent"]
        assert arrived[protocol]["duplicates"] == sent[protocol]["reconnects"] == sent[protocol]["errors"] == 0
        assert 0 < arrived[protocol]["longest_gap_ms"] < 500
    assert arrived["tcp"]["connections"] == 1


def test_two_seconds_without_a_path_are_reported(server: Server, relay: Relay) -> None:
    client = Client("flow-0", ("127.0.0.1", relay.port))
    client.start()
    eventually(started(client))
    time.sleep(0.3)
    relay.blocked.set()
    time.sleep(2)
    relay.blocked.clear()
    time.sleep(0.3)
    client.stop(drain=0.2)
    sent, arrived = client.report(), server.report()["flows"]["flow-0"]
    lost = sent["udp"]["sent"] - arrived["udp"]["received"]
    assert 150 <= lost <= 220
    assert 1900 <= arrived["udp"]["longest_gap_ms"] <= 2500
    assert sent["tcp"]["sent"] == arrived["tcp"]["received"], "TCP sends again what was held back"
    assert 1900 <= arrived["tcp"]["longest_gap_ms"] <= 2500


def test_a_path_that_never_comes_back_is_an_open_gap(server: Server, relay: Relay) -> None:
    client = Client("flow-0", ("127.0.0.1", relay.port))
    client.start()
    eventually(started(client))
    relay.blocked.set()
    time.sleep(0.6)
    client.stop(drain=0)
    arrived = server.report()["flows"]["flow-0"]
    assert arrived["udp"]["longest_gap_ms"] >= 550
    assert arrived["tcp"]["longest_gap_ms"] >= 550
    assert client.report()["udp"]["sent"] - arrived["udp"]["received"] >= 40


def test_a_connection_that_is_reset_is_opened_again(server: Server, relay: Relay) -> None:
    client = Client("flow-0", ("127.0.0.1", relay.port))
    client.start()
    eventually(started(client))
    relay.cut()
    eventually(lambda: server.report()["flows"]["flow-0"]["tcp"]["connections"] == 2)
    client.stop(drain=0.2)
    sent, arrived = client.report()["tcp"], server.report()["flows"]["flow-0"]["tcp"]
    assert sent["reconnects"] >= 1
    assert 0 <= sent["sent"] - arrived["received"] <= 30


def test_packets_that_arrive_twice_are_duplicates(server: Server, relay: Relay) -> None:
    relay.repeat = 2
    client = Client("flow-0", ("127.0.0.1", relay.port))
    client.start()
    eventually(started(client))
    time.sleep(0.3)
    client.stop(drain=0.2)
    sent, arrived = client.report()["udp"]["sent"], server.report()["flows"]["flow-0"]["udp"]
    assert arrived["received"] == arrived["duplicates"] == sent


def test_a_flow_without_an_answer_does_not_start() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.create_server(("127.0.0.1", 0)) as deaf:
        silent.bind(("127.0.0.1", deaf.getsockname()[1]))
        client = Client("flow-0", silent.getsockname())
        client.start()
        time.sleep(1.2)
        client.stop(drain=0)
    assert not started(client)()
    assert client.report()["udp"]["sent"] == client.report()["tcp"]["sent"] == 0


def test_a_denied_flow_that_gets_through_is_seen_on_both_sides(server: Server) -> None:
    client = Client("denied", ("127.0.0.1", server.port), denied=True)
    client.start()
    eventually(lambda: client.report()["tcp"]["connected"])
    client.stop(drain=0.1)
    arrived = server.report()["flows"]["denied"]
    assert arrived["tcp"]["bytes"] >= PACKET.size
    assert arrived["udp"]["bytes"] >= PACKET.size


def test_a_denied_flow_that_is_dropped_times_out_and_goes_on(server: Server) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _number in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        client = Client("denied", full.getsockname(), denied=True)
        client.start()
        eventually(lambda: client.report()["tcp"]["timeouts"] >= 2)
        client.stop(drain=0)
        for filler in fillers:
            filler.close()
    report = client.report()
    assert report["tcp"]["connected"] == report["tcp"]["refused"] == 0
    assert report["udp"]["sent"] > 50
    assert "denied" not in server.report()["flows"]


def test_a_refused_connection_is_told_from_one_that_timed_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    assert knock("denied", address, 0.5) == "refused"


def test_a_connection_that_says_nothing_is_counted_by_address(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        eventually(lambda: server.report()["silent"] == {"127.0.0.1": 1})
    time.sleep(0.1)
    assert server.report()["silent"] == {"127.0.0.1": 1}


def test_bytes_that_are_no_packet_end_the_connection(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"x" * PACKET.size)
        assert sock.recv(1) == b""
    assert server.report()["flows"] == {}


@pytest.mark.parametrize("step", [1, 7, 33, 64])
def test_packets_are_found_however_the_stream_is_cut(server: Server, step: int) -> None:
    data = b"".join(pack(DATA, "flow-0", number) for number in (1, 2, 3, 5))
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), step):
            sock.send(data[start : start + step])
        eventually(lambda: server.report()["flows"].get("flow-0", {}).get("tcp", {}).get("received") == 4)


class TestCounter:
    def test_a_late_packet_is_not_lost(self) -> None:
        counter = Counter()
        for now, number in enumerate([1, 4, 3, 2, 4]):
            counter.data(number, float(now))
        assert counter.report(4.0)["received"] == 4
        assert counter.duplicates == 1

    def test_a_duplicate_ends_no_gap(self) -> None:
        counter = Counter()
        counter.data(1, 0.0)
        counter.data(1, 1.0)
        counter.data(2, 3.0)
        assert counter.longest_gap(3.0) == 3.0

    def test_what_comes_after_the_end_is_no_gap(self) -> None:
        counter = Counter()
        counter.data(1, 0.0)
        counter.end(0.5)
        assert counter.longest_gap(60.0) == 0.5

    def test_nothing_arrived_has_no_gap(self) -> None:
        assert Counter().report(10.0) == {
            "received": 0,
            "duplicates": 0,
            "bytes": 0,
            "connections": 0,
            "longest_gap_ms": 0.0,
        }


@pytest.mark.parametrize("data", [b"", b"short", b"x" * PACKET.size, pack(HELLO, "a") + b"x"])
def test_foreign_data_is_no_packet(data: bytes) -> None:
    assert unpack(data) is None


def test_a_packet_comes_back_as_it_was() -> None:
    assert unpack(pack(END, "flow-15", 2**40)) == (END, "flow-15", 2**40)


class TestCheck:
    def job(self, port: int, **more: Any) -> dict[str, Any]:
        return {
            "flow": "check",
            "seconds": 1,
            "targets": [{"name": "pod on w2", "host": "127.0.0.1", "port": port}],
            **more,
        }

    def test_a_target_that_answers_is_fine(self, server: Server) -> None:
        assert check(self.job(server.port)) == []

    def test_what_does_not_answer_is_named_per_protocol(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        assert check(self.job(port)) == [
            f"tcp to pod on w2 (127.0.0.1:{port}) got no answer",
            f"udp to pod on w2 (127.0.0.1:{port}) got no answer",
        ]

    def test_a_denied_target_that_answers_is_a_problem(self, server: Server) -> None:
        problems = check(self.job(server.port, denied=True))
        assert [problem.split(": ")[1] for problem in problems] == ["tcp connected", "tcp answered", "udp answered"]

    def test_a_denied_target_that_refuses_is_a_problem(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        assert [problem.split(": ")[1] for problem in check(self.job(port, denied=True))] == ["tcp refused"]

    def test_a_name_that_does_not_resolve_is_a_problem(self, server: Server) -> None:
        problems = check(self.job(server.port, resolve=["does-not-exist.invalid", "localhost"]))
        assert len(problems) == 1
        assert "does-not-exist.invalid does not resolve" in problems[0]

    def test_many_problems_fit_into_the_termination_message(self) -> None:
        problems = [f"tcp to pod on node-{number} got no answer" for number in range(500)]
        text = fit(problems, 4000)
        kept = json.loads(text)
        assert len(text.encode()) <= 4000
        assert kept[-1] == f"and {500 - len(kept) + 1} more"
        assert fit([], 4000) == "[]"


def test_the_command_line_runs_a_flow_end_to_end(tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    names = [f"@prober-{role}-{os.getpid()}" for role in ("server", "client")]
    prober = [sys.executable, program.__file__]

    def report(name: str, *more: str) -> dict[str, Any]:
        output = subprocess.run([*prober, "report", "--control", name, *more], capture_output=True, check=True)
        result: dict[str, Any] = json.loads(output.stdout)
        return result

    processes = [
        subprocess.Popen([*prober, "server", "--port", port, "--control", names[0]]),
        subprocess.Popen(
            [*prober, "client", "--flow", "flow-0", "--target", "127.0.0.1", "--port", port, "--control", names[1]]
        ),
    ]
    try:
        eventually(lambda: subprocess.run([*prober, "started", "--control", names[1]], check=False).returncode == 0)
        eventually(lambda: report(names[1])["udp"]["sent"] > 10)
        sent, arrived = report(names[1], "--stop"), report(names[0])
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert arrived["flows"]["flow-0"]["udp"]["received"] == sent["udp"]["sent"]
    assert arrived["flows"]["flow-0"]["tcp"]["received"] == sent["tcp"]["sent"]


def test_the_command_line_writes_problems_where_the_kubelet_reads_them(tmp_path: Any, server: Server) -> None:
    log = tmp_path / "log"
    prober = [sys.executable, program.__file__, "check", "--termination-log", str(log), "--job"]
    job = {"flow": "check", "seconds": 1, "targets": [{"name": "pod", "host": "127.0.0.1", "port": server.port}]}
    assert subprocess.run([*prober, json.dumps(job)], capture_output=True, check=False).returncode == 0
    assert json.loads(log.read_text()) == []
    job["denied"] = True
    assert subprocess.run([*prober, json.dumps(job)], capture_output=True, check=False).returncode == 1
    assert len(json.loads(log.read_text())) == 3


def test_a_control_socket_can_be_a_file(tmp_path: Any) -> None:
    name = str(tmp_path / "control")
    serve_control(name, lambda command: {"command": command})
    assert ask(name, "report") == {"command": "report"}
    assert control_address("@name") == "\0name"


def test_the_answer_to_a_greeting_names_the_flow(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.send(pack(HELLO, "flow-0"))
        assert sock.recv(PACKET.size) == pack(READY, "flow-0")
