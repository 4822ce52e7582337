import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import EssaysMissing, EssayUnreadable
from ingest.essays import LARGEST_FILE, byline_at, find_essays, fingerprint, read_essay, source_of
from tests.conftest import ESSAYS, SEED, WriteEssays

TEXT = "The café — “naïve”, they said — has a résumé.\nIt costs £5, which nobody paid.\n" * 3


def test_the_users_essay_is_read_word_for_word() -> None:
    essay = read_essay(ESSAYS, ESSAYS / SEED)
    assert essay.page_content == (ESSAYS / SEED).read_text("utf-8")
    assert essay.metadata["source"] == SEED
    assert essay.metadata["title"].startswith("Monopoly on Computing Resources")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_people_have_give_the_same_text(encoding: str, essays: WriteEssays) -> None:
    folder = essays(essay=TEXT.encode(encoding))
    assert read_essay(folder, folder / "essay.txt").page_content == TEXT


def test_a_short_western_text_is_not_taken_for_an_eastern_one(essays: WriteEssays) -> None:
    folder = essays(essay="A short caf\xe9.".encode("cp1252"))
    assert read_essay(folder, folder / "essay.txt").page_content == "A short café."


def test_windows_and_old_mac_newlines_become_newlines(essays: WriteEssays) -> None:
    folder = essays(essay=b"One.\r\nTwo.\rThree.\n")
    assert read_essay(folder, folder / "essay.txt").page_content == "One.\nTwo.\nThree.\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not text"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3" + bytes(range(256)), "a PDF, .*; name it .pdf"),
        (
            "“Curly” quotes — and a broken byte: ".encode() + b"\xe9 here.",
            "UTF-8 is damaged at byte",
        ),
    ],
)
def test_what_is_no_essay_is_refused_with_the_reason(
    content: bytes, reason: str, essays: WriteEssays
) -> None:
    folder = essays(essay=content)
    with pytest.raises(EssayUnreadable, match=reason):
        read_essay(folder, folder / "essay.txt")


def test_a_file_that_vanished_is_unreadable_rather_than_a_crash(tmp_path: Path) -> None:
    with pytest.raises(EssayUnreadable, match="No such file"):
        read_essay(tmp_path, tmp_path / "gone.txt")


def test_a_file_that_is_too_large_is_refused_whether_or_not_it_tells_its_size(
    tmp_path: Path,
) -> None:
    (tmp_path / "big.txt").touch()
    os.truncate(tmp_path / "big.txt", LARGEST_FILE + 1)
    (tmp_path / "endless.txt").symlink_to("/dev/zero")
    for name in ("big.txt", "endless.txt"):
        with pytest.raises(EssayUnreadable, match="larger than 200 MB; split it"):
            read_essay(tmp_path, tmp_path / name)
        with pytest.raises(EssayUnreadable, match="larger than 200 MB; split it"):
            fingerprint(tmp_path / name)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    class Bytes(type(Path())):  # type: ignore[misc]
        def read_bytes(self) -> bytes:
            return content

    try:
        essay = read_essay(Path(), Bytes("essay.txt"))
    except EssayUnreadable:
        return
    essay.page_content.encode("utf-8")
    assert "\r" not in essay.page_content
    assert essay.page_content.strip()


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("a.txt", "On Walking\n\nI wish to speak a word.", "On Walking"),
        ("on-long_walks.txt", "I wish to speak a word for nature.", "On long walks"),
        ("a.md", "Some words first.\n\n# On Walking #\n\nText.", "On Walking"),
        ("a.md", "---\ntitle: Walks\n---\n# On Walking\n\nText.", "Walks"),
        ("night.md", "No heading here.", "Night"),
        ("night.html", "<p>No heading here.</p>", "Night"),
    ],
)
def test_a_title_comes_from_the_heading_or_else_the_file_name(
    name: str, text: str, title: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert read_essay(tmp_path, tmp_path / name).metadata["title"] == title


def test_essays_are_found_below_the_folder_in_order_and_hidden_files_are_not(
    tmp_path: Path,
) -> None:
    for name in ("b.txt", "a/c.MD", "a/d.pdf", "a/notes.doc", ".hidden.txt", ".git/x.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Words.")
    found = find_essays(tmp_path).paths
    assert list(found) == ["a.txt", "a/c.MD", "a/d.pdf", "b.txt"]
    assert all(source_of(tmp_path, Path(path)) == source for source, path in found.items())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EssaysMissing, match="nowhere"):
        find_essays(tmp_path / "nowhere")


def test_an_essay_tells_who_wrote_it_when_and_where_its_sections_begin(tmp_path: Path) -> None:
    path = tmp_path / "walks.md"
    path.write_text(
        "---\nauthor: H. D.\ndate: 1862-06-01\n---\nFirst.\n\n## On walls\n\nThey end.\n"
    )
    known = read_essay(tmp_path, path).metadata
    assert (known["author"], known["date"], known["url"]) == ("H. D.", "1862-06-01", "")
    assert known["places"] == [[8, "On walls"]]


def test_the_fingerprint_tells_a_changed_file_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One.")
    before = fingerprint(path)
    assert read_essay(tmp_path, path).metadata["fingerprint"] == before == fingerprint(path)
    path.write_text("Two.")
    assert fingerprint(path) != before


def test_the_same_bytes_under_another_suffix_are_another_essay(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "a.md", tmp_path / "A.TXT"]
    for path in paths:
        path.write_text("One.")
    text, markdown, shouted = map(fingerprint, paths)
    assert text != markdown
    assert text == shouted


def test_a_file_that_vanished_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(EssayUnreadable, match="No such file"):
        fingerprint(tmp_path / "gone.txt")


def test_what_cannot_be_looked_at_is_told_with_its_reason(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("Words.")
    finding = find_essays(tmp_path)
    assert finding.paths == {}
    assert finding.failed == {
        "pipe.txt": "it is not a file",
        "broken.txt/": "it leads nowhere",
        "caf\ufffd.txt": "its name is not UTF-8; rename it",
    }


def test_hidden_links_and_folders_named_like_essays_are_no_failures(tmp_path: Path) -> None:
    (tmp_path / ".#energy.txt").symlink_to("me@host.123:456")  # as Emacs locks a file
    (tmp_path / "notes.md").mkdir()
    (tmp_path / "notes.md" / "one.txt").write_text("Words.")
    (tmp_path / "linked.md").symlink_to(tmp_path / "notes.md")
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).mkdir()
    finding = find_essays(tmp_path)
    assert list(finding.paths) == ["linked.md/one.txt"]
    assert finding.failed == {}


def test_folders_behind_links_are_read_once_and_a_circle_ends(tmp_path: Path) -> None:
    essays = tmp_path / "essays"
    (essays / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "one.txt").write_text("Words.")
    (essays / "linked").symlink_to(tmp_path / "elsewhere")
    (essays / "a" / "circle").symlink_to(essays)
    found = find_essays(essays)
    assert list(found.paths) == ["linked/one.txt"]
    assert found.failed == {}


@pytest.mark.parametrize(
    ("head", "author"),
    [
        ("On Wells\nBy Mary Ann Lee\n\nA well", "Mary Ann Lee"),
        (
            "On Wells\n\n  by Simone de Beauvoir and Bo Holm  \n\nA well",
            "Simone de Beauvoir and Bo Holm",
        ),
        ("On Wells\nBY MADISON, WITH HAMILTON\nA well", "MADISON, WITH HAMILTON"),
        ("On Wells\nBy\tMary Ann\u00a0Lee\nA well", "Mary Ann Lee"),
        ("On Wells\nBy the river they met.\n\nA well", ""),
        ("On Wells\nBy Monday the pump had come, and the talk was over\nA well", ""),
        ("On Wells\nBy\n\nA well", ""),
        ("By Mary Lee", ""),
    ],
)
def test_a_byline_tells_the_author(head: str, author: str, essays: WriteEssays) -> None:
    folder = essays(essay=f"{head} gathers a village.\n" if "\n" in head else head)
    assert read_essay(folder, folder / "essay.txt").metadata["author"] == author


def test_what_the_file_says_of_its_author_goes_before_the_byline(essays: WriteEssays) -> None:
    folder = essays()
    (folder / "a.md").write_text("---\nauthor: Ann Lee\n---\nOn Wells\nBy A. L.\n\nA well.\n")
    assert read_essay(folder, folder / "a.md").metadata["author"] == "Ann Lee"


@given(st.text(max_size=200))
def test_a_byline_lies_in_the_text_whatever_it_is(text: str) -> None:
    start, end = byline_at(text)
    assert 0 <= start <= end <= len(text)
    assert "\n" not in text[start:end]
