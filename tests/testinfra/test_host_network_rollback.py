"""Whatever goes wrong with a change of w2's network, w2 comes back by itself, and the task says so.

Each story begins and ends with the same network, seen with `ip` and `find` on the node.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest
from hosts import GUARD, connect, state
from plays import play

TIMEOUT = 10
WHOLE = TIMEOUT + 15
"""Seconds in which a node must be reachable again."""
CONTROLLER, CLOSED = "172.30.0.1", {"type": "tcp", "host": "172.30.0.1", "port": 6999}
GOOD = {"ethernets": {"eth1": {"addresses": ["10.98.1.22/24"]}}}
STARTED = "systemctl show --property=UserspaceTimestamp --value"
NICS = ("eth0", "eth1")
BRIDGE = {"bridges": {"br7": {"interfaces": ["eth2"], "addresses": ["10.97.0.22/24"]}}}


CUT = {
    "ethernets": {
        "eth1": {"addresses": ["10.98.1.22/24"], "mtu": 1300, "routes": [{"to": CONTROLLER, "via": "10.98.1.1"}]},
        "eth2": {},
    },
    **BRIDGE,
}
"""With it every answer to the controller goes out by eth1, to a gateway that is not there."""


@pytest.fixture(scope="module")
def w2(lab):
    """The node, over connections of the test's own."""
    return connect(lab, "w2")


@pytest.fixture(scope="module", autouse=True)
def settled(project, w2):
    """A first change that holds: the settings, which stay, are there. Returns the node's network with it."""
    done = run(project, GOOD)
    assert done.code == 0, done.failures
    time.sleep(1)
    return state(w2)


def run(project, config, **variables):
    """The playbook on w2 alone."""
    given = {"host_network_config": config, "host_network_confirm_timeout": TIMEOUT, **variables}
    return play(project, "host_network", given, limit="cluster,w2")


def ended(w2):
    """How the last change ended, as the node wrote it down."""
    return json.loads(w2.file(f"{GUARD}/last.json").content_string)


def reached(w2, seconds=WHOLE):
    """Wait until a new connection to the node works; return the seconds that took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        with contextlib.suppress(RuntimeError, AssertionError):
            if w2.run("true").rc == 0:
                break
        time.sleep(0.3)
    return time.monotonic() - started


def pending(w2):
    return w2.file(f"{GUARD}/pending.json").exists


def gone(w2, seconds):
    """Wait until nothing is pending."""
    deadline = time.monotonic() + seconds
    while pending(w2):
        assert time.monotonic() < deadline, "still pending"
        time.sleep(0.3)


def begin(project, config, probes=(CLOSED,), timeout=TIMEOUT):
    """Start the playbook in a process group of its own; its change cannot be confirmed while a probe is silent."""
    given = {"host_network_config": config, "host_network_confirm_timeout": timeout, "host_network_probes": probes}
    words = ["ansible-playbook", "-i", "inventories/lab", "--limit", "cluster,w2", "-e", json.dumps(given)]
    return subprocess.Popen(
        [*words, "playbooks/host_network.yml"],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until_pending(w2, seconds=30):
    deadline = time.monotonic() + seconds
    same = f'cd {GUARD} && id=$(grep -o \'"id": .*\' pending.json) && grep -qF "$id" applied.json'
    while w2.run(same).rc != 0:
        assert time.monotonic() < deadline, "no change began"
        time.sleep(0.1)


@pytest.fixture
def controller(project):
    """Return a function that starts a controller, which is killed at the end if it still runs."""
    found = []

    def start(config, **more):
        found.append(begin(project, config, **more))
        return found[-1]

    yield start
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_route_that_cuts_the_host_off_is_undone(project, w2, settled):
    started = time.monotonic()
    done = run(project, CUT)
    assert time.monotonic() - started < 60
    assert done.code != 0
    (said,) = [text for text in done.failures if "The change was undone" in text]
    assert f"it was not confirmed within {TIMEOUT} seconds" in said
    assert reached(w2) < 2
    assert ended(w2)["ended"] == "restored"
    assert state(w2) == settled
    (result,) = [result for _name, result in done.results if result.get("reverted")]
    assert result["changed"] is False
    assert result["diff"]["after"] != result["diff"]["before"]


def test_a_probe_that_does_not_answer_is_named(project, w2, settled):
    done = run(project, {**GOOD, **BRIDGE}, host_network_probes=[CLOSED])
    assert "172.30.0.1:6999 does not answer" in str(done.account)
    assert done.code != 0
    assert state(w2) == settled


def test_a_controller_that_is_gone(controller, w2, settled):
    process = controller({**GOOD, **BRIDGE, "ethernets": {**GOOD["ethernets"], "eth2": {}}})
    wait_until_pending(w2)
    assert "br7" in state(w2)["links"]
    os.killpg(process.pid, signal.SIGKILL)
    gone(w2, WHOLE)
    assert ended(w2)["why"] == f"it was not confirmed within {TIMEOUT} seconds"
    assert state(w2) == settled


def test_a_node_that_restarts_meanwhile(controller, w2, settled):
    """A container keeps its devices and their addresses then, as no machine does: the files tell."""
    process = controller({"ethernets": {**GOOD["ethernets"], "eth2": {"addresses": ["10.97.0.22/24"]}}}, timeout=300)
    wait_until_pending(w2)
    os.killpg(process.pid, signal.SIGKILL)
    before = w2.check_output(STARTED)
    w2.run("systemctl reboot --force --force")
    time.sleep(2)
    assert reached(w2, 60) < 60
    assert w2.check_output(STARTED) != before
    assert ended(w2)["why"] == "the machine restarted before it was confirmed"
    assert not pending(w2)
    w2.check_output(
        "systemctl is-active --wait systemd-networkd && /lib/systemd/systemd-networkd-wait-online --timeout=20"
    )
    now = state(w2)
    assert now["files"] == settled["files"]
    assert {name: now["links"][name] for name in NICS} == {name: settled["links"][name] for name in NICS}


def test_confirmation_and_timer_at_the_same_moment(controller, w2):
    controller({**GOOD, **BRIDGE, "ethernets": {**GOOD["ethernets"], "eth2": {}}}, timeout=60)
    wait_until_pending(w2)
    race = (
        f'id=$(python3 -c \'import json; print(json.load(open("{GUARD}/pending.json"))["id"])\');'
        f"python3 {GUARD}/guard.py restore $id race & cd {GUARD};"
        "python3 -c 'import guard, sys; print(guard.Node().confirm(sys.argv[1]))' $id; wait"
    )
    confirmed = w2.check_output(race).strip() == "True"
    assert (ended(w2)["ended"] == "confirmed") is confirmed
    time.sleep(1)
    assert ("br7" in state(w2)["links"]) is confirmed
    assert w2.file("/run/systemd/network/10-netplan-br7.netdev").exists is confirmed


def test_what_the_race_left_is_what_the_next_run_finishes(project, w2, settled):
    done = run(project, GOOD)
    assert done.code == 0, done.failures
    assert state(w2)["files"] == settled["files"]
    assert "br7" not in state(w2)["links"]


def test_a_module_that_was_killed_before_it_set_the_timer(project, w2, settled):
    """What it has staged by then is all that it has done; the next run removes it, once it is old enough."""
    left = {
        "id": "0123456789ab", "owner": "host_network", "timeout": TIMEOUT, "files": {"/etc/netplan/x.yaml": 384},
        "absent": ["/etc/netplan/x.yaml"], "apply": [], "restore": [["touch", "/run/undone"]], "boot": [], "unit": None,
    }  # fmt: skip
    for since, refused in ((time.time(), True), (time.time() - TIMEOUT - 60, False)):
        text = json.dumps({**left, "since": int(since)})
        w2.check_output(f"echo '{text}' > {GUARD}/pending.json; touch /etc/netplan/.x.yaml.0123456789ab.new")
        done = run(project, {**GOOD, "ethernets": {"eth1": {"addresses": ["10.98.1.22/24"], "mtu": 1500}}})
        assert ("neither confirmed nor undone yet" in "".join(done.failures)) is refused
    assert done.code == 0, done.failures
    assert not w2.file("/etc/netplan/.x.yaml.0123456789ab.new").exists
    assert not w2.file("/run/undone").exists
    assert run(project, GOOD).code == 0
    assert state(w2) == settled


def test_a_disk_that_is_full(project, w2, settled):
    w2.check_output(f"mount -t tmpfs -o size=16k tmpfs {GUARD} && dd if=/dev/zero of={GUARD}/fill 2>/dev/null; true")
    try:
        done = run(project, {**GOOD, **BRIDGE})
    finally:
        w2.check_output(f"umount {GUARD}")
    assert "the change cannot be prepared: No space left on device" in "".join(done.failures)
    assert state(w2) == settled


def test_an_address_that_moves_is_confirmed_at_the_new_one(project, w2, settled):
    """The node's old address answers nobody any more; what is confirmed at the new one stays."""
    silent = {"routes": [{"to": "0.0.0.0/0", "type": "blackhole", "table": 1009}]}
    silent["routing-policy"] = [{"from": "172.30.0.22", "table": 1009, "priority": 1009}]
    config = {"ethernets": {**GOOD["ethernets"], "id0": {"addresses": ["172.30.0.122/24"], **silent}}}
    options = {"host_network_allow_management_nic": True, "host_network_probes": []}
    options["ansible_ssh_extra_args"] = "-o HostKeyAlias=172.30.0.22"
    done = run(project, config, host_network_confirm_host="172.30.0.122", **options)
    assert [name for name, result in done.results if result.get("reverted") is False and result.get("changed")]
    assert w2_is_silent(w2)
    back = run(project, GOOD, ansible_host="172.30.0.122", host_network_confirm_host="172.30.0.22", **options)
    assert [name for name, result in back.results if result.get("reverted") is False and result.get("changed")]
    assert reached(w2) < 5
    assert state(w2) == settled


def w2_is_silent(w2):
    try:
        return w2.run("true").rc != 0
    except RuntimeError:
        return True
