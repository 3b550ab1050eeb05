# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Multus on a node, in a directory that plays the node's root."""

from __future__ import annotations

import json
import socket

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import multus_node
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.multus_node import ALL, NETWORKS, RECORD, Places
from hypothesis import given
from hypothesis import strategies as st

TEXT = '{"cniVersion": "0.3.1", "name": "a", "plugins": []}'
CILIUM = "etc/cni/net.d/05-cilium.conflist"


@pytest.fixture
def places(tmp_path):
    """A node on which Cilium runs."""
    made = Places(tmp_path)
    put(made, CILIUM, "{}")
    put(made, "opt/cni/bin/cilium-cni", "")
    return made


def put(places, name, text):
    path = places.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def files(places):
    return {str(path.relative_to(places.root)): path.read_text() for path in places.root.rglob("*") if path.is_file()}


def do(places, networks=None, present=True):
    change = multus_node.plan(places, networks or {}, present)
    told = multus_node.result(places, change)
    multus_node.apply(places, networks or {}, change)
    return told


def test_networks_are_written_for_root_only_and_noted(places):
    told = do(places, {"a.conflist": TEXT})
    assert (told["changed"], told["written"]) == (True, [f"/{NETWORKS}/a.conflist"])
    path = places.root / NETWORKS / "a.conflist"
    assert (path.read_text(), path.stat().st_mode & 0o777) == (TEXT, 0o600)
    assert json.loads((places.root / RECORD).read_text()) == ["a.conflist"]
    assert [entry.name for entry in path.parent.iterdir()] == ["a.conflist"]


def test_the_same_again_is_no_change(places):
    do(places, {"a.conflist": TEXT})
    assert do(places, {"a.conflist": TEXT})["changed"] is False


def test_ours_that_are_no_longer_wanted_go_and_others_stay(places):
    do(places, {"a.conflist": TEXT, "b.conflist": TEXT})
    put(places, f"{NETWORKS}/other.conf", "{}")
    told = do(places, {"b.conflist": TEXT})
    assert (told["removed"], told["left"]) == ([f"/{NETWORKS}/a.conflist"], [f"/{NETWORKS}/other.conf"])
    assert f"{NETWORKS}/other.conf" in files(places)


PRIMARY = f"{multus_node.PRIMARY}/05-cilium.conflist"


def leads(places, to):
    put(places, "etc/cni/net.d/00-multus.conf", json.dumps({"clusterNetwork": f"/host/{to}"}))


@pytest.mark.parametrize(
    ("there", "to", "stays"),
    [
        ((PRIMARY,), PRIMARY, False),
        ((PRIMARY,), CILIUM, True),
        ((PRIMARY,), None, True),
        ((), PRIMARY, True),
    ],
)
def test_kubelet_loses_the_primary_configuration_only_when_multus_leads_to_the_other(places, there, to, stays):
    for name in there:
        put(places, name, "{}")
    if to:
        leads(places, to)
    multus_node.apply(places, {}, multus_node.plan(places, {}, True, fail_closed=True))
    assert (CILIUM in files(places)) is stays
    assert (PRIMARY in files(places)) is bool(there)


def test_outside_of_kubelets_directory_it_goes_when_kubelet_has_it_again(places):
    put(places, PRIMARY, "{}")
    assert do(places)["removed"] == [f"/{PRIMARY}"]
    assert CILIUM in files(places)


def test_the_only_one_stays(places):
    put(places, PRIMARY, "{}")
    (places.root / CILIUM).unlink()
    assert do(places)["changed"] is False
    assert do(places, present=False)["removed"] == []


def test_a_file_of_someone_else_is_not_overwritten(places):
    put(places, f"{NETWORKS}/a.conflist", "{}")
    with pytest.raises(NetworkError, match=r"networks.a.conflist: /etc/cni/multus/net.d/a.conflist is not ours"):
        multus_node.plan(places, {"a.conflist": TEXT}, True)


def test_one_that_was_written_before_a_kill_is_ours(places):
    put(places, f"{NETWORKS}/a.conflist", TEXT)
    assert do(places, {"a.conflist": TEXT})["changed"] is False


@pytest.mark.parametrize("name", ["a.txt", "../a.conf", ".a.conf"])
def test_a_name_that_multus_does_not_read_is_an_error(places, name):
    with pytest.raises(NetworkError, match="is no file name that Multus reads"):
        multus_node.plan(places, {name: TEXT}, True)


def test_a_text_that_is_no_json_is_an_error(places):
    with pytest.raises(NetworkError, match=r"networks.a.conf: is not JSON"):
        multus_node.plan(places, {"a.conf": "{"}, True)


def test_what_the_thin_plugin_left_goes(places):
    put(places, "etc/cni/net.d/00-multus.conf", "{}")
    for name in ("etc/cni/net.d/00-multus.conflist", "etc/cni/net.d/multus.d/multus.kubeconfig", "opt/cni/bin/multus"):
        put(places, name, "")
    told = do(places)
    assert told["removed"] == ["/etc/cni/net.d/00-multus.conflist", "/etc/cni/net.d/multus.d", "/opt/cni/bin/multus"]
    assert sorted(files(places)) == ["etc/cni/net.d/00-multus.conf", CILIUM, "opt/cni/bin/cilium-cni"]


def test_absent_leaves_nothing_but_the_others(places):
    do(places, {"a.conflist": TEXT})
    for pattern in ALL:
        put(places, str(places.path(pattern).relative_to(places.root)) + ("/x" if "/lib/" in pattern else ""), "")
    put(places, "etc/cni/net.d/00-multus.conf.cilium_bak", "{}")
    do(places, present=False)
    assert sorted(files(places)) == [CILIUM, "opt/cni/bin/cilium-cni"]
    assert do(places, present=False)["changed"] is False


def test_kubelets_configuration_goes_first(places):
    for pattern in ALL:
        put(places, str(places.path(pattern).relative_to(places.root)), "")
    assert multus_node.plan(places, {}, False).remove[0].name == "00-multus.conf"


def test_a_daemon_that_answers_stands_against_a_removal(places, monkeypatch):
    (places.root / "run/multus").mkdir(parents=True)
    monkeypatch.chdir(places.root)  # the path of a socket may have 108 characters
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("run/multus/multus.sock")
        server.listen()
        here = Places(type(places.root)("."))
        with pytest.raises(NetworkError, match="the daemon still answers at /run/multus/multus.sock"):
            multus_node.plan(here, {}, False)
    assert multus_node.plan(here, {}, False)


def test_what_cilium_renamed_gets_its_name_back(places):
    put(places, "etc/cni/net.d/10-other.conf.cilium_bak", "{}")
    put(places, "etc/cni/net.d/00-multus.conf.cilium_bak", "{}")
    put(places, "etc/cni/net.d/20-both.conf.cilium_bak", "old")
    put(places, "etc/cni/net.d/20-both.conf", "new")
    told = do(places)
    assert (told["restored"], told["removed"]) == (
        ["/etc/cni/net.d/10-other.conf"],
        ["/etc/cni/net.d/00-multus.conf.cilium_bak"],
    )
    assert files(places)["etc/cni/net.d/20-both.conf"] == "new"


def test_a_record_that_cannot_be_read_stops_it(places):
    put(places, RECORD, "{")
    with pytest.raises(NetworkError, match=r"multus.json: cannot be read"):
        multus_node.plan(places, {}, True)


@given(st.lists(st.dictionaries(st.sampled_from(["a.conf", "b.conflist", "c.json"]), st.sampled_from(["{}", "[]"]))))
def test_whatever_came_before_the_last_wish_is_what_is_there(tmp_path_factory, wishes):
    places = Places(tmp_path_factory.mktemp("node"))
    for wish in wishes:
        do(places, wish)
    told = {name.rpartition("/")[2]: text for name, text in files(places).items() if name.startswith(NETWORKS)}
    assert told == (wishes[-1] if wishes else {})
