# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulling images on every node, with kubelets played by the test."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils import node_images
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import Forbidden, NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.node_images import NodeImages, normalise
from hypothesis import given
from hypothesis import strategies as st

WINDOWS = {"metadata": {"name": "win1"}, "status": {"nodeInfo": {"operatingSystem": "windows"}}}
PODS = "/api/v1/namespaces/kube-system/pods"
CILIUM = "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
PYTHON = "python:3.13-slim"
DONE = {"imageID": "sha256:1", "state": {"terminated": {"exitCode": 0}}}


def failing(reason, message=""):
    return {"state": {"waiting": {"reason": reason, "message": message}}}


class Kubelets:
    """Sets the status of each container when its pod is made; ``later`` maps seconds to changes."""

    def __init__(self, api):
        self.api = api
        self.now = 0.0
        self.outcome = {}
        self.later = {}
        api.on_create = self.start
        api.lists["/api/v1/nodes"] = []
        api.lists[PODS] = []

    def node(self, name, images=(), ready="True"):
        self.api.lists["/api/v1/nodes"].append(
            {
                "metadata": {"name": name},
                "status": {
                    "images": [{"names": [image]} for image in images],
                    "conditions": [{"type": "Ready", "status": ready}],
                },
            }
        )

    def start(self, pod):
        node = pod["spec"]["nodeName"]
        pod["status"] = {
            "containerStatuses": [
                {"name": item["name"], **self.outcome.get((node, item["image"]), DONE)}
                for item in pod["spec"]["containers"]
            ]
        }

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        for moment in sorted(self.later):
            if moment <= self.now:
                self.later.pop(moment)()

    def pods(self):
        return self.api.lists[PODS]

    def set_status(self, number, status):
        statuses = self.pods()[number]["status"]["containerStatuses"]
        statuses[0] = {"name": statuses[0]["name"], **status}


@pytest.fixture
def kubelets(api):
    return Kubelets(api)


@pytest.fixture
def pull(cluster, kubelets):
    def _pull(*images, check_mode=False, **more):
        options = {"namespace": "kube-system", "monotonic": kubelets.monotonic, "sleep": kubelets.sleep, **more}
        return NodeImages(cluster, list(images), **options).run(check_mode)

    return _pull


def requests(api, method):
    return [path for asked, path, query in api.requests if asked == method]


def test_pulls_what_is_missing_and_leaves_nothing(api, kubelets, pull):
    kubelets.node("w1", [CILIUM])
    kubelets.node("w2", ["docker.io/library/python:3.13-slim"])
    made = []
    start = api.on_create
    api.on_create = lambda pod: (start(pod), made.append(pod))
    result = pull(CILIUM, PYTHON, pull_secrets=["mirror"])
    assert result == {
        "changed": True,
        "pulled": [{"node": "w1", "image": PYTHON}, {"node": "w2", "image": CILIUM}],
        "present": [{"node": "w1", "image": CILIUM}, {"node": "w2", "image": PYTHON}],
    }
    assert kubelets.pods() == []
    assert sorted(pod["spec"]["nodeName"] for pod in made) == ["w1", "w2"]
    for pod in made:
        spec = pod["spec"]
        assert spec["hostNetwork"] is True
        assert spec["restartPolicy"] == "Never"
        assert spec["tolerations"] == [{"operator": "Exists"}]
        assert spec["imagePullSecrets"] == [{"name": "mirror"}]
        assert [item["command"] for item in spec["containers"]] == [["/bin/true"]]


def test_a_node_of_another_system_is_left_alone(api, kubelets, pull):
    api.lists["/api/v1/nodes"].append(WINDOWS)
    assert pull(CILIUM)["changed"] is False


def test_nothing_to_do(api, kubelets, pull):
    kubelets.node("w1", [CILIUM])
    assert pull(CILIUM, CILIUM) == {
        "changed": False,
        "pulled": [],
        "present": [{"node": "w1", "image": CILIUM}],
    }
    assert requests(api, "POST") == []
    assert requests(api, "DELETE") == []


def test_check_mode_says_the_same_and_makes_nothing(api, kubelets, pull):
    kubelets.node("w1")
    wanted = pull(CILIUM, check_mode=True)
    assert requests(api, "POST") == []
    assert pull(CILIUM) == wanted


def test_leftovers_of_a_killed_run_go_first(api, kubelets, pull):
    kubelets.node("w1")
    left = node_images.pod("w1", ["old:1"], [], 60)
    left["metadata"]["name"] = "left"
    other = {"metadata": {"name": "other", "labels": {}}, "spec": {"nodeName": "w1", "containers": []}}
    kubelets.pods().extend([left, other])
    assert pull(CILIUM)["changed"] is True
    assert [pod["metadata"]["name"] for pod in kubelets.pods()] == ["other"]


@pytest.mark.parametrize(
    "status",
    [
        DONE,
        {"state": {"running": {}}},
        {"state": {"terminated": {"reason": "StartError", "exitCode": 128}}},
        failing("CreateContainerConfigError", "image will run as root"),
        failing("RunContainerError", "no /bin/true"),
        {"imageID": "x", **failing("ContainerCreating")},
    ],
)
def test_what_proves_a_pull(kubelets, pull, status):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = status
    assert pull(CILIUM)["changed"] is True


def test_waits_for_slow_pulls(kubelets, pull):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = failing("ContainerCreating")
    kubelets.later[90] = lambda: kubelets.set_status(0, DONE)
    assert pull(CILIUM)["changed"] is True
    assert kubelets.now >= 90


def test_a_missing_image_fails_at_once_with_all_nodes(kubelets, pull):
    for name in ("w1", "w2"):
        kubelets.node(name)
        kubelets.outcome[name, "example.com/x:1"] = failing("ErrImagePull", "example.com/x:1: not found")
    with pytest.raises(NetworkError) as caught:
        pull("example.com/x:1")
    hint = "Check the image's name and that the node reaches its registry."
    assert str(caught.value).splitlines() == [
        f"node {name}: image example.com/x:1: ErrImagePull: example.com/x:1: not found. {hint}" for name in ("w1", "w2")
    ]
    assert kubelets.now == 0
    assert kubelets.pods() == []


def test_others_get_a_moment_to_fail_too(kubelets, pull):
    for name in ("w1", "w2", "w3"):
        kubelets.node(name)
        kubelets.outcome[name, CILIUM] = failing("ContainerCreating")
    kubelets.outcome["w1", CILIUM] = failing("InvalidImageName", "bad")
    kubelets.later[2] = lambda: [
        kubelets.set_status(number, failing("ErrImagePull", "denied"))
        for number, pod in enumerate(kubelets.pods())
        if pod["spec"]["nodeName"] == "w2"
    ]
    with pytest.raises(NetworkError) as caught:
        pull(CILIUM)
    assert [problem.path for problem in caught.value.problems] == ["node w1", "node w2"]
    assert kubelets.now <= 6


def test_a_registry_that_is_down_gets_a_second_try(kubelets, pull):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = failing("ErrImagePull", "dial tcp: connection refused")
    kubelets.later = {
        5: lambda: kubelets.set_status(0, failing("ImagePullBackOff", "Back-off pulling image")),
        15: lambda: kubelets.set_status(0, DONE),
    }
    assert pull(CILIUM)["changed"] is True


def test_a_registry_that_stays_down_fails_in_seconds(kubelets, pull):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = failing("ErrImagePull", "dial tcp: connection refused")
    kubelets.later[5] = lambda: kubelets.set_status(0, failing("ImagePullBackOff", "Back-off pulling image"))
    with pytest.raises(NetworkError, match="ErrImagePull: dial tcp: connection refused"):
        pull(CILIUM)
    assert 20 < kubelets.now < 25


def test_time_is_over(kubelets, pull):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = failing("ContainerCreating")
    with pytest.raises(NetworkError, match=f"node w1: image {CILIUM}: not pulled after 30 seconds"):
        pull(CILIUM, timeout=30)
    assert kubelets.pods() == []


def test_a_silent_kubelet_is_named_before_anything_is_made(api, kubelets, pull):
    kubelets.node("w1", ready="Unknown")
    kubelets.node("w2", ready="False")
    with pytest.raises(NetworkError, match="node w1: its kubelet does not report"):
        pull(CILIUM)
    assert requests(api, "POST") == []


def test_a_node_without_network_is_served(kubelets, pull):
    kubelets.node("w2", ready="False")
    assert pull(CILIUM)["changed"] is True


def test_a_rejected_pod_is_reported(api, kubelets, pull):
    kubelets.node("w1")
    api.on_create = lambda pod: pod.update(status={"phase": "Failed", "reason": "OutOfpods", "message": "too many"})
    with pytest.raises(NetworkError, match="OutOfpods: too many"):
        pull(CILIUM)


def test_a_deleted_pod_is_reported(kubelets, pull):
    kubelets.node("w1")
    kubelets.outcome["w1", CILIUM] = failing("ContainerCreating")
    kubelets.later[3] = lambda: kubelets.pods().clear()
    with pytest.raises(NetworkError, match="its pod was deleted by someone else"):
        pull(CILIUM)


def test_a_refused_pod_leaves_nothing(api, kubelets, pull):
    kubelets.node("w1")
    api.answers[f"POST {PODS}"] = (403, {"message": "violates PodSecurity"})
    with pytest.raises(Forbidden, match="violates PodSecurity"):
        pull(CILIUM)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim"),
        ("cilium/cilium:v1", "docker.io/cilium/cilium:v1"),
        ("quay.io/cilium/cilium:v1", "quay.io/cilium/cilium:v1"),
        ("localhost/a:1", "localhost/a:1"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"),
        ("quay.io/a/b:v1@sha256:00", "quay.io/a/b@sha256:00"),
        ("quay.io/a/b@sha256:00", "quay.io/a/b@sha256:00"),
    ],
)
def test_normalise(image, wanted):
    assert normalise(image) == wanted


@given(st.from_regex(r"([a-z]{1,4}\.io(:[0-9]{2})?/)?[a-z]{1,4}(/[a-z]{1,4})?(:[a-z0-9.]{1,4})?", fullmatch=True))
def test_normalise_twice_is_once(image):
    assert normalise(normalise(image)) == normalise(image)
