# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing has time to come, and packets are as long as the MTU."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_check, node_programs
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_check import Request, answer, check
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import program, recorded

PATH = {"source": "10.1.0.2", "target": "10.1.0.3", "mtu": 9000}


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A directory of programs: ``ip`` prints what stands in files there, ``ping`` answers up to a length."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(node_programs, "FOLDERS", ())
    monkeypatch.setattr(host_network_check, "PAUSE", 0.01)
    for name, text in (("address", recorded("made.address.json")), ("route", "[]"), ("rule", "[]")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    asked = [f"*{name}*) /bin/cat {folder / name};;" for name in ("address", "route", "rule")]
    program(folder, "ip", "\n".join(['case "$*" in', *asked, "esac"]))
    script = f'printf "%s\\n" "$*" >> {folder}/pings'
    script += f'\nread limit < {folder}/limit && [ "$9" -le "$limit" ]'
    program(folder, "ping", script)
    return folder


def test_each_packet_fills_the_mtu_and_is_not_fragmented(node):
    (node / "limit").write_text("8972\n")
    assert answer(PATH) == "full"
    assert (node / "pings").read_text() == "-n -c 1 -W 2 -M do -s 8972 -I 10.1.0.2 10.1.0.3\n"
    (node / "limit").write_text("8952\n")
    assert answer({**PATH, "source": "fd00::2", "target": "fd00::3"}) == "full"


def test_packets_that_are_too_long_are_told_from_silence(node):
    (node / "limit").write_text("1472\n")
    assert answer(PATH) == "small"
    (node / "limit").write_text("0\n")
    assert answer(PATH) == "none"


def test_one_lost_packet_is_no_broken_path(node, monkeypatch):
    sent = []
    monkeypatch.setattr(host_network_check, "_ping", lambda _path, size: sent.append(size) or len(sent) == 3)
    assert (answer(PATH), sent) == ("full", [8972, 8972, 8972])


def test_problems_come_after_their_time(node):
    found = check(Request({"ethernets": {"eth77": {"addresses": ["10.1.0.2/24"]}}}, timeout=0.05))
    assert [problem["path"] for problem in found["problems"]] == ["config.ethernets.eth77"]


def test_what_comes_late_is_no_problem(node, monkeypatch):
    late = iter([True, True])

    def sleep(_seconds):
        if not next(late, False):
            (node / "rule").write_text('[{"priority":9,"src":"all","table":"2004","protocol":"2"}]')

    monkeypatch.setattr(host_network_check.time, "sleep", sleep)
    found = check(Request({}, kept=["ipv4 rule 9 table 2004 action lookup"], timeout=30))
    assert found["problems"] == []


def test_what_of_others_is_gone_is_named(node):
    (problem,) = check(Request({}, kept=["ipv4 rule 9 table 2004 action lookup"], timeout=0))["problems"]
    assert problem["path"] == "kept"
    assert problem["message"] == "ipv4 rule 9 table 2004 action lookup is gone"


def test_paths_keep_what_was_asked_and_say_what_came(node):
    (node / "limit").write_text("100\n")
    found = check(Request({}, paths=[PATH], timeout=0))
    assert found["paths"] == [{**PATH, "answered": "small"}]
    assert [problem["path"] for problem in found["problems"]] == ["paths[0]"]
