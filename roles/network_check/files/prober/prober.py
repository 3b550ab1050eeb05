# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered TCP and UDP packets between pods, counted where they arrive.

Runs inside pods with nothing but Python's standard library. Modes:

* ``server`` counts what arrives, per flow and protocol, on one TCP and one UDP port.
* ``client`` sends numbered packets at a steady rate over one TCP connection and one UDP socket.
* ``denied`` is a client that a NetworkPolicy must stop: it keeps trying to connect and keeps sending datagrams.
* ``report`` asks a running server or client of the same pod for its numbers, and can tell a client to stop first.
* ``started`` succeeds when the client of the same pod knows that its flow arrives.
* ``check`` tries every target once and says which ones did not answer, or did where none may.
* ``ping`` sends echo requests over a second interface of the pod.

Times are in milliseconds, taken from the monotonic clock of the process that reports them.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from packets import PORT
from ping import ping
from reach import TERMINATION_LOG, check, fit
from receiver import Server
from sender import Client

CONTROL = "@eks-anywhere-prober"
"""Name of the control socket; a leading @ means Linux' abstract names, which need no file system."""


def control_address(name: str) -> str:
    """Return the address of a Unix socket for its readable name."""
    return "\0" + name[1:] if name.startswith("@") else name


def serve_control(name: str, answer: Callable[[str], dict[str, Any]]) -> None:
    """Answer ``report`` and ``stop`` on a Unix socket, from a thread of its own."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(control_address(name))
    listener.listen()

    def loop() -> None:
        while True:
            connection, _address = listener.accept()
            with connection:
                command = connection.recv(64).decode(errors="replace").strip()
                try:
                    connection.sendall(json.dumps(answer(command)).encode())
                except OSError:
                    continue

    threading.Thread(target=loop, daemon=True).start()


def ask(name: str, command: str, timeout: float = 60.0) -> dict[str, Any]:
    """Ask a running prober of this pod. Raises OSError when none answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        sock.connect(control_address(name))
        sock.sendall(command.encode())
        data = b"".join(iter(lambda: sock.recv(1 << 16), b""))
    result: dict[str, Any] = json.loads(data)
    return result


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("mode", choices=("server", "client", "denied", "report", "started", "check", "ping"))
    parser.add_argument("--control", default=CONTROL, help="name of the control socket")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--flow", help="name of the flow, at most 16 bytes")
    parser.add_argument("--target", help="address to send to")
    parser.add_argument("--stop", action="store_true", help="report: stop the client first")
    parser.add_argument("--job", help="check and ping: the job as JSON")
    parser.add_argument("--termination-log", default=TERMINATION_LOG, help="check: file for the problems")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run one mode. ``server`` and the clients run until they are killed."""
    options = arguments(argv)
    forever = threading.Event()
    if options.mode == "report":
        print(json.dumps(ask(options.control, "stop" if options.stop else "report")))
        return 0
    if options.mode == "started":
        report = ask(options.control, "report")
        return 0 if report["tcp"]["started"] and report["udp"]["started"] else 1
    if options.mode == "check":
        problems = check(json.loads(options.job))
        print(json.dumps(problems, indent=1))
        with open(options.termination_log, "w", encoding="utf-8") as log:
            log.write(fit(problems))
        return 1 if problems else 0
    if options.mode == "ping":
        print(json.dumps(ping(json.loads(options.job), socket.gethostname())))
        return 0
    if options.mode == "server":
        server = Server(options.port)
        serve_control(options.control, lambda _command: server.report())
        server.serve(forever)
        return 0
    client = Client(options.flow, (options.target, options.port), options.mode == "denied")

    def answer(command: str) -> dict[str, Any]:
        if command == "stop":
            client.stop()
        return client.report()

    serve_control(options.control, answer)
    client.start()
    forever.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
