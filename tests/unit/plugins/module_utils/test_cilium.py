"""The plan of a change of Cilium."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium import Wanted, plan, repository
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import Current, Manifests, Workload
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm import Release

UPSTREAM, AWS = "quay.io/cilium/cilium:v1.17.6@sha256:0", "public.ecr.aws/eks/cilium/cilium:v1.17.6-0"
CONFIG = {"ipam": "kubernetes", "debug": "false", "cni-exclusive": "false"}
READS = {"spec": {"volumes": [{"configMap": {"name": "cilium-config"}}]}}
VALUES = {"ipam": {"mode": "kubernetes"}, "debug": {"enabled": False}}


def workload(name="cilium", image=AWS, kind="DaemonSet", **more):
    container = {"cilium": "cilium-agent"}.get(name, name)
    template = more.pop("template", {**READS, "metadata": {"image": image}})
    return Workload(kind, "kube-system", name, {container: image, "config": image}, template, **more)


def rendered(image=AWS, config=None, *more):
    workloads = {item.name: item for item in (workload(image=image), *more)}
    images = {image for item in workloads.values() for image in item.images.values()}
    return Manifests(CONFIG if config is None else config, workloads, tuple(sorted(images)))


def release(version="1.17.6-0", values=None, status="deployed"):
    own = VALUES if values is None else values
    return Release("cilium", "kube-system", 4, status, "cilium", version, "1.17.6", own, {}, "")


def running(**changes):
    """What runs after the wanted chart was applied."""
    old = changes.pop("rendered", rendered())
    state = Current(release(), dict(old.config), {}, "2026-01-01T00:00:00Z", dict(old.workloads), old)
    return dataclasses.replace(state, **changes)


def wanted(values=None, version="1.17.6-0", *consents):
    return Wanted("cilium", version, VALUES if values is None else values, frozenset(consents))


def keys(entries):
    return [entry["key"] for entry in entries]


def test_nothing_to_do_is_an_empty_plan():
    found = plan(running(), wanted(), rendered())
    assert (found.action, found.plan.changed, found.restart, bool(found.changes)) == ("none", False, (), False)
    assert found.plan.diff() == {"before": "", "after": ""}


def test_an_empty_cluster_is_an_install_and_refuses_nothing():
    found = plan(Current(None), wanted(), rendered())
    assert found.action == "install"
    assert found.plan.steps == ("install kube-system/cilium",)
    assert found.changes.chart == {"before": None, "after": "cilium 1.17.6-0"}
    assert found.plan.refusals == ()
    assert found.plan.diff()["before"] == ""
    assert found.restart == ()


def test_another_registry_is_a_migration():
    found = plan(running(rendered=rendered(UPSTREAM)), wanted(), rendered())
    assert found.action == "migrate"
    assert found.changes.images[0] == {
        "component": "cilium",
        "container": "cilium-agent",
        "before": UPSTREAM,
        "after": AWS,
    }
    assert found.plan.before["images"] == {"cilium/cilium-agent": UPSTREAM, "cilium/config": UPSTREAM}
    assert found.restart == ()


def test_another_tag_is_an_upgrade():
    old = rendered("public.ecr.aws/eks/cilium/cilium:v1.17.5-0")
    assert plan(running(rendered=old), wanted(), rendered()).action == "upgrade"


@pytest.mark.parametrize(
    ("image", "name"),
    [(AWS, "public.ecr.aws/eks/cilium/cilium"), (UPSTREAM, "quay.io/cilium/cilium"), ("r:5000/c", "r:5000/c")],
)
def test_repository_of_an_image(image, name):
    assert repository(image) == name


def test_an_init_container_alone_is_a_difference():
    live = workload()
    live = dataclasses.replace(live, images={**live.images, "config": "x:1"})
    found = plan(running(workloads={"cilium": live}), wanted(), rendered())
    assert [(entry["container"], entry["before"]) for entry in found.changes.images] == [("config", "x:1")]


def test_a_missing_workload_is_a_difference_and_a_foreign_sidecar_is_not():
    assert len(plan(running(workloads={}), wanted(), rendered()).changes.images) == 2
    live = workload()
    live = dataclasses.replace(live, images={**live.images, "sidecar": "s:1"})
    assert plan(running(workloads={"cilium": live}), wanted(), rendered()).action == "none"


def test_a_workload_the_new_chart_lacks_is_removed():
    envoy = workload("cilium-envoy", "quay.io/cilium/cilium-envoy:1", template={})
    found = plan(running(rendered=rendered(AWS, None, envoy)), wanted(), rendered())
    assert {(entry["component"], entry["after"]) for entry in found.changes.images} == {("cilium-envoy", None)}


@pytest.mark.parametrize(
    "change",
    [
        {"release": release("1.17.5-0")},
        {"release": release(values={**VALUES, "more": 1})},
        {"release": release(values={"ipam": {"mode": "kubernetes"}, "debug": {"enabled": "false"}})},
        {"config": {**CONFIG, "debug": "true"}},
        {"config": {"ipam": "kubernetes", "cni-exclusive": "false"}},
        {"config": None},
    ],
)
def test_anything_that_differs_is_an_upgrade(change):
    found = plan(running(**change), wanted(), rendered())
    assert found.action == "upgrade"
    assert found.plan.changed
    assert found.plan.diff()["before"] != found.plan.diff()["after"]


def test_the_order_of_keys_and_the_kind_of_number_are_no_difference():
    own = {"debug": {"enabled": False}, "ipam": {"mode": "kubernetes"}, "n": 2}
    found = plan(running(release=release(values={**VALUES, "n": 2.0})), wanted(own), rendered())
    assert found.action == "none"


def test_an_explicit_null_is_not_an_absent_key():
    found = plan(running(release=release(values={**VALUES, "x": None})), wanted(), rendered())
    assert found.changes.values == ({"key": "x", "before": "null", "after": None},)


def test_a_key_of_the_release_that_the_chart_lacks_goes_whoever_edited_it():
    old = rendered(AWS, {**CONFIG, "tunnel-port": "8472"})
    state = running(rendered=old, config={**CONFIG, "tunnel-port": "9999"}, managers={"tunnel-port": "kubectl-edit"})
    found = plan(state, wanted(), rendered())
    assert found.changes.config == ({"key": "tunnel-port", "before": "9999", "after": None},)
    assert keys(item.as_dict() for item in found.plan.refusals) == ["tunnel-port"]


def test_a_key_in_neither_manifest_is_a_warning_and_stays():
    state = running(config={**CONFIG, "extra": "1", "enable-policy": "always"}, managers={"extra": "k"})
    found = plan(state, wanted(), rendered())
    assert found.action == "none"
    assert found.warnings == (
        "cilium-config has keys that neither the release nor the chart has, and they stay: "
        "enable-policy (by unknown), extra (by k).",
    )
    assert found.plan.refusals == ()


def test_a_dangerous_change_is_refused_until_consented():
    new = rendered(AWS, {**CONFIG, "ipam": "cluster-pool"})
    found = plan(running(), wanted(), new)
    assert [item.as_dict() for item in found.plan.refusals] == [
        {
            "key": "ipam",
            "before": "kubernetes",
            "after": "cluster-pool",
            "variable": "cilium_allow_ipam_change",
        }
    ]
    assert plan(running(), wanted(VALUES, "1.17.6-0", "allow_ipam_change"), new).plan.refusals == ()


def test_what_runs_counts_and_not_what_was_once_installed():
    state = running(config={**CONFIG, "ipam": "cluster-pool"})
    assert keys(item.as_dict() for item in plan(state, wanted(), rendered()).plan.refusals) == ["ipam"]
    state = running(config=None, rendered=rendered(AWS, {**CONFIG, "ipam": "cluster-pool"}))
    state = dataclasses.replace(state, config=None)
    assert keys(item.as_dict() for item in plan(state, wanted(), rendered()).plan.refusals) == ["ipam"]


def test_a_version_that_goes_back_is_refused():
    found = plan(running(release=release("1.18.1")), wanted(), rendered())
    assert [item.variable for item in found.plan.refusals] == ["cilium_allow_downgrade"]


def test_removing_envoy_under_its_users_is_refused():
    users = tuple(f"CiliumNetworkPolicy a/{number}" for number in range(7))
    (refusal,) = plan(running(envoy_users=users), wanted(), rendered()).plan.refusals
    assert refusal.variable == "cilium_allow_l7_interruption"
    assert refusal.before.endswith("CiliumNetworkPolicy a/4 ...")
    allowed = wanted(VALUES, "1.17.6-0", "allow_l7_interruption")
    assert plan(running(envoy_users=users), allowed, rendered()).plan.refusals == ()


@pytest.mark.parametrize("status", ["failed", "pending-install", "pending-upgrade", "pending-rollback", "uninstalling"])
def test_a_release_that_is_not_deployed_stops(status):
    with pytest.raises(NetworkError, match=rf"revision 4 is {status}.*helm history cilium -n kube-system"):
        plan(running(release=release(status=status)), wanted(), rendered())


@pytest.mark.parametrize("state", [{"workloads": {}}, {"config": None}])
def test_a_cilium_that_is_no_release_stops(state):
    with pytest.raises(NetworkError, match="Cilium runs but is not Helm release kube-system/cilium .*not part of this"):
        plan(running(release=None, **state), wanted(), rendered())


def test_a_config_change_restarts_what_reads_it():
    operator = workload("cilium-operator", kind="Deployment")
    relay = workload("hubble-relay", "quay.io/r:1", kind="Deployment", template={})
    old = rendered(AWS, None, operator, relay)
    found = plan(running(rendered=old), wanted(), rendered(AWS, {**CONFIG, "debug": "true"}, operator, relay))
    assert found.restart == ("cilium", "cilium-operator")
    assert found.plan.steps[1:] == ("restart cilium", "restart cilium-operator")


def test_what_the_upgrade_replaces_is_not_restarted():
    new = rendered(AWS, {**CONFIG, "debug": "true"}, workload(template={**READS, "metadata": {"checksum": "1"}}))
    assert plan(running(), wanted(), new).restart == ()


@pytest.mark.parametrize(
    ("start", "rolling", "restart"),
    [
        ("2025-12-31T23:59:59Z", False, ("cilium",)),
        ("2025-12-31T23:59:59Z", True, ()),
        ("2026-01-01T00:00:00Z", False, ()),
        ("2026-01-02T00:00:00Z", False, ()),
        ("", False, ()),
    ],
)
def test_pods_older_than_the_config_are_restarted(start, rolling, restart):
    live = workload(oldest_pod=start, rolling=rolling)
    found = plan(running(workloads={"cilium": live}), wanted(), rendered())
    assert (found.action, found.restart, found.plan.changed) == ("none", restart, bool(restart))


def test_images_of_other_registries_are_one_warning():
    relay = workload("hubble-relay", "quay.io/cilium/hubble-relay:1", template={})
    new = rendered(AWS, None, relay)
    assert plan(running(rendered=new), wanted(), new).warnings == (
        "Images that do not come from public.ecr.aws: quay.io/cilium/hubble-relay:1.",
    )


def test_pods_that_nobody_replaces_are_a_warning():
    new = rendered(AWS, None, workload(on_delete=True))
    assert plan(running(), wanted(), new).warnings == (
        "The update strategy of cilium is OnDelete: after a change nothing replaces the old pods. "
        "Delete them one by one, or set updateStrategy.type to RollingUpdate.",
    )


def test_expected_images_and_images_to_pull():
    found = plan(running(), wanted(), rendered())
    assert found.expected_images == {"cilium": {"cilium-agent": AWS, "config": AWS}}
    assert found.images == (AWS,)


def test_secrets_are_never_shown():
    own = {**VALUES, "tls": {"ca": {"cert": "OLDCERT", "key": "OLDKEY"}}}
    new = {**VALUES, "tls": {"ca": {"cert": "NEWCERT", "key": "NEWKEY"}}, "etcd": {"password": "PASSWORD"}}
    found = plan(running(release=release(values=own)), wanted(new), rendered())
    text = f"{found.changes.as_dict()} {found.plan}"
    assert not [word for word in ("OLDCERT", "OLDKEY", "NEWCERT", "NEWKEY", "PASSWORD") if word in text]
    assert keys(found.changes.values) == ["etcd.password", "tls.ca.cert", "tls.ca.key"]
    assert found.plan.diff()["before"] != found.plan.diff()["after"]
