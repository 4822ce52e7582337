import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from rich.console import Console

from bot.repl import HELP, WELCOME, Repl, Screen
from bot.settings import Settings
from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.sync import sync
from tests.chat_server import ChatServer, Fault
from tests.conftest import ESSAYS
from tests.test_prose import SENTENCE, good


@pytest.fixture(scope="module")
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def repl(seed_index: Path, output: io.StringIO) -> Repl:
    console = Console(file=output, markup=False, highlight=False)
    return Repl(FolderStore(seed_index), Settings(), [], Screen(console))


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


def test_a_greeting_is_greeted_and_no_question(repl: Repl, output: io.StringIO) -> None:
    assert say(repl, output, "hi there!") == f"{WELCOME}\n"


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


@dataclass(frozen=True)
class Desk:
    """A folder of essays with its index, and terminals to chat in."""

    folder: Path

    def chat(self, **settings: str) -> "pexpect.spawn[str]":
        return pexpect.spawn(
            sys.executable,
            ["-m", "bot", "chat"],
            env=self._environment(settings),
            cwd=str(self.folder),
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 200),
        )

    @contextmanager
    def pipe(self, **settings: str) -> Iterator["subprocess.Popen[str]"]:
        """The same for a script, which writes lines and reads what they give."""
        chat = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat"],
            env=self._environment(settings),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with chat:
            try:
                yield chat
            finally:
                chat.kill()

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        own = {
            "HOME": str(self.folder),
            "TERM": "xterm",
            "COLUMNS": "200",
            "PYTHONPATH": str(ESSAYS.parent),
        }
        return {**os.environ, **own, **settings}


@pytest.fixture
def desk(tmp_path: Path, embeddings: SentenceEmbeddings) -> Desk:
    shutil.copytree(ESSAYS, tmp_path / "essays")
    sync(ESSAYS, FolderStore(tmp_path / "index"), embeddings)
    return Desk(tmp_path)


def test_in_a_terminal_a_question_is_answered_and_remembered_by_the_next_run(desk: Desk) -> None:
    terminal = desk.chat()
    terminal.expect_exact("›")
    terminal.sendline("What is energy imperialism?")
    terminal.expect_exact("gives birth to those products.”")
    terminal.expect_exact("›")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0
    (history,) = desk.folder.rglob("history")
    assert "What is energy imperialism?" in history.read_text("utf-8")


def test_a_history_that_cannot_be_kept_disturbs_no_conversation(desk: Desk) -> None:
    terminal = desk.chat()
    terminal.expect_exact("›")
    terminal.sendline("/help")
    terminal.expect_exact("Ctrl-C cancels an answer")
    (history,) = desk.folder.rglob("history")
    history.unlink()
    history.mkdir()
    terminal.sendline("What is energy imperialism?")
    assert terminal.expect_exact(["gives birth to those products.”", "Exception"]) == 0
    terminal.close(force=True)


def test_ctrl_c_cancels_an_answer_and_the_conversation_goes_on(desk: Desk) -> None:
    terminal = desk.chat(EMBEDDING_BACKEND="torch")  # which takes its time
    terminal.expect_exact("›")
    terminal.sendline("What is energy imperialism?")  # the model is still loading
    terminal.expect_exact("loading the model")
    terminal.sendintr()
    terminal.expect_exact("Cancelled.")
    terminal.sendline("What has electricity become?")
    terminal.expect_exact("Electricity is no longer just energy")
    terminal.close(force=True)


@pytest.fixture
def endless(desk: Desk) -> str:
    """A model that never loads, and has made the index of the desk."""
    model = desk.folder / "model"
    model.mkdir()
    os.mkfifo(model / "modules.json")  # nobody will ever write it

    class Endless(SentenceEmbeddings):
        identity = str(model)

    sync(ESSAYS, FolderStore(desk.folder / "index"), Endless())
    return str(model)


def test_leaving_does_not_wait_for_the_model(desk: Desk, endless: str) -> None:
    terminal = desk.chat(EMBEDDING_MODEL=endless)
    terminal.expect_exact("›")
    terminal.sendline("/quit")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize(("line", "code"), [("/nonsense", 1), ("/help", 0)])
def test_a_script_is_told_of_complaints_even_while_the_model_loads(
    desk: Desk, endless: str, line: str, code: int
) -> None:
    with desk.pipe(EMBEDDING_MODEL=endless) as chat:
        chat.communicate(f"{line}\n", timeout=60)
    assert chat.returncode == code


def test_ctrl_c_ends_a_script_and_its_other_lines_are_not_read(desk: Desk, endless: str) -> None:
    with desk.pipe(EMBEDDING_MODEL=endless) as chat:
        assert chat.stdin
        assert chat.stdout
        chat.stdin.write("/help\nWhat is energy imperialism?\n/essays\n")
        chat.stdin.flush()
        assert any("/quit" in line for line in iter(chat.stdout.readline, ""))
        time.sleep(0.5)  # by then it waits for the model
        chat.send_signal(signal.SIGINT)
        out, _ = chat.communicate(timeout=60)
    assert (out, chat.returncode) == ("", 130)


def test_a_script_is_told_of_an_ingest_that_failed(desk: Desk) -> None:
    with desk.pipe(ESSAYS_DIR=str(desk.folder / "nowhere")) as chat:
        _, err = chat.communicate("/ingest\n", timeout=60)
    assert "nowhere" in err
    assert chat.returncode == 1


def test_what_is_ingested_inside_is_known_to_the_next_question(desk: Desk) -> None:
    terminal = desk.chat()
    terminal.expect_exact("›")
    terminal.sendline("What do cats hunt at night?")
    terminal.expect_exact("The essays do not say")
    (desk.folder / "essays" / "cats.txt").write_text("Cats hunt mice at night. They sleep all day.")
    terminal.sendline("/ingest")
    terminal.expect_exact("1 added")
    terminal.sendline("What do cats hunt at night?")
    terminal.expect_exact("“Cats hunt mice at night.”")
    terminal.close(force=True)


def test_without_a_terminal_errors_go_apart_and_are_counted(
    seed_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = Repl(FolderStore(seed_index), Settings(), [], Screen(errors_apart=True))
    apart.run_lines(["/nonsense", "/help"])
    out, err = capsys.readouterr()
    assert HELP in out
    assert err == "There is no command /nonsense; /help lists them.\n"
    assert apart.screen.complaints == 1


def test_a_draft_is_shown_as_a_draft_and_replaced_by_the_checked_answer(desk: Desk) -> None:
    with ChatServer(good, seconds_a_token=0.03) as server:
        terminal = desk.chat(CHAT_MODEL="openai:m", CHAT_BASE_URL=server.openai_url)
        terminal.expect_exact("›")
        terminal.sendline("What is energy imperialism?")
        terminal.expect_exact("draft: Capital wants")
        terminal.expect_exact(f"{SENTENCE} [1]")
        terminal.expect_exact("[1] Monopoly on Computing")
        terminal.close(force=True)


def test_ctrl_c_stops_the_chat_model(desk: Desk) -> None:
    with ChatServer(good, Fault.STALLS) as server:
        terminal = desk.chat(CHAT_MODEL="openai:m", CHAT_BASE_URL=server.openai_url)
        terminal.expect_exact("›")
        terminal.sendline("What is energy imperialism?")
        terminal.expect_exact("draft: Capital wants")
        terminal.sendintr()
        terminal.expect_exact("Cancelled.")
        assert server.cancelled.wait(5)
        terminal.close(force=True)


def test_a_chat_model_that_is_down_is_told_beside_the_quoted_answer(desk: Desk) -> None:
    command = [sys.executable, "-m", "bot", "ask", "What is energy imperialism?"]
    settings = {"CHAT_MODEL": "openai:m", "CHAT_BASE_URL": "http://127.0.0.1:9/v1"}
    asked = subprocess.run(
        command,
        capture_output=True,
        check=True,
        cwd=desk.folder,
        env={**os.environ, **settings, "PYTHONPATH": str(ESSAYS.parent)},
        text=True,
    )
    assert "gives birth to those products.” [1]" in asked.stdout
    assert "The chat model cannot be reached; these are the essays' own sentences." in asked.stdout
