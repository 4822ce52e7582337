"""Measuring: figures known from a calculation by hand, and every benchmark end to end, in small."""

import csv
import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.checking import Signals
from bot.cli import main
from evals import chunking, claims, questions, scifact, squad2
from evals.articles import choose_questions, part, questions_about, read_articles
from evals.baseline import read_baseline, regressions, without_baseline, write_baseline
from evals.errors import BenchmarkMissing, TextsUnkept
from evals.figures import Figure, auroc_figure, difference_figure, mean_figure
from evals.overlap import omega, score, touches
from evals.pictures import draw_bars, draw_lines
from evals.recursive import split_recursively
from evals.reporting import Report, Table, WorstQuestion, as_html
from evals.workbench import Workbench
from ingest.embedding import SentenceEmbeddings
from tests.letters import LetterEmbeddings

LION = "The lion sleeps in the tall grass by day.\n\nAt night it hunts zebras near the river."
TREE = "The oak grows slowly on the hill.\n\nIts acorns feed squirrels through the winter."
CUBS = "Who feeds the cubs?"


def test_recall_precision_and_iou_count_characters() -> None:
    passages = [("a", 0, 10), ("a", 5, 15), ("b", 0, 20)]  # 40 characters, some of them twice
    references = [("a", 8, 12), ("a", 20, 26)]  # 10 characters, of which 8 to 12 were retrieved
    scores = score(passages, references)
    assert scores.recall == 4 / 10
    assert scores.precision == 4 / 40
    assert scores.iou == 4 / (40 + 6)


def test_a_reference_of_another_essay_is_not_found() -> None:
    assert score([("b", 8, 12)], [("a", 8, 12)]).recall == 0
    assert score([], [("a", 8, 12)]).precision == 0
    assert not touches([("b", 8, 12), ("a", 0, 8), ("a", 12, 20)], [("a", 8, 12)])
    assert touches([("a", 11, 20)], [("a", 8, 12)])


def test_omega_takes_every_passage_that_touches_a_reference_and_its_text_once() -> None:
    passages = [("a", 0, 10), ("a", 5, 15), ("a", 30, 40)]
    assert omega(passages, [("a", 8, 12), ("a", 20, 26)]) == 4 / (15 + 6)
    assert omega(passages, [("a", 15, 30)]) == 0


def test_ndcg_discounts_by_rank_and_is_1_when_all_stand_first() -> None:
    gains = {"x": 1, "y": 2}
    assert scifact.ndcg(["y", "x", "z"], gains) == 1
    reached = 1 / math.log2(3) + 2 / math.log2(4)
    assert scifact.ndcg(["z", "x", "y"], gains) == pytest.approx(reached / (2 + 1 / math.log2(3)))
    assert scifact.ndcg(["z"] * 10 + ["x"], {"x": 1}) == 0


def test_abstracts_are_ranked_by_their_best_passage(bench: Workbench) -> None:
    with bench.texts_indexed({"1.txt": LION, "2.txt": TREE}) as answerer:
        found = answerer.search("acorns squirrels winter", 50)
        ranked = scifact.rank_abstracts(
            lambda question, limit: [each.passage for each in answerer.search(question, limit)],
            "acorns squirrels winter",
        )
    assert len(found) >= len(ranked) == 2
    assert ranked[0] == "2"


def test_a_mean_lies_in_its_interval_and_the_same_values_give_the_same_interval() -> None:
    figure = mean_figure("share", [1, 0, 1, 1] * 25)
    assert figure == mean_figure("share", [1, 0, 1, 1] * 25)
    assert (figure.value, figure.count) == (0.75, 100)
    assert 0.6 < figure.low < 0.7
    assert 0.8 < figure.high < 0.9


def test_auroc_is_the_share_of_pairs_in_order_with_ties_half() -> None:
    assert auroc_figure("", [3, 2], [1, 2]).value == (1 + 1 + 1 + 0.5) / 4
    apart = auroc_figure("", [3, 4], [1, 2])
    assert (apart.value, apart.low, apart.high, apart.count) == (1, 1, 1, 4)


def test_a_difference_is_paired_question_by_question() -> None:
    values = [float(each) for each in range(100)]
    figure = difference_figure("", [each + 1 for each in values], values)
    assert (figure.value, figure.low, figure.high) == (1, 1, 1)


def test_what_nobody_asked_has_no_value() -> None:
    for figure in (mean_figure("", []), auroc_figure("", [1], [])):
        assert math.isnan(figure.value)
        assert math.isnan(figure.low)


def report_of(value: float, *, count: int = 100) -> Report:
    return Report("lions", "About lions.", [Figure("seen", value, 0.4, 0.6, count)])


def test_texts_that_cannot_be_written_are_told_with_where_they_were_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench(LetterEmbeddings(), tmp_path / "index", Console(stderr=True))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(TextsUnkept, match="TMPDIR"), bench.texts_indexed({"a.txt": LION}):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
def test_a_full_temporary_folder_is_told_and_is_no_full_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench(LetterEmbeddings(), tmp_path / "index", Console(stderr=True))
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(TextsUnkept, match="No space left"), bench.texts_indexed({str(full): LION}):
        pass


def test_a_figure_has_fallen_only_below_its_earlier_interval(tmp_path: Path) -> None:
    kept = tmp_path / "baseline.json"
    assert regressions(report_of(0.1), read_baseline(kept)) == []  # nothing was kept yet
    write_baseline(kept, [report_of(0.5)])
    before = read_baseline(kept)
    for value, fallen in ((0.7, 0), (0.5, 0), (0.4, 0), (0.39, 1)):
        assert len(regressions(report_of(value), before)) == fallen
    (fall,) = regressions(report_of(0.3), before)
    assert str(fall) == "lions: seen fell to 0.300; it was 0.500, and not below 0.400"


def test_what_has_no_earlier_figures_is_named(tmp_path: Path) -> None:
    kept = tmp_path / "baseline.json"
    assert without_baseline([report_of(0.5)], read_baseline(kept)) == ["lions"]
    write_baseline(kept, [report_of(0.5)])
    assert without_baseline([report_of(0.5)], read_baseline(kept)) == []


def test_a_baseline_keeps_what_was_not_run_and_leaves_out_what_was_not_asked(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "baseline.json"
    write_baseline(kept, [report_of(0.5)])
    write_baseline(kept, [replace(report_of(math.nan, count=0), name="trees")])
    assert {name: list(each) for name, each in read_baseline(kept).items()} == {
        "lions": ["seen"],
        "trees": [],
    }


def test_what_was_read_stands_in_the_report_as_text() -> None:
    evil = "<script>alert(1)</script>"
    page = as_html(
        Report(
            name=evil,
            about=evil,
            figures=[Figure(evil, 1, 1, 1, 1)],
            tables=[Table(evil, [evil], [[evil]])],
            pictures=[draw_lines(evil, evil, evil, {evil: ([0, 1], [0, 1])})],
            worst=[WorstQuestion(evil + "\x1b", {evil: evil})],
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 12
    assert "\x1b" not in page


def test_a_report_needs_no_other_file() -> None:
    pictures = [
        draw_lines("Lines", "x", "y", {"one": ([0, 1], [1, 0])}),
        draw_bars("Bars", "y", ["a", "b"], {"one": [1, 2], "two": [2, 1]}),
    ]
    page = as_html(replace(report_of(0.5), pictures=pictures))
    assert page.count('src="data:image/svg+xml;base64,') == len(pictures)
    assert page.count("src=") == len(pictures)
    assert "href=" not in page


def test_questions_are_told_apart_by_their_word() -> None:
    assert squad2.first_word("In which year, when?") == "which"
    assert squad2.first_word("How many?") == "how"
    assert squad2.first_word("Name a king.") == "other"


def test_risk_is_the_share_of_what_nothing_answers_among_the_most_confident() -> None:
    coverages, risks = squad2.risk_and_coverage([0.1, 0.9, 0.5, 0.7], [False, True, True, False])
    assert coverages == [0.25, 0.5, 0.75, 1]
    assert risks == [0, 1 / 2, 1 / 3, 2 / 4]


def test_the_published_chunks_stand_where_their_text_does() -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(200))
    chunks = split_recursively({"a": text}, LetterEmbeddings().token_starts)
    assert chunks[0][1] == 0
    assert chunks[-1][2] == len(text)
    assert all(before[1] < after[1] < before[2] for before, after in pairwise(chunks))
    # A sentence is 6 tokens, its full stop being one, and 2 special ones; a seam is 2 again.
    assert {text[start:end].count("Sentence") for _, start, end in chunks[:-1]} == {250 // 10}


# The benchmarks in small, each in the layout of the real one.


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(LetterEmbeddings(), tmp_path / "index", Console(file=StringIO()))


def write_chunking(folder: Path) -> Path:
    (folder / "corpora").mkdir(parents=True)
    for name, text in (("lion", LION), ("tree", TREE)):
        (folder / "corpora" / f"{name}.md").write_text(text, "utf-8")
    published = {"model": "all-MiniLM-L6-v2", "corpus": "ALL", "chunker": "Token", "size": 9}
    published |= {"overlap": 0, "retrieve": 5}
    for name in ("recall", "precision", "precision_omega", "iou"):
        published |= {f"{name}_mean": 12.5, f"{name}_sd": 1.0}
    write_csv(folder / "published_model.csv", [published])
    asked = [("zebras river", "lion", LION, "hunts zebras"), ("acorns", "tree", TREE, "acorns")]
    rows = []
    for question, corpus, text, quote in asked:
        start = text.index(quote)
        places = {"content": quote, "start_index": start, "end_index": start + len(quote)}
        rows.append({"question": question, "references": json.dumps([places]), "corpus_id": corpus})
    write_csv(folder / "questions.csv", rows)
    return folder


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in rows), "utf-8")


def write_scifact(folder: Path) -> Path:
    folder.mkdir(parents=True)
    abstracts = [
        {"_id": "1", "title": "Of lions", "text": LION},
        {"_id": "2", "title": "Of trees\u2028", "text": TREE},
    ]
    write_lines(folder / "corpus.jsonl", abstracts)
    claims = [{"_id": "7", "text": "Acorns feed squirrels"}, {"_id": "8", "text": "nothing bears"}]
    write_lines(folder / "queries-train.jsonl", claims)
    judged = [{"query-id": "7", "corpus-id": "2", "score": 1}]
    write_csv(folder / "qrels-train.tsv", judged, delimiter="\t")
    return folder


def write_squad(folder: Path) -> Path:
    folder.mkdir(parents=True)
    data = []
    for title, text in (("Ash_tree", TREE), ("Lion", LION), ("Mane", TREE), ("Zoo", LION[:40])):
        contexts = text.split("\n\n")
        last = contexts[-1]
        answer = {"text": last.split()[-1], "answer_start": last.rindex(" ") + 1}
        yes = {"id": "y", "question": f"What of {answer['text']}", "answers": [answer]}
        no = {"id": "n", "question": CUBS, "answers": []}
        asked = [yes | {"is_impossible": False}, no | {"is_impossible": True}]
        none: list[Any] = []
        paragraphs = [{"context": each, "qas": none} for each in contexts[:-1]]
        paragraphs.append({"context": last, "qas": asked})
        data.append({"title": title, "paragraphs": paragraphs})
    path = folder / "dev-half.json"
    path.write_text(json.dumps({"version": "small", "data": data[::-1]}), "utf-8")
    return folder


def write_questions(folder: Path) -> Path:
    essays = folder / "essays" / "beasts"
    essays.mkdir(parents=True)
    (essays / "lion.txt").write_text(LION, "utf-8")
    (essays / "tree.txt").write_text(TREE, "utf-8")
    (folder / "questions").mkdir()
    gold = [{"essay": "lion.txt", "quote": "At night it hunts zebras near the river."}]
    answerable = {"id": "q1", "question": "What hunts zebras near the river at night?"}
    off = {"id": "q2", "question": "What is the capital of France?", "note": "off-topic: places"}
    beside = {"id": "q3", "question": CUBS, "note": "neighbouring subject: cubs"}
    rows = [
        answerable | {"type": "fact", "answerable": True, "gold": gold},
        off | {"type": "unanswerable", "answerable": False},
        beside | {"type": "unanswerable", "answerable": False},
    ]
    write_lines(folder / "questions" / "small.jsonl", [{**row, "corpus": "beasts"} for row in rows])
    return folder


def figures_of(report: Report) -> dict[str, Figure]:
    return {figure.name: figure for figure in report.figures}


def test_chunking_is_measured_beside_what_was_published(tmp_path: Path, bench: Workbench) -> None:
    report = chunking.measure(write_chunking(tmp_path / "data"), bench, reproduce=True)
    figures = figures_of(report)
    assert figures["recall@5"].value == 100
    assert figures["recall@5"].target == 12.5
    assert 0 < figures["precision@5"].value < figures["precision-omega"].value < 100
    five, ten, _ = report.tables
    assert [row[0] for row in five.rows] == [
        "this program",
        "Recursive 250/125, made again",
        "Token 9/0",
    ]
    assert len(ten.rows) == 1
    assert "hunts zebras" in report.worst[0].details["what answers"]


def test_texts_that_did_not_change_are_embedded_once(tmp_path: Path, bench: Workbench) -> None:
    folder = write_chunking(tmp_path / "data")
    once = chunking.measure(folder, bench)
    current = (bench.index / "CURRENT").read_text("utf-8")
    assert chunking.measure(folder, bench).figures == once.figures
    assert (bench.index / "CURRENT").read_text("utf-8") == current


def test_a_text_that_reading_changes_is_refused(bench: Workbench) -> None:
    with (
        pytest.raises(BenchmarkMissing, match=r"Offsets into odd\.txt would be wrong"),
        bench.texts_indexed({"odd.txt": "A word.\x85Another."}),
    ):
        pass


def test_scifact_asks_only_claims_that_were_judged(tmp_path: Path, bench: Workbench) -> None:
    report = scifact.measure(write_scifact(tmp_path / "data"), bench)
    (figure,) = report.figures
    assert (figure.name, figure.value, figure.count) == ("nDCG@10", 1, 1)
    assert [row[0] for row in report.tables[0].rows] == [
        "this program",
        "dense alone",
        "keywords alone",
    ]


def test_squad_reports_only_articles_that_nothing_was_fitted_on(
    tmp_path: Path, bench: Workbench
) -> None:
    folder = write_squad(tmp_path / "data")
    articles = read_articles(folder)
    assert [each.title for each in part(articles, "fit")] == ["Ash_tree", "Mane"]
    assert [each.title for each in part(articles, "report")] == ["Lion", "Zoo"]
    report = squad2.measure(folder / "dev-half.json", bench, sample=0)
    figures = figures_of(report)
    assert figures["AUROC in the index, evidence"].count == 4
    assert figures["answerable: answered"].count == 2
    assert 0 <= figures["AUROC left out, best similarity"].value <= 1
    assert len(report.pictures) == 2


def test_gold_answers_stand_at_their_places_in_the_essay(tmp_path: Path) -> None:
    for article in read_articles(write_squad(tmp_path / "data")):
        yes, no = questions_about(article)
        _, start, end = yes.gold[0]
        assert article.text[start:end] == yes.gold_text
        assert article.text[yes.paragraph[1] : yes.paragraph[2]] == article.paragraphs[-1].context
        assert no.gold == ()


def test_a_sample_of_squad_is_the_same_every_time(tmp_path: Path) -> None:
    articles = read_articles(write_squad(tmp_path / "data"))
    first, again = (choose_questions(articles, 3) for _ in range(2))
    assert first == again
    assert len(first) == 3
    assert len(choose_questions(articles, 0)) == 8


def test_a_question_set_may_have_blank_lines_and_what_is_no_question_is_told(
    tmp_path: Path,
) -> None:
    file = tmp_path / "set.jsonl"
    good = '{"id": "1", "question": "One\u2028or two?", "answerable": false}'
    file.write_text(f"{good}\n\n{good}\n", "utf-8")
    assert [each.question for each in questions.read_questions(file)] == ["One\u2028or two?"] * 2
    file.write_text(f'{good}\n{{"id": "2"}}\n', "utf-8")
    with pytest.raises(BenchmarkMissing, match=r"Line 2 of .*no question \(question: Field req"):
        questions.read_questions(file)
    file.write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(BenchmarkMissing, match="Line 1 of"):
        questions.read_questions(file)


def test_a_baseline_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("{", "utf-8")
    with pytest.raises(BenchmarkMissing, match="is no baseline"):
        read_baseline(tmp_path / "kept.json")


def test_question_sets_tell_refusals_apart(tmp_path: Path, bench: Workbench) -> None:
    report = questions.measure(write_questions(tmp_path / "data"), bench)
    figures = figures_of(report)
    assert figures["small, gold in the first 5 passages"].value == 1
    assert figures["small, unanswerable: refused"].count == 2
    assert figures["small, unanswerable, off topic: refused"].count == 1
    assert figures["small, unanswerable, beside the topic: refused"].count == 1
    assert "small, AUROC, evidence" in figures


# The commands.

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["essay-bot", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return int(exit_.value.code or 0), out, err

    return run_command


def test_all_measures_what_is_there_names_what_is_not_and_fails_on_a_fall(
    run: Run, tmp_path: Path
) -> None:
    data, kept = tmp_path / "data", tmp_path / "baseline.json"
    write_questions(data)
    write_chunking(data / "benchmarks" / "chunking")
    code, out, err = run("all", data, "--baseline", kept, "--update-baseline", "--json")
    assert code == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert {each["benchmark"] for each in records} == {"chunking", "questions"}
    assert "scifact was left out" in err
    assert "squad2 was left out" in err
    for name in ("chunking", "questions"):
        assert "<h1>" in (tmp_path / "index" / "reports" / f"{name}.html").read_text("utf-8")
    baseline = json.loads(kept.read_text("utf-8"))
    assert baseline["chunking"]["recall@5"]["value"] == 100

    assert run("all", data, "--baseline", kept)[0] == 0
    baseline["chunking"]["recall@5"]["low"] = 101
    kept.write_text(json.dumps(baseline), "utf-8")
    code, out, err = run("all", data, "--baseline", kept, "--index", "index")
    assert code == 1
    assert "recall@5" in out
    assert "essay-bot: chunking: recall@5 fell to 100.0; it was 100.0, and not below 101.0." in err


def test_a_benchmark_prints_a_table_and_tells_where_its_report_is(run: Run, tmp_path: Path) -> None:
    folder = write_scifact(tmp_path / "data")
    code, out, err = run("scifact", folder, "--index", "here", "--report", "told/report.html")
    assert code == 0
    assert "nDCG@10" in out
    assert "The report is told/report.html" in err
    assert (tmp_path / "told" / "report.html").exists()
    assert (tmp_path / "here").is_dir()


def test_a_report_that_cannot_be_written_is_told_and_the_figures_are_shown(
    run: Run, tmp_path: Path
) -> None:
    folder = write_scifact(tmp_path / "data")
    code, out, err = run("scifact", folder, "--report", folder)
    assert code == 1
    assert "nDCG@10" in out
    told = f"essay-bot: {folder} cannot be written (Is a directory); name a file in a folder"
    assert err.splitlines()[-1].startswith(told)


def test_a_baseline_that_is_a_folder_is_told(run: Run, tmp_path: Path) -> None:
    code, out, err = run("all", tmp_path, "--baseline", tmp_path)
    assert (code, out) == (1, "")
    assert err == f"essay-bot: {tmp_path} cannot be read (Is a directory); name a file.\n"


@pytest.mark.parametrize("name", ["chunking", "scifact", "squad2", "questions", "claims", "all"])
def test_absent_data_is_told_in_one_sentence(run: Run, tmp_path: Path, name: str) -> None:
    code, out, err = run(name, tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("essay-bot: ")
    assert "nowhere" in last
    assert len(err.splitlines()) == (6 if name == "all" else 1)


def test_an_absent_library_is_told_with_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run("all", tmp_path)
    assert (code, out) == (1, "")
    assert err == (
        "essay-bot: Measuring needs matplotlib, which is not installed; "
        'run: pip install "essay-bot[eval]"\n'
    )


def test_corrupted_sentences_are_held_back_and_faithful_ones_shown(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    essays = ("federalist_14.txt", "federalist_43.txt", "federalist_51.txt")
    written = claims.read_claims(claims.REPORTED)
    bench = Workbench(embeddings, tmp_path / "index", Console(quiet=True))
    for essay in essays:
        quotes = dict.fromkeys(each.quote for each in written if each.essay == essay)
        (tmp_path / essay).write_text("\n\n".join(["By Madison", *quotes]), "utf-8")
    figures = figures_of(claims.measure(tmp_path, bench))
    assert figures["faithful: shown"].value > 0.8
    assert figures["quote of another essay: held back"].value == 1
    assert figures["citation of something else: held back"].value > 0.8
    assert figures["number: held back"].value == figures["name: held back"].value == 1


def test_the_weights_of_a_check_cost_few_of_the_faithful_sentences() -> None:
    faithful = [Signals(n / 1000, n % 2, n % 3, n % 5, n % 7) for n in range(500, 1500)]
    made = [Signals(n / 1000, n % 2, n % 3, n % 5, n % 7) for n in range(700)]
    found = [(each, n % 1000 / 1000) for n, each in enumerate(faithful + made)]
    weights = claims.fit(found, [True] * 1000 + [False] * 700)
    lost = sum(weights.log_odds(each) < 0 for each in faithful)
    assert lost / len(faithful) == pytest.approx(claims.NOT_NEAR, abs=0.002)
    assert sum(weights.log_odds(each) < 0 for each in made) > 400
    assert weights.turned == pytest.approx(1 - claims.TURNED, abs=0.002)
