"""Answer in prose by a chat model: prompt, stream, check each sentence, have it mended once."""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from bot.agreement import foreign_part
from bot.chat_model import CHARACTERS_A_TOKEN, ChatModel, Meter
from bot.checking import Checker, Claim, Reading, Support, Verdict
from bot.conversation import Turn
from bot.display import plain_line
from bot.errors import ChatModelFailed
from bot.questions import LONGEST_QUESTION
from ingest.passages import split_sentences
from prompts import read_prompt

LEAST_KEPT = 0.5  # of a draft's sentences; of fewer that stand, no answer is made
MOST_SENTENCES = 12
HISTORY = 1_000  # tokens of earlier turns, the latest first
UNFINISHED = "…"
_CITATION = re.compile(r"\[\s*(\d{1,3}(?:\s*,\s*\d{1,3})*)\s*(?:[:,]?\s*[\"“](.*?)[\"”])?\s*\]")
_OPEN_CITATION = re.compile(r"\[[^\]]*$")
_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_INFERENCE = re.compile(r"^\s*\(?inference:?\)?:?\s*", re.IGNORECASE)
_FINISHED = re.compile(r"[.!?][\"'”’)]*$")


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
                if (text := draft_text(draft, brief.readings)) != shown:
                    shown = text
                    yield Draft(shown)
    finally:
        await preparing
    if is_refusal(draft):
        yield Written([], complete=True)
        return
    claims = parse_claims(draft)[:MOST_SENTENCES]
    verdicts = await asyncio.to_thread(_check_all, checker, claims)
    if claims and any(each.fault for each in verdicts):
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
    lines = iter(line for line in mended.splitlines() if line.strip())
    found = []
    for verdict in verdicts:
        claims = parse_claims(next(lines, "")) if verdict.fault else []
        again = [each for each in _check_all(checker, claims[:1]) if not each.fault]
        found += again or [verdict]
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


def is_refusal(draft: str) -> bool:
    """Whether a draft says that the essays do not answer, and nothing else."""
    return draft.strip().rstrip(".").lower() == read_prompt("refusal").lower()


def parse_claims(draft: str) -> list[Claim]:
    """The sentences of a draft, each once, with the citations that follow it."""
    claims = [claim for line in draft.splitlines() for claim in _claims_in(line)]
    return list({claim.text: claim for claim in reversed(claims)}.values())[::-1]


def _claims_in(line: str) -> Iterator[Claim]:
    """Sentences and the citations after them; several sentences may share citations."""
    line = _MARK.sub("", line)
    inferred = bool(_INFERENCE.match(line))
    for text, supports in _cited_parts(_INFERENCE.sub("", line)):
        sentences = [text[each.start : each.end] for each in split_sentences(text)] or [text]
        for sentence in sentences:
            if _FINISHED.search(sentence):
                yield Claim(" ".join(sentence.split()), supports, inferred)


def _cited_parts(line: str) -> Iterator[tuple[str, tuple[Support, ...]]]:
    """Stretches of text, each with the citations right after it.

    A full stop may stand before the citations or after them.
    """
    place = 0
    matches = list(_CITATION.finditer(line))
    while matches:
        run = [matches.pop(0)]
        while matches and not line[run[-1].end() : matches[0].start()].strip(" ,;"):
            run.append(matches.pop(0))
        text, end = line[place : run[0].start()].strip(), run[-1].end()
        if not _FINISHED.search(text) and (stop := re.match(r"\s*[.!?]", line[end:])):
            text, end = text + stop.group().strip(), end + stop.end()
        yield text, tuple(_supports(run))
        place = end
    if rest := line[place:].strip():
        yield rest, ()


def _supports(citations: Sequence[re.Match[str]]) -> Iterator[Support]:
    for citation in citations:
        for number in citation[1].split(","):
            yield Support(int(number), citation[2] or "")


def draft_text(draft: str, readings: Sequence[Reading]) -> str:
    """A draft as it may be watched: numbers for citations, and nothing that acts or links."""
    ground = "\n".join(each.text for each in readings)
    lines = (_MARK.sub("", line).strip() for line in _OPEN_CITATION.sub("", draft).splitlines())
    return " ".join(_watched(line, ground) for line in lines if line)


def _watched(line: str, ground: str) -> str:
    if foreign_part(_CITATION.sub("", line), ground):
        return UNFINISHED
    return _CITATION.sub(lambda citation: f"[{citation[1]}]", line)
