# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewall costs on a node: 1,000 rules and 30, compared, changed, unchanged; and 30 by a loop over ufw.

All of it is one playbook on one node of the practice cluster, so the ratios are of one moment. ufw is unpacked there
meanwhile, and stays switched off: it writes its files and loads nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from _common import CHECKOUT, INVENTORY, goal, lab
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_nft import render
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_rule import read

NODE = "w1"
MANY, FEW = 1000, 30
MODULE = "eks_anywhere.network.node_firewall"
UFW = "/run/ufw.deb"
UNPACK = (
    f"dpkg-deb -x {UFW} /run/ufw && cd /run/ufw && cp -a etc usr / && cp -a lib/ufw /lib/"
    " && cp /usr/share/ufw/iptables/*.rules /usr/share/ufw/ufw.conf /etc/ufw/"
)
REMOVE = (
    "rm -rf /run/ufw /run/ufw.deb /etc/ufw /etc/default/ufw /etc/init.d/ufw /etc/logrotate.d/ufw"
    " /etc/rsyslog.d/20-ufw.conf /lib/ufw /usr/sbin/ufw /usr/share/ufw /usr/lib/python3/dist-packages/ufw"
)

GUARD, SECOND, LOOSE = 5.0, 1.5, 2.0
"""Seconds that the guard may add, seconds of a run that changes nothing, and times nft -f in one module call."""


def rules(number: int) -> list[dict[str, Any]]:
    """As many rules, with what keeps the node in its cluster and reachable."""
    nodes = {"name": "nodes", "proto": "any", "from": ["172.30.0.0/24", "10.244.0.0/16"]}
    found = [
        {
            "name": f"rule-{place}",
            "proto": "tcp",
            "ports": [10000 + place, f"{20000 + place}-{20004 + place}"],
            "from": [f"172.16.{place // 250}.{place % 250}", "192.168.7.0/24"],
        }
        for place in range(number - 1)
    ]
    return [nodes, *found]


def tasks(folder: Path) -> list[dict[str, Any]]:
    """The tasks that are measured, by their names."""
    found: list[dict[str, Any]] = [{"name": "reach the node", "ansible.builtin.ping": {}}]
    for number in (MANY, FEW):
        taken, _problems = read(rules(number), "rules", resolved=True)
        text = folder / f"{number}.nft"
        text.write_text(render(taken))
        given = {MODULE: {"rules": rules(number), "roles": ["worker"]}}
        copied = {"src": str(text), "dest": f"/run/bench-{number}.nft", "mode": "0600"}
        load = {"cmd": f"unshare --net nft -f /run/bench-{number}.nft"}
        found += [
            {"name": f"copy {number}", "ansible.builtin.copy": copied},
            {"name": f"nft {number}", "ansible.builtin.command": load},
            {"name": f"compare {number}", "check_mode": True, **given},
            {"name": f"change {number}", **given},
            {"name": f"unchanged {number}", **given},
        ]
    allow = {"rule": "allow", "proto": "tcp", "port": "{{ 10000 + item }}", "from_ip": "192.168.7.0/24"}
    found += [
        {"name": "remove", MODULE: {"state": "absent"}},
        {"name": "copy ufw", "ansible.builtin.copy": {"src": ufw(folder), "dest": UFW, "mode": "0600"}},
        {"name": "unpack ufw", "ansible.builtin.shell": {"cmd": UNPACK}},
        {"name": "loop over ufw", "community.general.ufw": allow, "loop": list(range(FEW))},
        {"name": "remove ufw", "ansible.builtin.shell": {"cmd": REMOVE}},
    ]
    return found


def ufw(folder: Path) -> str:
    """Debian's package of ufw, from the archive this machine uses."""
    subprocess.run(["apt-get", "download", "ufw"], cwd=folder, capture_output=True, check=True)
    return str(next(folder.glob("ufw_*.deb")))


def measure() -> dict[str, float]:
    """Seconds of each task by its name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = folder / "bench.yml"
        one = {"name": "Bench", "hosts": NODE, "gather_facts": False, "become": True, "tasks": tasks(folder)}
        book.write_text(yaml.safe_dump([one]))
        done = subprocess.run(
            ["ansible-playbook", "-i", str(INVENTORY), str(book)],
            cwd=CHECKOUT,
            env=os.environ | {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr)
    (play,) = json.loads(done.stdout)["plays"]
    return {task["task"]["name"]: seconds(task["task"]["duration"]) for task in play["tasks"]}


def seconds(duration: dict[str, str]) -> float:
    """From the beginning and the end that the callback says."""
    begin, end = (_time(duration[key]) for key in ("start", "end"))
    return end - begin


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def main() -> int:
    """1 when a goal is missed, but for the first, which depends on how long Ansible takes over 1,000 rules."""
    lab()
    took = measure()
    met = []
    for number in (MANY, FEW):
        base, compared = took[f"nft {number}"], took[f"compare {number}"]
        guard, again = took[f"change {number}"] - compared, took[f"unchanged {number}"]
        met.append(guard <= GUARD)
        told = f"node firewall, {number} rules"
        goal(f"{told}: the guard adds {guard:.2f} s, at most {GUARD:.0f} s", met[-1])
        print(f"{told}, nothing to change: {again:.2f} s", flush=True)
        if number == MANY:
            times = compared / base
            goal(f"{told} without the guard: {compared:.2f} s, {times:.1f} x nft -f in one call", times <= LOOSE)
    met.append(took[f"unchanged {FEW}"] <= SECOND)
    goal(f"node firewall, a second run of {FEW} rules takes at most {SECOND} s", met[-1])
    loop, ours = took["loop over ufw"], took[f"change {FEW}"]
    told = f"a loop over ufw that loads nothing {loop:.2f} s, {loop / ours:.1f} x"
    goal(f"node firewall, {FEW} rules: {ours:.2f} s, {told}", ours < loop)
    return 0 if all(met) and ours < loop else 1


if __name__ == "__main__":
    sys.exit(main())
