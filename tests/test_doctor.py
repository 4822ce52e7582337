"""What the doctor finds in real folders, and what Discord's server tells it over the wire."""

import asyncio
import base64
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import discord
import pytest
from rich.console import Console

from bot.cli import main
from bot.discord_bot.inspection import NEEDED, inspect
from bot.doctor import Finding, examine
from bot.errors import DiscordUnreachable
from bot.settings import Settings
from bot.terminal import print_findings
from tests.chat_server import ChatServer, Fault
from tests.conftest import ESSAYS, SEED
from tests.discord_portal import BOT, TOKEN, DiscordServer

Connect = Callable[[DiscordServer], None]
LIMITED = discord.ApplicationFlags(gateway_message_content_limited=True).value
FULL = discord.ApplicationFlags(gateway_message_content=True).value


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder and an environment without settings, but for the essays."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    for name in [*Settings.model_fields, "openai_api_key", "discord_token"]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ESSAYS_DIR", str(ESSAYS))


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    return lambda server: monkeypatch.setattr(discord.http.Route, "BASE", server.base)


def look(index: Path | None = None, online: bool = False) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(index, online)}


def states(findings: dict[str, Finding], *states: str) -> list[str]:
    return [finding.name for finding in findings.values() if finding.state in states]


def doctor(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["essay-bot", "doctor", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        main()
    return int(exit_.value.code or 0)


def copy(index: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index, tmp_path / "copy"))


def test_where_all_is_well_only_the_token_is_missed(seed_index: Path) -> None:
    findings = look(seed_index)
    assert states(findings, "warning", "problem") == ["Discord token"]
    assert "1 essays and" in findings["index"].told
    assert "384" in findings["embedding model"].told


def test_nothing_is_changed(seed_index: Path, tmp_path: Path) -> None:
    index = copy(seed_index, tmp_path)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    look(index)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_without_an_index_it_tells_how_to_make_one() -> None:
    findings = look()
    assert states(findings, "problem") == ["index"]
    assert "essay-bot ingest" in findings["index"].told
    assert "index and essays" not in findings


def test_an_index_of_another_embedding_model_is_a_problem(
    seed_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_MODEL", "another/model")
    findings = look(seed_index)
    assert states(findings, "problem") == ["index", "embedding model"]
    assert "all-MiniLM-L6-v2" in findings["index"].told
    assert "doctor --online" in findings["embedding model"].told


def test_an_index_that_lost_a_part_of_a_file_is_a_problem(seed_index: Path, tmp_path: Path) -> None:
    index = copy(seed_index, tmp_path)
    largest = max(index.rglob("*.bin"), key=lambda path: path.stat().st_size)
    os.truncate(largest, 100)
    findings = look(index)
    assert states(findings, "problem") == ["index"]
    assert "rollback" in findings["index"].told


def test_essays_that_were_added_changed_and_removed_are_counted(
    seed_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    essays = tmp_path / "essays"
    essays.mkdir()
    (essays / SEED).write_text((ESSAYS / SEED).read_text() + "\nOne more thing is said.\n")
    (essays / "new.txt").write_text("Another essay is here.")
    (essays / "broken.pdf").write_bytes(b"no pdf")
    monkeypatch.setenv("ESSAYS_DIR", str(essays))
    findings = look(seed_index)
    assert states(findings, "problem") == []
    told = findings["index and essays"].told
    assert "1 are new, 1 changed and" in told
    assert f"essay-bot ingest --index {seed_index}" in told
    assert "broken.pdf" in told


@pytest.mark.parametrize(
    ("files", "state", "told"),
    [
        (None, "problem", "There is no folder"),
        ({}, "problem", "put .docx"),
        ({"notes.xyz": b"x"}, "problem", "There are no essays"),
        ({"a.pdf": b"no pdf", "b.txt": b""}, "problem", "a.pdf"),
        ({"a.pdf": b"no pdf", "b.txt": b"An essay."}, "warning", "a.pdf"),
        ({"a.txt": b"An essay.", "b.txt": b"Another."}, "ok", "2 in"),
    ],
)
def test_essays_are_looked_for(
    files: dict[str, bytes] | None,
    state: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    essays = tmp_path / "essays"
    if files is not None:
        essays.mkdir()
        for name, content in files.items():
            (essays / name).write_bytes(content)
    monkeypatch.setenv("ESSAYS_DIR", str(essays))
    found = look()["essays"]
    assert found.state == state
    assert told in found.told


def test_settings_that_cannot_be_used_end_the_examination() -> None:
    Path(".env").write_text("CHAT_PATIENCE=soon\n")
    findings = look()
    assert list(findings) == ["Python", "settings"]
    assert "CHAT_PATIENCE" in findings["settings"].told
    assert findings["settings"].state == "problem"


@pytest.mark.parametrize("chat_model", ["openai:gpt-4.1-mini", "nobody:model", "gibberish"])
def test_a_chat_model_that_cannot_be_set_up_is_a_problem(
    chat_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_MODEL", chat_model)
    found = look()["chat model"]
    assert (found.state, chat_model in found.told) == ("problem", True)


def test_a_chat_model_is_asked_only_online_and_its_tokens_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ChatServer(lambda _messages: "here") as server:
        monkeypatch.setenv("CHAT_MODEL", "openai:m")
        monkeypatch.setenv("CHAT_BASE_URL", server.openai_url)
        monkeypatch.setenv("CHAT_TOKENS_A_DAY", "5")
        assert "doctor --online" in look()["chat model"].told
        assert server.requests == []
        assert look(online=True)["chat model"] == Finding("chat model", "ok", "openai:m answers.")
        spent = look(online=True)["chat model"]
        assert (spent.state, len(server.requests)) == ("warning", 1)
        assert "CHAT_TOKENS_A_DAY" in spent.told


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [(Fault.UNAUTHORIZED, "problem", "key"), (Fault.EMPTY, "warning", "says nothing")],
)
def test_a_chat_model_that_does_not_answer_well_is_told(
    fault: Fault, state: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(lambda _messages: "here", fault) as server:
        monkeypatch.setenv("CHAT_MODEL", "openai:m")
        monkeypatch.setenv("CHAT_BASE_URL", server.openai_url)
        found = look(online=True)["chat model"]
    assert found.state == state
    assert told in found.told


def test_a_data_folder_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "can be made" in look()["data folder"].told
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert "can be written" in look()["data folder"].told
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    found = look()["data folder"]
    assert (found.state, "DATA_DIR" in found.told) == ("problem", True)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        f"Bot {TOKEN}",
        f'"{TOKEN}"',
        "a" * 32,
        TOKEN.rpartition(".")[0],
        f"{encoded('someone')}.abcdef.ghijkl",
        f"{encoded('12')}.abcdef.ghijkl",
        f"{encoded(BOT + 'x')}.abcdef.ghijkl",
        "é.é.é",
    ],
)
def test_what_is_no_token_is_a_problem_and_not_shown(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", token)
    found = look()["Discord token"]
    assert found.state == "problem"
    assert token not in found.told
    assert token.strip('"').removeprefix("Bot ") not in found.told


@pytest.mark.parametrize("bot", [BOT, f"{BOT}2"])
def test_of_a_token_only_the_bots_id_is_shown(bot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = f"{encoded(bot)}.abcdef.not-a-secret"
    monkeypatch.setenv("DISCORD_TOKEN", token)
    findings = look()
    assert findings["Discord token"].state == "ok"
    assert f"bot {bot}." in findings["Discord token"].told
    assert all(part not in str(findings) for part in token.split("."))
    assert "Discord" not in findings


def test_discord_tells_the_name_the_servers_and_the_invitation(connect: Connect) -> None:
    with DiscordServer({"Readers": NEEDED, "Writers": discord.Permissions.all()}) as server:
        connect(server)
        findings = look(online=True)
    assert [findings[name].state for name in ("Discord", "servers")] == ["ok", "ok"]
    assert "essays" in findings["Discord"].told
    assert "in 2" in findings["servers"].told
    assert f"client_id={BOT}" in findings["servers"].told
    assert f"permissions={NEEDED.value}" in findings["servers"].told
    assert "applications.commands" in findings["servers"].told
    assert not any(name.startswith("server ") for name in findings)
    assert TOKEN not in str(findings)


def test_permissions_that_a_server_does_not_give_are_named(connect: Connect) -> None:
    some = discord.Permissions(NEEDED.value)
    some.update(view_channel=False, send_messages=False)
    with DiscordServer({"Readers": NEEDED, "Writers\x1b": some, "Gone": some}) as server:
        server.gone = {"Gone"}
        connect(server)
        findings = look(online=True)
    named = [name for name in findings if name.startswith("server ")]
    assert named == ["server Writers\x1b"]
    assert findings[named[0]].state == "warning"
    assert "lack view channels, send messages;" in findings[named[0]].told


def test_of_many_servers_the_first_ten_are_looked_at(connect: Connect) -> None:
    guilds = {f"Server {number}": discord.Permissions.none() for number in range(12)}
    with DiscordServer(guilds, count=1200) as server:
        connect(server)
        findings = look(online=True)
    assert "in 1200" in findings["servers"].told
    assert len([name for name in findings if name.startswith("server ")]) == 10


def test_a_bot_in_no_server_is_to_be_invited(connect: Connect) -> None:
    with DiscordServer() as server:
        connect(server)
        found = look(online=True)["servers"]
    assert found.state == "warning"
    assert "invite it: https://discord.com/oauth2/authorize" in found.told


@pytest.mark.parametrize(
    ("wanted", "flags", "state"),
    [("false", 0, "ok"), ("true", LIMITED, "ok"), ("true", FULL, "ok"), ("true", 0, "problem")],
)
def test_message_content_must_be_allowed_where_it_is_wanted(
    wanted: str, flags: int, state: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_MESSAGE_CONTENT", wanted)
    with DiscordServer(flags=flags) as server:
        connect(server)
        found = look(online=True)["message content"]
    assert found.state == state
    assert (f"applications/{BOT}/bot" in found.told) == (state == "problem")


def test_a_token_that_discord_does_not_take_is_a_problem(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DiscordServer() as server:
        connect(server)
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN[:-1])
        findings = look(online=True)
    assert findings["Discord"].state == "problem"
    assert f"https://discord.com/developers/applications/{BOT}/bot" in findings["Discord"].told
    assert TOKEN[:-1] not in str(findings)
    assert "servers" not in findings


@pytest.mark.parametrize("fault", [400, 503, "a page"])
def test_a_discord_that_answers_something_else_is_told(fault: int | str, connect: Connect) -> None:
    with DiscordServer(fault=fault) as server:
        connect(server)
        found = look(online=True)["Discord"]
    assert found.state == "problem"
    assert "try again later" in found.told


def test_without_a_network_that_is_told(connect: Connect) -> None:
    with DiscordServer() as server:
        connect(server)
    found = look(online=True)["Discord"]
    assert found.state == "problem"
    assert "network" in found.told


def test_a_discord_that_is_silent_is_not_waited_for(connect: Connect) -> None:
    with DiscordServer(fault="silence") as server:
        connect(server)
        begin = time.monotonic()
        with pytest.raises(DiscordUnreachable, match="has not answered"):
            asyncio.run(inspect(TOKEN, patience=0.3))
        assert time.monotonic() - begin < 5


def test_offline_discord_is_not_asked(connect: Connect) -> None:
    with DiscordServer() as server:
        connect(server)
        look()
        assert server.asked == []


def test_a_problem_is_exit_code_1_and_a_warning_is_none(
    seed_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(monkeypatch, "--index", seed_index) == 0
    assert "\nwarning: Discord token: " in capsys.readouterr().out
    assert doctor(monkeypatch, "--index", "nowhere") == 1
    assert "\nproblem: index: There is no index in nowhere yet; " in capsys.readouterr().out


def test_json_is_a_finding_a_line(
    seed_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(monkeypatch, "--index", seed_index, "--json") == 0
    out, err = capsys.readouterr()
    records = [json.loads(line) for line in out.splitlines()]
    assert [set(record) for record in records] == [{"name", "state", "told"}] * len(records)
    assert {"Python", "index", "Discord token"} < {record["name"] for record in records}
    assert err == ""


def test_a_terminal_gets_a_table_with_marks() -> None:
    screen = io.StringIO()
    findings = [
        Finding("index", "ok", "Fine."),
        Finding("token", "warning", "None."),
        Finding("server [b]\x1b[2J", "problem", "Broken."),
    ]
    print_findings(Console(file=screen, force_terminal=True, width=60, color_system=None), findings)
    shown = screen.getvalue()
    assert "✓  index" in shown
    assert "!  token" in shown
    assert "✗  server [b][2J" in shown
    assert "\x1b[2J" not in shown
