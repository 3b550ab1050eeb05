"""The operators' table is what the tests have seen."""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

import interruptions

STORY = {
    "point": "while Helm works",
    "breaks": "the play is killed",
    "found": {"release": "revision 2, pending-upgrade", "agents": "0 of 3"},
    "itself": "",
    "consent": True,
    "changed": True,
    "seconds": 41,
}


def test_only_stories_that_were_told_to_the_end_are_shown(tmp_path):
    value = quoteattr(json.dumps(STORY))
    told = f"<testcase><properties><property name='interruption' value={value}/></properties></testcase>"
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{told}<testcase><failure/></testcase></testsuite></testsuites>")
    assert interruptions.stories(report) == [STORY]


def test_a_story_is_a_row():
    assert interruptions.row(STORY) == (
        "| while Helm works | the play is killed | revision 2, pending-upgrade | 0 of 3 | is dead "
        "| is refused without `cilium_allow_repair`; with it finishes it | 41 |"
    )


def test_a_run_that_survives_leaves_nothing_to_do():
    story = STORY | {"itself": "finishes", "consent": False, "changed": False}
    assert interruptions.row(story).endswith("| finishes | has nothing left to do | 41 |")
    assert interruptions.page([story]).endswith(interruptions.row(story) + "\n")
