"""Which images the lab serves, and which the nodes have from the start."""

from __future__ import annotations

from ansible_collections.eks_anywhere.network.lab import registry, seed


def test_the_aws_images_are_served_but_not_on_the_nodes_from_the_start():
    aws = {name for name in registry.image_names() if name.startswith("public.ecr.aws/eks/")}
    assert aws == {
        "public.ecr.aws/eks/cilium/cilium:v1.17.6-0",
        "public.ecr.aws/eks/cilium/operator-generic:v1.17.6-0",
    }
    assert set(seed.start_images()) == set(registry.image_names()) - aws


def test_upstream_and_aws_images_differ_in_content():
    marks = {}
    for kind, vendor in registry.image_names().values():
        marks.setdefault(kind, []).append(vendor)
    assert sorted(marks["cilium"]) == sorted(marks["operator"]) == ["aws", "upstream"]


def test_an_image_keeps_its_public_path_in_the_registry():
    assert registry.repository("public.ecr.aws/eks/cilium/cilium:v1.17.6-0") == "eks/cilium/cilium"
