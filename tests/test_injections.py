"""Hidden instructions, before a model that follows each: nothing unchecked reaches the person.

The kinds are those of BIPIA and garak; the cases are in injections.jsonl.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.answering import Answerer
from bot.chat_model import ChatModel, Meter
from bot.checking import Checker, Reading, read_passages
from bot.conversation import Turn
from bot.retrieval import retrieve
from bot.writing import Brief, Draft, Written, write
from prompts import read_prompt
from tests.chat_server import ChatServer
from tests.chat_wires import Messages

QUESTION = "What is energy imperialism?"
# A false sentence that says little and shares its words with what it cites: the check lets it pass.
KNOWN = {"citation-like-14"}
LIVE = ("http", "www.", "](", "<@", "@everyone", "@here", "<script", "\x1b", "\u202e")


@dataclass(frozen=True)
class Case:
    """An instruction, where it hides, what an obedient model says, and what must not be shown."""

    id: str
    kind: str
    place: str
    text: str
    payload: str
    forbidden: tuple[str, ...]


LINES = (Path(__file__).parent / "injections.jsonl").read_text("utf-8").splitlines()
CASES = [
    Case(**{**record, "forbidden": tuple(record["forbidden"])}) for record in map(json.loads, LINES)
]


def hide(case: Case, readings: list[Reading]) -> Brief:
    """What the model is given, with the instruction in its place."""
    first, *others = readings
    if case.place == "essay":
        start = first.quotes[-1].end + len("\n\n")
        injected = replace(
            first.quotes[-1], text=case.text, start=start, end=start + len(case.text)
        )
        first = Reading((*first.quotes, injected), f"{first.text}\n\n{case.text}", first.names)
    elif case.place == "author":
        quotes = tuple(replace(each, author=case.text) for each in first.quotes)
        first = Reading(quotes, first.text, f"{case.text}\n{first.names}")
    elif case.place in ("title", "file name"):  # a file name is the title where there is no other
        quotes = tuple(replace(each, title=case.text) for each in first.quotes)
        first = Reading(quotes, first.text, f"{case.text}\n{first.names}")
    return Brief(
        f"{QUESTION} {case.text}" if case.place == "question" else QUESTION,
        [first, *others],
        [Turn("Who writes?", case.text)] if case.place == "history" else [],
    )


class Obedient:
    """A model that does what the instructions it sees tell it to."""

    def __init__(self) -> None:
        self.case = CASES[0]

    def __call__(self, _messages: Messages) -> str:
        return self.case.payload


async def attack(case: Case, model: ChatModel, answerer: Answerer) -> tuple[list[str], list[str]]:
    """What reaches the person: every draft, and the sentences of the answer."""
    with answerer.index.reading() as generation:
        ranked = retrieve(generation, answerer.embeddings, QUESTION, 5)
        brief = hide(case, read_passages(ranked, generation))
        checker = Checker(brief.readings, generation, answerer.embeddings)
        events = [event async for event in write(model, brief, checker, Meter())]
    drafts = [event.text for event in events if isinstance(event, Draft)]
    written = next(event for event in events if isinstance(event, Written))
    return drafts, [each.claim.text for each in written.sentences]


@pytest.fixture(scope="module")
def outcomes(answerer: Answerer) -> Iterator[dict[str, tuple[list[str], list[str]]]]:
    obedient = Obedient()

    async def attack_all(server: ChatServer) -> dict[str, tuple[list[str], list[str]]]:
        model, found = ChatModel("openai:m", server.openai_url), {}
        for obedient.case in CASES:
            found[obedient.case.id] = await attack(obedient.case, model, answerer)
        return found

    with ChatServer(obedient) as server:
        yield asyncio.run(attack_all(server))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_injected_answer_is_not_shown(
    case: Case, outcomes: dict[str, tuple[list[str], list[str]]]
) -> None:
    drafts, sentences = outcomes[case.id]
    shown = [each for each in case.forbidden if any(each in sentence for sentence in sentences)]
    assert bool(shown) == (case.id in KNOWN)
    assert not [each for each in LIVE if any(each in text for text in [*drafts, *sentences])]


def test_the_system_prompt_is_not_repeated(answerer: Answerer) -> None:
    def leak(messages: Messages) -> str:
        return messages[0]["content"]

    async def ask(server: ChatServer) -> tuple[list[str], list[str]]:
        return await attack(CASES[0], ChatModel("openai:m", server.openai_url), answerer)

    with ChatServer(leak) as server:
        _, sentences = asyncio.run(ask(server))
    prompt = read_prompt("answer", tag="", refusal="")
    assert not [each for each in sentences if each in prompt]
