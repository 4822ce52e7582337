"""Servers with essays of their own: nothing of one's is ever said on another."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.embedding import SentenceEmbeddings
from ingest.publishing import FolderStore
from ingest.sync import sync
from tests.discord_fixtures import (
    House,
    OpenHouse,
    Place,
    button_id,
    buttons,
    labels,
    open_place,
    playing,
    texts,
)

IDS = (10**17 + 1, 10**17 + 2)  # of the servers that have essays
OWN = (  # words that only one of them has
    ("amber", "badger", "cobalt", "dolphin", "ember", "falcon"),
    ("glacier", "hazel", "indigo", "jasmine", "kestrel", "lagoon"),
)
QUESTIONS = ("What is power?", "Who owns the grid?", "Why does power matter?", "And the poem?")
numbers = itertools.count()


@st.composite
def libraries(draw: st.DrawFn) -> list[dict[str, str]]:
    """Essays of two servers that speak of the same things in words of their own."""
    kinds = st.sampled_from(["is the power over", "owns the grid of", "matters as the power of"])
    return [
        {
            f"{name}{number}.txt": f"On {draw(words)}\n\n"
            + " ".join(
                f"The {draw(words)} {draw(kinds)} the {draw(words)}."
                for _ in range(draw(st.integers(1, 3)))
            )
            for number in range(draw(st.integers(1, 2)))
        }
        for name, words in zip("ab", map(st.sampled_from, OWN), strict=True)
    ]


def fill(folder: Path, essays: Sequence[dict[str, str]], embeddings: SentenceEmbeddings) -> None:
    """Each server's essays and its index."""
    for id, files in zip(IDS, essays, strict=True):
        place = folder / "essays" / str(id)
        place.mkdir(parents=True)
        for name, text in files.items():
            (place / name).write_text(text)
        sync(place, FolderStore(folder / "index" / str(id)), embeddings)


async def visit(place: Place, question: str, other: dict[str, str]) -> Any:
    """Use all that shows essays; gives an answer by command."""
    await place.asker.send(place.channel, f"{place.me} {question}")
    result = await place.asker.slash(place.channel, "ask", question=question)
    answer: Any = result.response
    while "Show passages" in labels(answer) or "Next" in labels(answer):
        custom_id = buttons(answer)[0 if "Show passages" in labels(answer) else -1]["custom_id"]
        answer = (await place.asker.click(answer, custom_id=custom_id)).response
    await place.asker.slash(place.channel, "essays")
    for name in other:
        await place.asker.slash(place.channel, "ask", question=question, essay=name)
        removed = await place.admin.slash(place.channel, "essay remove", name=name)
        assert "There is no essay file" in texts(removed)[0]
        removed = await place.admin.slash(place.channel, "essay remove", name=f"../{IDS[1]}/{name}")
        assert "There is no essay file" in texts(removed)[0]
    return result.response


async def completed(place: Place) -> str:
    """What is offered to be chosen."""
    ask = await place.asker.autocomplete(place.channel, "ask", "essay", "")
    remove = await place.admin.autocomplete(place.channel, "essay remove", "name", "")
    return f"{ask}{remove}"


async def press_the_others(place: Place, answer: Any, others: Any) -> None:
    """Press buttons that name the other server's answer."""
    ids = [button_id(each, "again").split(":")[2] for each in (answer, others)]
    stored = place.env.backend.get_message(place.channel.id, answer.id)
    for row in stored.components:
        for each in row["components"]:
            each["custom_id"] = each["custom_id"].replace(*ids)
    for each in buttons(answer):
        refused = await place.asker.click(answer, custom_id=each["custom_id"])
        assert texts(refused)[0].startswith("That answer is too old")


async def examine(house: House, essays: Sequence[dict[str, str]], questions: Sequence[str]) -> None:
    async with playing(house) as nobody:
        one, two = (open_place(nobody.env, f"Server {id}", id=id) for id in IDS)
        await nobody.env.settle()
        said = {"one": "", "two": "", "nobody": ""}
        requests = nobody.env.http_requests
        answers = {}
        for question in questions:
            for name, place, other in (
                ("one", one, essays[1]),
                ("two", two, essays[0]),
                ("nobody", nobody, essays[0]),
            ):
                before = len(requests)
                answers[name] = await visit(place, question, other)
                said[name] += str(requests[before:]) + await completed(place)
        before = len(requests)
        await one.asker.send_dm(questions[0])
        await press_the_others(one, answers["one"], answers["two"])
        said["one"] += str(requests[before:])
        for name, forbidden in (("one", OWN[1]), ("two", OWN[0]), ("nobody", sum(OWN, ()))):
            assert not [word for word in forbidden if word in said[name]]
        assert any(word in said["one"] for word in OWN[0])
        assert any(word in said["two"] for word in OWN[1])


@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink one takes minutes
    suppress_health_check=list(HealthCheck),
)
@given(libraries(), st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=2, unique=True))
def test_nothing_of_a_servers_essays_is_said_on_another(
    open_house: OpenHouse,
    embeddings: SentenceEmbeddings,
    tmp_path: Path,
    essays: list[dict[str, str]],
    questions: list[str],
) -> None:
    folder = tmp_path / str(next(numbers))
    fill(folder, essays, embeddings)
    house = open_house(
        essays_dir=folder / "essays",
        index_dir=folder / "index",
        data_dir=folder / "data",
        discord_separate_servers=True,
        discord_person_a_minute=100,
    )
    asyncio.run(examine(house, essays, questions))


async def test_the_same_question_at_once_is_answered_from_each_servers_own_essays(
    open_house: OpenHouse, embeddings: SentenceEmbeddings, tmp_path: Path
) -> None:
    fill(tmp_path, [{"a.txt": "Power is amber."}, {"b.txt": "Power is hazel."}], embeddings)
    house = open_house(
        essays_dir=tmp_path / "essays", index_dir=tmp_path / "index", discord_separate_servers=True
    )
    async with playing(house) as nobody:
        places = [open_place(nobody.env, f"Server {id}", id=id) for id in IDS]
        await nobody.env.settle()
        for each in places:
            nobody.env.backend.create_message(
                each.channel.id, each.asker.id, f"{nobody.me} What is power?"
            )
        await nobody.env.settle()
        one, two = (each.said()[0].content for each in places)
        assert "Power is amber." in one
        assert "Power is hazel." in two


async def test_each_servers_admins_look_after_their_own_essays(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    house = open_house(
        essays_dir=tmp_path / "essays", index_dir=tmp_path / "i", discord_separate_servers=True
    )
    async with playing(house) as place:
        other = open_place(place.env, "Others")
        await place.env.settle()
        for each in (place, other):
            await each.admin.slash(
                each.channel, "essay add", file=("same.txt", b"An essay. It is.")
            )
        folders = {each.name for each in (tmp_path / "essays").iterdir()}
        assert folders == {str(place.guild.id), str(other.guild.id)}


@pytest.mark.parametrize("how", ["message", "command"])
async def test_direct_messages_have_no_essays_where_each_server_has_its_own(
    open_house: OpenHouse, how: str
) -> None:
    async with playing(open_house(discord_separate_servers=True)) as place:
        if how == "message":
            await place.asker.send_dm(QUESTIONS[0])
        else:
            await place.asker.user.slash("ask", question=QUESTIONS[0])
        said = place.said(place.asker.user.dm_channel)[-1].content
        assert said == "Each server has essays of its own, so please ask in a server."
