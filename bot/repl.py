"""Ask and answer in a terminal, or from standard input where there is none."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from rich.console import Console
from rich.text import Text

from bot.display import plain
from bot.settings import Settings
from bot.terminal import new_console, print_answer, print_essays, print_surroundings, show_draft
from ingest.errors import EssayBotError
from ingest.store import Store, open_store

if TYPE_CHECKING:
    from bot.answering import Answerer
    from bot.answers import Answer
    from bot.conversation import Turn

WELCOME = "Ask the essays. /help tells the rest."
HELP = """Ask a question about the essays; each sentence of the answer is checked against them.
  /essays     which essays are in the index
  /source N   citation N of the last answer, in its paragraph
  /ingest     bring the index up to date with the essays folder
  /help       this
  /quit       leave (so does Ctrl-D; Ctrl-C cancels an answer)"""
INTERRUPTED = 130  # the exit code of what Ctrl-C stopped


def chat(settings: Settings, index: Path) -> int:
    """Run the REPL until /quit or the end of the input; the exit code, which is for scripts.

    Raises IndexMissing.
    """
    store = open_store(index, settings.chroma_url)
    store.published()  # fail now rather than at the first question
    ingest = [str(settings.essays_dir), "--index", str(index)]
    person = sys.stdin.isatty() and sys.stdout.isatty()
    repl = Repl(store, settings, ingest, Screen(errors_apart=not person))
    code = 0
    try:
        if person:
            repl.run_prompt(_new_session(repl.status))
        else:
            repl.run_lines(sys.stdin)
            code = 1 if repl.screen.complaints else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.stdout.flush()
    if not repl.ready:
        os._exit(code)  # else leaving would wait until the model that nobody needs is loaded
    return code


class Screen:
    """Where a conversation is shown: errors in its midst for a person, apart for a script."""

    def __init__(self, console: Console | None = None, errors_apart: bool = False) -> None:
        self.console = console or new_console()
        self.complaints = 0
        self._errors = new_console(stderr=True) if errors_apart else self.console

    def say(self, text: str, style: str = "") -> None:
        """Show a line."""
        self.console.print(Text(text, style=style), soft_wrap=not self.console.is_terminal)

    def complain(self, text: str) -> None:
        """Show what went wrong."""
        self.complaints += 1
        self._errors.print(Text(text, style="red"), soft_wrap=not self._errors.is_terminal)


class Repl:
    """One conversation; the model loads in the background from the start."""

    def __init__(
        self, store: Store, settings: Settings, ingest: Sequence[str], screen: Screen
    ) -> None:
        """`ingest` are the arguments of the command that /ingest runs."""
        self._store = store
        self._ingest_arguments = ingest
        self.screen = screen
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._answerer: Future[Answerer] = self._pool.submit(_open, store, settings)
        self._loaded = self._pool.submit(lambda: self._answerer.result().load())
        self._runner = asyncio.Runner()
        self._turns: list[Turn] = []
        self._last: Answer | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/help": lambda _: self.screen.say(HELP),
            "/essays": lambda _: self._list_essays(),
            "/source": self._show_source,
            "/ingest": lambda _: self._ingest(),
        }

    @property
    def ready(self) -> bool:
        """Whether the model is loaded, or failed to."""
        return self._loaded.done()

    def status(self) -> str:
        """What the bottom line says."""
        return " /help  /essays  /source N" if self.ready else " loading the model …"

    def run_prompt(self, session: "PromptSession[str]") -> None:
        """Read from a terminal until Ctrl-D or /quit."""
        self.screen.say(WELCOME)
        while True:
            try:
                line = session.prompt("› ")
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            try:
                if not self.take(line):
                    return
            except KeyboardInterrupt:
                self.screen.say("Cancelled.", style="yellow")

    def run_lines(self, lines: Iterable[str]) -> None:
        """Read questions, a line each, until there are no more, /quit or Ctrl-C."""
        for line in lines:
            if not self.take(line):
                return

    def take(self, line: str) -> bool:
        """Do what one line asks for; whether to go on.

        No error leaves it but a program's own, and Ctrl-C.
        """
        line = line.strip()
        if line in ("/quit", "/exit"):
            return False
        try:
            self._do(line)
        except EssayBotError as error:
            self.screen.complain(plain(str(error)))
        return True

    def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not line:
            return
        if not line.startswith("/"):
            self._take_up(line)
        elif command := self._commands.get(word):
            command(rest.strip())
        else:
            self.screen.complain(f"There is no command {word}; /help lists them.")

    def _take_up(self, line: str) -> None:
        from bot.questions import is_greeting

        if is_greeting(line):
            self.screen.say(WELCOME)
        else:
            self._ask(line)

    def _ask(self, question: str) -> None:
        from bot.conversation import TURNS, Turn

        answer = self._runner.run(self._follow(question))  # Ctrl-C cancels it at once
        self._last = answer
        self._turns = [*self._turns, Turn(question, answer.text)][-TURNS:]
        print_answer(self.screen.console, answer)
        self.screen.say("")

    async def _follow(self, question: str) -> "Answer":
        """The answer, its drafts shown while they grow."""
        from bot.answers import Answer
        from bot.writing import Draft

        waiting = "" if self.ready else "loading the model …"
        with show_draft(self.screen.console, waiting) as show:
            answerer = await asyncio.wrap_future(self._answerer)
            async with aclosing(answerer.astream(question, self._turns)) as events:
                async for event in events:
                    if isinstance(event, Draft):
                        show(event.text)
                    elif isinstance(event, Answer):
                        return event
        raise AssertionError("an answer comes last")

    def _show_source(self, number: str) -> None:
        cited = {str(each.number): each for each in (self._last.citations if self._last else [])}
        if number not in cited:
            numbers = ", ".join(cited) or "none yet"
            self.screen.complain(f"Name a citation of the last answer: {numbers}.")
            return
        found = self._answerer.result().surroundings(cited[number])
        if found is None:
            self.screen.complain("That essay has changed since; ask again.")
        else:
            print_surroundings(self.screen.console, cited[number], found)

    def _list_essays(self) -> None:
        print_essays(self.screen.console, self._store.manifest(self._store.published()))

    def _ingest(self) -> None:
        """In a process of its own: writing an index would hold up everything else in this one."""
        command = [sys.executable, "-m", "bot", "ingest", *self._ingest_arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            self.screen.complaints += 1  # it has told its errors itself


def _open(store: Store, settings: Settings) -> "Answerer":
    from bot.answering import open_answerer  # brings LangChain, which takes a moment

    return open_answerer(store, settings)


def _new_session(status: Callable[[], str]) -> "PromptSession[str]":
    return PromptSession(
        history=_history(Path(typer.get_app_dir("essay-bot")) / "history"),
        auto_suggest=AutoSuggestFromHistory(),
        completer=WordCompleter(["/help", "/essays", "/source", "/ingest", "/quit"], sentence=True),
        bottom_toolbar=status,
        refresh_interval=0.5,
    )


def _history(place: Path) -> History:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab+"):  # what FileHistory will do, and cannot recover from
            place.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return _KeptHistory(place)


class _KeptHistory(FileHistory):
    """Goes on where the disk is full: a line that is not kept is no reason to stop."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)
