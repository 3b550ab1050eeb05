# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are replaced whole."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import atomic_file


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def events(monkeypatch):
    """What happens to files, in order."""
    found = []

    def note(name):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *arguments: (found.append(name), real(*arguments))[1])

    for name in ("fsync", "replace", "rename", "fchmod"):
        note(name)
    return found


def test_makes_and_replaces(tmp_path):
    path = tmp_path / "file"
    atomic_file.replace(path, b"one", 0o600)
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
    path.chmod(0o644)
    before = path.stat().st_ino
    atomic_file.replace(path, b"two", 0o600)
    assert (path.read_bytes(), mode(path)) == (b"two", 0o600)
    assert path.stat().st_ino != before
    assert os.listdir(tmp_path) == ["file"]


def test_is_on_disk_before_it_is_there_and_its_name_after(tmp_path, events):
    atomic_file.replace(tmp_path / "file", b"one", 0o600)
    assert [event.replace("rename", "replace") for event in events] == ["fchmod", "fsync", "replace", "fsync"]


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to("there/file")
    atomic_file.replace(link, b"one", 0o600)
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"one"


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_alone(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    monkeypatch.setattr(os, {"replace": "rename"}.get(step, step), fail)
    with pytest.raises(OSError, match="No space left"):
        atomic_file.replace(path, b"new", 0o600)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_owner_stays(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    given = []
    monkeypatch.setattr(os, "fchown", lambda _file, user, group: given.append((user, group)))
    atomic_file.replace(path, b"new", 0o600)
    assert given == [(path.stat().st_uid, path.stat().st_gid)]


def test_an_owner_that_cannot_stay_is_no_failure(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", fail)
    atomic_file.replace(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
