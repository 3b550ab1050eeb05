# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module: what it renders, refuses, writes and applies."""

from __future__ import annotations

import base64
import json
import stat

import pytest
import yaml
from ansible_collections.eks_anywhere.network.plugins.module_utils import tinkerbell
from ansible_collections.eks_anywhere.network.plugins.module_utils.errors import NetworkError
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_apply import path_of
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_options import Request
from ansible_collections.eks_anywhere.network.tests.unit.plugins.cluster_files import TEXT
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD
from ansible_collections.eks_anywhere.network.tests.unit.plugins.tinkerbells import machine

MACHINES = [machine(9, "cp", []), machine(1), machine(2)]
ENCODED = [base64.b64encode(f"{PASSWORD}{number}".encode()).decode() for number in (1, 2, 9)]
OPTIONS = {"eks_anywhere_version": "v0.24.1", "bootstrap_ip": "10.10.50.1"}
HARDWARE = "/apis/tinkerbell.org/v1alpha1/namespaces/eksa-system/hardware"
TEMPLATES = "/apis/anywhere.eks.amazonaws.com/v1alpha1/namespaces/default/tinkerbelltemplateconfigs"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def do(file, cluster):
    """Run it; no password may be in the result, the warnings or the errors."""

    def _do(check_mode=False, **options):
        given = {"machines": MACHINES, "cluster_file": str(file), **OPTIONS, **options}
        warned = []
        try:
            result = tinkerbell.run(Request(**given), lambda: cluster, warned.append, check_mode)
        except NetworkError as error:
            seen = f"{error} {error.result}"
            _no_password(seen)
            raise
        _no_password(json.dumps(result) + str(warned))
        return result | {"warned": warned}

    return _do


def _no_password(text):
    assert PASSWORD not in text
    assert not any(secret in text for secret in ENCODED)


def test_renders(do):
    result = do()
    kinds = [one["kind"] for one in result["manifests"]]
    assert kinds == ["Hardware", "Machine", "Secret"] * 3 + ["TinkerbellTemplateConfig"]
    assert result["template_refs"] == {"mgmt-workers": "mgmt-workers"}
    assert result["hardware_selectors"] == {"mgmt-cp": {"type": "cp"}, "mgmt-workers": {"type": "worker"}}
    assert result["groups"][1] == {"name": "mgmt-workers", "selector": {"type": "worker"}, "count": 2}
    assert result["added_interfaces"] == ["eksa-worker01", "eksa-worker02"]
    assert (result["changed"], result["changes"], result["warned"]) == (False, [], [])
    assert "mgmt-workers:" in result["diff"]["after"]


@pytest.mark.parametrize(
    "group",
    [{"template": "cp"}, {"network": {"ethernets": {"boot": {"mtu": 9000}}}}],
)
def test_a_template_where_it_is_needed_or_asked_for(do, group):
    name = group.get("template", "mgmt-cp")
    refs = do(groups=[{"name": "mgmt-cp", **group}])["template_refs"]
    assert refs == {"mgmt-cp": name, "mgmt-workers": "mgmt-workers"}
    assert do(groups=[{"name": "mgmt-cp", "network": {"ethernets": {}}}])["template_refs"].keys() == {"mgmt-workers"}


def test_machines_alone_are_enough_to_look_at_templates(do):
    result = do(cluster_file=None, os_family="redhat", bootstrap_ip="")
    assert result["template_refs"] == {"worker": "worker"}
    assert [warning.partition(":")[0] for warning in result["warned"]] == ["group worker.os_image_url", "tinkerbell_ip"]
    assert "http://tinkerbell-ip-is-missing:50061" in json.dumps(result["templates"])
    with pytest.raises(NetworkError, match="the template needs the address of the image"):
        do(cluster_file=None, os_family="redhat", state="present")


def test_groups_that_share_a_template_need_the_same_one(do, file):
    workers = {"name": "mgmt-workers", "template": "t"}
    with pytest.raises(NetworkError) as caught:
        do(groups=[workers, {"name": "mgmt-cp", "template": "t"}])
    assert str(caught.value) == (
        "groups[0].template: it is that of group mgmt-cp too, which needs another one (got t). "
        "Give each group a template of its own name."
    )
    file.write_text(TEXT.replace("templateRef: {}", "templateRef: {kind: TinkerbellTemplateConfig, name: t}"))
    with pytest.raises(NetworkError, match="group mgmt-cp.template: it is that of group mgmt-workers too, which needs"):
        do(groups=[workers])
    alike = [machine(9, "cp"), machine(1), machine(2)]
    result = do(groups=[workers], machines=alike)
    assert result["template_refs"] == {"mgmt-cp": "t", "mgmt-workers": "t"}
    assert [one["metadata"]["name"] for one in result["templates"]] == ["t"]


def test_writes_the_manifests_once(do, tmp_path):
    dest = tmp_path / "hardware.yaml"
    assert do(check_mode=True, dest=str(dest))["changed"] is True
    assert do(check_mode=True, dest=str(tmp_path / "later" / "hardware.yaml"))["changed"] is True
    assert not dest.exists()
    assert do(dest=str(dest))["changed"] is True
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    written = list(yaml.safe_load_all(dest.read_text()))
    assert [one["kind"] for one in written] == ["Hardware", "Machine", "Secret"] * 3
    assert written[5]["data"]["password"] == ENCODED[0]
    assert do(dest=str(dest))["changed"] is False
    dest.chmod(0o644)
    assert do(dest=str(dest))["changed"] is True


def test_where_it_cannot_write(do, tmp_path):
    with pytest.raises(NetworkError, match=r"dest: there is no directory .*/no\. Make it first"):
        do(dest=str(tmp_path / "no" / "x"))
    with pytest.raises(NetworkError, match="dest: .* cannot be written"):
        do(dest=str(tmp_path))


def test_all_problems_at_once(do):
    bad = [machine(1, netmask="255.255.0.255"), machine(2, label="cp", interfaces=[])]
    with pytest.raises(NetworkError) as caught:
        do(machines=bad, eks_anywhere_version="v0.9", tinkerbell_ip="x", groups=[{"name": "no"}])
    assert [problem.path for problem in caught.value.problems] == [
        "eks_anywhere_version",
        "groups[0].name",
        "groups[1].count",
        "machines[0].netmask",
        "tinkerbell_ip",
    ]


def test_an_image_is_needed(do, file):
    file.write_text(TEXT.replace("osImageURL", "osImageUrl"))
    with pytest.raises(NetworkError, match="group mgmt-workers.os_image_url: the template needs the address of the"):
        do()


def test_masters_of_multus(do):
    network = {
        "name": "storage",
        "config": {
            "cniVersion": "0.3.1", "type": "macvlan", "master": "eth9", "capabilities": {"ips": True},
            "ipam": {"type": "static"},
        },
    }  # fmt: skip
    with pytest.raises(NetworkError, match="eth9 is not there on eksa-worker01, eksa-worker02"):
        do(attachments=[network])
    network["config"]["master"] = "eth1"
    do(attachments=[network])


def in_use(file, do, **options):
    """Put the templates of one run into the cluster file."""
    file.write_text(TEXT + "".join(f"---\n{yaml.safe_dump(one)}" for one in do(**options)["templates"]))


def test_a_template_of_the_file_needs_consent(do, file):
    in_use(file, do)
    assert do()["changes"] == []
    network = [{"name": "mgmt-workers", "network": {"ethernets": {"eth1": {"mtu": 9000}}}}]
    with pytest.raises(NetworkError) as caught:
        do(groups=network)
    assert str(caught.value) == (
        "groups[0].template: template mgmt-workers is in use, and a change images anew 2 machines: eksa-worker01, "
        "eksa-worker02 (action write zz-eks-anywhere.yaml has another CONTENTS). Give allow_reprovision: true "
        "(variable tinkerbell_hardware_allow_reprovision) when they may be."
    )
    assert caught.value.result["changes"][0]["machines"] == ["eksa-worker01", "eksa-worker02"]
    assert "mtu: 9000" in caught.value.result["diff"]["after"]
    result = do(groups=network, allow_reprovision=True)
    assert result["warned"] == ["Template mgmt-workers changes: eksa-worker01, eksa-worker02 will be provisioned anew."]


def test_a_template_of_an_earlier_file_counts_too(do, file, tmp_path):
    network = [{"name": "mgmt-workers", "network": {"ethernets": {"eth1": {"mtu": 9000}}}}]
    earlier = tmp_path / "earlier.yaml"
    assert do(earlier_file=str(earlier))["changes"] == []
    in_use(earlier, do)
    assert do(earlier_file=str(earlier))["changes"] == []
    with pytest.raises(NetworkError, match="template mgmt-workers is in use"):
        do(earlier_file=str(earlier), groups=network)


def test_another_version_says_why(do, file):
    in_use(file, do)
    with pytest.raises(NetworkError) as caught:
        do(eks_anywhere_version="v0.25.0")
    (change,) = caught.value.result["changes"]
    assert change["template"] == "mgmt-workers"
    assert "netmaskToPrefixLength takes its place" in change["reasons"][0]
    assert "port 7172, not 50061" in change["reasons"][1]


def test_a_template_of_the_option_counts_too(do):
    (workers,) = do()["templates"]
    workers["spec"]["template"]["global_timeout"] = 1
    with pytest.raises(NetworkError, match="the template has another global_timeout"):
        do(existing=[workers])


@pytest.fixture
def served(api):
    """A management cluster with Tinkerbell."""
    api.objects["/apis/tinkerbell.org/v1alpha1"] = {"kind": "APIResourceList"}
    api.on_create = lambda item: api.objects.update({path_of(item): item})
    return api


def changes(api):
    return [f"{method} {path}" for method, path, _query in api.requests if method != "GET" and "reviews" not in path]


def test_present_brings_everything_once(do, served):
    assert do(check_mode=True, state="present")["changed"] is True
    assert changes(served) == []
    result = do(state="present")
    assert result["changed"] is True
    made = changes(served)
    assert len(made) == 10
    assert [path for path in made if path.endswith("/hardware")] == made[-3:]
    assert served.objects[f"{TEMPLATES}/mgmt-workers"]["metadata"]["namespace"] == "default"
    served.requests.clear()
    assert do(state="present")["changed"] is False
    assert changes(served) == []


def test_present_asks_only_for_machines_that_are_taken(do, served):
    do(state="present")
    network = [{"name": "mgmt-workers", "network": {"ethernets": {"eth1": {"mtu": 9000}}}}]
    assert do(state="present", groups=network, check_mode=True)["changes"] == []
    labels = served.objects[f"{HARDWARE}/eksa-worker02"]["metadata"]["labels"]
    labels["v1alpha1.tinkerbell.org/ownerName"] = "w-1"
    served.requests.clear()
    with pytest.raises(NetworkError, match=r"images anew eksa-worker02 \("):
        do(state="present", groups=network)
    assert changes(served) == []
    assert do(state="present", groups=network, allow_reprovision=True)["changed"] is True
    assert changes(served) == [f"PATCH {TEMPLATES}/mgmt-workers"]


def test_a_first_template_images_machines_that_are_taken(do, served):
    do(state="present", machines=[machine(9, "cp", []), machine(1, interfaces=[]), machine(2, interfaces=[])])
    labels = served.objects[f"{HARDWARE}/eksa-worker01"]["metadata"]["labels"]
    labels["v1alpha1.tinkerbell.org/ownerName"] = "w-1"
    with pytest.raises(
        NetworkError, match=r"images anew eksa-worker01 \(the machines have another template, or that of"
    ):
        do(state="present")
    assert do(state="present", allow_reprovision=True)["changed"] is True
    assert do(state="present")["changed"] is False


def test_present_needs_tinkerbell_and_permissions(do, api, served):
    del api.objects["/apis/tinkerbell.org/v1alpha1"]
    with pytest.raises(NetworkError, match="has no Hardware objects"):
        do(state="present")
    api.objects["/apis/tinkerbell.org/v1alpha1"] = {}
    api.denied = {("create", "hardware"), ("create", "secrets")}
    with pytest.raises(NetworkError) as caught:
        do(state="present")
    assert [problem.message for problem in caught.value.problems] == [
        "its user may not create hardware.tinkerbell.org in namespace eksa-system",
        "its user may not create secrets in namespace eksa-system",
    ]
    assert changes(api) == []


def test_a_failure_is_said_and_hardware_waits(do, served):
    secrets = "/api/v1/namespaces/eksa-system/secrets"
    served.answers[f"POST {secrets}"] = (422, {"message": "no"})
    with pytest.raises(NetworkError, match=f"{secrets}/bmc-eksa-cp09-auth: no"):
        do(state="present")
    assert not any(path.endswith("/hardware") for path in changes(served))
