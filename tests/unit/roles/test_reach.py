# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's program: what answers is well, what does not is named."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "eksa_cni" / "files" / "reach.py"


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which something listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def reach(addresses: str, service_port: int) -> tuple[int, str]:
    """Run it with a Service of the API server at that port."""
    service = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(service_port)}
    done = subprocess.run(
        [sys.executable, PROGRAM, addresses],
        env={"PATH": os.environ["PATH"], **service},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.returncode, done.stderr.strip()


@pytest.fixture
def pod() -> Iterator[str]:
    """An address at which a pod's server listens."""
    address = "127.77.0.1"
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, 8080))
        server.listen()
        yield address


def test_all_answer(pod: str, port: int) -> None:
    assert reach(pod, port) == (0, "")


def test_a_pod_that_does_not_answer_is_named(pod: str, port: int) -> None:
    code, said = reach(f"{pod},127.77.0.2", port)
    assert code == 1
    assert said.startswith("127.77.0.2:8080: ")
    assert pod not in said


def test_so_is_the_service_of_the_api_server(pod: str, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = taken.getsockname()[1]
    code, said = reach(pod, free)
    assert (code, port != free) == (1, True)
    assert said.startswith(f"127.0.0.1:{free}: ")
