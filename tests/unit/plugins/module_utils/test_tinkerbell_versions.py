# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each version of EKS Anywhere needs of a template."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import reasons, stack


@pytest.mark.parametrize(
    ("version", "function", "port"),
    [
        ("v0.22.0", "", 50061),
        ("0.23", "", 50061),
        ("v0.23.3", "", 50061),
        ("v0.23.4", "netmaskToCIDR", 50061),
        ("v0.24.6", "netmaskToCIDR", 50061),
        ("v0.25.0", "netmaskToPrefixLength", 7172),
        ("v0.26.1", "netmaskToPrefixLength", 7172),
        ("0.26", "netmaskToPrefixLength", 7172),
    ],
)
def test_function_and_port(version, function, port):
    found = stack(version)
    assert (found.version, found.function, found.metadata_port) == (version, function, port)


@pytest.mark.parametrize("version", ["", "latest", "v0.21.9", "v0.27.0", "v1.24.0"])
def test_other_versions_are_refused(version):
    with pytest.raises(
        NetworkError, match=r"eks_anywhere_version: it is no version whose templates are known"
    ) as caught:
        stack(version)
    assert "Give one of v0.22 to v0.26." in str(caught.value)


@pytest.mark.parametrize(
    ("disk", "old", "new"),
    [
        ("/dev/sda", True, True),
        ("/dev/nvme0n1", True, True),
        ("/dev/vda", True, True),
        ("/dev/xvda", True, True),
        ("/dev/hda", True, True),
        ("/dev/mmcblk0", False, True),
        ("/dev/cciss", False, True),
    ],
)
def test_disks_whose_partitions_are_found(disk, old, new):
    assert stack("v0.24.6").names_partitions(disk) is old
    assert stack("v0.25.0").names_partitions(disk) is new


OLD = "x {{ netmaskToCIDR y }} http://10.0.0.1:50061"
NEW = "x {{ netmaskToPrefixLength y }} http://10.0.0.1:7172"


@pytest.mark.parametrize(
    ("text", "version", "words"),
    [
        (OLD, "v0.24.6", []),
        (NEW, "v0.25.0", []),
        (OLD, "v0.25.0", ["no netmaskToCIDR, so nothing would be rendered; netmaskToPrefixLength",
         "port 7172, not 50061"]),
        (NEW, "v0.24.6", ["no netmaskToPrefixLength", "port 50061, not 7172"]),
        (OLD, "v0.22.0", ["no netmaskToCIDR, so nothing would be rendered; prefix lengths are written out"]),
        ('STATIC_NETPLAN: "true"', "v0.23.4", ["writefile knows STATIC_NETPLAN no more"]),
        ('STATIC_NETPLAN: "true"', "v0.23.3", []),
    ],
)  # fmt: skip
def test_reasons(text, version, words):
    found = reasons(text, stack(version))
    assert len(found) == len(words)
    assert all(word in reason for word, reason in zip(words, found, strict=True))
