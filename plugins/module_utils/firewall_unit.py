# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the table of a node's firewall comes, stays and goes: the changes that the guard carries out.

Runs on nodes: standard library only, Python 3.8. The unit is our own. It loads one file that holds one table, and
flushes nothing when it stops. It comes after nftables.service, whose configuration flushes every table on Debian.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import TABLE
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import UNIT as GUARD
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import Change

OWNER = "node_firewall"
FILE = "/etc/eks-anywhere-network.nft"
UNIT = "eks-anywhere-network-firewall.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
WANTED = f"/etc/systemd/system/sysinit.target.wants/{UNIT}"
FILE_MODE, UNIT_MODE = 0o600, 0o644
REMOVE = f"add table {TABLE}; delete table {TABLE}"
UNIT_TEXT = """[Unit]
Description=Firewall of this node of the cluster
DefaultDependencies=no
ConditionPathExists={file}
After=local-fs.target nftables.service {guard}.service
Before=network-pre.target sysinit.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={nft} -f {file}
ExecReload={nft} -f {file}

[Install]
WantedBy=sysinit.target
"""

_RELOAD = ["systemctl", "daemon-reload"]
_ENABLE = ["ln", "-sf", f"../{UNIT}", WANTED]
_DISABLE = ["rm", "-f", WANTED]


def files(text: str, nft: str) -> Mapping[str, tuple[bytes, int]]:
    """Return what the files hold, and their permission bits, for a rendered text and the path of ``nft``."""
    unit = UNIT_TEXT.format(file=FILE, nft=nft, guard=GUARD)
    return {FILE: (text.encode(), FILE_MODE), UNIT_FILE: (unit.encode(), UNIT_MODE)}


def present(text: str, nft: str, had_file: bool, timeout: int) -> Change:
    """Return the change that puts a rendered text in place. ``had_file``: there is one already, to go back to."""
    load = [nft, "-f", FILE]
    undo = [load, _RELOAD] if had_file else [[nft, REMOVE], _DISABLE, _RELOAD]
    return Change(
        owner=OWNER,
        files=files(text, nft),
        apply=[load, _ENABLE, _RELOAD],
        restore=undo,
        boot=[] if had_file else [_DISABLE],
        timeout=timeout,
    )


def absent(nft: str, had_file: bool, timeout: int) -> Change:
    """Return the change that removes table, file and unit."""
    load = [nft, "-f", FILE]
    back = [load, _ENABLE] if had_file else []
    return Change(
        owner=OWNER,
        files={FILE: None, UNIT_FILE: None},
        apply=[[nft, REMOVE], _DISABLE, _RELOAD],
        restore=[*back, _RELOAD],
        boot=back,
        timeout=timeout,
    )
