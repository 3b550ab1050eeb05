# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard is given: files, commands, and the way back from each."""

from __future__ import annotations

import re

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import guard
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_unit import (
    FILE,
    REMOVE,
    UNIT_FILE,
    WANTED,
    absent,
    files,
    present,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Guard

NFT = "/usr/sbin/nft"
LOAD = [NFT, "-f", FILE]


def test_the_files():
    found = files("text", NFT)
    assert found[FILE] == (b"text", 0o600)
    unit, mode = found[UNIT_FILE]
    assert mode == 0o644
    lines = unit.decode().splitlines()
    assert f"ExecStart={NFT} -f {FILE}" in lines
    assert f"ConditionPathExists={FILE}" in lines
    assert f"After=local-fs.target nftables.service {guard.UNIT}.service" in lines
    assert "Before=network-pre.target sysinit.target shutdown.target" in lines
    assert "ExecStop" not in unit.decode()
    assert "flush" not in unit.decode()


def test_a_first_firewall_goes_again():
    change = present("text", NFT, had_file=False, timeout=90)
    assert (change.owner, change.timeout, change.apply[0]) == ("node_firewall", 90, LOAD)
    assert ["ln", "-sf", "../eks-anywhere-network-firewall.service", WANTED] in change.apply
    assert change.restore[0] == [NFT, REMOVE]
    assert ["rm", "-f", WANTED] in change.restore
    assert change.boot == [["rm", "-f", WANTED]]


def test_another_firewall_goes_back_to_the_one_before():
    change = present("text", NFT, had_file=True, timeout=90)
    assert change.restore[0] == LOAD
    assert [NFT, REMOVE] not in change.restore
    assert change.boot == []


def test_nothing_is_left_of_it():
    change = absent(NFT, had_file=True, timeout=90)
    assert change.files == {FILE: None, UNIT_FILE: None}
    assert change.apply[0] == [NFT, REMOVE]
    assert ["rm", "-f", WANTED] in change.apply
    assert change.restore[0] == change.boot[0] == LOAD
    assert absent(NFT, had_file=False, timeout=90).boot == []


@pytest.mark.parametrize("had_file", [True, False])
def test_no_command_touches_another_table_or_service(had_file):
    changes = [present("text", NFT, had_file, 90), absent(NFT, had_file, 90)]
    commands = [words for change in changes for words in (*change.apply, *change.restore, *change.boot)]
    for words in commands:
        assert words[0] in (NFT, "ln", "rm", "systemctl")
        assert "flush" not in " ".join(words)
        if words[0] == "systemctl":
            assert words == ["systemctl", "daemon-reload"]
    assert re.findall(r"table (\w+ \w+)", REMOVE) == ["inet eks_anywhere_network"] * 2


def test_the_guard_takes_it(tmp_path):
    called = []
    work = Guard(str(tmp_path), called.append)
    identity = work.start(present("text", NFT, had_file=False, timeout=90))["id"]
    assert work.pending_id() == identity
    assert [words[0] for words in called] == ["systemd-run", "systemd-run"]
