# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else has rules on a node, and whether ours can live beside them. Pure.

Runs on nodes: standard library only, Python 3.8. A packet that one base chain of nftables accepts goes on to the next,
and what one of them drops is gone (nft(8), VERDICT STATEMENTS). So two firewalls open only what both open.

firewalld below 2.0 flushes every table of iptables at start, stop and reload, those of iptables-nft too, and with them
the chains of kube-proxy, Cilium and portmap; since 2.0 it flushes its own table (firewalld/firewalld,
src/firewall/core/fw.py, may_skip_flush_direct_backends). The chains of portmap come back when their pods are restarted,
not before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Problem

OWN_TABLE_ONLY = (2, 0)
"""First version of firewalld that leaves the tables of others alone."""

FLUSHING = (
    "nftables.service", "firewalld.service", "ufw.service", "iptables.service", "netfilter-persistent.service",
)  # fmt: skip
"""Units that can remove tables of others when they are started, stopped or reloaded."""


def judge(firewalls: Mapping[str, Any], path: str = "firewalls") -> tuple[list[Problem], list[str]]:
    """Return (what forbids a firewall of ours on the node, what to know of it).

    ``firewalls`` is what node_network_info says of a node. What it does not know (None) is no reason to refuse, but
    for the version of a firewalld that runs.
    """
    problems = []
    warnings = []
    firewalld = firewalls.get("firewalld") or {}
    if _runs(firewalld):
        version = firewalld.get("version")
        if _numbers(version) < OWN_TABLE_ONLY:
            message = (
                f"firewalld below 2.0 flushes the chains of Kubernetes and Cilium whenever it starts{_got(version)}"
            )
            hint = "Upgrade it to 2.0, or stop and disable it: systemctl disable --now firewalld"
            problems.append(Problem(f"{path}.firewalld", message, hint))
        else:
            warnings.append(
                f"{path}.firewalld: it stays in charge beside this table. What is let in here has to be let in by its "
                "zones too. It is not reloaded."
            )
    if (firewalls.get("ufw") or {}).get("active"):
        warnings.append(
            f"{path}.ufw: it stays in charge beside this table. What is let in here has to be allowed by ufw too. It "
            "is not reloaded. With MANAGE_BUILTINS=yes in /etc/default/ufw it flushes the chains of others."
        )
    if _runs(firewalls.get("nftables") or {}):
        warnings.append(
            f"{path}.nftables: nftables.service loads /etc/nftables.conf, which on Debian flushes every table of the "
            "node, and so does stopping or restarting it: chains of Kubernetes and Cilium, and this table. Disable it, "
            "or do not touch it while the node is in use."
        )
    if (firewalls.get("iptables") or {}).get("service_active"):
        warnings.append(
            f"{path}.iptables: a service restores saved rules of iptables at its start, as whole tables. Chains of "
            "Kubernetes and Cilium that are not among the saved ones are lost then."
        )
    return problems, warnings


def touched(times: Mapping[str, float], loaded: float) -> str:
    """Name the services of firewalls that were started, stopped or reloaded after a table was loaded, "" for none.

    ``times`` are when a service last changed its state, by its unit; all are seconds of the clock on the wall.
    """
    later = sorted((when, unit) for unit, when in times.items() if unit in FLUSHING and when > loaded)
    found = [f"{unit} was started, stopped or reloaded at {_clock(when)}" for when, unit in later]
    return ", ".join(found)


def _clock(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(when))


def _runs(program: Mapping[str, Any]) -> bool:
    """Say whether it runs, or will after a restart."""
    return bool(program.get("active") or program.get("enabled"))


def _numbers(version: Any) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", str(version or ""))
    return (int(found[1]), int(found[2])) if found else ()


def _got(version: Any) -> str:
    return f" (got {version})" if version else " (its version is not known)"
