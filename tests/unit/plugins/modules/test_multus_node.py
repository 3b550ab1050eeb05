"""The module plans, and carries out what it planned unless it only looks."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.module_utils import multus_node as core
from ansible_collections.eks_anywhere.network.plugins.modules import multus_node

WISH = {"networks": {"a.conflist": "{}"}}


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    """Return a function that runs the module on a directory that plays the node's root."""
    defaults = (tmp_path, *core.Places.__init__.__defaults__[1:])
    monkeypatch.setattr(core.Places.__init__, "__defaults__", defaults)

    def run(**options):
        with patch_module_args(options), pytest.raises(SystemExit):
            multus_node.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("check_mode", [True, False])
def test_check_mode_says_what_a_run_does(call, tmp_path, check_mode):
    result = call(**WISH, _ansible_check_mode=check_mode)
    assert (result["changed"], result["written"]) == (True, ["/etc/cni/multus/net.d/a.conflist"])
    assert (tmp_path / "etc/cni/multus/net.d/a.conflist").exists() is not check_mode


def test_twice_is_once(call):
    call(**WISH)
    assert call(**WISH)["changed"] is False


def test_directories_are_the_callers(call, tmp_path):
    (tmp_path / "opt/cni2").mkdir(parents=True)
    (tmp_path / "opt/cni2/multus").write_text("")
    assert call(cni_bin_dir="/opt/cni2")["removed"] == ["/opt/cni2/multus"]


def test_errors_are_returned(call):
    assert call(networks={"a": "{}"})["errors"][0]["path"] == "networks.a"
