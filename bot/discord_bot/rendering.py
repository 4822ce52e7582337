"""Answers, passages and reports as Discord shows them; knows nothing of connections."""

from bot.answering import Surroundings
from bot.answers import QUOTING, Answer
from bot.citations import Citation
from bot.discord_bot.markdown import escape
from bot.discord_bot.memory import Asked, Kept
from bot.discord_bot.phrases import say
from bot.discord_bot.splitting import LIMIT, split

LONGEST_HEADER = 300  # of a question above its answer
AROUND = (700, 350, 100, 0)  # characters shown of a paragraph on either side of a quote
SMALL = "-# "  # before what Discord shows in small letters
QUESTION = "> "  # before a question that stands above its answer
CUT = "…"


def keep(answer: Answer) -> Kept:
    """What is shown of an answer, and remembered for its buttons."""
    return Kept(
        text=answer.text,
        refused=answer.refused,
        citations=answer.citations,
        nearest=answer.nearest,
        note=answer.note,
        quoted=answer.model == QUOTING,
    )


def render_answer(asked: Asked, kept: Kept, *, header: bool) -> list[str]:
    """The messages that show an answer; with a header, the question stands above it."""
    blocks = [_header(asked.question)] if header else []
    blocks.append(_body(kept, asked.language))
    blocks.append("\n".join(_small_lines(kept, asked.language)))
    return split("\n\n".join(block for block in blocks if block))


def _header(question: str) -> str:
    shown = question if len(question) <= LONGEST_HEADER else question[:LONGEST_HEADER] + CUT
    return "\n".join(f"{QUESTION}{escape(line)}" for line in shown.splitlines() if line.strip())


def _body(kept: Kept, language: str) -> str:
    if kept.refused:
        return _refusal(kept.nearest, language)
    if kept.quoted:
        return "\n\n".join(
            f"“{escape(each.quote)}” {_mark(each.number)}" for each in kept.citations
        )
    return escape(kept.text)


def _refusal(nearest: Citation | None, language: str) -> str:
    if nearest is None:
        return say(language, "refused")
    return say(
        language, "refused_nearest", title=escape(nearest.title), quote=escape(nearest.quote)
    )


def _small_lines(kept: Kept, language: str) -> list[str]:
    marks: dict[str, str] = {}
    for each in kept.citations:
        marks[_place(each)] = marks.get(_place(each), "") + _mark(each.number)
    lines = [f"{numbers} {place}" for place, numbers in marks.items()]
    if kept.note:
        instead = say(language, "quoted_instead") if kept.citations else "."
        lines.append(f"{escape(kept.note)}{instead}")
    return [f"{SMALL}{line}" for line in lines]


def _mark(number: int) -> str:
    return escape(f"[{number}]")


def _place(citation: Citation) -> str:
    return escape(" ".join(citation.origin.split()))


def render_draft(text: str, language: str) -> str:
    """A draft, marked as one."""
    shown, *more = split(say(language, "draft", text=escape(text)), LIMIT - len(CUT))
    return shown + CUT if more else shown


def render_passage(citation: Citation, found: Surroundings | None, language: str) -> str:
    """A citation in its paragraph, the quote in bold."""
    place = f"{_mark(citation.number)} **{_place(citation)}**"
    if found is None:
        return f"{place}\n{say(language, 'essay_changed')}"
    for around in AROUND:
        before, after = _ending(found.before, around), _beginning(found.after, around)
        shown = f"{place}\n{escape(before)}**{escape(citation.quote)}**{escape(after)}"
        if len(shown) <= LIMIT:
            return shown
    return split(f"{place}\n{escape(citation.quote)}")[0]


def _ending(text: str, length: int) -> str:
    return text if len(text) <= length else CUT + text[len(text) - length :]


def _beginning(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + CUT
