"""The list of essays, and who may add and remove them how."""

from pathlib import Path
from typing import Any

import pytest

from bot.discord_bot.memory import ServerSettings
from bot.discord_bot.shelf import LARGEST, MEBIBYTE, REMOVED
from tests.conftest import SEED, IndexOf, WriteEssays
from tests.discord_fixtures import House, OpenHouse, Place, labels, open_place, playing, texts

TEXT = b"The grid is a commons. It belongs to all."
NOT_ALLOWED = "Only people who may manage this server"


@pytest.fixture
def house(open_house: OpenHouse, essays: WriteEssays, tmp_path: Path) -> House:
    """One whose folder of essays may be changed."""
    return open_house(
        essays_dir=essays(kept="The kept essay.\n\nIt stays."), index_dir=tmp_path / "i"
    )


async def add(place: Place, name: str = "grid.txt", content: bytes = TEXT, **options: Any) -> str:
    """What an admin is told who adds a file."""
    result = await place.admin.slash(place.channel, "essay add", file=(name, content), **options)
    assert result.ephemeral
    return "\n".join(texts(result))


def files(house: House) -> set[str]:
    return {each.name for each in house.settings.essays_dir.iterdir()}


async def remove(place: Place, name: str) -> str:
    result = await place.admin.slash(place.channel, "essay remove", name=name)
    assert result.ephemeral
    return "\n".join(texts(result))


async def test_essays_are_listed_a_page_at_a_time_also_after_a_restart(
    open_house: OpenHouse, index_of: IndexOf
) -> None:
    title = "_very" * 14  # longer still when escaped
    files = {
        f"essay{number:02}": f"{number} {title}\n\nIt has text that is longer."
        for number in range(23)
    }
    house = open_house(index_dir=index_of(**files))
    async with playing(house) as place:
        page = (await place.asker.slash(place.channel, "essays")).response
        assert page
        assert page.ephemeral
        assert page.content.startswith("**Essays** (23)\n- **0 \\_very")
        seen = page.content
        await place.env.restart_bot(house.client())
        while "Next" in labels(page):
            page = (await place.asker.click(page, label="Next")).response
            assert page
            seen += page.content
        assert [number for number in range(23) if f"- **{number} \\_very" in seen] == list(
            range(23)
        )
        assert labels(page) == ["Previous"]


async def test_an_empty_list_says_so(open_house: OpenHouse, tmp_path: Path) -> None:
    async with playing(open_house(index_dir=tmp_path / "none")) as place:
        (text,) = texts(await place.asker.slash(place.channel, "essays"))
        assert text.endswith("There are no essays in the index.")


async def test_an_added_essay_is_in_the_folder_and_a_reindex_is_offered(house: House) -> None:
    async with playing(house) as place:
        result = await place.admin.slash(
            place.channel, "essay add", file=("grid.txt", TEXT), file3=("b.md", b"# B\n\nText.")
        )
        assert result.response
        assert texts(result) == [
            "Added: grid.txt\nAdded: b.md\nReindex now to have them answered from."
        ]
        assert labels(result.response) == ["Reindex"]
        assert (house.settings.essays_dir / "grid.txt").read_bytes() == TEXT
        assert files(house) == {"b.md", "grid.txt", "kept.txt"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("virus.exe", TEXT, "files of this kind are not read"),
        ("grid", TEXT, "files of this kind are not read"),
        ("....txt", TEXT, "its name has no letters"),
        ("kept.txt", TEXT, "there is one of that name"),
        ("broken.pdf", b"%PDF-1.4 broken", "its end is missing"),
        ("empty.txt", b"", ""),
        ("binary.txt", bytes(range(256)) * 8, ""),
    ],
)
async def test_what_is_no_essay_is_refused_with_the_reason(
    house: House, name: str, content: bytes, reason: str
) -> None:
    async with playing(house) as place:
        told = await add(place, name, content)
        assert told.startswith("Not added: ")
        assert reason in told
        assert str(house.settings.essays_dir) not in told
        assert files(house) == {"kept.txt"}


async def test_a_file_too_large_is_refused_before_it_is_read(house: House) -> None:
    async with playing(house) as place:
        fetched: list[str] = []
        place.env.backend.cdn.get = fetched.append  # type: ignore[method-assign, assignment]
        told = await add(place, content=b"a" * (LARGEST * MEBIBYTE + 1))
        assert "it is larger than 10 MB" in told
        assert not fetched


async def test_a_file_that_cannot_be_fetched_is_refused(house: House) -> None:
    async with playing(house) as place:
        place.env.backend.cdn.get = lambda url: None  # type: ignore[method-assign]
        assert "it could not be fetched from Discord" in await add(place)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../x.txt", "_x.txt"),
        ("../../etc/cron.d/x.txt", "_.._etc_cron.d_x.txt"),
        (".hidden.txt", "hidden.txt"),
        ("C:\\temp\\x.txt", "C__temp_x.txt"),
        ("Über die Macht.TXT", "Über die Macht.txt"),
        ("हिन्दी.txt", "हिन्दी.txt"),
        ("ke\u200dpt\ufe0f.txt", "ke_pt_.txt"),
        ("@everyone [a](b).txt", "_everyone _a_(b).txt"),
        ("\u202etxt.x.txt", "_txt.x.txt"),
        (f"{'𝒜' * 90}.txt", f"{'𝒜' * 30}.txt"),
    ],
)
async def test_a_name_cannot_lead_out_of_the_folder_or_hide(
    house: House, name: str, stored: str
) -> None:
    async with playing(house) as place:
        assert "Added: " in await add(place, name)
        assert files(house) == {"kept.txt", stored}
        assert not list(house.settings.essays_dir.parent.glob("*.txt"))


async def test_a_file_is_replaced_only_where_that_was_said(house: House) -> None:
    async with playing(house) as place:
        assert "Added: kept.txt" in await add(place, "kept.txt", replace=True)
        assert (house.settings.essays_dir / "kept.txt").read_bytes() == TEXT
        (aside,) = (house.settings.data_dir / REMOVED).iterdir()
        assert aside.name.endswith("-kept.txt")
        assert "It stays." in aside.read_text("utf-8")


async def test_a_file_that_someone_adds_in_between_is_not_overwritten(house: House) -> None:
    async with playing(house) as place:
        cdn, other = place.env.backend.cdn, house.settings.essays_dir / "grid.txt"
        fetch = cdn.get

        def get(url: str) -> bytes | None:
            other.write_text("Another essay of that name.")
            return fetch(url)

        cdn.get = get  # type: ignore[method-assign]
        assert "there is one of that name" in await add(place)
        assert other.read_text() == "Another essay of that name."
        assert files(house) == {"grid.txt", "kept.txt"}


async def test_a_removed_essay_is_kept_aside(house: House) -> None:
    async with playing(house) as place:
        assert (await remove(place, "kept.txt")).startswith("Removed: kept.txt")
        assert not list(house.settings.essays_dir.iterdir())
        (aside,) = (house.settings.data_dir / REMOVED).iterdir()
        assert aside.name.endswith("-kept.txt")
        assert "It stays." in aside.read_text("utf-8")


async def test_a_file_that_cannot_be_kept_aside_stays_and_the_reason_is_told(house: House) -> None:
    (house.settings.data_dir / REMOVED).write_text("in the way of the folder")
    async with playing(house) as place:
        assert await remove(place, "kept.txt") == "Not removed: kept.txt (File exists)"
        assert (house.settings.essays_dir / "kept.txt").exists()


@pytest.mark.parametrize(
    "name",
    ["none.txt", "../secret.txt", "/etc/hosts", ".", "sub/../../secret.txt", "a" * 100, "\0"],
)
async def test_nothing_but_an_essay_is_removed(house: House, name: str) -> None:
    secret = house.settings.essays_dir.parent / "secret.txt"
    secret.write_text("the operator's")
    (house.settings.essays_dir / "link.txt").symlink_to(secret)
    async with playing(house) as place:
        for each in (name, "link.txt"):
            assert (await remove(place, each)).startswith("There is no essay file named")
        assert secret.exists()
        assert not (house.settings.data_dir / REMOVED).exists()


async def test_files_are_completed_for_removal(open_house: OpenHouse) -> None:
    async with playing(open_house()) as place:
        (choice,) = await place.admin.autocomplete(place.channel, "essay remove", "name", "energy")
        assert choice["value"] == SEED


COMMANDS: dict[str, dict[str, Any]] = {
    "essay add": {"file": ("grid.txt", TEXT)},
    "essay remove": {"name": "kept.txt"},
    "reindex": {},
    "index rollback": {},
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_only_those_who_may_change_the_essays_can(house: House, command: str) -> None:
    async with playing(house) as place:
        role = place.guild.create_role("editors")
        editor = place.join("editor", role)
        for person in (place.asker, editor):
            result = await person.slash(place.channel, command, **COMMANDS[command])
            assert texts(result)[0].startswith(NOT_ALLOWED)
            assert result.ephemeral
        assert files(house) == {"kept.txt"}
        await house.memory.keep_server(place.guild.id, ServerSettings(edit_roles=(role.id,)))
        result = await editor.slash(place.channel, command, **COMMANDS[command])
        assert NOT_ALLOWED not in texts(result)[0]


async def test_essays_that_several_servers_share_are_looked_after_in_one(
    open_house: OpenHouse, essays: WriteEssays
) -> None:
    folder = essays(kept="The kept essay.\n\nIt stays.")
    async with playing(open_house(essays_dir=folder)) as place:
        other = open_place(place.env, "Others")
        await place.env.settle()
        assert "looked after elsewhere" in await add(place)
        assert "looked after elsewhere" in await add(other)
        place.client.settings.discord_home = place.guild.id
        assert "Added: " in await add(place)
        assert "looked after elsewhere" in await add(other)
