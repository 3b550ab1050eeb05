# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guarded change ends as a whole, confirmed or undone, wherever it is broken off."""

from __future__ import annotations

import ast
import contextlib
import errno
import inspect
import json
import socket
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import guard as guard_util
from ansible_collections.eks_anywhere.network.plugins.module_utils import guard_program
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.guard import BOOT_UNIT, WANTED, Change, Guard, ask
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW, GONE, FRESH = "/etc/net/old", "/etc/net/same", "/etc/net/gone", "/etc/net/deep/fresh"
FILES = {NEW: (b"new", 0o600), GONE: None, FRESH: (b"fresh", 0o644)}
BEFORE = {OLD: b"untouched", NEW: b"was", GONE: b"goes"}
AFTER = {OLD: b"untouched", NEW: b"new", FRESH: b"fresh"}


class Crash(BaseException):
    """The power goes."""


@pytest.fixture
def root(tmp_path):
    """A node with three files."""
    for name, content in BEFORE.items():
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


@pytest.fixture
def calls():
    """What systemd was told."""
    return []


@pytest.fixture
def guard(root, calls):
    """The guard of the node."""
    return Guard(str(root), calls.append)


def touch(path):
    """A command that leaves a file behind."""
    return [sys.executable, "-c", f"open({str(path)!r}, 'a').write('x')"]


def files(root):
    """The contents of all files of the node that are not the guard's."""
    return {f"/{path.relative_to(root)}": path.read_bytes() for path in (root / "etc/net").rglob("*") if path.is_file()}


def change(root, **more):
    """A change of three files with commands."""
    base = {"apply": [touch(root / "applied")], "restore": [touch(root / "restored")], "boot": [touch(root / "booted")]}
    return Change(owner="host_network", files=FILES, **{**base, **more})


def test_nothing_happens_before_systemd_begins_and_undoing_is_armed_first(guard, root, calls):
    begun = guard.start(change(root, timeout=40))
    assert {name: content for name, content in files(root).items() if not Path(name).name.startswith(".")} == BEFORE
    undo, begin = calls
    assert begun == {"id": begun["id"], "timeout": 40, "delay": 1}
    assert undo[-3:-1] == ["restore", begun["id"]]
    assert "--on-active=41" in undo
    assert begin[-2:] == ["apply", begun["id"]]
    assert "--on-active=1" in begin
    assert all("--timer-property=AccuracySec=100ms" in words for words in calls)


def test_the_program_and_the_unit_for_a_restart_are_there_before_it_begins(guard, root):
    guard.start(change(root))
    program = (root / guard_program.STATE / "guard.py").read_text()
    assert program == inspect.getsource(guard_program)
    unit = (root / BOOT_UNIT).read_text()
    assert "ConditionPathExists=/var/lib/eks-anywhere-network/guard/pending.json" in unit
    assert "Before=network-pre.target systemd-networkd.service NetworkManager.service nftables.service" in unit
    assert f"ExecStart={sys.executable} /var/lib/eks-anywhere-network/guard/guard.py boot" in unit
    assert (root / WANTED).resolve() == root / BOOT_UNIT


def test_the_program_is_python_3_8_and_needs_nothing_else():
    tree = ast.parse(inspect.getsource(guard_program), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_confirmed_it_stays(guard, root, calls):
    identity = guard.start(change(root))["id"]
    guard.node.apply(identity)
    ended = guard.confirm(identity)
    assert (ended["ended"], ended["applied"]["ok"]) == ("confirmed", True)
    assert files(root) == AFTER
    assert (root / NEW.lstrip("/")).stat().st_mode & 0o777 == 0o600
    assert calls[-1] == ["systemctl", "stop", f"eks-anywhere-network-guard-restore-{identity}.timer"]
    assert guard.node.restore(identity, "late") is False
    assert files(root) == AFTER


def test_not_confirmed_it_is_undone_with_its_commands(guard, root):
    identity = guard.start(change(root))["id"]
    guard.node.apply(identity)
    guard.node.restore(identity, "it was not confirmed")
    assert files(root) == BEFORE
    assert (root / "restored").read_text() == "x"
    assert guard.confirm(identity) | {"applied": None} == {
        "ended": "restored",
        "why": "it was not confirmed",
        "ok": True,
        "applied": None,
        "commands": guard.ended(identity)["commands"],
        "probes": [],
    }
    assert files(root) == BEFORE


def test_what_never_began_runs_no_command_when_it_is_undone(guard, root):
    identity = guard.start(change(root))["id"]
    guard.node.restore(identity, "it was not confirmed")
    assert files(root) == BEFORE
    assert not (root / "restored").exists()
    guard.node.apply(identity)
    assert files(root) == BEFORE


def test_after_a_restart_the_boot_commands_run_instead(guard, root):
    identity = guard.start(change(root))["id"]
    guard.node.apply(identity)
    guard.node.boot()
    assert files(root) == BEFORE
    assert ((root / "booted").exists(), (root / "restored").exists()) == (True, False)
    assert guard.ended(identity)["why"] == "the machine restarted before it was confirmed"
    guard.node.boot()


def test_another_change_has_to_wait(guard, root):
    first = guard.start(change(root))["id"]
    with pytest.raises(
        NetworkError, match=f"a change of host_network is neither confirmed nor undone yet .got {first}"
    ):
        guard.start(change(root))
    guard.node.restore(first, "over")
    assert guard.start(change(root))["id"] != first


def test_a_command_that_fails_undoes_it_at_once(guard, root):
    identity = guard.start(change(root, apply=[["sh", "-c", "echo no carrier; exit 3"], touch(root / "applied")]))["id"]
    guard.node.apply(identity)
    ended = guard.confirm(identity)
    assert (ended["ended"], ended["why"]) == ("restored", "a command failed")
    assert ended["applied"]["commands"] == [[["sh", "-c", "echo no carrier; exit 3"], 3, "no carrier\n"]]
    assert files(root) == BEFORE
    assert not (root / "applied").exists()


def test_before_it_is_carried_out_it_cannot_be_confirmed(guard, root):
    identity = guard.start(change(root))["id"]
    assert guard.confirm(identity)["ended"] == "pending"
    assert guard.pending_id() == identity


def test_a_silent_probe_leaves_it_pending(guard, root):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    identity = guard.start(change(root))["id"]
    guard.node.apply(identity)
    told = guard.confirm(identity, [{"type": "tcp", "host": "127.0.0.1", "port": port}])
    assert (told["ended"], told["why"]) == ("pending", f"127.0.0.1:{port} does not answer: Connection refused")
    guard.node.restore(identity, "over")
    assert files(root) == BEFORE


def test_a_port_that_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ask({"type": "tcp", "host": "127.0.0.1", "port": server.getsockname()[1]}) == ""


def test_a_full_disk_begins_nothing(guard, root, monkeypatch):
    def full(_path, _data, _mode):
        raise OSError(errno.ENOSPC, "No space left on device", "/etc/net")

    monkeypatch.setattr(guard_util.atomic_file, "replace", full)
    with pytest.raises(NetworkError, match="cannot be prepared: No space left on device"):
        guard.start(change(root))
    assert files(root) == BEFORE
    assert guard.pending_id() is None


def test_without_a_timer_nothing_begins(guard, root):
    def refuse(words):
        raise OSError(f"{words[0]}: no systemd")

    guard.call = refuse
    with pytest.raises(NetworkError, match="no systemd"):
        guard.start(change(root))
    assert guard.pending_id() is None
    assert files(root) == BEFORE


def test_the_node_does_not_know_what_never_was(guard, root):
    (root / guard_program.STATE).mkdir(parents=True)
    assert guard.ended("0123")["ended"] == "unknown"


def test_of_confirmation_and_timer_one_wins(guard, root):
    for _round in range(20):
        identity = guard.start(change(root))["id"]
        guard.node.apply(identity)
        threads = [
            threading.Thread(target=guard.confirm, args=(identity,)),
            threading.Thread(target=guard.node.restore, args=(identity, "late")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = guard.ended(identity)["ended"]
        assert files(root) == {"confirmed": AFTER, "restored": BEFORE}[ended]
        for name, content in BEFORE.items():
            (root / name.lstrip("/")).write_bytes(content)
        (root / FRESH.lstrip("/")).unlink(missing_ok=True)


CONTENT = st.none() | st.binary(max_size=4)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(CONTENT, CONTENT), min_size=1),
    st.integers(0, 12),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_wherever_the_power_goes_it_ends_as_it_was(plan, first, later):
    """``first`` is after how many steps of the change the power goes, ``later`` of the attempts to undo it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "etc/net").mkdir(parents=True)
        before = {f"/etc/net/{name}": old for name, (old, _new) in plan.items() if old is not None}
        for name, content in before.items():
            (root / name.lstrip("/")).write_bytes(content)
        new = {f"/etc/net/{name}": None if new is None else (new, 0o600) for name, (_old, new) in plan.items()}
        guard = Guard(folder, lambda _words: None)
        identity = guard.start(Change("test", new, [], [], []))["id"]
        for steps, step in [(first, lambda: guard.node.apply(identity)), *((n, guard.node.boot) for n in later)]:
            with crash_after(steps):
                step()
        guard.node.boot()
        assert files(root) == before
        assert guard.pending_id() is None
        assert json.loads((guard.state / "last.json").read_text())["id"] == identity


@contextlib.contextmanager
def crash_after(steps):
    """The power goes after so many directories were synchronised."""
    left = [steps]
    real = guard_program.sync_directory

    def sync(path):
        real(path)
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    guard_program.sync_directory = sync
    try:
        with contextlib.suppress(Crash):
            yield
    finally:
        guard_program.sync_directory = real


def test_new_files_have_the_group_that_they_need(guard, root):
    identity = guard.start(change(root, groups={FRESH: 4711}))["id"]
    guard.node.apply(identity)
    assert [(root / name.lstrip("/")).stat().st_gid for name in (FRESH, NEW)] == [4711, 0]


def test_what_undoes_a_change_runs_to_its_end(guard, root):
    broken = [sys.executable, "-c", "raise SystemExit(3)"]
    identity = guard.start(change(root, restore=[broken, touch(root / "restored")]))["id"]
    guard.node.apply(identity)
    guard.node.restore(identity, "it was not confirmed")
    assert (root / "restored").exists()
    assert guard.ended(identity)["ok"] is False


def test_a_full_disk_keeps_no_change_pending(guard, root, monkeypatch):
    identity = guard.start(change(root))["id"]
    guard.node.apply(identity)

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(guard_program, "save", full)
    assert guard.node.restore(identity, "it was not confirmed")
    assert files(root) == BEFORE
    assert guard.pending_id() is None


def test_a_disk_that_is_full_before_the_change_is_written_down_leaves_nothing(guard, root, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(guard_util, "save", full)
    with pytest.raises(NetworkError, match="No space left on device"):
        guard.start(change(root))
    assert files(root) == BEFORE


def test_after_a_restart_directories_in_run_are_gone(guard, root):
    made = {"/run/net/generated": (b"new", 0o644)}
    identity = guard.start(Change("host_network", made, [], []))["id"]
    guard.node.apply(identity)
    for path in (root / "run/net").iterdir():
        path.unlink()
    (root / "run/net").rmdir()
    guard.node.boot()
    assert guard.ended(identity)["ended"] == "restored"


def test_a_change_whose_module_was_killed_before_it_set_the_timer_does_not_stay(guard, root, monkeypatch):
    identity = guard.start(change(root, timeout=40))["id"]
    with pytest.raises(NetworkError, match="neither confirmed nor undone"):
        guard.start(change(root))
    later = guard_util.time.time() + 40 + guard_util.OVERDUE + 1
    monkeypatch.setattr(guard_util.time, "time", lambda: later)
    guard.refuse_while_pending("host_network")
    assert guard.pending_id() == identity
    other = guard.start(change(root))["id"]
    assert guard.pending_id() == other != identity
    assert not (root / "restored").exists()
