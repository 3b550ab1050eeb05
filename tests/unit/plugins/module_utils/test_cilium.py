"""The plan of a change of Cilium."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium import Wanted, plan, repository
from ansible_collections.eks_anywhere.network.plugins.module_utils.cilium_current import Current, Manifests, Workload
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.helm_release import Release

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


def interrupted(status="pending-upgrade", values=None, **changes):
    """What runs after a change that began revision 5 and did not end."""
    own = VALUES if values is None else values
    broken = dataclasses.replace(release(values=own, status=status), revision=5, since="2026-01-31T12:00:00Z")
    return running(broken=broken, **changes)


def going_back(*consents, values=None, version="1.17.6-0"):
    return dataclasses.replace(wanted(values, version, *consents), goal="earlier")


def absent(*consents):
    return Wanted("", "", {}, frozenset(consents), goal="absent")


NOTHING = Manifests({}, {})


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
    found = plan(running(workloads={"cilium": live}), wanted(), rendered())
    assert found.action == "none"
    assert [text for text in found.warnings if "stay: sidecar in DaemonSet kube-system/cilium. Take out" in text]


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


@pytest.mark.parametrize("status", ["failed", "superseded", "pending-install", "pending-upgrade", "pending-rollback"])
def test_a_change_that_did_not_end_is_repaired_with_consent_even_if_nothing_differs(status):
    found = plan(interrupted(status), wanted(), rendered())
    assert (found.action, found.plan.changed, bool(found.changes)) == ("repair", True, False)
    assert found.plan.steps == ("repair kube-system/cilium",)
    assert [item.as_dict() for item in found.plan.refusals] == [
        {
            "key": "release",
            "before": f"revision 5 is {status} since 2026-01-31T12:00:00Z",
            "after": "repaired",
            "variable": "cilium_allow_repair",
        }
    ]
    allowed = plan(interrupted(status), wanted(VALUES, "1.17.6-0", "allow_repair"), rendered())
    assert (allowed.action, allowed.plan.refusals) == ("repair", ())


def test_a_repair_refuses_every_other_danger_too():
    new = rendered(AWS, {**CONFIG, "ipam": "cluster-pool"})
    found = plan(interrupted(), wanted(VALUES, "1.17.6-0", "allow_repair"), new)
    assert keys(item.as_dict() for item in found.plan.refusals) == ["ipam"]


@pytest.mark.parametrize("status", ["uninstalling", "unknown"])
def test_what_helm_cannot_upgrade_from_stops_an_upgrade_and_no_way_out(status):
    state = interrupted(status)
    with pytest.raises(NetworkError, match=rf"revision 5 of .* is {status}.*rollback_to.*helm history cilium"):
        plan(state, wanted(), rendered())
    assert plan(state, going_back("allow_repair"), rendered()).action == "rollback"
    assert plan(state, absent("allow_repair"), NOTHING).action == "remove"


def test_values_of_the_change_that_did_not_end_are_named_and_not_taken():
    own = {**VALUES, "debug": {"enabled": True}, "hubble": {"relay": {"enabled": True}}, "mine": 1}
    found = plan(interrupted(values=own), wanted({**VALUES, "mine": 1}), rendered())
    assert found.warnings == (
        "Revision 5 did not end, and what it wanted is not taken over: debug.enabled, hubble.relay.enabled. "
        "Give these values if they are still wanted.",
    )
    assert plan(interrupted(values=own), going_back(), rendered()).warnings == ()
    assert plan(interrupted(), wanted(), rendered()).warnings == ()


def test_what_the_change_that_did_not_end_left_is_named():
    relay = workload("hubble-relay", kind="Deployment", template={})
    live = {"cilium": workload(), "hubble-relay": relay}
    state = interrupted(workloads=live, aside=rendered(AWS, None, relay))
    found = plan(state, wanted(), rendered())
    assert found.warnings == (
        "A change that did not end left what Helm does not remove: Deployment kube-system/hubble-relay. Delete it.",
    )
    assert plan(state, wanted(), rendered(AWS, None, relay)).warnings == ()
    assert plan(dataclasses.replace(state, workloads={"cilium": workload()}), wanted(), rendered()).warnings == ()
    assert plan(dataclasses.replace(state, rendered=state.aside), going_back(), rendered()).warnings == ()


def test_a_template_that_may_be_live_already_replaces_no_pods():
    new = rendered(AWS, {**CONFIG, "debug": "true"}, workload(template={**READS, "metadata": {"checksum": "1"}}))
    assert plan(interrupted(), wanted(), new).restart == ()
    assert plan(interrupted(aside=new), wanted(), new).restart == ("cilium",)


def test_going_back_to_what_runs_is_nothing():
    found = plan(running(), going_back(), rendered())
    assert (found.action, found.plan.changed) == ("none", False)


def test_going_back_refuses_no_older_version_but_every_other_danger():
    state = running(release=release("1.19.0"))
    found = plan(state, going_back(), rendered(AWS, {**CONFIG, "ipam": "cluster-pool"}))
    assert found.action == "rollback"
    assert keys(item.as_dict() for item in found.plan.refusals) == ["ipam"]


def test_going_back_needs_consent_where_helm_may_still_run():
    assert plan(interrupted("failed"), going_back(), rendered()).plan.refusals == ()
    (refusal,) = plan(interrupted("pending-rollback"), going_back(), rendered()).plan.refusals
    assert refusal.variable == "cilium_allow_repair"
    assert plan(interrupted("pending-rollback"), going_back("allow_repair"), rendered()).plan.refusals == ()


def test_a_change_that_failed_is_gone_back_from_although_nothing_differs():
    assert plan(interrupted("failed"), going_back(), rendered()).action == "rollback"


def test_a_removal_is_everything_that_goes_and_refuses_no_difference():
    found = plan(running(config={**CONFIG, "extra": "1"}), absent(), NOTHING)
    assert (found.action, found.plan.steps) == ("remove", ("remove kube-system/cilium",))
    assert found.changes.chart == {"before": "cilium 1.17.6-0", "after": None}
    assert keys(found.changes.values) == ["debug.enabled", "ipam.mode"]
    assert keys(found.changes.config) == ["cni-exclusive", "debug", "extra", "ipam"]
    assert {entry["after"] for entry in found.changes.images} == {None}
    assert found.plan.diff()["after"] == ""
    assert (found.plan.refusals, found.warnings, found.restart, found.images) == ((), (), (), ())


def test_a_removal_needs_consent_where_helm_may_still_run():
    assert plan(interrupted("failed"), absent(), NOTHING).plan.refusals == ()
    assert len(plan(interrupted("pending-upgrade"), absent(), NOTHING).plan.refusals) == 1


def test_a_removal_names_what_only_an_earlier_revision_has():
    relay = workload("hubble-relay", kind="Deployment", template={})
    state = interrupted(
        "failed", workloads={"cilium": workload(), "hubble-relay": relay}, aside=rendered(AWS, None, relay)
    )
    (warning,) = plan(state, absent(), NOTHING).warnings
    assert "does not remove: Deployment kube-system/hubble-relay" in warning


def test_removing_nothing_is_nothing_and_another_cilium_is_not_ours():
    assert plan(Current(None), absent(), NOTHING).action == "none"
    with pytest.raises(NetworkError, match="Cilium runs but is not Helm release kube-system/cilium"):
        plan(running(release=None), absent(), NOTHING)


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
