# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies outside AWS's support."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.support import (
    OUTSIDE,
    above_l4,
    is_error,
    support,
)

# The data of cilium-config that matters here, as EKS Anywhere's own values render it.
EKS_ANYWHERE_DEFAULT = {
    "cni-chaining-mode": "portmap",
    "enable-hubble": "true",
    "enable-ipv4-masquerade": "true",
    "enable-ipsec": "false",
    "enable-l7-proxy": "true",
    "enable-lb-ipam": "true",
    "external-envoy-proxy": "false",
    "bpf-lb-acceleration": "disabled",
    "ipam": "kubernetes",
    "kube-proxy-replacement": "false",
    "routing-mode": "tunnel",
    "tunnel-protocol": "geneve",
}


def test_eks_anywheres_own_configuration_is_supported():
    assert support(EKS_ANYWHERE_DEFAULT, "v0.24.1", ["cilium", "cilium-operator"]) == []


@pytest.mark.parametrize("feature", OUTSIDE, ids=lambda feature: feature.key)
def test_each_feature_is_found_by_its_key_alone(feature):
    value = feature.values[0] if feature.values else "x"
    (entry,) = support({**EKS_ANYWHERE_DEFAULT, feature.key: value})
    assert (entry["feature"], entry["key"], entry["value"]) == (feature.name, feature.key, value)
    assert support({**EKS_ANYWHERE_DEFAULT, feature.key: "false" if feature.values else " "}) == []


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (None, "It works, but lies outside AWS's support"),
        ("v0.24.0", "It works, but lies outside AWS's support"),
        ("v0.23.5", "The Cilium build of EKS Anywhere v0.23.5 does not contain it"),
    ],
)
def test_wording_follows_the_version(version, words):
    assert support({"enable-wireguard": "true"}, version)[0]["message"].startswith(words)


def test_workloads_and_policies_are_features():
    found = support({}, None, ["cilium", "hubble-ui", "clustermesh-apiserver"], ["CiliumNetworkPolicy a/b"])
    assert [(entry["feature"], entry["key"]) for entry in found] == [
        ("ClusterMesh", "workload clustermesh-apiserver"),
        ("DNS, L7 or TLS policy", "CiliumNetworkPolicy a/b"),
        ("Hubble UI", "workload hubble-ui"),
    ]


@pytest.mark.parametrize(
    ("version", "required", "wanted"),
    [
        ("v0.23.9", False, True),
        ("0.22.1", False, True),
        ("v0.24.0", False, False),
        ("v1.0.0", False, False),
        ("v0.24.0", True, True),
        (None, False, False),
        (None, True, True),
        ("dev", False, False),
    ],
)
def test_is_error(version, required, wanted):
    assert is_error(version, required) is wanted


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"egress": [{"toFQDNs": [{"matchName": "example.com"}]}]}, True),
        ({"egress": [{"toPorts": [{"ports": [], "rules": {"dns": [{"matchPattern": "*"}]}}]}]}, True),
        ({"egress": [{"toPorts": [{"serverNames": ["a"]}]}]}, True),
        ({"ingress": [{"toPorts": [{"ports": [{"port": "80"}]}], "fromEndpoints": [{}]}]}, False),
        ({"egress": [{"toCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}]}]}, False),
        ({"egress": [{"toPorts": [{"rules": {}}]}]}, False),
    ],
)
def test_above_l4(spec, wanted):
    assert above_l4(spec) is wanted
