# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI plugins and configuration files."""

from __future__ import annotations

import json
import os
import socket
import time

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_cni import (
    binaries,
    configuration,
    describe,
    versions,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.fake_node import plugin, program
from hypothesis import given
from hypothesis import strategies as st

CILIUM = {"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}
MULTUS = {
    "cniVersion": "0.3.1",
    "name": "multus-cni-network",
    "clusterNetwork": "/host/etc/cni/net.d/05-cilium.conflist",
    "type": "multus-shim",
}


@pytest.fixture
def conf(tmp_path):
    """Write files into a directory of CNI configuration and read it."""

    def _conf(**files):
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / name).write_text(text)
        return configuration(tmp_path)

    return _conf


def test_every_plugin_is_asked(tmp_path):
    program(tmp_path, "ipvlan", plugin("0.3.0", "0.3.1", "1.0.0"))
    program(tmp_path, "macvlan", plugin("0.3.1"))
    assert binaries(tmp_path, 5) == ({"ipvlan": ["0.3.0", "0.3.1", "1.0.0"], "macvlan": ["0.3.1"]}, {})


def test_they_are_asked_at_the_same_time(tmp_path):
    for number in range(8):
        program(tmp_path, f"slow{number}", f"/bin/sleep 0.4; {plugin('1.0.0')}")
    started = time.monotonic()
    known, errors = binaries(tmp_path, 10)
    assert (len(known), errors) == (8, {})
    assert time.monotonic() - started < 8 * 0.4


def test_what_does_not_answer_is_listed_with_the_reason(tmp_path):
    program(tmp_path, "fine", plugin("1.0.0"))
    program(tmp_path, "hangs", "/bin/sleep 60")
    program(tmp_path, "fails", "echo broken library >&2; exit 127")
    program(tmp_path, "silent", "exit 0")
    program(tmp_path, "list", "echo '[]'")
    (tmp_path / "LICENSE").write_text("text")
    (tmp_path / "gone").symlink_to("/nonexistent")
    (tmp_path / "folder").mkdir()
    program(tmp_path, ".ipvlan.new", plugin("1.0.0"))
    os.mkfifo(tmp_path / "pipe", 0o755)
    known, errors = binaries(tmp_path, 0.5)
    assert errors == {
        "LICENSE": "not executable",
        "fails": "broken library",
        "gone": "no such file or directory",
        "hangs": "no answer within 0.5 seconds",
        "list": "the answer is not that of a CNI plugin",
        "pipe": "not executable",
        "silent": "the answer is not that of a CNI plugin",
    }
    assert known == {"fine": ["1.0.0"], **{name: [] for name in errors}}


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert binaries(tmp_path / "none", 5) == ({}, {})


def test_nothing_is_known_of_a_folder_that_cannot_be_read(tmp_path):
    (tmp_path / "file").write_text("")
    assert binaries(tmp_path / "file", 5) == (None, {str(tmp_path / "file"): "not a directory"})


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))
    | st.dictionaries(st.sampled_from(["supportedVersions", "x"]), st.lists(st.text() | st.integers()) | st.text())
)
def test_an_answer_is_a_list_of_words_or_an_error(answer):
    found = versions(json.dumps(answer))
    assert isinstance(found, (str, list))
    if isinstance(found, list):
        assert all(isinstance(version, str) for version in found)
        assert answer["supportedVersions"] == found


@given(st.text())
def test_what_is_not_json_is_an_error(text):
    assert isinstance(versions("x" + text), str)


def test_files_of_a_node_with_multus(conf):
    found = conf(**{"05-cilium.conflist": CILIUM, "00-multus.conf": MULTUS})
    assert (found["state"], found["wins"], found["cilium_bak"]) == ("present", "00-multus.conf", [])
    assert found["files"] == [
        {
            "file": "00-multus.conf",
            "readable": True,
            "name": "multus-cni-network",
            "type": "multus-shim",
            "plugins": ["multus-shim"],
            "cni_version": "0.3.1",
            "cluster_network": "/host/etc/cni/net.d/05-cilium.conflist",
            "error": None,
        },
        {
            "file": "05-cilium.conflist",
            "readable": True,
            "name": "cilium",
            "type": "cilium-cni",
            "plugins": ["cilium-cni"],
            "cni_version": "0.3.1",
            "cluster_network": None,
            "error": None,
        },
    ]


def test_the_order_is_that_of_the_bytes_of_the_names(conf):
    names = ["10-a.conf", "Z.json", "a.conflist", "9.conf", "1.conf", "é.conf", "00-multus.conf"]
    found = conf(**dict.fromkeys(names, CILIUM | {"type": "x"}))
    assert [file["file"] for file in found["files"]] == [
        "00-multus.conf",
        "1.conf",
        "10-a.conf",
        "9.conf",
        "Z.json",
        "a.conflist",
        "é.conf",
    ]


def test_what_the_runtime_does_not_take_is_not_listed(conf, tmp_path):
    (tmp_path / "multus.d").mkdir()
    (tmp_path / "folder.conf").mkdir()
    found = conf(
        **{"05-cilium.conflist": CILIUM, "README": "x", "a.conf.bak": "{}", "00-multus.conf.cilium_bak": MULTUS}
    )
    assert [file["file"] for file in found["files"]] == ["05-cilium.conflist"]
    assert found["cilium_bak"] == ["00-multus.conf.cilium_bak"]


def test_when_the_first_file_is_broken_none_wins(conf):
    found = conf(**{"05-cilium.conflist": CILIUM, "00-multus.conf": ""})
    assert (found["files"][0]["error"], found["files"][1]["error"], found["wins"]) == ("not JSON", None, None)


def test_a_broken_file_behind_the_first_one_changes_nothing(conf):
    assert conf(**{"05-cilium.conflist": CILIUM, "99-broken.conf": "{"})["wins"] == "05-cilium.conflist"


@pytest.mark.parametrize(
    ("suffix", "config", "error"),
    [
        (".conf", {"type": "bridge"}, None),
        (".json", {"type": "bridge"}, None),
        (".conf", CILIUM, "a plugin without type"),
        (".conf", {"type": ""}, "a plugin without type"),
        (".conf", {"type": 7}, "a plugin without type"),
        (".conf", [], "not a JSON object"),
        (".conflist", MULTUS, "no plugins"),
        (".conflist", {"name": "a", "plugins": []}, "no plugins"),
        (".conflist", {"name": "a", "plugins": {"type": "bridge"}}, "no plugins"),
        (".conflist", {"name": "a", "plugins": ["bridge"]}, "a plugin without type"),
        (".conflist", {"name": "a", "plugins": [{"type": "bridge"}, {}]}, "a plugin without type"),
        (".conflist", {"plugins": [{"type": "bridge"}]}, "no name"),
        (".conflist", {"name": 3, "plugins": [{"type": "bridge"}]}, "no name"),
    ],
)
def test_what_the_runtime_cannot_load(suffix, config, error):
    assert describe(suffix, json.dumps(config))["error"] == error


def test_all_plugins_of_a_chain():
    chain = {
        "name": "lan",
        "cniVersion": "1.0.0",
        "plugins": [{"type": "macvlan"}, {"type": "tuning"}, {"type": "sbr"}],
    }
    found = describe(".conflist", json.dumps(chain))
    assert (found["type"], found["plugins"]) == ("macvlan", ["macvlan", "tuning", "sbr"])


@given(st.sampled_from([".conf", ".conflist", ".json"]), st.text())
def test_any_text_is_described(suffix, text):
    found = describe(suffix, text)
    assert set(found) == {"name", "type", "plugins", "cni_version", "cluster_network", "error"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "plugins", "cniVersion"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from([".conf", ".conflist", ".json"]), JSON)
def test_any_json_is_described(suffix, config):
    found = describe(suffix, json.dumps(config))
    if found["error"] is None:
        assert found["plugins"]
        assert found["type"] == found["plugins"][0] != ""
        assert all(isinstance(one, str) for one in found["plugins"])


def test_special_files_are_not_opened(conf, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "00-socket.conf"))
    (tmp_path / "01-link.conf").symlink_to(tmp_path)
    (tmp_path / "02-gone.conf").symlink_to("/nonexistent")
    found = conf(**{"05-cilium.conflist": CILIUM})
    assert [file["error"] for file in found["files"]] == ["not a file", "not a file", "not a file", None]
    assert found["wins"] is None


def test_a_file_that_only_root_may_read(conf, monkeypatch):
    """It is not broken: the runtime, being root, loads it."""

    def refuse(*_about, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    found = conf(**{"00-multus.conf": MULTUS})
    file = found["files"][0]
    assert (file["readable"], file["error"], file["name"], file["plugins"]) == (False, None, None, [])
    assert found["wins"] == "00-multus.conf"


def test_a_directory_that_is_not_there(tmp_path):
    found = configuration(tmp_path / "none")
    assert (found["state"], found["files"], found["wins"]) == ("absent", [], None)


def test_a_directory_that_only_root_may_read(tmp_path, monkeypatch):
    def refuse(*_about):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.listdir", refuse)
    assert configuration(tmp_path)["state"] == "unreadable"
