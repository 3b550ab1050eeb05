"""The operators' page is what the stories have told."""

from __future__ import annotations

import json

import interruptions
import pytest

KILLED = {
    "point": "while Helm works",
    "by": "the play is killed",
    "found": {"release": "revision 2, pending-upgrade", "replaced": 0, "pullers": 0, "proven": "false"},
    "survives": None,
    "says": "",
    "refusal": "release: revision 2 is pending-upgrade",
    "first": "",
    "changed": ["network : Unlock the release", "network : Record the revision"],
    "seconds": 41,
}
ENDURED = KILLED | {"by": "a worker reboots", "survives": 62, "refusal": "", "changed": [], "seconds": 8}
ALL_BUT_PROVEN = KILLED | {"refusal": "", "changed": ["network : Record the revision"]}
FAILED = KILLED | {"says": "gone", "refusal": "", "first": "bring it back"}


def test_what_was_found_names_helper_pods_and_the_record():
    assert interruptions.found(KILLED) == "revision 2, pending-upgrade, 0 of 3 agents new, not proven"
    seen = KILLED["found"] | {"pullers": 3, "proven": None}
    assert interruptions.found({"found": seen}).endswith("new, 3 helper pods, no record")
    assert ", 1 helper pod, " in interruptions.found({"found": seen | {"pullers": 1}})


@pytest.mark.parametrize(
    ("story", "run", "outcome"),
    [
        (
            KILLED,
            "the play; it is refused; the play with `-e cilium_allow_repair=true`",
            "changed what was missing and proved it in 41 s",
        ),
        (ENDURED, "nothing: the run waits", "finished 62 s after the break began"),
        (
            FAILED,
            "bring it back, then the play",
            "the broken run failed and named `gone`; changed what was missing and proved it in 41 s",
        ),
        (ALL_BUT_PROVEN, "the play", "waited for the roll-out and proved it in 41 s"),
    ],
)
def test_a_story_says_what_to_run_and_how_it_ends(story, run, outcome):
    assert (interruptions.what_to_run(story), interruptions.outcome(story)) == (run, outcome)


def test_the_page_has_a_row_for_each_story_and_the_words_of_the_refusal():
    written = interruptions.page([KILLED, ENDURED])
    assert "\n```text\nrelease: revision 2 is pending-upgrade\n```\n" in written
    assert written.count("\n| while Helm works | ") == 2
    assert written.endswith("| nothing: the run waits | finished 62 s after the break began |\n")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the tool: what is told before, what the tests tell, and whether they pass."""
    monkeypatch.setattr(interruptions, "MEMORY", tmp_path)
    monkeypatch.setattr(interruptions, "TOLD", tmp_path / "told.json")
    monkeypatch.setattr(interruptions, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(interruptions.tree, "sync", lambda: None)

    def tool(chosen, before, told, ok=True):
        interruptions.TOLD.write_text(json.dumps(before))

        def tests(_words, **_options):
            there = interruptions.TOLD.exists()
            known = json.loads(interruptions.TOLD.read_text()) if there else {"a": None, "b": None}
            interruptions.TOLD.write_text(json.dumps(known | told))
            return interruptions.command.Result(0 if ok else 1, "", 1.0)

        monkeypatch.setattr(interruptions.command, "run", tests)
        assert interruptions.main(chosen) == (0 if ok else 1)
        return interruptions.PAGE.exists()

    return tool


def test_the_page_is_written_when_all_is_told(run, capsys):
    assert run([], {}, {"a": KILLED, "b": ENDURED})
    assert capsys.readouterr().out == ""


def test_one_story_told_anew_keeps_the_others(run):
    assert run(["b"], {"a": KILLED, "b": None}, {"b": ENDURED})


def test_a_story_that_is_missing_is_named(run, capsys):
    assert not run(["b"], {"a": None, "b": None}, {"b": ENDURED})
    assert capsys.readouterr().out == "Not told yet: a\n"


def test_a_whole_run_takes_nothing_from_an_earlier_one(run):
    assert not run([], {"a": KILLED, "b": None}, {"b": ENDURED})


def test_a_run_that_failed_writes_nothing(run):
    assert not run([], {}, {"a": KILLED, "b": ENDURED}, ok=False)
