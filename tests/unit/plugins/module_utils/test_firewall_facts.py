# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cilium-config means for the ports of a node."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.firewall_facts import Facts


def test_words_of_a_configuration():
    facts = Facts({"a": "True", "b": " x ", "c": ""})
    assert (facts.on("a"), facts.on("b"), facts.on("d"), facts.on("d", "true")) == (True, False, False, True)
    assert (facts.text("b"), facts.text("c", "y"), facts.text("d")) == ("x", "y", "")


@pytest.mark.parametrize(
    ("config", "replaced"),
    [
        ({}, False),
        ({"kube-proxy-replacement": "false"}, False),
        ({"kube-proxy-replacement": "true"}, True),
        ({"kube-proxy-replacement": "strict"}, True),
        ({"enable-node-port": "true"}, True),
    ],
)
def test_who_serves_node_ports(config, replaced):
    assert Facts(config).replaces_kube_proxy is replaced


def test_the_default_of_cilium_is_a_tunnel_of_vxlan():
    assert Facts({}).tunnel == "8472"


@pytest.mark.parametrize(
    ("change", "other"),
    [
        (None, ""),
        (("vxlan", "0"), ""),
        (("geneve", "0"), "6081"),
        (("geneve", "8472"), ""),
        (("vxlan", "8473"), "8473"),
    ],
)
def test_the_other_side_of_a_change(change, other):
    assert Facts({}, tunnel_change=change).other_tunnel == other
