"""JSON lines in and out: the requests of a batch, and the records others script against."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import pydantic

from bot.answers import Answer
from bot.conversation import Turn
from bot.errors import BatchInvalid, QuestionInvalid
from bot.retrieval import RankedPassage

Record = dict[str, Any]


def _check_id(value: object) -> object:
    """Raises ValueError for what would come back as something else, as true does as 1."""
    if value is not None and type(value) not in (str, int):
        raise ValueError("it should be a string or a whole number")
    return value


@dataclass(frozen=True)
class Request:
    """One line of a batch."""

    question: str
    id: Annotated[str | int | None, pydantic.BeforeValidator(_check_id)] = None
    history: tuple[Turn, ...] = ()


_REQUEST = pydantic.TypeAdapter(Request)


def answer_record(answer: Answer) -> Record:
    """An answer as `ask --json` prints it."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.refused,
        "citations": [asdict(citation) for citation in answer.citations],
        "nearest": asdict(answer.nearest) if answer.nearest else None,
        "model": answer.model,
        "note": answer.note,
        "tokens": asdict(answer.tokens),
        "cost": answer.cost,
        "generation": answer.generation,
        "timings_ms": answer.timings_ms,
    }


def search_record(question: str, ranked: Sequence[RankedPassage]) -> Record:
    """Hits as `search --json` prints them."""
    return {"question": question, "hits": [_hit(each) for each in ranked]}


def _hit(ranked: RankedPassage) -> Record:
    passage = ranked.passage
    return {
        "essay": passage.essay,
        "title": passage.title,
        "start": passage.start,
        "end": passage.end,
        "score": round(ranked.score, 6),
        "text": passage.text,
    }


def answer_lines(lines: Iterable[str], answer: Callable[[Request], Record]) -> Iterator[Record]:
    """One record a line, in order; a line that cannot be answered becomes `{"line", "error"}`."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _answer_line(number, line, answer)


def _answer_line(number: int, line: str, answer: Callable[[Request], Record]) -> Record:
    try:
        request = _read_request(line)
        return {"id": request.id, **answer(request)}
    except (BatchInvalid, QuestionInvalid) as error:
        return {"id": _id_of(line), "line": number, "error": str(error)}


def _read_request(line: str) -> Request:
    try:
        return _REQUEST.validate_json(line.lstrip("\ufeff").encode())
    except UnicodeEncodeError as error:
        raise _invalid("it is not UTF-8") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        raise _invalid(f"{place}: {told}" if place else told) from error


def _invalid(reason: str) -> BatchInvalid:
    return BatchInvalid(
        f'This is not a question ({reason}); write a line as {{"id": "1", "question": "..."}}.'
    )


def _id_of(line: str) -> str | int | None:
    """The id of a line that is not a request, where it can be told."""
    try:
        found = json.loads(line)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found, str | int) else None
