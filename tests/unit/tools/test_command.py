"""Commands of the test driver end in time, and nothing of them stays."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import command
import pytest


def run_python(code, **options):
    return command.run([sys.executable, "-c", code], **options)


def ended(pid):
    """Whether a process is gone, or a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_output_and_exit_code_are_kept():
    result = run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (result.code, result.ok) == (3, False)
    assert sorted(result.output.split()) == ["err", "out"]


def test_lines_are_shown_only_on_request(capfd):
    run_python("print('quiet')")
    run_python("print('loud')", show=True)
    assert capfd.readouterr().out == "loud\n"


def test_there_is_no_standard_input():
    assert run_python("print(repr(input()))").code == 1


def test_a_command_over_its_limit_is_ended_with_its_children():
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); import time; time.sleep(60)"
    result = run_python(code, limit=1)
    assert result.code == -1
    assert result.seconds < 20
    assert "ran longer than 1 s" in result.output
    child = int(result.output.split()[0])
    deadline = time.monotonic() + 5
    while not ended(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_daemon_that_holds_the_output_open_does_not_hold_us_up(monkeypatch):
    monkeypatch.setattr(command, "LAST_WORDS", 0.5)
    code = "import subprocess; subprocess.Popen(['sleep', '8'], start_new_session=True); print('done')"
    result = run_python(code)
    assert result.ok
    assert result.output == "done\n"
    assert result.seconds < 5


def test_a_program_that_does_not_exist_is_an_error_of_the_caller():
    with pytest.raises(FileNotFoundError):
        command.run(["no-such-program"])
