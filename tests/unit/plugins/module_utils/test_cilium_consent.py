"""Dangerous changes and the variables that consent to them."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_consent import (
    CONSENTS,
    GUARDED,
    config_refusals,
    effective,
    needs_envoy,
    parse_version,
    version_refusals,
)
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.sampled_from(["", "0", "true", "false", "vxlan", "geneve", "native", "8472", "10.0.0.0/8", "default"])
CONFIGS = st.dictionaries(st.sampled_from([*GUARDED, "tunnel"]), WORDS)


def refused(before, after, *consents):
    return [(item.key, item.before, item.after, item.variable) for item in config_refusals(before, after, consents)]


@pytest.mark.parametrize(
    ("key", "before", "after", "variable"),
    [
        ("ipam", "kubernetes", "cluster-pool", "cilium_allow_ipam_change"),
        ("routing-mode", "tunnel", "native", "cilium_allow_routing_mode_change"),
        ("auto-direct-node-routes", "false", "true", "cilium_allow_routing_mode_change"),
        ("tunnel-port", "8472", "8473", "cilium_allow_tunnel_change"),
        ("cluster-name", "default", "one", "cilium_allow_cluster_identity_change"),
        ("cluster-id", "0", "1", "cilium_allow_cluster_identity_change"),
        ("identity-allocation-mode", "crd", "kvstore", "cilium_allow_identity_mode_change"),
        ("kube-proxy-replacement", "false", "true", "cilium_allow_kube_proxy_replacement_change"),
        ("enable-policy", "always", "default", "cilium_allow_policy_enforcement_change"),
        ("cni-exclusive", "false", "true", "cilium_allow_cni_exclusive_change"),
        ("cluster-pool-ipv4-cidr", "10.0.0.0/8", "10.1.0.0/16", "cilium_allow_cidr_change"),
        ("cluster-pool-ipv4-mask-size", "24", "26", "cilium_allow_cidr_change"),
        ("cluster-pool-ipv6-cidr", "fd00::/104", "fd01::/104", "cilium_allow_cidr_change"),
        ("cluster-pool-ipv6-mask-size", "112", "120", "cilium_allow_cidr_change"),
        ("ipv4-native-routing-cidr", "10.0.0.0/8", "10.1.0.0/16", "cilium_allow_cidr_change"),
        ("ipv6-native-routing-cidr", "fd00::/104", "fd01::/104", "cilium_allow_cidr_change"),
    ],
)
def test_each_guarded_key_needs_its_consent(key, before, after, variable):
    assert refused({key: before}, {key: after}) == [(key, before, after, variable)]
    assert refused({key: before}, {key: after}, variable.removeprefix("cilium_")) == []
    assert refused({key: before}, {key: before}) == []


def test_another_tunnel_protocol_is_another_port_too():
    assert refused({"tunnel-protocol": "geneve"}, {}) == [
        ("tunnel-protocol", "geneve", "vxlan", "cilium_allow_tunnel_change"),
        ("tunnel-port", "6081", "8472", "cilium_allow_tunnel_change"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"tunnel-protocol": "vxlan", "tunnel-port": "0", "routing-mode": "tunnel"}),
        ({"tunnel-port": "6081", "tunnel-protocol": "geneve"}, {"tunnel-port": "0", "tunnel-protocol": "geneve"}),
        ({}, {"kube-proxy-replacement": "false", "enable-policy": "Default", "cni-exclusive": "false"}),
        ({"kube-proxy-replacement": "disabled"}, {}),
        ({"kube-proxy-replacement": "partial"}, {}),
        ({"kube-proxy-replacement": "strict"}, {"kube-proxy-replacement": "true"}),
        ({"tunnel": "disabled"}, {"routing-mode": "native"}),
        ({"tunnel": "geneve"}, {"tunnel-protocol": "geneve"}),
        ({"cluster-pool-ipv4-cidr": "10.0.0.0/8 10.1.0.0/16"}, {"cluster-pool-ipv4-cidr": "10.1.0.0/16,10.0.0.0/8"}),
        (
            {},
            {"cluster-name": "default", "cluster-id": "0", "ipam": "cluster-pool", "cluster-pool-ipv4-mask-size": "24"},
        ),
        ({"debug": "true"}, {"debug": "false"}),
    ],
)
def test_the_same_meaning_in_other_words_is_no_change(before, after):
    assert [refused(*pair) for pair in ((before, after), (after, before))] == [[], []]


@given(CONFIGS, CONFIGS, st.sets(st.sampled_from(CONSENTS)), st.sampled_from(CONSENTS))
def test_a_consent_only_takes_refusals_away(before, after, consents, more):
    fewer = set(config_refusals(before, after, consents | {more}))
    assert fewer <= set(config_refusals(before, after, consents))


@given(CONFIGS, CONFIGS, st.sets(st.sampled_from(CONSENTS)))
def test_no_guarded_key_changes_without_refusal_or_consent(before, after, consents):
    old, new = effective(before), effective(after)
    refusals = {item.key for item in config_refusals(before, after, consents)}
    for key, (option, _default) in GUARDED.items():
        assert (old[key] == new[key]) or key in refusals or option in consents


@pytest.mark.parametrize(
    ("before", "after", "variables"),
    [
        ("1.17.6", "1.17.6-0", []),
        ("1.17.6-0", "1.17.8-0", []),
        ("1.16.12", "1.17.6-0", []),
        ("1.15.16", "1.17.6-0", ["cilium_allow_version_skip"]),
        ("1.18.5", "1.17.6-0", ["cilium_allow_downgrade"]),
        ("1.17.6-0", "1.17.6", []),
        ("1.9.1", "1.10.0", []),
        ("1.17.8-0", "1.17.6-0", ["cilium_allow_downgrade"]),
        ("1.19.1", "1.17.6-0", ["cilium_allow_downgrade", "cilium_allow_version_skip"]),
        ("1.17.6", "2.0.0", ["cilium_allow_version_skip"]),
        ("main", "1.17.6", []),
    ],
)
def test_versions_that_go_back_or_too_far(before, after, variables):
    assert [item.variable for item in version_refusals(before, after, ())] == variables
    assert version_refusals(before, after, ("allow_downgrade", "allow_version_skip")) == []


def test_a_version_has_three_numbers():
    assert parse_version("v1.18.0-rc.1") == (1, 18, 0)
    assert parse_version("1.18") == (1, 18, 0)
    assert parse_version("latest") is None


@pytest.mark.parametrize(
    ("port", "needs"),
    [
        ({"ports": [{"port": "80"}]}, False),
        ({"rules": {"http": [{"method": "GET"}]}}, True),
        ({"rules": {"kafka": [{"role": "produce"}]}}, True),
        ({"rules": {"l7proto": "x", "l7": [{}]}}, True),
        ({"rules": {"dns": [{"matchPattern": "*"}]}}, False),
        ({"rules": {"http": []}}, False),
        ({"terminatingTLS": {"secret": {"name": "x"}}}, True),
        ({"originatingTLS": {"secret": {"name": "x"}}}, True),
        ({"serverNames": ["a.example"]}, True),
        ({"listener": {"name": "x"}}, True),
    ],
)
def test_policies_that_need_envoy(port, needs):
    assert needs_envoy({"spec": {"egress": [{"toPorts": [port]}]}}) is needs
    assert needs_envoy({"specs": [{}, {"ingress": [{}, {"toPorts": [port]}]}]}) is needs
    assert not needs_envoy({"spec": {"ingress": [{"fromEndpoints": [{}]}]}})
