"""The revisions of a release: which are read, which one counts, and how a pending one is marked."""

from __future__ import annotations

import base64
import copy
import gzip
import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import (
    decode,
    encode,
    marked_failed,
    read_history,
    read_release,
    unlock,
)
from hypothesis import given
from hypothesis import strategies as st

SECRETS = "/api/v1/namespaces/kube-system/secrets"
CREATED = "2026-01-31T12:00:00Z"


class Secrets:
    """The secrets of a namespace; counts what is fetched in full."""

    def __init__(self, releases, statuses=None):
        self.releases = releases
        self.statuses = statuses or {}
        self.fetched = []

    def list(self, path, query=None, metadata_only=False):
        assert (path, query, metadata_only) == (SECRETS, {"labelSelector": "owner=helm,name=cilium"}, True)
        return [
            {
                "metadata": {
                    "name": f"sh.helm.release.v1.cilium.v{number}",
                    "labels": {"version": str(number), "status": self.statuses.get(number, "superseded")},
                }
            }
            for number in self.releases
        ]

    def get(self, path, query=None):
        number = int(path.rsplit(".v", 1)[1])
        self.fetched.append(number)
        data = self.releases[number]
        return data if data is None else {"data": {"release": data}, "metadata": {"creationTimestamp": CREATED}}


def a_release(revision, status="deployed"):
    return {
        "version": revision,
        "info": {"status": status, "description": "Upgrade in progress", "notes": "Hello"},
        "chart": {
            "metadata": {"name": "cilium", "version": "1.17.6", "appVersion": "1.17.6"},
            "values": {"debug": {"enabled": False}},
        },
        "config": {"ipam": {"mode": "kubernetes"}},
        "manifest": "a: 1",
    }


def uncompressed(release):
    return base64.b64encode(base64.b64encode(json.dumps(release).encode())).decode()


def history(*statuses):
    """The history of revisions 1, 2, ... and the numbers of those that were fetched."""
    numbered = dict(enumerate(statuses, 1))
    secrets = Secrets({number: encode(a_release(number, status)) for number, status in numbered.items()}, numbered)
    return read_history(secrets, "cilium", "kube-system"), secrets.fetched


def test_no_secret_is_no_release():
    assert read_release(Secrets({}), "cilium", "kube-system") is None
    assert read_history(Secrets({}), "cilium", "kube-system").newest is None


@pytest.mark.parametrize("encoded", [encode, uncompressed])
def test_only_the_newest_revision_is_fetched_and_decoded(encoded):
    cluster = Secrets({9: "no", 10: encoded(a_release(10)), 2: "no"})
    release = read_release(cluster, "cilium", "kube-system")
    assert cluster.fetched == [10]
    assert (release.revision, release.status, release.chart_version) == (10, "deployed", "1.17.6")
    assert release.values == {"ipam": {"mode": "kubernetes"}}
    assert release.chart_values == {"debug": {"enabled": False}}
    assert (release.manifest, release.since) == ("a: 1", CREATED)


def test_a_release_without_values_has_none():
    bare = {**a_release(1), "config": None}
    assert read_release(Secrets({1: encode(bare)}), "cilium", "kube-system").values == {}


def test_an_uninstalled_or_just_deleted_release_is_none():
    gone = Secrets({3: encode(a_release(3, "uninstalled"))})
    assert read_release(gone, "cilium", "kube-system") is None
    found = read_history(gone, "cilium", "kube-system")
    assert (len(found.revisions), found.newest, found.base, found.broken) == (1, None, None, None)
    assert read_release(Secrets({3: None}), "cilium", "kube-system") is None


@pytest.mark.parametrize("data", ["%%%", base64.b64encode(b"abc").decode(), encode({})[:40]])
def test_a_damaged_secret_is_named(data):
    with pytest.raises(NetworkError, match=r"secret kube-system/sh.helm.release.v1.cilium.v3 cannot be read"):
        read_release(Secrets({3: data}), "cilium", "kube-system")


@pytest.mark.parametrize(
    ("statuses", "base", "broken", "fetched"),
    [
        (["superseded", "deployed"], 2, None, [2]),
        (["superseded", "deployed", "pending-upgrade"], 2, 3, [3, 2]),
        (["deployed", "failed", "pending-rollback"], 1, 3, [3, 1]),
        (["superseded", "deployed", "superseded", "failed"], 2, 4, [4, 2]),
        (["superseded", "superseded", "pending-upgrade"], 2, 3, [3, 2]),
        (["superseded", "failed", "failed"], 1, 3, [3, 1]),
        (["failed", "pending-upgrade"], 2, 2, [2]),
        (["pending-install"], 1, 1, [1]),
        (["superseded", "uninstalling"], 1, 2, [2, 1]),
    ],
)
def test_helm_goes_on_from_the_newest_deployed_revision_else_the_newest_that_was(statuses, base, broken, fetched):
    found, asked = history(*statuses)
    assert (found.base.revision, found.broken and found.broken.revision) == (base, broken)
    assert asked == fetched
    assert [item.number for item in found.revisions] == list(range(1, len(statuses) + 1))


def test_a_revision_that_was_just_deleted_is_passed_over():
    secrets = Secrets(
        {1: encode(a_release(1, "superseded")), 2: None, 3: encode(a_release(3, "failed"))}, {2: "superseded"}
    )
    assert read_history(secrets, "cilium", "kube-system").base.revision == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), JSON, max_size=4),
    st.dictionaries(st.text(), JSON, max_size=3),
    st.sampled_from(["pending-install", "pending-upgrade", "pending-rollback"]),
)
def test_marking_changes_nothing_but_status_and_description(release, info, status):
    release = {**release, "info": {**info, "status": status}}
    before = copy.deepcopy(release)
    after = decode({"data": {"release": encode(marked_failed(release))}}, "")
    assert release == before
    assert after["info"].pop("status") == "failed"
    assert status in after["info"].pop("description")
    release["info"].pop("description", None)
    release["info"].pop("status")
    assert json.dumps(after) == json.dumps(release)


def test_helm_can_read_what_is_written():
    raw = base64.b64decode(base64.b64decode(encode({"a": "é"})))
    assert json.loads(gzip.decompress(raw)) == {"a": "é"}


def serve(api, *statuses):
    """Serve the revisions 1, 2, ... and return the newest secret."""
    api.lists[SECRETS] = []
    for number, status in enumerate(statuses, 1):
        name = f"sh.helm.release.v1.cilium.v{number}"
        labels = {"owner": "helm", "name": "cilium", "status": status, "version": str(number)}
        secret = {
            "metadata": {"name": name, "resourceVersion": "7", "labels": labels},
            "data": {"release": encode(a_release(number, status))},
        }
        api.lists[SECRETS].append(secret)
        api.objects[f"{SECRETS}/{name}"] = secret
    return secret


def patches(api):
    return [path for method, path, _query in api.requests if method == "PATCH"]


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_a_pending_revision_is_marked_once(api, cluster, status):
    secret = serve(api, "deployed", status)
    found = unlock(cluster, "cilium", "kube-system", 2)
    assert (found["changed"], found["before"], found["after"]) == (True, status, "failed")
    assert status in found["diff"]["before"]
    assert "status: failed" in found["diff"]["after"]
    assert secret["metadata"]["labels"] == {"owner": "helm", "name": "cilium", "status": "failed", "version": "2"}
    release = decode(secret, "")
    assert release["info"]["status"] == "failed"
    assert {**release, "info": None} == {**a_release(2), "info": None}
    again = unlock(cluster, "cilium", "kube-system", 2)
    assert (again["changed"], again["before"]) == (False, "failed")
    assert again["diff"]["before"] == again["diff"]["after"]
    assert len(patches(api)) == 1


def test_a_label_that_lags_behind_is_put_right(api, cluster):
    secret = serve(api, "failed")
    secret["metadata"]["labels"]["status"] = "pending-upgrade"
    assert unlock(cluster, "cilium", "kube-system", 1)["changed"]
    assert secret["metadata"]["labels"]["status"] == "failed"


def test_check_mode_says_the_same_and_writes_nothing(api, cluster):
    serve(api, "pending-upgrade")
    checked = unlock(cluster, "cilium", "kube-system", 1, check_mode=True)
    assert patches(api) == []
    assert checked == unlock(cluster, "cilium", "kube-system", 1)


@pytest.mark.parametrize(
    ("statuses", "revision", "message"),
    [
        ([], 1, "there is no Helm release kube-system/cilium"),
        (["deployed", "pending-upgrade"], 1, r"the newest revision .* is another one \(got 1, found 2\)"),
        (["pending-upgrade"], 2, r"is another one \(got 2, found 1\)"),
        (["superseded", "deployed"], 2, r"revision 2 .* is not pending \(found deployed\)"),
        (["uninstalling"], 1, r"is not pending \(found uninstalling\)"),
    ],
)
def test_what_is_not_the_pending_newest_revision_is_refused(api, cluster, statuses, revision, message):
    if statuses:
        serve(api, *statuses)
    with pytest.raises(NetworkError, match=message):
        unlock(cluster, "cilium", "kube-system", revision)
    assert patches(api) == []


def test_a_helm_that_still_works_wins(api, cluster):
    secret = serve(api, "pending-upgrade")

    def helm_ends(method, path):
        if method == "PATCH":
            secret["metadata"]["resourceVersion"] = "8"

    api.before = helm_ends
    with pytest.raises(NetworkError, match="changed at this moment: Helm still works on it. Plan anew"):
        unlock(cluster, "cilium", "kube-system", 1)
    assert secret["metadata"]["labels"]["status"] == "pending-upgrade"
