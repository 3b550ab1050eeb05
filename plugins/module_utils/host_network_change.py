# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that make new files of a back end work, and those that undo it. Pure.

``netplan apply`` is not used: it writes every file anew, and networkd then takes the addresses of every NIC away for a
moment (measured with systemd 252). Only files that differ are replaced here, and networkd configures the NICs of those.
It changes no virtual device that exists, removes none, sets no MTU back, and gives no name to a NIC.
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename

from ansible_collections.eks_anywhere.network.plugins.module_utils import host_network_compare, networkmanager
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_compare import Difference, compare
from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network_nics import Facts

ETHERNET_MTU = "1500"
NETWORKD = "systemd-networkd.service"
WAIT = "30"
"""Seconds that NetworkManager may take for one connection."""

_IF_THERE = 'ip link show dev "$1" >/dev/null 2>&1 || exit 0; '
_RELOAD = ["networkctl", "reload"]
_RESTART = ["systemctl", "restart", NETWORKD]
_KEPT = {
    "mtu": re.compile(r"^MTUBytes=(\S+)$", re.MULTILINE),
    "address": re.compile(r"^MACAddress=(\S+)$", re.MULTILINE),
}
"""What a NIC keeps when the file no longer says it, by its word for ``ip link set``."""


@dataclass(frozen=True)
class Commands:
    """What makes new files work, what undoes it once the old ones are back, and what after a restart."""

    apply: list[list[str]] = field(default_factory=list)
    restore: list[list[str]] = field(default_factory=list)
    boot: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Files:
    """What a back end reads before and after, texts by path."""

    before: Mapping[str, str]
    after: Mapping[str, str]

    def swapped(self) -> Files:
        """Return the way back."""
        return Files(self.after, self.before)


def networkd(
    files: Files, facts: Facts, renames: Sequence[tuple[str, str]] = (), udev: bool = True, restart: bool = False
) -> Commands:
    """Return the commands for networkd, which has to ``restart`` where it runs without our settings.

    ``udev`` says whether that runs: containers have none.
    """
    names = _names(facts)
    there, back = (compare(one.before, one.after, names) for one in (files, files.swapped()))
    if not there.changed and not renames and not restart:
        return Commands()
    apply = _renamed(renames, facts) + [_RESTART if restart else _RELOAD] + _devices(there)
    apply += [_set(name, *pair) for name, pair in _kept(files, there, names, _usual(facts))]
    links = sorted(name for path in there.files if path.endswith(".link") for name in _of(path, there, files, names))
    if udev and links:
        apply += [["udevadm", "control", "--reload"], *(_by_udev(name) for name in links if _hardware(name, facts))]
    returned = [(new, old) for old, new in renames]
    # A networkd that has died is started; one that runs is left alone.
    restore = _renamed(returned, facts) + [["systemctl", "start", NETWORKD], _RELOAD]
    # It may still be making them: then they come in the next moment.
    restore += ([["sleep", "1"]] if back.removed else []) + _devices(back)
    restore += [_set(name, *pair) for name, pair in _kept(files.swapped(), back, names, _live(facts))]
    boot: list[list[str]] = [["netplan", "generate"]]
    if renames:
        boot += [["udevadm", "control", "--reload"], ["udevadm", "settle", "--timeout=10"], *_renamed(returned, facts)]
    return Commands(apply, restore, boot)


def _names(facts: Facts) -> dict[str, str]:
    """Return the names of NICs by permanent MAC address."""
    found = {entry.get("permanent_mac"): name for name, entry in facts.interfaces.items()}
    return {mac.lower(): name for mac, name in found.items() if mac}


def _devices(difference: Difference) -> list[list[str]]:
    """Remove virtual devices that have to go, or to be made anew, which networkd does when it starts.

    It is loaded before: a port that does not know yet that its bond or bridge goes has failed for it when that is gone.
    """
    anew = [_RESTART] if difference.recreated else []
    return [_deleted(name) for name in (*difference.removed, *difference.recreated)] + anew


def _deleted(name: str) -> list[str]:
    """Remove a device if it is there: a VLAN is gone with what it sits on."""
    return _shell(_IF_THERE + 'ip link delete dev "$1"', name)


def _shell(script: str, *words: str) -> list[str]:
    return ["sh", "-c", script, "sh", *words]


def _renamed(renames: Sequence[tuple[str, str]], facts: Facts) -> list[list[str]]:
    """Give NICs their names, over one in between where another NIC still has it.

    Kernels before 6.2 rename no NIC that is up.
    """
    taken = {*facts.interfaces, *(new for _old, new in renames)}
    through = []
    for number, (old, new) in enumerate(renames):
        between = f"ekstmp{number}" if new in {other for other, _name in renames} and new in taken else ""
        through.append((old, between or new, new))
    script = _IF_THERE + 'ip link set dev "$1" down && ip link set dev "$1" name "$2" && ip link set dev "$2" up'
    first = [_shell(script, old, between) for old, between, _new in through]
    return first + [_shell(script, between, new) for _old, between, new in through if between != new]


def _of(path: str, difference: Difference, files: Files, names: Mapping[str, str]) -> set[str]:
    """Return the names of the devices that a file is about, before or after."""
    texts = [text for text in (files.before.get(path), files.after.get(path)) if text is not None]
    found = {names.get(device, device) for text in texts for device in host_network_compare.devices(path, text)}
    return found & {*difference.devices}


def _kept(
    files: Files, difference: Difference, names: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, tuple[str, str]]]:
    """Return what devices keep although no file says it any more, and what it was: (device, (word, value))."""
    found = []
    for path in difference.files:
        if not path.endswith(".network"):
            continue
        for word, pattern in _KEPT.items():
            if pattern.search(files.before.get(path, "")) and not pattern.search(files.after.get(path, "")):
                devices = _of(path, difference, files, names) - {*difference.recreated, *difference.removed}
                found += [(name, (word, values[name][word])) for name in devices if values.get(name, {}).get(word)]
    return sorted(found)


def _usual(facts: Facts) -> dict[str, dict[str, str]]:
    return {
        name: {"mtu": ETHERNET_MTU, "address": entry.get("permanent_mac") or ""}
        for name, entry in facts.interfaces.items()
    }


def _live(facts: Facts) -> dict[str, dict[str, str]]:
    return {
        name: {"mtu": str(entry.get("mtu") or ""), "address": entry.get("mac") or ""}
        for name, entry in facts.interfaces.items()
    }


def _set(name: str, word: str, value: str) -> list[str]:
    return ["ip", "link", "set", "dev", name, word, value]


def _hardware(name: str, facts: Facts) -> bool:
    return bool(facts.interfaces.get(name, {}).get("permanent_mac"))


def _by_udev(name: str) -> list[str]:
    """Have udev set what only a .link file says, offloads for example."""
    return ["udevadm", "test-builtin", "net_setup_link", f"/sys/class/net/{name}"]


def manager(files: Files, facts: Facts, renames: Sequence[tuple[str, str]] = (), settings: bool = False) -> Commands:
    """Return the commands for NetworkManager, whose keyfiles are ours alone. ``settings``: those of ours are new."""
    conf = [["nmcli", "general", "reload", "conf"]] if settings else []
    there, back = compare(files.before, files.after), compare(files.after, files.before)
    if not there.changed and not renames:
        return Commands(apply=conf)
    returned = [(new, old) for old, new in renames]
    udev = [["udevadm", "control", "--reload"]] if any(path.endswith(".link") for path in there.files) else []
    load = [["nmcli", "connection", "reload"]]
    apply = [*conf, *udev, *_renamed(renames, facts), *load, *map(_deleted, there.removed), *_up(there, files.after)]
    restore = [*udev, *_renamed(returned, facts), *load, *map(_deleted, back.removed), *_up(back, files.before)]
    return Commands(apply, restore, [*udev, *_renamed(returned, facts)] if renames else [])


def _up(difference: Difference, after: Mapping[str, str]) -> list[list[str]]:
    """Activate what has changed: bonds and bridges first, then their ports and single NICs, then VLANs."""
    order = {"bond": 0, "bridge": 0, "vlan": 2}
    found = []
    for path in difference.files:
        if path in after and path.endswith(networkmanager.ENDING):
            values = dict(re.findall(r"^(type|uuid)=(\S+)$", after[path], re.MULTILINE))
            found.append((order.get(values.get("type", ""), 1), basename(path), values["uuid"]))
    return [["nmcli", "--wait", WAIT, "connection", "up", "uuid", uuid] for _place, _name, uuid in sorted(found)]
