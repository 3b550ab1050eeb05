# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading, changing and writing the cluster file."""

from __future__ import annotations

import stat

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_file import run
from ansible_collections.eks_anywhere.network.plugins.module_utils.cluster_spec import Wanted
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT

SECRET = "s3cr3t-in-values"


@pytest.fixture
def src(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def change(src, dest=None, check_mode=False, **wanted):
    return run(str(src), str(dest or src), Wanted(**wanted), check_mode)


def test_in_place_and_once(src):
    planned = change(src, skip_upgrade=True, check_mode=True)
    assert (planned["changed"], src.read_text()) == (True, TEXT)
    assert change(src, skip_upgrade=True) == planned
    assert "skipUpgrade: true" in src.read_text()
    assert stat.S_IMODE(src.stat().st_mode) == 0o640
    before = src.stat().st_ino
    assert change(src, skip_upgrade=True)["changed"] is False
    assert src.stat().st_ino == before


def test_a_directory_that_is_still_to_be_made_is_no_problem_in_check_mode(src, tmp_path):
    result = change(src, tmp_path / "later" / "out.yaml", check_mode=True)
    assert (result["changed"], result["diff"]["after"]) == (True, TEXT)


def test_another_file(src, tmp_path):
    dest = tmp_path / "out.yaml"
    result = change(src, dest)
    assert (result["changed"], dest.read_text(), stat.S_IMODE(dest.stat().st_mode)) == (True, TEXT, 0o640)
    assert result["diff"]["before"] == ""
    assert (result["cluster_name"], [group["name"] for group in result["groups"]]) == (
        "mgmt",
        ["mgmt-cp", "mgmt-workers"],
    )
    dest.chmod(0o600)
    assert change(src, dest, skip_upgrade=True)["changed"] is True
    assert (src.read_text(), stat.S_IMODE(dest.stat().st_mode)) == (TEXT, 0o600)


def test_secrets_are_in_no_diff(src):
    values = {"hubble": {"tls": {"server": {"key": f"{SECRET}\nline2-{SECRET}"}}}, "args": [f"--token={SECRET}"]}
    result = change(src, helm_values=values)
    assert SECRET in src.read_text()
    assert SECRET not in str(result)
    assert SECRET not in str(change(src, helm_values={"debug": {"enabled": True}}))
    assert SECRET not in src.read_text()


def test_line_ends_stay(src):
    src.write_bytes(TEXT.replace("\n", "\r\n").encode())
    change(src, skip_upgrade=True)
    assert src.read_bytes().count(b"\n") == src.read_bytes().count(b"\r\n") == TEXT.count("\n") + 1


def test_what_cannot_be_read_or_written(src, tmp_path):
    for path, dest, message in (
        (tmp_path / "no.yaml", None, f"src: there is no file {tmp_path}/no.yaml. Correct the path."),
        (tmp_path, None, f"src: {tmp_path} cannot be read: "),
        (src, tmp_path / "no" / "x", f"dest: there is no directory {tmp_path}/no. Make it first."),
    ):
        with pytest.raises(NetworkError, match=".") as caught:
            change(path, dest)
        assert str(caught.value).startswith(message)
