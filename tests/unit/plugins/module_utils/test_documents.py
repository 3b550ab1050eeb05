"""YAML in and out."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import documents
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import LibraryMissing, NetworkError


def test_empty_documents_are_left_out():
    assert documents.load_all("---\na: 1\n---\n---\nb: 2\n", "x") == [{"a": 1}, {"b": 2}]


def test_a_mapping_is_wanted():
    assert documents.load_map("", "x") == {}
    assert documents.load_map("a: 1", "x") == {"a": 1}
    with pytest.raises(NetworkError, match=r"^values: it must hold one mapping\.$"):
        documents.load_map("- 1", "values")


def test_bad_yaml_names_its_source():
    with pytest.raises(NetworkError, match=r"^values: it is not YAML: .*line"):
        documents.load_all("a: [", "values")


def test_dump_is_block_style_and_nothing_is_empty():
    assert documents.dump({"b": {"c": "x" * 200}, "a": 1}) == f"a: 1\nb:\n  c: {'x' * 200}\n"
    assert documents.dump({}) == ""


def test_without_pyyaml_the_library_is_named(monkeypatch):
    monkeypatch.setattr(documents, "HAS_YAML", False)
    for use in (lambda: documents.load_all("a: 1", "x"), lambda: documents.dump({"a": 1})):
        with pytest.raises(LibraryMissing, match="PyYAML"):
            use()
