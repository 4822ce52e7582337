"""A web page -> its text without the site around it, and its headings' places; fetches nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ingest.decoding import decode
from ingest.errors import EssayUnreadable
from ingest.extracts import Extract, Place, one_line, printable, tidy

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BEGIN, END = "\ue000", "\ue001"  # private characters that carry headings through the rendering
ABOUT_ENCODING = 4096  # bytes in which a page names its encoding

_TAG = re.compile(r"<[!?A-Za-z]")
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_SPACE_IN_MARKS = re.compile(rf"(?<={BEGIN})\s+|(?<!\s)\s+(?={END})")
_NO_WORDS = re.compile(f"{BEGIN}+{END}+")
_NOISE = (
    ".//nav | .//footer | .//aside | .//script | .//style | .//noscript | .//template"
    " | .//header[not(ancestor::article or ancestor::main or ancestor::section)]"
    " | .//form[not(.//h1)]"  # one that wraps the whole page is kept
    " | .//*[@hidden or contains(translate(@style, ' ', ''), 'display:none')]"
    " | .//a[@role='doc-backlink' or starts-with(@href, '#footnote-ref')]"  # arrows
    # marks of notes, which would hang on words and numbers, and what the author took back
    " | .//a[@role='doc-noteref' or contains(@class, 'footnote-ref')"
    " or starts-with(@href, '#footnote-') or starts-with(@href, '#endnote-')]"
    " | .//del"
)
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")


def read_html(content: bytes) -> Extract:
    """A web page; raises EssayUnreadable where there is no markup in it."""
    text = decode_markup(content)
    if not _TAG.search(text):
        raise EssayUnreadable("it is not a web page, whatever its name says; rename it to .txt")
    return read_page(text)


def decode_markup(content: bytes) -> str:
    """The markup, by its byte order mark, else the encoding it names, else as text is read."""
    named = _META_CHARSET.search(content[:ABOUT_ENCODING])
    charset = named[1].decode("ascii", "ignore").lower() if named else ""
    if not charset or charset.startswith("utf") or content.startswith(b"\xef\xbb\xbf"):
        return decode(content)
    western = charset in {"iso-8859-1", "latin1", "us-ascii", "ascii"}  # as browsers take them
    try:
        return printable(content.decode("cp1252" if western else charset))
    except (LookupError, UnicodeError):
        return decode(content)


def read_page(markup: str) -> Extract:
    """The text, properties and headings of a page that is decoded already."""
    page = _parse(markup)
    if page is None:
        return Extract("")
    dates = [*_meta(page, "date", "article:published_time", "dcterms.date")]
    dates += page.xpath("//time/@datetime")
    known = Extract(
        "",
        title=_title(page),
        author=", ".join(_meta(page, "author")),
        date=one_line("".join(dates[:1])),
        url=one_line("".join(page.xpath("//link[@rel='canonical']/@href")[:1])),
    )
    text, places = _lift_marks(_render(_find_essay(page)))
    return replace(known, text=text, places=places)


def _parse(markup: str) -> Any:
    from lxml import etree, html

    # Bytes, since lxml refuses text that names an encoding.
    content = markup.replace(BEGIN, "").replace(END, "").encode()
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return html.document_fromstring(content, parser=parser)
    except etree.ParserError:  # nothing but comments or white space
        return None


def _title(page: Any) -> str:
    """The title without the site's name, which the first heading tells from it."""
    named = next(_meta(page, "og:title"), "") or one_line(page.xpath("string(//head//title)"))
    heading = one_line(page.xpath("string(//h1)"))
    return heading if heading in named and heading else named or heading


def _meta(page: Any, *names: str) -> Iterator[str]:
    for name in names:
        for meta in page.iter("meta"):
            if (meta.get("property") or meta.get("name") or "").lower() == name:
                yield one_line(meta.get("content") or "")


def _find_essay(page: Any) -> Any:
    """The one part that is marked as the essay, else the body; without what surrounds it."""
    marked = page.findall(".//main") or page.findall(".//article")
    body = page.find("body")
    essay = marked[0] if len(marked) == 1 else page if body is None else body
    for noise in essay.xpath(_NOISE):
        if noise.getparent() is not None:
            noise.drop_tree()
    return essay


def _render(essay: Any) -> str:
    """Its text, each heading between BEGIN and END."""
    from lxml import etree

    from ingest.rendering import render

    # Inscriptis fails on values it does not expect, and styles say nothing of an essay's words.
    etree.strip_attributes(essay, "style", "align", "valign", "value", "start")
    for raised in essay.iter("sup"):
        raised.text = (raised.text or "").translate(_RAISED)  # else 10² would read as 102
    for heading in essay.iter(*HEADINGS):
        if next(heading.iterancestors(*HEADINGS), None) is None:
            _mark(heading)
    try:
        text = render(essay)
    except RecursionError as error:
        raise EssayUnreadable("its markup is nested too deeply; save it as .txt") from error
    return tidy(_NO_WORDS.sub("", _SPACE_IN_MARKS.sub("", text)))


def _mark(heading: Any) -> None:
    heading.text = BEGIN + printable(heading.text or "")  # lxml reads &#1; and will not write it
    if len(heading):
        heading[-1].tail = printable(heading[-1].tail or "") + END
    else:
        heading.text += END


def _lift_marks(text: str) -> tuple[str, tuple[Place, ...]]:
    """The text without the marks, and where the headings that they held begin in it."""
    pieces: list[str] = []
    places: list[Place] = []
    opened, start, length = -1, 0, 0
    for piece in re.split(f"([{BEGIN}{END}])", text):
        if piece == BEGIN:
            opened, start = len(pieces), length
        elif piece == END:
            label = one_line("".join(pieces[opened:])) if opened >= 0 else ""
            places += [Place(start, label)] if label else []
            opened = -1
        else:
            pieces.append(piece)
            length += len(piece)
    return "".join(pieces), tuple(places)
