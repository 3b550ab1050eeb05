# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for Cilium: until healthy, until the time is over, or until waiting makes no sense any more."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import cilium_wait
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_wait import Clock, Watch
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Unreachable
from ansible_collections.eks_anywhere.network.tests.unit.plugins import cilium_objects as objects
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cilium_objects import Objects


class FakeTime:
    """Time that passes by sleeping only. ``at`` maps seconds to what happens then."""

    def __init__(self):
        self.now = 0.0
        self.at = {}

    def clock(self):
        return Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds):
        self.now += seconds
        for moment in sorted(self.at):
            if moment <= self.now:
                self.at.pop(moment)()


@pytest.fixture
def content(api):
    made = Objects()
    made.serve(api)
    return made


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def watch(cluster, time):
    return Watch(cluster, "cilium", "kube-system", clock=time.clock())


def crash(pod, reason="CrashLoopBackOff"):
    pod["status"]["conditions"][-1]["status"] = "False"
    pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": "back-off"}}


def mend(pod):
    pod["status"]["conditions"][-1]["status"] = "True"
    pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": objects.STARTED}}


def test_once_returns_what_is(content, watch):
    crash(content.agents[0])
    assert watch.once()["healthy"] is False


def test_a_moment_to_settle_ends_with_health(content, watch, time):
    crash(content.agents[0])
    time.at[4] = lambda: mend(content.agents[0])
    assert watch.once(settle=30)["healthy"] is True
    assert time.now == 4


def test_what_does_not_settle_is_returned_as_it_is(content, watch, time):
    crash(content.agents[0])
    assert watch.once(settle=30)["healthy"] is False
    assert 28 <= time.now <= 30


def test_nothing_is_waited_for_where_there_is_no_cilium(cluster, time):
    found = Watch(cluster, "cilium", "elsewhere", clock=time.clock()).once(settle=30)
    assert (found["management"], found["healthy"]) == ("absent", False)
    assert time.now == 0


def test_returns_at_once_when_healthy(content, watch, time):
    assert watch.until_healthy(60)["healthy"] is True
    assert time.now == 0


def test_waits_until_healthy(content, watch, time):
    crash(content.agents[0])
    time.at[20] = lambda: mend(content.agents[0])
    assert watch.until_healthy(60)["healthy"] is True
    assert 20 <= time.now <= 22


def test_time_is_over(content, watch, time):
    content.endpoints.clear()
    with pytest.raises(NetworkError) as caught:
        watch.until_healthy(30)
    text = str(caught.value)
    assert "wait_timeout: Cilium is not healthy, and its roll-out stood still for 30 seconds." in text
    assert "pods: 6 running pods are not managed by Cilium: shop/web-0" in text
    assert caught.value.result["healthy"] is False
    assert caught.value.result["pods_count"] == {"all": 6, "by_cilium": 0}
    assert time.now <= 30


def test_each_replaced_pod_starts_the_time_anew(content, watch, time):
    content.endpoints.clear()
    status = content.daemon_set["status"]
    status["updatedNumberScheduled"] = 1

    def replaced(count):
        def happen():
            status["updatedNumberScheduled"] = count

        return happen

    time.at = {20: replaced(2), 40: replaced(3), 50: replaced(2)}
    with pytest.raises(NetworkError, match="stood still for 30 seconds"):
        watch.until_healthy(30)
    assert 66 <= time.now <= 70


def test_gives_up_on_a_crash_loop_with_its_log(api, content, watch, time):
    crash(content.agents[1])
    log = "GET /api/v1/namespaces/kube-system/pods/cilium-1/log"
    api.answers[log] = lambda query: (200, b"fatal: no such map\n") if query["previous"] == "true" else (400, {})
    with pytest.raises(NetworkError) as caught:
        watch.until_healthy(3600)
    assert 60 < time.now < 70
    text = str(caught.value)
    assert "gave up early: container cilium-agent of cilium-1 on w1 cannot start: CrashLoopBackOff: back-off" in text
    assert "fatal: no such map" in text
    assert caught.value.result["healthy"] is False


def test_a_program_that_is_not_there_is_given_up_sooner(content, watch, time):
    crash(content.agents[1])
    ended = {"terminated": {"reason": "StartError", "exitCode": 128}}
    content.agents[1]["status"]["containerStatuses"][0]["lastState"] = ended
    with pytest.raises(NetworkError, match="gave up early"):
        watch.until_healthy(600)
    assert 15 <= time.now <= 20


def test_a_crash_between_two_starts_counts_on(content, watch, time):
    agent = content.agents[1]
    crash(agent)

    def starts():
        agent["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": objects.STARTED}}

    time.at = {20: starts, 40: lambda: crash(agent)}
    with pytest.raises(NetworkError, match="gave up early"):
        watch.until_healthy(3600)
    assert time.now < 70


def test_a_pod_that_recovers_starts_anew(content, watch, time):
    crash(content.agents[1])
    content.endpoints.clear()
    time.at = {50: lambda: mend(content.agents[1]), 60: lambda: crash(content.agents[1])}
    with pytest.raises(NetworkError, match="gave up early"):
        watch.until_healthy(3600)
    assert 120 < time.now < 130


def test_a_missing_image_has_no_log(content, watch, time):
    crash(content.agents[1], "ImagePullBackOff")
    with pytest.raises(NetworkError) as caught:
        watch.until_healthy(3600)
    assert "cannot start: ImagePullBackOff: back-off." in str(caught.value)


def test_slow_start_is_no_reason_to_give_up(content, watch, time):
    crash(content.agents[1], "ContainerCreating")
    time.at[100] = lambda: mend(content.agents[1])
    assert watch.until_healthy(200)["healthy"] is True


def test_the_server_may_be_away_for_a_while(api, content, watch, time):
    content.endpoints.clear()

    def comes_back():
        api.answers.clear()
        content.endpoints.extend(objects.endpoint(pod) for pod in content.workload_pods)

    time.at = {4: lambda: api.answers.update({"GET /api/v1/nodes": (302, b"")}), 20: comes_back}
    assert watch.until_healthy(60)["healthy"] is True


def test_a_lost_server_ends_the_wait(api, content, watch, time):
    content.endpoints.clear()
    time.at = {4: lambda: api.answers.update({"GET /api/v1/nodes": (302, b"")})}
    with pytest.raises(Unreachable):
        watch.until_healthy(3600)
    assert cilium_wait.LOST < time.now < cilium_wait.LOST + 20


def test_the_server_may_be_away_when_the_wait_begins(api, content, watch, time):
    api.answers["GET /api/v1/nodes"] = (302, b"")
    time.at[20] = api.answers.clear
    assert watch.until_healthy(3600)["healthy"] is True


def test_a_server_that_never_answers_ends_it(api, content, watch, time):
    api.answers["GET /api/v1/nodes"] = (302, b"")
    with pytest.raises(Unreachable):
        watch.until_healthy(3600)
    assert cilium_wait.LOST < time.now < cilium_wait.LOST + 10


def test_agents_are_asked_last(api, content, watch, time):
    watch.agents = True
    crash(content.agents[0])
    asked = []

    def answer(command):
        asked.append(time.now)
        return b'{"cilium": {"state": "Ok"}}', b"", {"status": "Success"}

    api.execs = {f"cilium-{number}": answer for number in range(3)}
    time.at[20] = lambda: mend(content.agents[0])
    assert len(watch.until_healthy(60)["cilium_status"]) == 3
    assert len(asked) == 3
    assert min(asked) >= 20
