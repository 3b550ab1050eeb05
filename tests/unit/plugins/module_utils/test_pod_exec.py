# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in containers, over a WebSocket of a server on real sockets."""

from __future__ import annotations

import time

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import (
    Forbidden,
    NetworkError,
    Unreachable,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.kubernetes import Cluster


def test_exec_returns_stdout(api, cluster):
    api.execs["p"] = lambda command: (b"x" * 300, b"", {"status": "Success"})
    assert cluster.exec("n", "p", "c", ["cilium", "status"]) == "x" * 300
    assert api.requests[-1][2]["container"] == "c"
    assert api.headers[-1]["authorization"] == "Bearer secret-token"


def test_exec_reports_stderr(api, cluster):
    api.execs["p"] = lambda command: (b"", b"boom\n", {"status": "Failure", "message": "exit code 1"})
    with pytest.raises(NetworkError, match="n/p: cilium status failed: boom"):
        cluster.exec("n", "p", "c", ["cilium", "status"])


def test_exec_reports_a_broken_stream(api, cluster):
    api.execs["p"] = lambda command: (b"half", b"", None)
    with pytest.raises(NetworkError, match="the connection broke"):
        cluster.exec("n", "p", "c", ["cilium", "status"])


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [(403, Forbidden, "pods/exec is forbidden"), (500, NetworkError, "exec failed: pods/exec is forbidden")],
)
def test_exec_refused(api, cluster, status, kind, text):
    api.answers["GET /api/v1/namespaces/n/pods/p/exec"] = (status, {"message": "pods/exec is forbidden"})
    with pytest.raises(kind, match=text):
        cluster.exec("n", "p", "c", ["true"])


def test_exec_times_out(api, tmp_path):
    api.execs["p"] = lambda command: time.sleep(1) or (b"", b"", {"status": "Success"})
    cluster = Cluster(api.kubeconfig(tmp_path / "kubeconfig"), None, timeout=0.2)
    with pytest.raises(NetworkError, match=r"n/p: true gave no answer within 0\.2 seconds"):
        cluster.exec("n", "p", "c", ["true"])


def test_exec_on_a_closed_port(api, cluster):
    api.stop()
    with pytest.raises(Unreachable, match="exec failed"):
        cluster.exec("n", "p", "c", ["true"])
