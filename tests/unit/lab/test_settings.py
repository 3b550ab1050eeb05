"""The choices a user has, and the addresses of the nodes."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.lab import settings
from ansible_collections.eks_anywhere.network.lab.settings import Choices, SettingsError


def test_without_choices_upstream_cilium_runs_beside_kube_proxy():
    choices = Choices.read({})
    assert (choices.lab_cilium, choices.lab_kube_proxy) == ("upstream", True)
    assert choices.lab_cilium_values.endswith("cilium-kube-proxy-true.yml")


def test_without_kube_proxy_the_start_values_replace_it():
    assert Choices.read({"lab_kube_proxy": "False"}).lab_cilium_values.endswith("cilium-kube-proxy-false.yml")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"lab_cilium": "aws"}, ("lab_cilium:", "'aws'", "upstream or none")),
        ({"lab_kube_proxy": "perhaps"}, ("lab_kube_proxy:", "'perhaps'", "true or false")),
        ({"lab_cilium_values": "/no/such.yml"}, ("lab_cilium_values:", "'/no/such.yml'")),
    ],
)
def test_an_unknown_choice_is_named(environment, words):
    with pytest.raises(SettingsError) as caught:
        Choices.read(environment)
    for word in words:
        assert word in str(caught.value)


def test_every_nic_has_its_own_name_short_enough_for_the_kernel():
    outside = [nic[1] for node in settings.NODES for nic in node.nics()]
    assert len(set(outside)) == 9
    assert max(len(name) for name in [*outside, *settings.BRIDGES]) <= 15
