# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds of network device the running kernel can make. Reads files only.

Runs on nodes: standard library of Python 3.9 only.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

MODULES = {
    "ipvlan": ("ipvlan", "IPVLAN"),
    "macvlan": ("macvlan", "MACVLAN"),
    "vlan": ("8021q", "VLAN_8021Q"),
    "bonding": ("bonding", "BONDING"),
    "bridge": ("bridge", "BRIDGE"),
    "geneve": ("geneve", "GENEVE"),
    "vxlan": ("vxlan", "VXLAN"),
    "veth": ("veth", "VETH"),
    "dummy": ("dummy", "DUMMY"),
    "vrf": ("vrf", "NET_VRF"),
    "tun": ("tun", "TUN"),
}
"""What we name it, the kernel's module, the option it is built by."""

NF_TABLES = ("nf_tables", "NF_TABLES")
MODPROBE = ("etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d")
BLOCKED = re.compile(r"^\s*(?:blacklist\s+|install\s+(?=\S+\s+(?:/usr)?/bin/(?:true|false)\b))(\S+)", re.MULTILINE)
"""The kernel loads these modules by an alias of theirs (rtnl-link-ipvlan), so a blacklist holds them off too."""


class Kernel:
    """The kernel of release ``release``, seen through the files under ``root``."""

    def __init__(self, root: Path, release: str) -> None:
        self._root = root
        self._release = release
        self._modules = root / "lib" / "modules" / release

    def support(self) -> dict[str, str]:
        """Return the state of every entry of MODULES."""
        return {name: self.state(*about) for name, about in MODULES.items()}

    def state(self, module: str, option: str) -> str:
        """Return one of these.

        loaded: the module is loaded. builtin: it is part of the kernel. available: the kernel loads it when it is
        needed. blocked: the configuration of modprobe keeps it from being loaded. missing: there is none. unknown: the
        node has neither a list of its modules nor the kernel's configuration.
        """
        folder = self._root / "sys" / "module" / module
        if folder.is_dir():
            return "loaded" if (folder / "initstate").exists() else "builtin"
        if module in self._builtin or self._options.get(option) == "y":
            return "builtin"
        if module in self._loadable:
            return "blocked" if module in self._blocked else "available"
        listed = (self._modules / "modules.dep").is_file()
        return "missing" if listed or (self._options and option not in self._options) else "unknown"

    @cached_property
    def _builtin(self) -> set[str]:
        return {_module(line) for line in _lines(self._modules / "modules.builtin")}

    @cached_property
    def _loadable(self) -> set[str]:
        """Modules in the list whose file is there: a removed package leaves its lines until the next depmod."""
        paths = [line.partition(":")[0] for line in _lines(self._modules / "modules.dep")]
        wanted = {module for module, _option in (*MODULES.values(), NF_TABLES)}
        return {_module(path) for path in paths if _module(path) in wanted and (self._modules / path).is_file()}

    @cached_property
    def _options(self) -> dict[str, str]:
        """The configuration's options that are set, without CONFIG_; empty where the node keeps none."""
        places = ("proc/config.gz", f"boot/config-{self._release}", f"lib/modules/{self._release}/config")
        text = next(filter(None, map(self._config, places)), "")
        return dict(re.findall(r"^CONFIG_(\w+)=(y|m)$", text, re.MULTILINE))

    def _config(self, place: str) -> str:
        try:
            content = (self._root / place).read_bytes()
            return (gzip.decompress(content) if place.endswith(".gz") else content).decode(errors="replace")
        except (OSError, EOFError):
            return ""

    @cached_property
    def _blocked(self) -> set[str]:
        files = [file for folder in MODPROBE for file in sorted((self._root / folder).glob("*.conf"))]
        return {_plain(name) for file in files for name in BLOCKED.findall("\n".join(_lines(file)))}


def _module(path: str) -> str:
    """The module of a path as modules.dep has it: kernel/drivers/net/ipvlan/ipvlan.ko.zst is ipvlan."""
    return _plain(path.rpartition("/")[2].partition(".ko")[0])


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _lines(file: Path) -> Iterator[str]:
    try:
        yield from file.read_text(errors="replace").splitlines()
    except OSError:
        return
