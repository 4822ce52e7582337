"""Where markdown may be cut, and what to add there so that both sides read right."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import regex

PARAGRAPH, LINE, SENTENCE, WORD = range(4)  # kinds of borders, best first
OPEN, CODE, RUN, LINK, TIGHT = range(5)  # how closed a place is; a TIGHT one is never cut

_LINK = r"\[(?:\\.|\[[^\[\]\n]*\]|[^\[\]\\\n])*\]\((?:\\.|\([^()\s]*\)|[^()\\\n])*\)"
_CITATION = r"(?:\[[0-9]{1,6}\]|\\\[[0-9]{1,6}\\\])"

_INLINE = regex.compile(
    rf"""
      (?P<fence>```(?:(?P<language>[\w+\-.\#]{{1,20}})\n)?(?P<code>.*?)(?P<close>```|\Z))
    | (?P<run>(?:{_LINK}|{_CITATION})+)
    | \\[!-/:-@\[-`{{-~]
    | (?P<one><(?:[@\#:/]|a:|t:|id:|https?:)[^<>\n]*>
      | https?://[^\s<]+
      | (?P<mark>``?|\*\*?|__?|~~|\|\|)(?!\s)(?:\\.|[^\\\n]){{1,300}}?(?P=mark))
    """,
    regex.VERBOSE | regex.DOTALL,
)
_TIGHT = regex.compile(
    rf"""
      (?P<prefix>(?m:^)[ ]*(?:>{{1,3}}[ ]+|-\#[ ]+|[-*+][ ]+|\#{{1,3}}[ ]+|\d+[.)][ ]+)+(?=\S))
    | {_CITATION}
    | \\[!-/:-@\[-`{{-~]
    """,
    regex.VERBOSE,
)
_SPACE = regex.compile(r"(?:\s|(?<=\n *)> *(?=\n|\Z))+")  # an empty line of a quote is space too
_SPACE_IN_CODE = regex.compile(r"\n(?:[^\S\n]*\n)*|(?<=\S)[^\S\n]+")
_SENTENCE = regex.compile(
    rf"""[.!?…](?:\\?["'”’»)\]*_])*(?:[ ]?(?:{_LINK}|{_CITATION})+)?(?=\s+(?!\p{{Ll}}|\s))
      | [。！？][」』”’）]*(?=\S)""",
    regex.VERBOSE,
)
_LINKS = regex.compile(_LINK, regex.DOTALL)
_BLOCK = regex.compile(r"(?:[-*+]|#{1,3}|-#|>{1,3}|\d+[.)])(?:\s|\Z)")
_CITED = regex.compile(_CITATION)
_LINE_PREFIX = regex.compile(r" *(?P<quote>> )?(?P<small>-# )?")
_REST_QUOTE = regex.compile(r"(?m:^) *>>> ")


@dataclass(frozen=True)
class Border:
    """A part may end at `stop`; the next one starts at `resume`, behind the white space."""

    stop: int
    resume: int
    kind: int = WORD
    level: int = OPEN


@dataclass(frozen=True)
class _Fence:
    """Code between ``` and ```, which may be cut behind `first` and before `last`."""

    start: int
    first: int
    last: int
    end: int
    language: str
    quote: str


class Layout:
    """A text, where it may be cut, and how much of it fits; sizes are UTF-16 code units."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._closed = bytearray(len(text) + 1)
        self._fences: list[_Fence] = []
        self._read_inline()
        self._read_tight()
        self._units = [0, *accumulate(1 + (char > "\uffff") for char in self.text)]
        places = (match.start() for match in _REST_QUOTE.finditer(self.text))
        free = (place for place in places if self._fence_at(place) is None)
        self._rest_quoted = next(free, len(self.text))
        self._borders = sorted(self._find_borders(), key=lambda border: border.stop)
        self._stops = [border.stop for border in self._borders]

    def part(self, start: int, stop: int) -> str:
        """This stretch of the text as a message of its own."""
        return f"{self._opening(start)}{self.text[start:stop]}{self._closing(stop)}"

    def size(self, start: int, stop: int) -> int:
        """How long that is."""
        around = len(self._opening(start)) + len(self._closing(stop))
        return self._units[stop] - self._units[start] + around

    def is_blank(self, start: int, stop: int) -> bool:
        """Whether there is nothing to see between."""
        return not self.text[start:stop].strip()

    def borders(self, start: int, limit: int) -> list[Border]:
        """Those behind `start` up to which a part of at most `limit` reaches, in order."""
        first = bisect.bisect_right(self._stops, start)
        last = bisect.bisect_right(self._stops, self._reach(start, limit))
        return [each for each in self._borders[first:last] if self.size(start, each.stop) <= limit]

    def forced_border(self, start: int, limit: int) -> Border:
        """The furthest place where there is no border: between letters, if need be within a run."""
        reach = self._reach(start, limit)
        places = [at for at in range(start + 1, reach + 1) if self.size(start, at) <= limit]
        letters = regex.finditer(r"\X", self.text, pos=start, endpos=reach + 1)
        ends = {letter.end() for letter in letters}
        for allowed in (
            [at for at in places if at in ends and self._closed[at] <= CODE and self._plain(at)],
            [at for at in places if at in ends and self._closed[at] <= RUN],
            [at for at in places if at in ends and self._closed[at] <= LINK],
            [at for at in places if self._closed[at] <= LINK],
        ):
            if allowed:
                return Border(allowed[-1], self._skip_space(allowed[-1]))
        return Border(places[-1], places[-1])

    def _plain(self, at: int) -> bool:
        """Whether what follows is no space, and means nothing else at the start of a line."""
        around = self.text[at - 1 : at + 1]
        return not any(map(str.isspace, around)) and not _BLOCK.match(self.text, at)

    def _skip_space(self, at: int) -> int:
        space = None if self._fence_at(at) else _SPACE.match(self.text, at)
        return space.end() if space else at

    def _reach(self, start: int, limit: int) -> int:
        return bisect.bisect_right(self._units, self._units[start] + limit) - 1

    def _read_inline(self) -> None:
        for match in _INLINE.finditer(self.text):
            if match["fence"] is not None:
                self._add_fence(match)
            elif match["run"] is not None:
                self._close(match.start() + 1, match.end(), RUN)
                for link in _LINKS.finditer(match["run"]):
                    at = match.start()
                    self._close(at + link.start() + 1, at + link.end(), LINK)
            elif match["one"] is not None:
                self._close(match.start() + 1, match.end(), LINK)

    def _add_fence(self, match: "regex.Match[str]") -> None:
        (start, end), (first, last) = match.span(), match.span("code")
        line = _LINE_PREFIX.match(self.text, self._line_start(start))
        quote = (line["quote"] or "") if line else ""
        if not match["close"]:
            self.text += f"\n{quote}```"
            end = len(self.text)
            self._closed.extend(bytes(end + 1 - len(self._closed)))
        self._fences.append(_Fence(start, first, last, end, match["language"] or "", quote))
        self._close(start + 1, end, TIGHT)
        self._close(first + 1, last, CODE)

    def _read_tight(self) -> None:
        for match in _TIGHT.finditer(self.text):
            behind = match["prefix"] is not None
            self._close(match.start() + 1, match.end() + behind, TIGHT)

    def _close(self, start: int, stop: int, level: int) -> None:
        if start < stop:
            self._closed[start:stop] = bytes([level]) * (stop - start)

    def _find_borders(self) -> Iterator[Border]:
        at = 0
        for fence in self._fences:
            yield from self._borders_of_prose(at, fence.start)
            if not self.text[: fence.start][-1:].isspace():
                yield Border(fence.start, fence.start, LINE)
            yield from self._borders_of_code(fence)
            yield Border(fence.end, self._skip_space(fence.end), LINE)
            at = fence.end
        yield from self._borders_of_prose(at, len(self.text))

    def _borders_of_code(self, fence: _Fence) -> Iterator[Border]:
        for space in _SPACE_IN_CODE.finditer(self.text, fence.first + 1, fence.last):
            lines = space.group().count("\n")
            kind = (WORD, LINE, PARAGRAPH)[min(lines, 2)]
            if self._closed[space.end()] == CODE:
                yield Border(space.start(), space.end(), kind, CODE)

    def _borders_of_prose(self, start: int, end: int) -> Iterator[Border]:
        sentences = {each.end() for each in _SENTENCE.finditer(self.text, start, end)}
        spaces = {each.start(): each for each in _SPACE.finditer(self.text, start, end)}
        for stop in sorted(sentences | spaces.keys()):
            space = spaces.get(stop)
            resume = space.end() if space else stop
            lines = space.group().count("\n") if space else 0
            if self._closed[stop] or self._closed[resume] or not start < stop < len(self.text):
                continue
            if lines:
                yield Border(stop, resume, LINE if lines == 1 else PARAGRAPH)
            elif not _BLOCK.match(self.text, resume) and not _CITED.match(self.text, resume):
                yield Border(stop, resume, SENTENCE if stop in sentences else WORD)

    def _opening(self, at: int) -> str:
        fence = self._fence_at(at)
        if fence is None:
            return self._prefix(at)
        quote = ">>> " if at > self._rest_quoted else fence.quote
        again = "" if at == self._line_start(at) else fence.quote
        return f"{quote}```{fence.language}\n{again}"

    def _closing(self, at: int) -> str:
        fence = self._fence_at(at)
        return f"\n{fence.quote}```" if fence else ""

    def _prefix(self, at: int) -> str:
        """What makes the rest of a line go on as the quote or the small print that it is."""
        if at > self._rest_quoted:
            return ">>> "
        begin = self._line_start(at)
        if begin == at:
            return ""
        line = _LINE_PREFIX.match(self.text, begin)
        prefix = "".join(filter(None, line.groups())) if line and line.end() <= at else ""
        sign = _BLOCK.match(self.text, at) and not self.text[at].isdigit()
        return f"{prefix}\\" if sign else prefix

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _fence_at(self, at: int) -> _Fence | None:
        """The fence whose code would be cut here."""
        index = bisect.bisect_right(self._fences, at, key=lambda fence: fence.first) - 1
        fence = self._fences[index] if index >= 0 else None
        return fence if fence and fence.first < at < fence.last else None
