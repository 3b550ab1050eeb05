"""Which images the lab serves, and which the nodes have from the start."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.lab import registry, seed


def test_the_images_under_test_are_served_but_not_on_the_nodes_from_the_start():
    assert set(registry.image_names()) - set(seed.start_images()) == {
        "public.ecr.aws/eks/cilium/cilium:v1.17.6-0",
        "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0",
        "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.3.0-thick",
        "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.1.4-thick",
        "ghcr.io/k8snetworkplumbingwg/multus-cni:v4.1.4",
    }


def test_upstream_and_aws_images_differ_in_content():
    marks = {}
    for kind, vendor in registry.image_names().values():
        marks.setdefault(kind, []).append(vendor)
    assert sorted(marks["cilium"]) == sorted(marks["operator"]) == ["aws", "upstream"]


def test_an_image_keeps_its_public_path_in_the_registry():
    assert registry.repository("public.ecr.aws/eks/cilium/cilium:v1.17.6-0") == "eks/cilium/cilium"
