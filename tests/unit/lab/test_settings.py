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
        ({"lab_cilium": "aws"}, ("lab_cilium:", "'aws'", "upstream or none or eks_anywhere")),
        ({"lab_cilium": "eks_anywhere", "lab_vm_nodes": "1"}, ("lab_cilium:", "'eks_anywhere'", "lab_vm_nodes out")),
        ({"lab_cilium": "eks_anywhere", "lab_kube_proxy": "no"}, ("lab_kube_proxy:",)),
        ({"lab_cilium": "eks_anywhere", "lab_kube_proxy": "false"}, ("lab_cilium:", "beside kube-proxy")),
        ({"lab_tunnel": "gre"}, ("lab_tunnel:", "'gre'", "vxlan or geneve")),
        ({"lab_tunnel": "geneve"}, ("lab_tunnel:", "'geneve'", "lab_vm_nodes=1")),
        ({"lab_vm_nodes": "5"}, ("lab_vm_nodes:", "'5'", "0 to 4")),
        ({"lab_vm_nodes": "-1"}, ("lab_vm_nodes:", "'-1'", "0 to 4")),
        ({"lab_vm_network": "wicked"}, ("lab_vm_network:", "'wicked'", "networkd or networkmanager")),
        ({"lab_kube_proxy": "perhaps"}, ("lab_kube_proxy:", "'perhaps'", "true or false")),
        ({"lab_cilium_values": "/no/such.yml"}, ("lab_cilium_values:", "'/no/such.yml'")),
    ],
)
def test_an_unknown_choice_is_named(environment, words):
    with pytest.raises(SettingsError) as caught:
        Choices.read(environment)
    for word in words:
        assert word in str(caught.value)


def names(nodes):
    return [node.name for node in nodes]


def test_without_choices_there_are_no_machines():
    choices = Choices.read({})
    assert names(choices.nodes) == names(choices.cilium_nodes) == ["cp1", "w1", "w2"]
    assert choices.machines == ()


def test_machines_join_the_containers():
    choices = Choices.read({"lab_vm_nodes": "2"})
    assert names(choices.nodes) == names(choices.cilium_nodes) == ["cp1", "w1", "w2", "vm1", "vm2"]
    assert names(choices.machines) == ["vm1", "vm2"]


def test_with_geneve_the_workers_are_machines_and_cilium_runs_on_them_alone():
    choices = Choices.read({"lab_vm_nodes": "1", "lab_tunnel": "geneve"})
    assert names(choices.nodes) == ["cp1", "vm1"]
    assert names(choices.cilium_nodes) == ["vm1"]


def test_without_cilium_no_node_gets_ready():
    assert Choices.read({"lab_cilium": "none", "lab_vm_nodes": "1"}).cilium_nodes == ()


def test_every_nic_has_its_own_name_short_enough_for_the_kernel():
    outside = [nic[1] for node in settings.EVERY_NODE for nic in node.nics()]
    assert len(set(outside)) == 3 * len(settings.EVERY_NODE)
    assert max(len(name) for name in [*outside, *settings.BRIDGES]) <= 15


def test_every_nic_of_a_machine_has_a_hardware_address_of_its_own_that_no_vendor_has():
    macs = [mac for node in settings.MACHINES for mac in node.macs()]
    assert len(set(macs)) == 3 * len(settings.MACHINES)
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs)


def test_the_doubles_run_beside_eks_anywheres_cilium_alone():
    choices = Choices.read({"lab_cilium": "eks_anywhere"})
    assert choices.doubles == ("eks-anywhere", "health-check")
    assert choices.lab_cilium_values.endswith("cilium-eks-anywhere.yml")
    assert names(choices.cilium_nodes) == ["cp1", "w1", "w2"]
    assert Choices.read({}).doubles == ()
