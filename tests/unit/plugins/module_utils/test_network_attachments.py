# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of it against a server on real sockets: check, plan, apply, and a second run that does nothing."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError, Problem, Unreachable
from ansible_collections.eks_anywhere.network.plugins.module_utils.network_attachments import (
    NetworkAttachments,
    Request,
)
from ansible_collections.eks_anywhere.network.tests.unit.plugins.networks import (
    ALL,
    KIND,
    MACVLAN,
    edit,
    facts,
    network,
    path,
    serve,
    serve_pod,
    subnet,
    writes,
)

OWNED = {"app.kubernetes.io/managed-by": "eks_anywhere.network"}
FOREIGN = {"team": "a"}


@pytest.fixture
def run(cluster):
    """Run with these options and return the result; its warnings are in it."""

    def _run(*attachments, check_mode=False, **options):
        warnings = []
        work = NetworkAttachments(Request(list(attachments), **options), lambda: cluster, warnings.append)
        return {**work.run(check_mode), "warnings": warnings}

    return _run


def fails(run, *attachments, **options):
    with pytest.raises(NetworkError) as caught:
        run(*attachments, **options)
    return [str(problem) for problem in caught.value.problems]


def actions(result):
    return [(entry["namespace"], entry["name"], entry["action"]) for entry in result["attachments"]]


def three(**more):
    return [network(name, subnet(MACVLAN, f"10.{place}.0.0/24"), **more) for place, name in enumerate("abc")]


def test_networks_are_made_and_stay(run, api):
    serve(api)
    first = run(*three())
    assert (first["changed"], actions(first)) == (True, [("default", name, "create") for name in "abc"])
    assert sorted(writes(api)) == [
        ("PATCH", path("default", name), {"fieldManager": "eks_anywhere.network", "force": "false"}) for name in "abc"
    ]
    assert json.loads(api.objects[path("default", "b")]["spec"]["config"]) == subnet(MACVLAN, "10.1.0.0/24")
    api.requests.clear()
    again = run(*three())
    assert (again["changed"], actions(again)) == (False, [("default", name, "none") for name in "abc"])
    assert again["diff"] == {"before": "", "after": ""}
    assert [(method, asked) for method, asked, _query in api.requests] == [("GET", ALL), ("GET", "/api/v1/pods")]


def test_only_what_differs_is_applied(run, api):
    serve(api)
    run(*three())
    api.requests.clear()
    found = run(*three()[:2], network("c", subnet(MACVLAN, "10.9.0.0/24")))
    assert actions(found)[2] == ("default", "c", "update")
    assert [asked for _method, asked, _query in writes(api)] == [path("default", "c")]


def test_networks_are_read_in_pages(run, api):
    serve(api)
    api.page = 2
    run(*three())
    api.requests.clear()
    assert not run(*three())["changed"]
    assert [query.get("continue") for _method, asked, query in api.requests if asked == ALL] == [None, "2"]


def test_check_mode_says_the_same_and_writes_nothing(run, api):
    serve(api, ("default", "gone", subnet(MACVLAN, "10.8.0.0/24"), OWNED))
    planned = run(*three(), prune=True, check_mode=True)
    assert writes(api) == []
    assert run(*three(), prune=True) == planned
    assert len(writes(api)) == 4


def test_prune_removes_what_was_made_here_and_is_not_wanted(run, api):
    old = subnet(MACVLAN, "10.8.0.0/24")
    serve(api, ("default", "gone", old, OWNED), ("default", "foreign", subnet(MACVLAN, "10.7.0.0/24"), FOREIGN))
    kept = run(network())
    assert actions(kept) == [("default", "net", "create")]
    found = run(network(), prune=True)
    assert actions(found) == [("default", "net", "none"), ("default", "gone", "delete")]
    assert sorted(item["metadata"]["name"] for item in api.lists[ALL]) == ["foreign", "net"]


def test_prune_waits_until_all_entries_can_be_read(run, api):
    serve(api, ("default", "gone", MACVLAN, OWNED))
    serve_pod(api, "p", "gone")
    assert [error.partition(": ")[0] for error in fails(run, {"name": "Gone"}, prune=True)] == [
        "attachments[0].config",
        "attachments[0].name",
    ]


def test_a_network_takes_over_the_addresses_of_one_that_is_pruned(run, api):
    serve(api, ("default", "old", MACVLAN, OWNED))
    assert [action for _namespace, _name, action in actions(run(network("new"), prune=True))] == ["create", "delete"]
    order = [method for method, _asked, _query in writes(api)]
    assert order == ["PATCH", "DELETE"]


def test_addresses_of_networks_that_stay_are_taken(run, api):
    serve(api, ("default", "old", MACVLAN, FOREIGN))
    assert fails(run, network("new")) == [
        "attachments[0].config.ipam.subnet: 10.1.0.1 to 10.1.0.254 overlaps 10.1.0.1 to 10.1.0.254 of network "
        "default/old (default/old). Give each network addresses of its own."
    ]
    assert writes(api) == []


def test_absent_removes_by_name(run, api):
    serve(api, ("default", "net", MACVLAN, FOREIGN), ("default", "ours", MACVLAN, OWNED))
    found = run({"name": "net"}, {"name": "never"}, state="absent")
    assert (found["changed"], actions(found)) == (True, [("default", "net", "delete"), ("default", "never", "none")])
    found = run({"name": "net"}, state="absent")
    assert (found["changed"], actions(found)) == (False, [("default", "net", "none")])
    assert actions(run(state="absent", prune=True)) == [("default", "ours", "delete")]
    assert api.lists[ALL] == []


def test_absent_without_the_kind_is_nothing(run):
    assert not run({"name": "net"}, state="absent", prune=True)["changed"]


def test_without_the_kind_nothing_can_be_made(run, api):
    assert fails(run, network()) == [
        "attachments: the cluster has no NetworkAttachmentDefinitions (k8s.cni.cncf.io/v1). Install Multus first, with "
        "role eks_anywhere.network.multus."
    ]
    assert not run(prune=True)["changed"]


def test_what_pods_use_stays(run, api):
    serve(api, ("default", "net", MACVLAN, OWNED))
    serve_pod(api, "p", "default/net", namespace="apps")
    hint = "Delete the pods first, or set allow_in_use: true (in role multus: multus_allow_in_use)."
    used = f"running pods use default/net: apps/p. {hint}"
    assert fails(run, {"name": "net"}, state="absent") == [f"attachments[0]: {used}"]
    assert fails(run, prune=True) == [f"prune: {used}"]
    assert writes(api) == []
    found = run(prune=True, allow_in_use=True)
    assert (found["changed"], found["warnings"]) == (
        True,
        ["prune: running pods use default/net: apps/p. Restart the pods."],
    )


def test_pods_that_ask_for_a_network_that_is_not_there_are_named(run, api):
    serve(api)
    serve_pod(api, "p", "net,other")
    warning = (
        "pod default/p: it asks for the network default/other, which is not there. Add the network, or correct "
        "the pod's annotation."
    )
    assert run(network())["warnings"] == [warning]


def test_a_namespace_that_is_not_there(run, api):
    serve(api)
    entries = [network(), *three(namespace="nowhere")[2:]]
    assert fails(run, *entries) == [
        "attachments[1].namespace: there is no such namespace (got nowhere). Create it first."
    ]
    assert writes(api) == []


def test_every_permission_that_is_missing_is_named(run, api):
    serve(api, ("default", "gone", subnet(MACVLAN, "10.8.0.0/24"), OWNED))
    resource = "network-attachment-definitions"
    api.denied = {("create", resource), ("delete", resource)}
    assert fails(run, network(), prune=True) == [
        f"kubeconfig: its user may not {verb} {resource}.k8s.cni.cncf.io in namespace default. Grant it with a role "
        "binding."
        for verb in ("create", "delete")
    ]
    assert writes(api) == []


def test_another_manager_is_named_before_anything_is_changed(run, api):
    serve(api, ("default", "net", MACVLAN, OWNED))
    fields = {"f:spec": {"f:config": {}}}
    entry = {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": fields}
    api.objects[path("default", "net")]["metadata"]["managedFields"] = [entry]
    assert fails(run, network(config=edit(MACVLAN, "mtu", 1400)), *three()[2:]) == [
        "attachments[0].config: another manager keeps it for default/net: kubectl-client-side-apply. Change it there, "
        "or delete the network there and run this again."
    ]
    assert writes(api) == []


def test_a_conflict_that_comes_later_names_the_network_and_what_was_done(run, api):
    serve(api)
    text = 'Apply failed with 1 conflict: conflict with "helm": .spec.config'
    api.answers[f"PATCH {path('default', 'b')}"] = (409, {"message": text})
    api.lists[ALL] = []
    with pytest.raises(NetworkError) as caught:
        run(*three())
    assert [str(problem) for problem in caught.value.problems] == [f"attachments[1]: default/b: {text}."]
    assert caught.value.result == {
        "changed": True,
        "attachments": [{"name": name, "namespace": "default", "action": "create"} for name in "ac"],
    }


def test_after_a_failure_nothing_is_removed(run, api):
    serve(api, ("default", "gone", subnet(MACVLAN, "10.8.0.0/24"), OWNED))
    api.answers[f"PATCH {path('default', 'net')}"] = (422, {"message": "denied by a webhook"})
    with pytest.raises(NetworkError, match=r"^attachments\[0\]: default/net: denied by a webhook\.$") as caught:
        run(network(), prune=True)
    assert caught.value.result == {"changed": False, "attachments": []}
    assert path("default", "gone") in api.objects


def test_a_server_that_goes_away_is_named_once(run, api):
    serve(api)
    for name in "abc":
        api.answers[f"PATCH {path('default', name)}"] = (503, b"")
    problems = fails(run, *three())
    assert {problem.partition(": ")[2] for problem in problems} == {
        "the API server answered HTTP 503. Try again; if it stays, see the log of the API server."
    }


def test_everything_wrong_is_said_at_once(run, api):
    serve(api, ("default", "gone", subnet(MACVLAN, "10.8.0.0/24"), OWNED))
    serve_pod(api, "p", "gone")
    wrong = network("a", edit(MACVLAN, "mtu", "x"))
    nodes = [facts("w1", binaries={"macvlan": ["0.3.1"]})]
    found = fails(run, wrong, network("b"), nodes=nodes, prune=True, cluster_cidrs=["10.1.0.0/16", "x"])
    assert [problem.partition(": ")[0] for problem in found] == [
        "attachments[0].config.mtu",
        "attachments[1].config.ipam.subnet",
        "attachments[1].config.ipam.type",
        "cluster_cidrs[1]",
        "prune",
    ]


def test_what_is_wrong_is_said_though_the_cluster_is_away():
    def connect():
        raise Unreachable(Problem("kubeconfig", "connection refused"))

    warnings = []
    entry = network(config=edit(edit(MACVLAN, "mtu", "x"), "cniVersion"))
    with pytest.raises(NetworkError) as caught:
        NetworkAttachments(
            Request([entry, network("b", subnet(MACVLAN, "10.1.0.1/24"))]), connect, warnings.append
        ).run(False)
    assert [problem.path for problem in caught.value.problems] == [
        "attachments[0].config.mtu",
        "attachments[1].config.ipam.subnet",
        "kubeconfig",
    ]
    assert [warning.partition(": ")[0] for warning in warnings] == ["attachments[0].config.cniVersion"]


def rendered(*attachments, **options):
    warnings = []

    def connect():
        raise AssertionError("it connects")

    request = Request(list(attachments), state="rendered", **options)
    return {**NetworkAttachments(request, connect, warnings.append).run(False), "warnings": warnings}


def test_rendered_connects_nowhere():
    found = rendered(
        network(), network("split", subnet(MACVLAN, "10.2.0.0/24"), ipam_per_node=True), nodes=[facts("w1")]
    )
    assert (found["changed"], actions(found)) == (
        False,
        [("default", "net", "render"), ("default", "split", "render")],
    )
    assert [manifest["spec"] for manifest in found["manifests"]] == [{"config": json.dumps(MACVLAN, indent=2)}, {}]
    assert list(found["node_files"]) == ["w1"]
    assert list(found["node_files"]["w1"]) == ["split.conflist"]


def test_rendered_is_what_is_applied(run, api):
    serve(api)
    entries = [network(labels={"a": "b"}), network("split", subnet(MACVLAN, "10.2.0.0/24"), ipam_per_node=True)]
    nodes = [facts("w1", labels={"x": "y"})]
    planned = rendered(*entries, nodes=nodes)
    found = run(*entries, nodes=nodes)
    assert found["node_files"] == planned["node_files"]
    for manifest in planned["manifests"]:
        applied = api.objects[path("default", manifest["metadata"]["name"])]
        applied["metadata"].pop("managedFields")
        assert applied == manifest
    assert not run(*entries, nodes=nodes)["changed"]


def test_a_node_keeps_its_part_when_others_come(run, api):
    serve(api)
    entry = network(ipam_per_node=True)
    before = run(entry, nodes=[facts("w2"), facts("w3"), facts("w4")])["node_files"]
    after = run(entry, nodes=[facts("w1"), facts("w2"), facts("w4")])["node_files"]
    assert {name: after[name] for name in ("w2", "w4")} == {name: before[name] for name in ("w2", "w4")}
    assert after["w1"] not in before.values()
    assert not run(entry, nodes=[facts("w1"), facts("w2"), facts("w4")])["changed"]


def test_nodes_without_files_are_there_too(run, api):
    serve(api)
    entry = network(ipam_per_node=True, node_selector={"zone": "a"})
    found = run(entry, nodes=[facts("w1", labels={"zone": "a"}), facts("w2", labels={})])
    assert {node: list(files) for node, files in found["node_files"].items()} == {"w1": ["net.conflist"], "w2": []}
    assert run({"name": "net"}, state="absent")["node_files"] == {}


def test_the_diff_shows_networks_by_name(run, api):
    serve(api, ("default", "gone", {"cniVersion": "0.3.1", "type": "ovs"}, OWNED))
    found = run(network(config={"cniVersion": "0.3.1", "type": "ovs", "a": 1}), prune=True)
    labels = "  labels:\n    app.kubernetes.io/managed-by: eks_anywhere.network\n"
    assert found["diff"] == {
        "before": f"default/gone:\n  config:\n    cniVersion: 0.3.1\n    type: ovs\n{labels}",
        "after": f"default/net:\n  config:\n    a: 1\n    cniVersion: 0.3.1\n    type: ovs\n{labels}",
    }


def test_the_kind_is_asked_for_only_where_no_network_is(run, api):
    serve(api)
    run(*three())
    assert [asked for _method, asked, _query in api.requests].count(KIND) == 1
    api.requests.clear()
    run(*three())
    assert KIND not in [asked for _method, asked, _query in api.requests]
