# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template has to know of the EKS Anywhere that renders it, and why one of another version is wrong.

Sources: aws/eks-anywhere, pkg/api/v1alpha1/tinkerbelltemplateconfig_defaults.go at v0.22 to v0.26; the functions of
templates in tinkerbell/tink v0.12.2 with AWS's patches, and from v0.25 on in tinkerbell/tinkerbell,
tink/controller/internal/workflow/template_funcs.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import parse_version
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem

OLDEST, NEWEST = (0, 22), (0, 26)
CONTENTS_SINCE = (0, 23, 4)
"""First version with a function for netmasks, and without STATIC_NETPLAN."""
ONE_STACK_SINCE = (0, 25, 0)
"""First version with Tinkerbell's own repository: another function, another port, every disk."""
FUNCTIONS = ("netmaskToCIDR", "netmaskToPrefixLength")
PORTS = (50061, 7172)
"""Ports of the metadata service: Hegel's up to v0.24, Tootles' from v0.25 on."""
IMAGES = "127.0.0.1/embedded/"
"""Where the images of actions are: inside HookOS, in every version from v0.22 to v0.26."""

_OLD_DISKS = re.compile(r"/dev/(nvme|sd|vd|xvd|hd)")


@dataclass(frozen=True)
class Stack:
    """One version of EKS Anywhere. ``function`` turns a netmask into a prefix length, "" where there is none."""

    version: str
    function: str
    metadata_port: int
    every_disk: bool

    def names_partitions(self, disk: str) -> bool:
        """Say whether ``formatPartition`` finds the partitions of a disk; else the whole disk is written over."""
        return self.every_disk or bool(_OLD_DISKS.match(disk))


def stack(version: str, path: str = "eks_anywhere_version") -> Stack:
    """Return what a version such as v0.24.1 needs. One without a patch level counts as its first.

    Raises NetworkError for one that is not known: a template that does not fit fails on the machine only.
    """
    number = parse_version(version)
    if number is None or not OLDEST <= number[:2] <= NEWEST:
        known = " to ".join(f"v{major}.{minor}" for major, minor in (OLDEST, NEWEST))
        message = f"it is no version whose templates are known here (got {version})"
        raise NetworkError(Problem(path, message, f"Give one of {known}"))
    one = number >= ONE_STACK_SINCE
    function = FUNCTIONS[one] if number >= CONTENTS_SINCE else ""
    return Stack(version, function, PORTS[one], one)


def reasons(text: str, new: Stack) -> list[str]:
    """Return why the text of a template does not work with a version."""
    found = []
    for function in FUNCTIONS:
        if function in text and function != new.function:
            instead = f"{new.function} takes its place" if new.function else "prefix lengths are written out"
            found.append(f"EKS Anywhere {new.version} has no {function}, so nothing would be rendered; {instead}")
    for port in PORTS:
        if f":{port}" in text and port != new.metadata_port:
            found.append(f"metadata is served at port {new.metadata_port}, not {port}: cloud-init would find none")
    number = parse_version(new.version)
    if "STATIC_NETPLAN" in text and number and number >= CONTENTS_SINCE:
        found.append("writefile knows STATIC_NETPLAN no more, and would write an empty file")
    return found
