"""A Markdown file -> its words as written, its front matter and headings; renders nothing."""

import re
from collections.abc import Iterator, Mapping

from ingest.decoding import decode
from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place, one_line

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
_KEY = re.compile(r"[\w-]+[ \t]*:(\s|$)")


def read_markdown(content: bytes) -> Extract:
    """The text after the front matter, verbatim; the title is the front matter's or a heading's."""
    known, text = _split_front_matter(decode(content))
    headings = list(_find_headings(text))
    first = next((place.label for level, place in headings if level == 1), "")
    return Extract(
        text,
        title=_value(known, "title") or first,
        author=_value(known, "author") or _value(known, "authors"),
        date=_value(known, "date"),
        url=_value(known, "url"),
        places=tuple(place for _, place in headings),
    )


def _split_front_matter(text: str) -> tuple[Mapping[str, object], str]:
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    if not re.match(r"---[ \t]*\n[ \t]*\S", text):  # a rule has a blank line below it
        return {}, text
    try:
        header, body = handler.split(text)
    except ValueError:  # nothing ends it
        return {}, text
    known = _load_yaml(header)
    return (known, body.lstrip("\n")) if isinstance(known, dict) else ({}, text)


def _load_yaml(header: str) -> object:
    import yaml

    try:
        # BaseLoader leaves dates and numbers as they are written, and builds no objects.
        return yaml.load(header, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        if not _KEY.match(header.lstrip()):
            return None  # prose between two rules
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise EssayUnreadable(
            f"its front matter is not valid YAML{where}; mend it, or put a value in quotes"
        ) from error


def _value(known: Mapping[str, object], key: str) -> str:
    value = known.get(key, "")
    values = value if isinstance(value, list) else [value]
    return ", ".join(one_line(each) for each in values if isinstance(each, str))


def _find_headings(text: str) -> Iterator[tuple[int, Place]]:
    """Level and place of each `# heading` outside fenced code."""
    fence = ""
    start = 0
    for line in text.split("\n"):
        fenced = _FENCE.match(line)
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif fenced:
            fence = fenced[1]
        elif match := _HEADING.match(line):
            yield len(match[1]), Place(start + match.end(1) - len(match[1]), _label(line, match))
        start += len(line) + 1


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and mark == fence[0] * len(mark)


def _label(line: str, heading: re.Match[str]) -> str:
    words = line[heading.end() :].rstrip()
    without = words.rstrip("#")
    return one_line(without if without.endswith((" ", "\t")) else words)  # "C#" keeps its own
