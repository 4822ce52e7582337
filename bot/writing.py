"""Answer in prose by a chat model: prompt, stream, check each sentence, have it mended once."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from bot.chat_model import CHARACTERS_A_TOKEN, ChatModel, Meter, spoken
from bot.checking import Checker, Claim, Reading, Verdict
from bot.conversation import Turn
from bot.display import plain_line
from bot.drafts import draft_text, is_refusal, parse_claims, parse_lines
from bot.errors import ChatModelFailed
from bot.questions import LONGEST_QUESTION
from prompts import read_prompt

LEAST_KEPT = 0.5  # of a draft's sentences; of fewer that stand, no answer is made
MOST_SENTENCES = 12
HISTORY = 1_000  # tokens of earlier turns, the latest first


@dataclass(frozen=True)
class Draft:
    """What the model has written so far, unchecked."""

    text: str


@dataclass(frozen=True)
class Written:
    """The sentences of a draft that stood the check, in order.

    `complete` is whether enough of them are left to be an answer; a refusal has none and is.
    """

    sentences: list[Verdict]
    complete: bool


@dataclass(frozen=True)
class Brief:
    """What a model is given to answer from; all of it is data."""

    question: str
    readings: Sequence[Reading]
    history: Sequence[Turn] = ()


async def write(
    model: ChatModel, brief: Brief, checker: Checker, meter: Meter
) -> AsyncGenerator[Draft | Written]:
    """Drafts as they grow, then what stood the check. Raises ChatModelFailed and ChatModelUnusable.

    Closing it early stops the model.
    """
    tag = secrets.token_hex(8)
    system = read_prompt("answer", tag=tag, refusal=read_prompt("refusal"))
    message = question_message(brief, tag)
    preparing = asyncio.create_task(asyncio.to_thread(checker.prepare))
    draft, shown = "", ""
    try:
        async with aclosing(model.ask(system, message, meter)) as pieces:
            async for piece in pieces:
                draft += piece
                if (text := draft_text(spoken(draft), brief.readings)) != shown:
                    shown = text
                    yield Draft(shown)
    finally:
        await preparing
    draft = spoken(draft)
    if is_refusal(draft):
        yield Written([], complete=True)
        return
    claims = parse_claims(draft)[:MOST_SENTENCES]
    verdicts = await asyncio.to_thread(_check_all, checker, claims)
    if any(each.fault for each in verdicts):
        with suppress(ChatModelFailed):  # what stands already may be enough
            mended = await model.ask_whole(system, _repair_message(message, verdicts), meter)
            verdicts = await asyncio.to_thread(_mend, checker, verdicts, mended)
    standing = list({each.claim.text: each for each in verdicts if not each.fault}.values())
    enough = bool(standing) and len(standing) >= LEAST_KEPT * len(claims)
    yield Written(standing, complete=enough)


def _check_all(checker: Checker, claims: Sequence[Claim]) -> list[Verdict]:
    return [checker.check(each) for each in claims]


def _mend(checker: Checker, verdicts: Sequence[Verdict], mended: str) -> list[Verdict]:
    """The verdicts, those at fault replaced by what the model wrote for them, in order."""
    lines = iter(parse_lines(mended))
    found = []
    for verdict in verdicts:
        claims = next(lines, []) if verdict.fault else []
        found += _check_all(checker, claims[:1]) or [verdict]
    return found


def question_message(brief: Brief, tag: str) -> str:
    """Numbered passages, earlier turns and the question, each between marks that carry the tag."""
    passages = "\n\n".join(
        read_prompt(
            "passage", number=str(number), tag=tag, essay=plain_line(each.essay), text=each.text
        )
        for number, each in enumerate(brief.readings, start=1)
    )
    return read_prompt(
        "question",
        passages=passages,
        earlier=_earlier(brief.history, tag),
        tag=tag,
        question=brief.question,
    )


def _earlier(history: Sequence[Turn], tag: str) -> str:
    turns = history_text(history)
    return read_prompt("earlier", tag=tag, turns=turns) if turns else ""


def history_text(history: Sequence[Turn]) -> str:
    """The latest turns that fit, the earliest first."""
    kept: list[str] = []
    left = HISTORY
    for turn in reversed(history):
        text = read_prompt("turn", question=turn.question, answer=turn.answer)
        left -= len(text) // CHARACTERS_A_TOKEN
        if left < 0:
            break
        kept.append(text)
    return "\n\n".join(reversed(kept))


def _repair_message(message: str, verdicts: Sequence[Verdict]) -> str:
    failed = "\n".join(f"{each.claim.text} ({each.fault})" for each in verdicts if each.fault)
    return read_prompt("repair", message=message, sentences=failed)


async def rewrite_question(
    model: ChatModel, question: str, history: Sequence[Turn], meter: Meter
) -> str | None:
    """The question as it is understood after earlier turns; None where the model gives none.

    Raises as `write`.
    """
    tag = secrets.token_hex(8)
    message = question_message(Brief(question, (), history), tag)
    said = await model.ask_whole(read_prompt("standalone", tag=tag), message, meter)
    lines = [plain_line(line).strip() for line in said.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 and len(lines[0]) <= LONGEST_QUESTION else None
