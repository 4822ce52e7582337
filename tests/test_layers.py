"""The house keeps its shape: imports point down, and each foreign library stays in its room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for room in ("bot", "evals", "ingest", "prompts")
    for path in (ROOT / room).rglob("*.py")
)

# From the ground up; a module may import from its own layer or from a lower one.
LAYERS = (
    {"ingest.errors", "bot.errors", "bot.settings", "bot.options", "prompts", "evals.errors"},
    {"ingest.extracts"},
    {"ingest.archives", "ingest.decoding"},
    {"ingest.markdown", "ingest.markup", "ingest.pdf"},
    {"ingest.epub", "ingest.word"},
    {"ingest.readers"},
    {"ingest.essays", "ingest.passages", "ingest.embedding", "ingest.keywords", "ingest.chroma"},
    {"ingest.records", "ingest.index", "ingest.publishing", "ingest.server"},
    {"ingest.store", "ingest.reading", "ingest.verifying"},
    {"bot.questions", "bot.conversation", "bot.citations", "bot.retrieval"},
    {"bot.agreement", "bot.counting"},
    {"bot.reranking", "bot.alignment", "bot.sentences", "bot.chat_model"},
    {"bot.evidence", "bot.quoting", "bot.display", "bot.checking", "bot.spending"},
    {"bot.answers", "bot.writing"},
    {"ingest.sync", "bot.answering"},
    {"bot.terminal", "bot.jsonl", "bot.repl", "bot.index_commands"},
    {"evals.figures", "evals.overlap", "evals.workbench"},
    {"evals.articles", "evals.recursive", "evals.reporting"},
    {"evals.baseline", "evals.pictures", "evals.published"},
    {"evals.chunking", "evals.claims", "evals.questions", "evals.scifact", "evals.squad2"},
    {"evals.commands"},
    {"evals.start", "evals.syncing", "evals.fitting"},  # programs of their own
    {"bot.cli", "bot.__main__"},
)
ROOMS = {
    "chromadb": {"ingest.chroma", "ingest.index", "ingest.server"},
    "sentence_transformers": {"bot.reranking", "ingest.embedding"},
    "torch": {"ingest.embedding"},
    "transformers": {"ingest.embedding"},
    "bm25s": {"ingest.keywords"},
    "sentencex": {"ingest.passages"},
    "typer": {"bot.cli", "bot.repl", "bot.options", "bot.index_commands", "evals.commands"},
    "charset_normalizer": {"ingest.decoding"},
    "inscriptis": {"ingest.markup"},
    "lxml": {"ingest.archives", "ingest.markup"},
    "zipfile": {"ingest.archives"},
    "mammoth": {"ingest.word"},
    "pypdfium2": {"ingest.pdf"},
    "frontmatter": {"ingest.markdown"},
    "yaml": {"ingest.markdown"},
    "prompt_toolkit": {"bot.repl"},
    "matplotlib": {"evals.pictures"},
    "sklearn": {"evals.claims", "evals.figures", "evals.fitting"},
    "langchain": {"bot.chat_model"},
    "dotenv": {"bot.chat_model"},
    "tenacity": {"bot.chat_model"},
    "sqlite3": {"bot.spending", "ingest.publishing"},
    "text_to_num": {"bot.counting"},
    "langchain_text_splitters": {"evals.recursive"},
}
OURS = {"bot", "ingest", "prompts", "evals", "tests"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def layer(module: str) -> int | None:
    return next((number for number, names in enumerate(LAYERS) if module in names), None)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_down(path: Path) -> None:
    name = module_name(path)
    own = layer(name)
    if own is None:
        assert name in ("bot", "evals", "ingest"), f"give {name} a layer"
        return
    for imported in imports(path):
        other = layer(imported)
        assert other is None or other <= own, f"{name} imports {imported} from above"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_ingest_knows_nothing_of_bots(path: Path) -> None:
    if path.parts[0] not in ("bot", "evals"):
        assert not any(name.split(".")[0] in {"bot", "evals", "tests"} for name in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_foreign_library_stays_in_its_room(path: Path) -> None:
    for imported in imports(path):
        rooms = ROOMS.get(imported.split(".")[0])
        assert rooms is None or module_name(path) in rooms, f"{path} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_command_line_knows_of_measuring(path: Path) -> None:
    if path.parts[0] == "bot" and module_name(path) != "bot.cli":
        assert not any(name.split(".")[0] == "evals" for name in imports(path))


def ours_at_the_top(path: str) -> set[str]:
    top = ast.parse((ROOT / path).read_text("utf-8")).body
    named = {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    return {name for name in named if name.split(".")[0] in OURS}


def test_the_command_line_imports_nothing_heavy() -> None:
    assert ours_at_the_top("bot/cli.py") == {
        "bot",
        "bot.display",
        "bot.errors",
        "bot.options",
        "evals",
        "ingest.errors",
    }
    assert ours_at_the_top("evals/commands.py") == {"bot.options", "evals.errors"}
