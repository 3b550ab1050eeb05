# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a template differs from another one."""

from __future__ import annotations

import copy

from ansible_collections.eks_anywhere.network.plugins.module_utils.host_network import File
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_changes import Change, compare, diff
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_template import render
from ansible_collections.eks_anywhere.network.plugins.module_utils.tinkerbell_versions import stack

FILES = (
    File("/etc/netplan/config.yaml", "0644", "a {{ netmaskToCIDR x }}"),
    File("/etc/netplan/zz-eks-anywhere.yaml", "0600", "b"),
)
HOSTS = ("10.0.0.1", "10.0.0.2")


def template(version="v0.24.1", files=FILES, family="ubuntu", hosts=HOSTS, **proxy):
    return render("workers", files, family, stack(version), "http://x/i.gz", hosts, proxy)


def test_equal_is_no_change():
    assert compare(template(), copy.deepcopy(template()), stack("v0.24.1")) == []


def test_another_version():
    new = [File(FILES[0].path, "0644", "a {{ netmaskToPrefixLength x }}"), FILES[1]]
    found = compare(template(), template("v0.25.0", new), stack("v0.25.0"))
    assert found == [
        "EKS Anywhere v0.25.0 has no netmaskToCIDR, so nothing would be rendered; "
        "netmaskToPrefixLength takes its place",
        "metadata is served at port 7172, not 50061: cloud-init would find none",
        "action write netplan config has another CONTENTS",
        "action add cloud-init config has another CONTENTS",
    ]


def test_one_by_hand():
    by_hand = template()
    by_hand["spec"]["template"]["tasks"][0]["actions"][-1]["name"] = "reboot the machine"
    by_hand["spec"]["template"]["tasks"][0]["actions"][1]["environment"]["STATIC_NETPLAN"] = "true"
    by_hand["spec"]["template"]["global_timeout"] = 100
    assert compare(by_hand, template(), stack("v0.24.1")) == [
        "writefile knows STATIC_NETPLAN no more, and would write an empty file",
        "its last action is reboot the machine, and Tinkerbell takes only reboot for done",
        "the template has another global_timeout",
        "action reboot is new",
        "action reboot the machine goes",
        "action write netplan config has another STATIC_NETPLAN",
    ]


def test_another_order():
    other = template()
    listed = other["spec"]["template"]["tasks"][0]["actions"]
    listed[1], listed[2] = listed[2], listed[1]
    assert compare(other, template(), stack("v0.24.1")) == ["the order of the actions differs"]


def test_an_empty_template():
    assert compare({}, template(), stack("v0.24.1"))[0] == (
        "its last action is missing, and Tinkerbell takes only reboot for done"
    )


def test_anything_else():
    other = template()
    other["spec"]["template"]["tasks"][0]["volumes"] = []
    assert compare(other, template(), stack("v0.24.1")) == ["its tasks differ"]


def test_refusals_name_machines_and_consent():
    refused = Change("workers", "groups[0].template", ("a", "b"), ("x", "y")).refusal()
    assert str(refused) == (
        "groups[0].template: template workers is in use, and a change images anew 2 machines: a, b (x; y). "
        "Give allow_reprovision: true (variable tinkerbell_hardware_allow_reprovision) when they may be."
    )
    assert "images anew a (x)" in str(Change("w", "p", ("a",), ("x",)).refusal())


def test_the_diff_is_by_name():
    before, after = diff([], [template()])
    assert before == ""
    assert after.startswith("workers:\n  global_timeout: 6000\n")
