"""The copy of the checkout follows the checkout."""

from __future__ import annotations

import subprocess

import pytest
import tree


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    root = tmp_path / "checkout"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet", root], check=True)
    monkeypatch.setattr(tree, "ROOT", root)
    monkeypatch.setattr(tree, "BUILD", tmp_path / "build")
    monkeypatch.setattr(tree, "TREE", tmp_path / "build" / "copy")
    (root / ".gitignore").write_text("*.log\n")
    (root / "sub").mkdir()
    (root / "sub" / "file").write_text("one")
    (root / "noise.log").write_text("ignored")
    return root


def copied():
    return {
        str(path.relative_to(tree.TREE)): path.read_text()
        for path in tree.TREE.rglob("*")
        if path.is_file() and ".git/" not in str(path.relative_to(tree.TREE))
    }


def test_files_that_git_would_know_are_copied(checkout):
    tree.sync()
    assert copied() == {".gitignore": "*.log\n", "sub/file": "one"}


def test_changes_and_removals_follow(checkout):
    tree.sync()
    (checkout / "sub" / "file").unlink()
    (checkout / "new").write_text("two")
    tree.sync()
    assert copied() == {".gitignore": "*.log\n", "new": "two"}
    assert not (tree.TREE / "sub").exists()


def test_a_file_that_git_tracks_and_that_is_gone_is_left_out(checkout):
    subprocess.run(["git", "-C", checkout, "add", "."], check=True)
    (checkout / "sub" / "file").unlink()
    tree.sync()
    assert copied() == {".gitignore": "*.log\n"}


def test_foreign_files_in_the_copy_are_removed(checkout):
    tree.sync()
    (tree.TREE / "tests" / "output").mkdir(parents=True)
    (tree.TREE / "tests" / "output" / "left.xml").write_text("x")
    tree.sync()
    assert copied() == {".gitignore": "*.log\n", "sub/file": "one"}


def test_the_copy_is_a_repository_of_its_own(checkout):
    tree.sync()
    assert (tree.TREE / ".git").is_dir()


def test_an_unchanged_file_is_not_written_again(checkout):
    tree.sync()
    before = (tree.TREE / "sub" / "file").stat().st_ctime_ns
    tree.sync()
    assert (tree.TREE / "sub" / "file").stat().st_ctime_ns == before
