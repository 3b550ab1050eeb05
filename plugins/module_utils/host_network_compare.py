# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two sets of generated files, and which devices that concerns. Pure.

Comparing what a back end reads, not what we wrote, decides whether anything is applied: an apply without a change
takes the ports of a bond down for seconds (systemd 249 and 253).
Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename

NETDEV = ".netdev"
KEYFILE = ".nmconnection"


@dataclass(frozen=True)
class Difference:
    """``files`` differ. ``devices`` are configured anew, ``recreated`` and ``removed`` have to go first.

    Devices are names of interfaces, or MAC addresses where only those are known. A virtual device of networkd keeps
    its parameters while it exists: one whose .netdev differs is made again.
    """

    files: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    recreated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Say whether there is anything to apply."""
        return bool(self.files)


def compare(before: Mapping[str, str], after: Mapping[str, str], names: Mapping[str, str] | None = None) -> Difference:
    """Compare generated files, given as texts by path. ``names`` are those of NICs by permanent MAC."""
    files = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    touched: set[str] = set()
    recreated: set[str] = set()
    kept = {device for path, text in after.items() if _makes(path, text) for device in devices(path, text)}
    gone = {device for path, text in before.items() if _makes(path, text) for device in devices(path, text)} - kept
    for path in files:
        texts = [text for text in (before.get(path), after.get(path)) if text is not None]
        found = {(names or {}).get(device, device) for text in texts for device in devices(path, text)}
        touched |= found
        if path.endswith(NETDEV) and len(texts) > 1 and _fixed(texts[0]) != _fixed(texts[1]):
            recreated |= found
    return Difference(
        tuple(files),
        tuple(sorted(touched - gone)),
        tuple(sorted(recreated - gone)),
        tuple(sorted(gone)),
    )


def _fixed(text: str) -> list[tuple[str, str, str]]:
    """Return what a .netdev says but the MTU and the MAC address, which the .network says too and can change."""
    return [line for line in _lines(text) if line[:2] not in (("NetDev", "MTUBytes"), ("NetDev", "MACAddress"))]


def _makes(path: str, text: str) -> bool:
    """Say whether a file makes a device: a .netdev, or a keyfile of a virtual kind."""
    kind = next((value for section, key, value in _lines(text) if (section, key) == ("connection", "type")), "")
    return path.endswith(NETDEV) or (path.endswith(KEYFILE) and kind in ("bond", "bridge", "vlan"))


def devices(path: str, text: str) -> list[str]:
    """Return the interfaces a file is about: by name if it says one, else by MAC address."""
    name = basename(path)
    found = {(section, key): value for section, key, value in reversed(list(_lines(text)))}
    if name.endswith(NETDEV):
        return [found.get(("NetDev", "Name"), "")]
    if name.endswith(KEYFILE):
        device = found.get(("connection", "interface-name")) or found.get(("ethernet", "mac-address"), "")
        return [device] if device else []
    if name.endswith((".network", ".link")):
        device = found.get(("Link", "Name")) or found.get(("Match", "Name")) or found.get(("Match", "OriginalName"), "")
        mac = found.get(("Match", "PermanentMACAddress")) or found.get(("Match", "MACAddress"), "")
        return device.split() if device else [mac.lower()] if mac else []
    return []


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif "=" in stripped and not stripped.startswith(("#", ";")):
            key, _equals, value = stripped.partition("=")
            yield section, key.strip(), value.strip()
