"""Where a change goes back to: the record, and the revision that is meant."""

from __future__ import annotations

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_record import (
    NAME,
    Record,
    goes_back_to,
    read,
    target,
)
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import (
    History,
    Release,
    Revision,
    encode,
)

PLACE = ("cilium", "kube-system")


def release(number, status="deployed", version="1.17.6"):
    return Release("cilium", "kube-system", number, status, "cilium", version, version, {}, {}, "")


def history(*statuses):
    """Revisions 1, 2, ...; the last deployed one is the base."""
    revisions = tuple(Revision(number, status, f"s{number}") for number, status in enumerate(statuses, 1))
    newest = release(len(statuses), statuses[-1])
    deployed = [item.number for item in revisions if item.status == "deployed"]
    return History(revisions, newest, release(deployed[-1]) if deployed else newest)


class Api:
    """The record, and a secret for each revision of a history."""

    def __init__(self, data=None, past=None, version="1.17.6"):
        self.data = data
        self.past = past
        self.version = version

    def get(self, path, query=None):
        if path == f"/api/v1/namespaces/kube-system/configmaps/{NAME}":
            return self.data and {"data": self.data}
        for item in self.past.revisions:
            if path == f"/api/v1/namespaces/kube-system/secrets/{item.secret}":
                chart = {"metadata": {"name": "cilium", "version": self.version}}
                content = {"version": item.number, "info": {"status": item.status}, "chart": chart}
                return {"metadata": {}, "data": {"release": encode(content)}}
        return None


GOOD = {"release": "cilium", "revision": "3", "chart_version": "1.17.6", "proven": "true"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (GOOD, Record(3, "1.17.6", True)),
        ({**GOOD, "proven": "false"}, Record(3, "1.17.6", False)),
        ({key: value for key, value in GOOD.items() if key != "proven"}, Record(3, "1.17.6", False)),
        ({**GOOD, "release": "other"}, None),
        ({**GOOD, "revision": "x"}, None),
        (None, None),
    ],
)
def test_the_record_of_this_release(data, found):
    assert read(Api(data), *PLACE) == found


def test_the_record_is_returned_as_it_is():
    assert Record(3, "1.17.6", True).as_dict() == {"revision": 3, "chart_version": "1.17.6", "proven": True}


@pytest.mark.parametrize(
    ("record", "past", "aim", "number"),
    [
        (None, history("superseded", "deployed"), None, 2),
        (Record(1, "1", True), history("superseded", "deployed"), None, 2),
        (Record(1, "1", False), history("superseded", "deployed"), None, 1),
        (Record(1, "1", False), history("superseded", "deployed", "failed"), None, 1),
        (Record(9, "1", False), history("superseded", "deployed"), None, 2),
        (Record(1, "1", False), history("failed", "deployed"), None, 2),
        (Record(1, "1", True), history("superseded", "deployed"), 1, 1),
        (Record(1, "1", True), history("superseded", "superseded", "deployed"), 2, 3),
        (None, history("pending-install"), None, None),
        (None, History(), None, None),
    ],
)
def test_the_last_proven_revision_is_where_a_change_goes_back_to(record, past, aim, number):
    found = goes_back_to(record, past, aim and release(aim))
    assert (found and found["revision"]) == number


PAST = history("superseded", "failed", "superseded", "deployed")


@pytest.mark.parametrize(("wanted", "record", "number"), [("recorded", Record(3, "1.17.6", True), 3), ("1", None, 1)])
def test_a_revision_by_number_or_by_the_record(wanted, record, number):
    assert target(Api(past=PAST), PAST, record, wanted, *PLACE).revision == number


@pytest.mark.parametrize(
    ("wanted", "record", "past", "message"),
    [
        ("1", None, History(), "there is no Helm release kube-system/cilium. Correct"),
        ("recorded", None, PAST, r"no change .* was recorded \(got recorded\). Give one that was deployed: 1, 3, 4"),
        ("last", None, PAST, r"it is no revision's number \(got last\)"),
        ("7", None, PAST, r"has no revision 7 any more \(got 7\). Give one that was deployed: 1, 3, 4"),
        ("recorded", Record(9, "1", True), PAST, r"has no revision 9 any more \(got recorded\)"),
        ("2", None, PAST, "revision 2 of .* was never deployed: it is failed. Give one that was deployed: 1, 3, 4"),
        ("recorded", Record(3, "1.16.0", True), PAST, r"has chart 1.17.6, recorded was 1.16.0 .*was made anew"),
        ("7", None, history("failed"), "Give one that was deployed: none is left"),
    ],
)
def test_a_revision_that_cannot_be_gone_back_to(wanted, record, past, message):
    with pytest.raises(NetworkError, match=rf"^rollback_to: .*{message}"):
        target(Api(past=past), past, record, wanted, *PLACE)
