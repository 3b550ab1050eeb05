"""How the test driver counts."""

from __future__ import annotations

import pytest
import run
import sanity
import site_yml
from command import Result

JUNIT = '<testsuites><testsuite><testcase name="{name}">{inside}</testcase></testsuite></testsuites>'


def last_line(capsys):
    return capsys.readouterr().out.rstrip().splitlines()[-1]


def test_the_last_line_counts_all_phases(capsys):
    assert run.report([run.Row("lint", 3), run.Row("unit", 4)]) == 0
    assert last_line(capsys) == "7 passed, 0 failed"


def test_a_failure_is_named_and_decides_the_exit_code(capsys):
    assert run.report([run.Row("lint", 3, ["lint: ruff"])]) == 1
    printed = capsys.readouterr().out
    assert "failed: lint: ruff" in printed
    assert printed.rstrip().endswith("3 passed, 1 failed")


def test_a_phase_over_its_budget_fails(capsys):
    assert run.report([run.Row("scenario x", 1, seconds=181, budget=180)]) == 1
    assert "failed: scenario x: took 3:01, may take 3:00" in capsys.readouterr().out


def test_a_phase_without_a_budget_may_take_what_it_takes(capsys):
    assert run.report([run.Row("lint", 1, seconds=9999)]) == 0
    assert last_line(capsys) == "1 passed, 0 failed"


def test_without_a_cluster_every_scenario_has_failed(monkeypatch):
    monkeypatch.setattr(run.command, "run", lambda *_words, **_options: Result(1, "", 1.0))
    rows = run.cluster_rows(["one", "two"])
    assert [row.failed for row in rows] == [["lab: up"], ["scenario: one (no cluster)"], ["scenario: two (no cluster)"]]


def test_make_test_leaves_out_only_the_extra_scenarios(monkeypatch):
    monkeypatch.setattr(run, "scenarios", lambda: ["a", "b", "consumer"])
    monkeypatch.setitem(run.SETTINGS, "scenarios", {"extra": ["b"]})
    assert run.chosen([], everything=False) == ["a", "consumer"]
    assert run.chosen([], everything=True) == ["a", "b", "consumer"]
    assert run.chosen(["b"], everything=False) == ["b"]


def test_an_unknown_scenario_is_refused(monkeypatch):
    monkeypatch.setattr(run, "scenarios", lambda: ["a"])
    monkeypatch.setitem(run.SETTINGS, "scenarios", {"extra": []})
    with pytest.raises(SystemExit, match="No such scenario: b. There are: a."):
        run.chosen(["b"], everything=True)


def test_a_scenario_may_have_a_budget_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(run.command, "run", lambda *_words, **_options: Result(True, "", 1.0))
    monkeypatch.setattr(run.tree, "BUILD", tmp_path)
    monkeypatch.setitem(run.SETTINGS, "scenarios", {"extra": [], "budget": {"slow": 1500}})
    assert run.scenario("slow").budget == 1500
    assert run.scenario("other").budget == run.BUDGET["scenario"]


def test_sanity_counts_what_ran(tmp_path):
    for name, inside in {"good": "", "bad": "<failure/>", "unused": "<skipped/>"}.items():
        (tmp_path / f"{name}.xml").write_text(JUNIT.format(name=name, inside=inside))
    assert sanity.verdicts(tmp_path, ok=False) == (["good"], ["bad"])


def test_sanity_that_breaks_off_is_a_failure(tmp_path):
    assert sanity.verdicts(tmp_path, ok=False) == ([], ["ansible-test"])


def test_the_recap_of_all_hosts_is_added_up(monkeypatch, tmp_path):
    recap = "localhost : ok=5    changed=1    unreachable=0    failed=0\nw1 : ok=2 changed=2 unreachable=0 failed=0\n"
    monkeypatch.setattr(site_yml.command, "run", lambda *_words, **_options: Result(0, recap, 2.0))
    assert site_yml.run(tmp_path) == site_yml.Run(ok=True, seconds=2.0, tasks=7, changed=3)


def test_a_run_without_a_recap_has_failed(monkeypatch, tmp_path):
    monkeypatch.setattr(site_yml.command, "run", lambda *_words, **_options: Result(0, "", 2.0))
    assert not site_yml.run(tmp_path).ok
