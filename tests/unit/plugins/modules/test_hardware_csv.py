# Copyright: (c) 2026, eks_anywhere.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module hardware_csv from its options to its exit."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.eks_anywhere.network.plugins.modules import hardware_csv
from ansible_collections.eks_anywhere.network.tests.unit.plugins.hardware import PASSWORD, machine, table

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.fixture
def logged(monkeypatch):
    """What the module writes to the system's log."""
    found = []
    monkeypatch.setattr(
        basic.AnsibleModule, "log", lambda _self, message, log_args=None: found.append((message, log_args))
    )
    return found


@pytest.fixture
def call(capsys, logged):
    """Run the module; no password may be in what it prints or logs."""

    def _call(**options):
        with patch_module_args(options), pytest.raises(SystemExit) as caught:
            hardware_csv.main()
        printed = capsys.readouterr()
        assert PASSWORD not in printed.out + printed.err + str(logged)
        return caught.value.code, json.loads(printed.out)

    return _call


def test_writes_once(call, tmp_path):
    path = tmp_path / "hardware.csv"
    options = {"machines": [machine(), machine(2)], "path": str(path)}
    code, planned = call(_ansible_check_mode=True, _ansible_diff=True, **options)
    assert (code, planned["changed"], path.exists()) == (0, True, False)
    code, result = call(_ansible_diff=True, **options)
    assert (code, result["changed"], path.read_text()) == (0, True, table(machine(), machine(2)))
    assert result["diff"] == planned["diff"]
    assert [entry["hostname"] for entry in result["machines"]] == ["eksa-cp01", "eksa-cp02"]
    code, result = call(**options)
    assert (code, result["changed"]) == (0, False)


def test_the_answer_is_whole_although_the_option_is_hidden(call, tmp_path, logged):
    given = machine(labels="type=root", bmc_username="root")
    code, result = call(machines=[given], state="validated")
    assert code == 0
    assert result["machines"] == [
        {
            **{key: value for key, value in given.items() if key != "bmc_password"},
            "labels": {"type": "root"},
            "nameservers": ["8.8.8.8", "8.8.4.4"],
            "interfaces": [],
        }
    ]
    assert result["invocation"]["module_args"]["machines"] == HIDDEN
    assert {log_args["machines"] for _message, log_args in logged if log_args} == {"NOT_LOGGING_PARAMETER"}


def test_all_errors_with_their_places(call, tmp_path):
    src = tmp_path / "hardware.csv"
    src.write_text(table(machine(), machine(2, mac="cc-48-3a-00-00-02"), machine(3, labels="")))
    groups = [{"name": "control plane", "selector": {"type": "cp"}, "count": 3}]
    code, result = call(src=str(src), state="validated", groups=groups)
    assert code == 1
    assert result["errors"] == [
        {
            "path": "groups[0].count",
            "message": "machines with type=cp are too few for control plane (got 2, wanted 3)",
            "hint": "Add machines, or give the label to more of them",
            "line": None,
            "hostname": "",
            "column": "",
        },
        {
            "path": f"{src}:3 (eksa-cp02) mac",
            "message": "it is no MAC address as Tinkerbell takes it (got cc-48-3a-00-00-02)",
            "hint": "Write it as cc:48:3a:00:00:02",
            "line": 3,
            "hostname": "eksa-cp02",
            "column": "mac",
        },
    ]
    assert result["msg"].splitlines()[1] == (
        f"{src}:3 (eksa-cp02) mac: it is no MAC address as Tinkerbell takes it (got cc-48-3a-00-00-02). "
        "Write it as cc:48:3a:00:00:02."
    )


@pytest.mark.parametrize(
    "options",
    [
        {"machines": [{**machine(), "bmc_pasword": PASSWORD}], "state": "validated"},
        {"machines": [{**machine(), "bmc_password": [PASSWORD]}], "state": "validated"},
        {"machines": [{**machine(), "bmc_password": f"{PASSWORD}\n"}], "state": "validated"},
        {"machines": PASSWORD, "state": "validated"},
        {"machines": [machine()], "state": "wrong"},
        {"machines": [machine()], "unknown": 1},
        {"machines": [machine()]},
        {"machines": [machine()], "src": "/x", "state": "validated"},
    ],
)
def test_a_password_is_in_no_failure(call, options):
    code, _result = call(**options)
    assert code == 1


def test_a_password_of_a_broken_file_is_in_no_failure(call, tmp_path):
    src = tmp_path / "hardware.csv"
    for text in (
        table(machine()).partition("\n")[2],
        table(machine()).replace("bmc_password", "bmc_pasword"),
        table(machine()).replace(PASSWORD, f'{PASSWORD}"'),
        table(machine()).replace(PASSWORD, f"x,{PASSWORD}"),
        table(machine()).replace(PASSWORD, f"x,{PASSWORD}").replace(",50", ""),
    ):
        src.write_text(text)
        code, _result = call(src=str(src), path=str(src), _ansible_diff=True)
        assert code == 1
        assert src.read_text() == text


def test_either_machines_or_src(call):
    assert "one of the following is required: machines, src" in call(state="validated")[1]["msg"]
    assert "state is present but all of the following are missing: path" in call(src="/x")[1]["msg"]
