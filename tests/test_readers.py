import io
import re
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msoffcrypto.format.ooxml
import pypandoc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ingest.errors import EssayUnreadable
from ingest.readers import SUFFIXES, Extract, extract

TITLE = "On Walking"
AUTHOR = "Héloïse Walker"
SENTENCE = "The café’s “last” table looks on the sea."
MARKDOWN = f"""---
title: {TITLE}
author: {AUTHOR}
date: 2024-05-17
lang: en
---

# Setting out

A walk begins at the door. It has [no map](https://example.org).

# The shore

{SENTENCE}

- One stone.
- Another stone.
"""

MakeFile = Callable[[str], bytes]


@pytest.fixture(scope="session")
def make_file(tmp_path_factory: pytest.TempPathFactory) -> MakeFile:
    """The essay as a file of each kind, by suffix, made once by a program people use."""
    folder = tmp_path_factory.mktemp("written")
    made = {".md": MARKDOWN.encode(), ".txt": MARKDOWN.encode(), ".pdf": write_pdf()}
    for suffix in (".docx", ".epub", ".html"):
        path = folder / f"essay{suffix}"
        pypandoc.convert_text(
            MARKDOWN, suffix[1:], "md", outputfile=str(path), extra_args=["--standalone"]
        )
        made[suffix] = path.read_bytes()
    made[".htm"] = made[".html"]
    return made.__getitem__


def write_pdf(encrypt: StandardEncryption | None = None, *pages: str) -> bytes:
    written = io.BytesIO()
    canvas = Canvas(written, encrypt=encrypt, initialFontName="Times-Roman")
    canvas.setTitle(TITLE)
    canvas.setAuthor(AUTHOR)
    for page in pages or ("A walk begins at the door.", SENTENCE):
        lines = canvas.beginText(72, 700)
        lines.textLines(page)
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def place_at(found: Extract, sentence: str) -> str:
    index = found.text.index(sentence)
    return [place.label for place in found.places if place.start <= index][-1]


def html(body: str, head: str = "") -> Extract:
    return extract(f"<html><head>{head}</head><body>{body}</body></html>".encode(), ".html")


def zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("suffix", "place"),
    [
        (".md", "The shore"),
        (".html", "The shore"),
        (".htm", "The shore"),
        (".docx", "The shore"),
        (".epub", "The shore"),
        (".pdf", "page 2"),
    ],
)
def test_every_format_gives_its_words_their_place_and_who_wrote_them(
    suffix: str, place: str, make_file: MakeFile
) -> None:
    found = extract(make_file(suffix), suffix)
    assert place_at(found, SENTENCE) == place
    assert found.title == TITLE
    assert found.author == AUTHOR
    assert found.date == "2024-05-17" or suffix in {".pdf", ".docx"}
    assert found.date[:2] == "20"


@pytest.mark.parametrize("suffix", [".html", ".docx", ".epub"])
def test_paragraphs_stand_apart_and_links_are_their_words(suffix: str, make_file: MakeFile) -> None:
    text = extract(make_file(suffix), suffix).text
    assert (
        "Setting out\n\nA walk begins at the door. It has no map.\n\nThe shore\n\nThe caf" in text
    )
    assert "\n\n\n" not in text
    assert not any(line != line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("suffix", [".html", ".docx", ".epub", ".md"])
def test_a_place_begins_where_its_heading_stands(suffix: str, make_file: MakeFile) -> None:
    found = extract(make_file(suffix), suffix)
    assert "The shore" in [place.label for place in found.places]
    for place in found.places:
        assert found.text[place.start :].lstrip("# ").startswith(place.label)


def test_a_text_file_is_verbatim_and_says_nothing_of_itself(make_file: MakeFile) -> None:
    assert extract(make_file(".txt"), ".TXT") == Extract(MARKDOWN)


def test_control_characters_are_left_out_and_page_breaks_are_newlines() -> None:
    text = "A walk begins at the door, and it ends there too. " * 9
    found = extract(f"{text}\x0cTwo\x08.\r\n\tThree.".encode(), ".txt")
    assert found.text == f"{text}\nTwo.\n\tThree."


def test_markdown_after_its_front_matter_is_verbatim() -> None:
    text = "Some *words*.  \n\n\n\n    code\n"
    assert extract(f"---\ntitle: T\n---\n\n{text}".encode(), ".md").text == text


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA rule, then prose: with a colon.\n\n---\n\nMore.\n",
        "---\nNo end to this.\n",
        "---\nHe said: “no: never” - [and\n---\nwent.\n",
        "---\nJust words.\n---\nMore.\n",
        "One.\n\n---\ntitle: T\n---\n",
    ],
)
def test_a_rule_is_no_front_matter(text: str) -> None:
    assert extract(text.encode(), ".md") == Extract(text)


def test_front_matter_may_name_several_authors_and_is_taken_as_written() -> None:
    header = "---\ntitle: 1984\nauthor:\n  - Ann\n  - Bo\ndate: 2024-5-1\nurl: x.org\nn: 1\n---\n"
    found = extract(f"{header}Words.".encode(), ".md")
    assert found == Extract("Words.", "1984", "Ann, Bo", "2024-5-1", "x.org")


def test_broken_front_matter_is_refused_with_its_line() -> None:
    with pytest.raises(EssayUnreadable, match="not valid YAML at line 3"):
        extract(b"---\nauthor: Ann\ntitle: Walks: a book\n---\nWords.", ".md")


def test_code_holds_no_headings() -> None:
    text = "# One #\n\n````\n# code\n```\n# code\n````\n\n~~~\n# code\n~~~\n\n## About C#\n\n#tag\n"
    found = extract(text.encode(), ".md")
    assert [place.label for place in found.places] == ["One", "About C#"]
    assert found.title == "One"


def test_what_surrounds_an_essay_on_its_site_is_left_out() -> None:
    found = html(
        "<header>Site</header><nav>Menu</nav><p>Before</p><article><header><h1>Walks</h1></header>"
        "<p>Words.<script>x()</script></p><img alt='A hill'><aside>Ad</aside>"
        "<form>Join</form><p style='display: none'>Hidden</p></article><footer>Feet</footer>",
        "<title>Walks | Site</title><meta name=Author content='Ann'>"
        "<meta property='article:published_time' content='2024-05-17T10:00:00Z'>"
        "<link rel=canonical href='https://example.org/walks'>",
    )
    assert found.text == "Walks\n\nWords."
    assert (found.title, found.author) == ("Walks", "Ann")
    assert (found.date[:10], found.url) == ("2024-05-17", "https://example.org/walks")


def test_headings_keep_their_places_in_lists_tables_and_after_loose_words() -> None:
    found = html(
        "<div>loose <b>words</b><h2> A  <em>b</em> </h2>x<h3></h3></div><ul><li><h3>Item</h3>y</ul>"
        "<table><tr><td>cell</td><td><h4>Cell</h4></td></tr></table><h2>C<br>D</h2><p>z"
    )
    labels = [place.label for place in found.places]
    assert labels == ["A b", "Item", "Cell", "C D"]
    for place in found.places:
        assert found.text[place.start :].startswith(place.label.split()[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "koi8-r"])
def test_a_page_is_decoded_as_it_says(encoding: str) -> None:
    words = "Прогулка по берегу" if encoding == "koi8-r" else "The café’s “last” table"
    named = {"cp1252": "iso-8859-1", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    page = f'<html><head><meta charset="{named}"></head><body><p>{words}</p></body></html>'
    assert extract(page.encode(encoding), ".html").text == words


def test_words_hyphenated_at_a_line_end_are_joined() -> None:
    text = extract(write_pdf(None, "A long com-\nparison of Anglo-\nSaxon walks."), ".pdf").text
    assert text == "A long comparison of Anglo-Saxon walks."


def test_a_pdf_without_words_asks_for_text_recognition() -> None:
    with pytest.raises(EssayUnreadable, match="perhaps it is scanned; run text recognition"):
        extract(write_pdf(None, " "), ".pdf")


def test_a_file_name_for_a_title_is_no_title() -> None:
    written = io.BytesIO()
    canvas = Canvas(written)
    canvas.setTitle("Microsoft Word - draft 3.doc")
    canvas.drawString(72, 700, "Words.")
    canvas.save()
    found = extract(written.getvalue(), ".pdf")
    assert (found.title, found.author) == ("", "")


@pytest.mark.parametrize("suffix", [".docx", ".epub", ".pdf"])
def test_half_a_file_is_refused_as_damaged(suffix: str, make_file: MakeFile) -> None:
    content = make_file(suffix)
    with pytest.raises(EssayUnreadable, match="damaged"):
        extract(content[: len(content) // 2], suffix)


@pytest.mark.parametrize("suffix", [".docx", ".epub"])
def test_flipped_bytes_are_refused_as_damaged(suffix: str, make_file: MakeFile) -> None:
    content = bytearray(make_file(suffix))
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 0xFF for byte in content[middle : middle + 64])
    with pytest.raises(EssayUnreadable, match="damaged"):
        extract(bytes(content), suffix)


def test_a_word_file_whose_text_is_broken_is_refused_as_damaged(make_file: MakeFile) -> None:
    members = members_of(make_file(".docx"))
    members["word/document.xml"] = members["word/document.xml"][:-40]
    with pytest.raises(EssayUnreadable, match="damaged"):
        extract(zipped(members), ".docx")


def test_an_epub_that_lacks_a_chapter_is_refused_with_its_name(make_file: MakeFile) -> None:
    members = members_of(make_file(".epub"))
    del members["EPUB/text/ch002.xhtml"]
    with pytest.raises(EssayUnreadable, match=r"ch002\.xhtml is missing"):
        extract(zipped(members), ".epub")


def test_an_epub_that_names_a_chapter_again_gives_its_words_once(make_file: MakeFile) -> None:
    members = members_of(make_file(".epub"))
    package = members["EPUB/content.opf"]
    again = re.sub(rb"<itemref [^>]*>", lambda match: match[0] * 3, package)
    assert again != package
    found = extract(zipped(members | {"EPUB/content.opf": again}), ".epub")
    assert found == extract(make_file(".epub"), ".epub")


def test_a_pdf_with_a_password_is_refused() -> None:
    with pytest.raises(EssayUnreadable, match="it is encrypted; save it without a password"):
        extract(write_pdf(StandardEncryption("secret", strength=128)), ".pdf")


def test_pdfs_that_come_at_once_are_all_read() -> None:
    contents = [write_pdf(None, f"Walk number {number} was long.") for number in range(8)]
    with ThreadPoolExecutor(4) as moderators:
        found = list(moderators.map(lambda content: extract(content, ".pdf"), contents))
    assert [each.text for each in found] == [f"Walk number {n} was long." for n in range(8)]


def test_a_pdf_that_is_never_read_to_its_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    canvas = Canvas(written)
    for level in range(20):  # each draws the one before ten times
        canvas.beginForm(f"form{level}")
        canvas.drawString(72, 720, "Again.")
        for _ in range(10 if level else 0):
            canvas.doForm(f"form{level - 1}")
        canvas.endForm()
    canvas.doForm("form19")
    canvas.save()
    monkeypatch.setattr("ingest.apart.PATIENCE", 1)
    with pytest.raises(EssayUnreadable, match="more than 1 seconds to read; print it"):
        extract(written.getvalue(), ".pdf")


def test_a_pdf_on_which_its_reader_crashes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(EssayUnreadable, match="it cannot be read; print it"):
        extract(write_pdf(), ".pdf")


def test_a_pdf_that_no_process_can_be_begun_for_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "nowhere/python")
    with pytest.raises(EssayUnreadable, match="no process can be begun to read it"):
        extract(write_pdf(), ".pdf")


@pytest.mark.parametrize("suffix", sorted(SUFFIXES - {".pdf"}))
def test_a_small_file_needs_no_process_and_a_large_one_is_read_alike_in_one(
    suffix: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr("sys.executable", "nowhere/python")
        small = extract(make_file(suffix), suffix)
    monkeypatch.setattr("ingest.readers.MOST_READ_HERE", 0)
    assert extract(make_file(suffix), suffix.upper()) == small


@pytest.mark.parametrize("suffix", [".docx", ".epub"])
def test_a_zip_file_is_as_large_as_what_is_in_it(
    suffix: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "nowhere/python")
    content = zipped(members_of(make_file(suffix)) | {"word/a.xml": bytes(500_001)})
    with pytest.raises(EssayUnreadable, match="no process can be begun to read it"):
        extract(content, suffix)


def test_a_file_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.apart.PATIENCE", 1)
    header = "".join(f"key{number}: value\n" for number in range(300_000))
    with pytest.raises(EssayUnreadable, match="more than 1 seconds to read; split it"):
        extract(f"---\n{header}---\nWords.".encode(), ".md")


def test_a_file_that_takes_too_much_memory_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.apart.MEMORY", 200 << 20)
    with pytest.raises(EssayUnreadable, match="too much memory to read; split it"):
        extract(b"word " * 30_000_000, ".txt")


def test_a_text_that_could_not_be_split_in_memory_is_refused() -> None:
    with pytest.raises(EssayUnreadable, match="more than 10 million characters; split it"):
        extract(b"word " * 2_000_001, ".txt")


@pytest.mark.parametrize("key", ["title", "author", "date", "url"])
def test_an_endless_name_is_cut(key: str) -> None:
    found = extract(f"---\n{key}: {'a' * 100_000}\n---\nWords.".encode(), ".md")
    assert vars(found)[key] == "a" * 500


def test_a_table_with_one_wide_cell_does_not_fill_up_the_others() -> None:
    wide = "wide " * 20_000
    rows = "<tr><td>One<br>Two<td><td>Three</tr>" * 1000
    found = html(f"<p>Before<table><tr><td>{wide}<td>Beside</tr>{rows}</table><p>After")
    first, *lines, last = filter(None, found.text.split("\n"))
    assert (first, last) == ("Before", "After")
    assert lines == [f"{wide.strip()}  Beside", *["One  Three", "Two"] * 1000]


def test_the_columns_of_a_table_stand_one_below_the_other() -> None:
    found = html("<table><tr><td>a<td>b</tr><tr><td>longer<td>c</tr></table>")
    assert found.text == "a       b\nlonger  c"


def test_a_word_file_with_a_password_is_refused(make_file: MakeFile) -> None:
    locked = io.BytesIO()
    office = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(make_file(".docx")))
    office.encrypt("secret", locked)
    with pytest.raises(EssayUnreadable, match="it is encrypted or an old Word file"):
        extract(locked.getvalue(), ".docx")


@pytest.mark.parametrize(
    ("uri", "locked"), [("EPUB/text/ch002.xhtml", True), ("EPUB/fonts/a.otf", False)]
)
def test_an_epub_is_locked_when_its_chapters_are_and_not_its_fonts(
    uri: str, locked: bool, make_file: MakeFile
) -> None:
    reference = f'<encryption xmlns="x"><d:CipherReference xmlns:d="y" URI="{uri}"/></encryption>'
    members = members_of(make_file(".epub")) | {"META-INF/encryption.xml": reference.encode()}
    if not locked:
        assert SENTENCE in extract(zipped(members), ".epub").text
        return
    with pytest.raises(EssayUnreadable, match="it is encrypted; only an EPUB without"):
        extract(zipped(members), ".epub")


def test_an_epub_with_a_shops_rights_is_refused(make_file: MakeFile) -> None:
    members = members_of(make_file(".epub")) | {"META-INF/rights.xml": b"<rights/>"}
    with pytest.raises(EssayUnreadable, match="it is encrypted"):
        extract(zipped(members), ".epub")


@pytest.mark.parametrize("suffix", [".docx", ".epub"])
def test_a_zip_bomb_is_refused_unopened(suffix: str) -> None:
    with pytest.raises(EssayUnreadable, match="unpacks to more than 200 MB"):
        extract(zipped({"word/document.xml": bytes(201_000_000)}), suffix)


@pytest.mark.parametrize("begin", [b"<w:document>", b"\xff\xfe<\0", b" " * 100])
def test_a_word_file_that_unpacks_to_very_much_text_is_refused_unread(begin: bytes) -> None:
    with pytest.raises(EssayUnreadable, match="text unpacks to more than 20 MB; split it"):
        extract(zipped({"word/a.png": begin + bytes(20_000_001)}), ".docx")


def test_pictures_do_not_count_as_the_text_of_a_word_file(make_file: MakeFile) -> None:
    with zipfile.ZipFile(io.BytesIO(make_file(".docx"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    found = extract(zipped({**members, "word/a.png": PNG + bytes(20_000_001)}), ".docx")
    assert SENTENCE in found.text


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))


@pytest.mark.parametrize(
    ("real", "named", "reason"),
    [
        (".pdf", ".docx", "not a Word file"),
        (".pdf", ".epub", "not an EPUB"),
        (".pdf", ".txt", "it is a PDF, .*; name it .pdf"),
        (".pdf", ".html", "it is a PDF, .*; name it .pdf"),
        (".docx", ".pdf", "not a PDF"),
        (".docx", ".epub", "not an EPUB"),
        (".docx", ".md", "not text"),
        (".epub", ".docx", "not a Word file"),
        (".epub", ".html", "not text"),
        (".html", ".pdf", "not a PDF"),
        (".html", ".txt", "it is a web page, .*; name it .html"),
        (".txt", ".docx", "not a Word file"),
        (".txt", ".html", "not a web page"),
    ],
)
def test_a_file_under_the_wrong_name_is_refused(
    real: str, named: str, reason: str, make_file: MakeFile
) -> None:
    content = b"Only words." if real == ".txt" else make_file(real)
    with pytest.raises(EssayUnreadable, match=reason):
        extract(content, named)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_a_picture_is_no_essay_whatever_its_name(suffix: str) -> None:
    with pytest.raises(EssayUnreadable, match="whatever its name says"):
        extract(PNG, suffix)


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_an_empty_file_is_refused_as_empty(content: bytes, suffix: str) -> None:
    with pytest.raises(EssayUnreadable, match=r"^it is empty$"):
        extract(content, suffix)


@pytest.mark.parametrize("page", [b"<p> </p>", b"<!-- words -->", b"<nav>Menu</nav>"])
def test_a_page_without_words_is_refused_as_empty(page: bytes) -> None:
    with pytest.raises(EssayUnreadable, match="it is empty"):
        extract(page, ".html")


def test_an_unknown_kind_of_file_is_refused_with_those_that_are_read() -> None:
    with pytest.raises(EssayUnreadable, match=r"save it as one of \.docx, \.epub"):
        extract(b"Words.", ".odt")


def test_reasons_name_no_file_and_fit_into_a_sentence() -> None:
    for suffix in SUFFIXES:
        with pytest.raises(EssayUnreadable) as refused:
            extract(b"%PDF-1.4" + PNG, suffix)
        assert str(refused.value).startswith("it is ")
        assert not str(refused.value).endswith(".")


def check_any(content: bytes, suffix: str) -> None:
    try:
        found = extract(content, suffix)
    except EssayUnreadable:
        return
    assert found.text.strip()
    assert all(char.isprintable() or char in "\n\t" or ord(char) > 0x9F for char in found.text)
    found.text.encode("utf-8")
    starts = [place.start for place in found.places]
    assert starts == sorted(starts)
    assert all(start < len(found.text) for start in starts)


STARTS = [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"---\na: ", b"<p>", b"<h1>", b"\xff\xfe", b"<?xml "]


@given(st.sampled_from(STARTS), st.binary(max_size=300), st.sampled_from(sorted(SUFFIXES)))
def test_any_bytes_are_read_or_refused(start: bytes, content: bytes, suffix: str) -> None:
    check_any(start + content, suffix)


TAGS = ["<h1>", "</h1>", "<p>", "<table>", "<tr>", "<td>", "<li value=x>", "<ol start=y>", "<pre>"]


@given(
    st.lists(st.sampled_from([*TAGS, "</p>", "</td>", "<form>", " ", "word", "&#1;", "&#xD800;"]))
)
def test_any_markup_is_read_or_refused(parts: list[str]) -> None:
    check_any("".join(["<p>", *parts]).encode(), ".html")


@given(
    suffix=st.sampled_from([".pdf", ".docx", ".epub", ".html", ".md"]),
    where=st.floats(0, 1),
    patch=st.binary(min_size=1, max_size=20),
)
def test_a_file_with_any_wound_is_read_or_refused(
    suffix: str, where: float, patch: bytes, make_file: MakeFile
) -> None:
    content = make_file(suffix)
    start = int(where * len(content))
    check_any(content[:start] + patch + content[start + len(patch) :], suffix)


@given(data=st.data())
def test_a_word_file_or_epub_of_any_wounded_xml_is_read_or_refused(
    data: st.DataObject, make_file: MakeFile
) -> None:
    suffix = data.draw(st.sampled_from([".docx", ".epub"]))
    members = members_of(make_file(suffix))
    name = data.draw(st.sampled_from(sorted(name for name in members if "ml" in name)))
    start = data.draw(st.integers(0, len(members[name])))
    length = data.draw(st.integers(0, 60))
    members[name] = members[name][:start] + members[name][start + length :]
    check_any(zipped(members), suffix)


def test_a_page_of_a_hundred_thousand_nested_parts_is_read_or_refused() -> None:
    check_any(b"<div>" * 100_000 + b"words", ".html")


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_million_newlines_are_no_reason_to_wait(suffix: str) -> None:
    assert extract(b"\n" * 1_000_000 + b"Words.<p>", suffix).text.strip().startswith("Words.")


def test_a_chapter_with_an_endless_name_is_no_reason_to_wait(make_file: MakeFile) -> None:
    members = members_of(make_file(".epub"))
    name = "EPUB/text/ch002.xhtml"
    members[name] = members[name].replace(b"<body", b"<" + b"a" * 300_000 + b"<body")
    assert SENTENCE in extract(zipped(members), ".epub").text


def test_a_compound_broken_at_a_line_end_keeps_its_hyphen_and_a_broken_word_does_not() -> None:
    page = "He was known as a well-\nknown man. All is well with the govern-\nment of it."
    text = extract(write_pdf(None, page), ".pdf").text
    assert "a well-known man" in text
    assert "the government of it" in text


def test_what_the_eye_does_not_see_is_not_in_the_text() -> None:
    page = html("<p>Par&shy;sons built&#8203; it.</p><p>It is <del>gone</del><ins>kept</ins>.</p>")
    assert page.text == "Parsons built it.\n\nIt is kept."


def test_notes_leave_no_marks_on_words_and_powers_stay_powers() -> None:
    page = html(
        "<p>The river is long.<a href='#fn1' class='footnote-ref'><sup>1</sup></a> "
        "It holds 10<sup>9</sup> tons.</p>"
    )
    assert page.text == "The river is long. It holds 10⁹ tons."
