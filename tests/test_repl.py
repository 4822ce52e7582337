import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from rich.console import Console

from bot.repl import HELP, Repl, Screen
from ingest.publishing import FolderStore
from tests.conftest import ESSAYS


@pytest.fixture(scope="module")
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def repl(seed_index: Path, output: io.StringIO) -> Repl:
    console = Console(file=output, markup=False, highlight=False)
    return Repl(FolderStore(seed_index), "", [], Screen(console))


def say(repl: Repl, output: io.StringIO, *lines: str) -> str:
    output.seek(0)
    output.truncate()
    repl.run_lines(lines)
    return output.getvalue()


def test_questions_are_answered_and_the_source_shows_the_whole_paragraph(
    repl: Repl, output: io.StringIO
) -> None:
    answer = say(repl, output, "What is energy imperialism?")
    assert "de facto 'energy imperialism'" in answer
    shown = say(repl, output, "/source 1")
    assert "In the stillness of dawn" in shown
    assert "birth to those products." in shown


def test_a_source_that_is_none_is_told(repl: Repl, output: io.StringIO) -> None:
    say(repl, output, "Who is the president of Sierra Leone?")
    for line in ("/source", "/source 9", "/source x"):
        assert "Name a citation" in say(repl, output, line)


def test_commands_tell_what_they_know(repl: Repl, output: io.StringIO) -> None:
    assert HELP in say(repl, output, "/help")
    assert "energy-imperialism.txt" in say(repl, output, "/essays")
    assert "/help lists them" in say(repl, output, "/nonsense")
    assert say(repl, output, "", "  ", "/quit", "/help") == ""


def test_a_bad_question_does_not_end_the_conversation(repl: Repl, output: io.StringIO) -> None:
    said = say(repl, output, "why " * 5000, "What is energy imperialism?")
    assert "at most 2,000" in said
    assert "de facto" in said


@pytest.fixture
def terminal(seed_index: Path, tmp_path: Path) -> Iterator["pexpect.spawn[str]"]:
    environment = {
        **os.environ,
        "INDEX_DIR": str(seed_index),
        "ESSAYS_DIR": str(ESSAYS),
        "PYTHONPATH": str(ESSAYS.parent),
        "HOME": str(tmp_path),
        "TERM": "xterm",
    }
    child = pexpect.spawn(
        sys.executable,
        ["-m", "bot", "chat"],
        env=environment,
        cwd=str(tmp_path),
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 200),
    )
    yield child
    child.close(force=True)


def test_in_a_terminal_a_question_is_answered_and_remembered_by_the_next_run(
    terminal: "pexpect.spawn[str]", tmp_path: Path
) -> None:
    terminal.expect_exact("›")
    terminal.sendline("What is energy imperialism?")
    terminal.expect_exact("gives birth to those products.”")
    terminal.expect_exact("›")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0
    (history,) = tmp_path.rglob("history")
    assert "What is energy imperialism?" in history.read_text("utf-8")


def test_ctrl_c_cancels_an_answer_and_the_conversation_goes_on(
    terminal: "pexpect.spawn[str]",
) -> None:
    terminal.expect_exact("›")
    terminal.sendline("What is energy imperialism?")  # the model is still loading
    terminal.expect_exact("loading the model")
    terminal.sendintr()
    terminal.expect_exact("Cancelled.")
    terminal.sendline("What has electricity become?")
    terminal.expect_exact("Electricity is no longer just energy")


def test_leaving_does_not_wait_for_the_model(terminal: "pexpect.spawn[str]") -> None:
    terminal.expect_exact("›")
    terminal.sendline("/quit")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0


def test_ingest_inside_is_seen_by_the_next_question(
    terminal: "pexpect.spawn[str]",
) -> None:
    terminal.expect_exact("›")
    terminal.sendline("/ingest")
    terminal.expect_exact("1 unchanged")
