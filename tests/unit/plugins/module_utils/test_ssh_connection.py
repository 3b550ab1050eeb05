# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection is found although sudo hides it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.ssh_connection import told

TOLD = "10.0.0.9 50312 10.0.0.21 22"


@pytest.fixture
def process(tmp_path):
    """Make a process of a /proc."""

    def make(pid, parent, *environment):
        folder = tmp_path / str(pid)
        folder.mkdir()
        (folder / "environ").write_bytes(b"".join(entry.encode() + b"\0" for entry in environment))
        (folder / "status").write_text(f"Name:\tsh\nPid:\t{pid}\nPPid:\t{parent}\nTracerPid:\t0\n")
        return folder

    return make


def test_above_sudo(process, tmp_path):
    process(40, 30, "SUDO_USER=me", "PATH=/bin")
    process(30, 20, "NOT_SSH_CONNECTION=1.1.1.1 1 1.1.1.1 1")
    process(20, 10, "HOME=/home/me", f"SSH_CONNECTION={TOLD}", "LANG=C")
    process(10, 1, "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22")
    assert told(40, tmp_path) == TOLD


def test_nowhere(process, tmp_path):
    process(40, 30, "PATH=/bin")
    process(30, 1)
    process(1, 0)
    assert told(40, tmp_path) is None


def test_what_cannot_be_read_is_passed(process, tmp_path):
    (process(40, 30) / "environ").unlink()
    process(30, 1, f"SSH_CONNECTION={TOLD}")
    assert told(40, tmp_path) == TOLD
    assert told(50, tmp_path) is None


def test_parents_that_go_in_a_circle_end(process, tmp_path):
    process(40, 30)
    process(30, 40)
    assert told(40, tmp_path) is None


def test_of_this_machine(tmp_path):
    code = (
        "from ansible_collections.eks_anywhere.network.plugins.module_utils.ssh_connection import told; print(told())"
    )
    words = ["env", "-u", "SSH_CONNECTION", sys.executable, "-c", code]
    shell = ["sh", "-c", '"$@"; true', "sh", *words]
    done = subprocess.run(shell, env=os.environ | {"SSH_CONNECTION": TOLD}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == TOLD
