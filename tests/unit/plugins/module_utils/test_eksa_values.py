# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Anywhere's values for Cilium, and what helmValues leaves of them."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import eksa_values

V24 = (0, 24, 1)


def test_the_set_of_a_cluster_without_fields():
    assert eksa_values.value_set({}, V24) == {
        "cni": {"chainingMode": "portmap"},
        "ipam": {"mode": "kubernetes"},
        "identityAllocationMode": "crd",
        "prometheus": {"enabled": True},
        "rollOutCiliumPods": True,
        "routingMode": "tunnel",
        "tunnelProtocol": "geneve",
        "operator": {
            "prometheus": {"enabled": True},
            "tolerations": [
                {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists"},
                {"key": "node.cilium.io/agent-not-ready", "operator": "Exists"},
            ],
        },
        "envoy": {"enabled": False},
    }


def test_envoy_is_named_from_024_on():
    assert "envoy" not in eksa_values.value_set({}, (0, 23, 7))


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        ({"cniExclusive": False}, ("cni", "exclusive"), False),
        ({"cniExclusive": True}, ("cni", "exclusive"), True),
        ({"policyEnforcementMode": "always"}, ("policyEnforcementMode",), "always"),
        ({"egressMasqueradeInterfaces": "eth0"}, ("egressMasqueradeInterfaces",), "eth0"),
        ({"routingMode": "direct"}, ("routingMode",), "native"),
        ({"routingMode": "direct"}, ("autoDirectNodeRoutes",), "true"),
        ({"routingMode": "direct"}, ("tunnelProtocol",), None),
        ({"routingMode": "direct", "ipv4NativeRoutingCIDR": "10.0.0.0/8"}, ("ipv4NativeRoutingCIDR",), "10.0.0.0/8"),
        ({"routingMode": "direct", "ipv6NativeRoutingCIDR": "fd00::/8"}, ("ipv6NativeRoutingCIDR",), "fd00::/8"),
        ({"routingMode": "native"}, ("routingMode",), "tunnel"),
        ({"routingMode": "native"}, ("tunnelProtocol",), "geneve"),
        ({"ipv4NativeRoutingCIDR": "10.0.0.0/8"}, ("ipv4NativeRoutingCIDR",), None),
        ({"policyEnforcementMode": ""}, ("policyEnforcementMode",), None),
    ],
)
def test_a_field_of_the_cluster(fields, path, value):
    values = eksa_values.value_set(fields, V24)
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    assert values == value


def test_one_operator_on_a_single_node():
    assert eksa_values.value_set({}, V24, single_node=True)["operator"]["replicas"] == 1
    assert "replicas" not in eksa_values.value_set({}, V24)["operator"]


def test_helm_values_that_leave_everything_out():
    (said,) = eksa_values.helm_values_warnings({}, {}, V24)
    for part in ("tunnelProtocol=geneve", "ipam.mode=kubernetes", "envoy.enabled=false", "operator.tolerations=[…]"):
        assert part in said


def test_helm_values_that_repeat_everything():
    assert eksa_values.helm_values_warnings(eksa_values.value_set({}, V24), {}, V24) == []


@pytest.mark.parametrize(
    ("extra", "fields", "drifts"),
    [
        ({"policyEnforcementMode": "always"}, {}, "policyEnforcementMode"),
        ({"policyEnforcementMode": "always"}, {"policyEnforcementMode": "always"}, ""),
        ({"egressMasqueradeInterfaces": "eth0"}, {}, "egressMasqueradeInterfaces"),
        ({"cni": {"chainingMode": "portmap", "exclusive": False}}, {}, "cni.exclusive"),
        ({"cni": {"chainingMode": "portmap", "exclusive": False}}, {"cniExclusive": False}, ""),
        ({"image": {"tag": "v1"}}, {}, "image.tag"),
        ({"bpf": {"masquerade": True}}, {}, ""),
    ],
)
def test_values_that_never_come_to_rest(extra, fields, drifts):
    values = {**eksa_values.value_set(fields, V24), **extra}
    said = eksa_values.helm_values_warnings(values, fields, V24)
    assert bool(said) is bool(drifts)
    assert all(f"with {drifts} it would" in warning for warning in said)
