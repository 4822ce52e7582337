"""The house keeps its shape: imports point down, and each foreign library stays in its room."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for room in ("bot", "evals", "ingest", "prompts")
    for path in (ROOT / room).rglob("*.py")
    if "peers" not in path.parts  # programs for environments of their own
)

# From the ground up; a module may import from its own layer or from a lower one.
LAYERS = (
    {"ingest.errors", "bot.errors", "prompts", "evals.errors"},
    {"ingest.extracts", "ingest.models", "ingest.folding", "ingest.rounding"},
    {"bot.settings", "bot.options"},
    {"ingest.apart", "ingest.archives", "ingest.decoding", "ingest.reference", "ingest.rendering"},
    {"ingest.markdown", "ingest.markup", "ingest.pdf", "ingest.compiled"},
    {"ingest.epub", "ingest.word", "ingest.export"},
    {"ingest.readers"},
    {"ingest.essays", "ingest.passages", "ingest.embedding", "ingest.keywords", "ingest.chroma"},
    {"ingest.choice"},
    {
        "ingest.records",
        "ingest.catalogue",
        "ingest.index",
        "ingest.publishing",
        "ingest.drafting",
        "ingest.server",
    },
    {"ingest.store", "ingest.reading", "ingest.verifying"},
    {
        "bot.questions",
        "bot.naming",
        "bot.conversation",
        "bot.citations",
        "bot.retrieval",
        "bot.retriever",
    },
    {"bot.agreement", "bot.answer_kinds", "bot.counting", "bot.negations"},
    {"bot.reranking", "bot.alignment", "bot.sentences", "bot.chat_model"},
    {"bot.evidence", "bot.quoting", "bot.display", "bot.checking", "bot.spending"},
    {"bot.answers", "bot.drafts", "bot.overview", "bot.writing"},
    {"ingest.sync", "bot.answering"},
    {"bot.discord_bot.borders", "bot.discord_bot.markdown", "bot.discord_bot.token"},
    {"bot.discord_bot.splitting", "bot.discord_bot.inspection", "bot.checkup"},
    {"bot.doctor"},
    {"bot.terminal", "bot.jsonl", "bot.repl", "bot.index_commands", "bot.doctor_command"},
    {"bot.discord_bot.phrases", "bot.discord_bot.memory", "bot.discord_bot.delivery"},
    {"bot.discord_bot.rendering", "bot.discord_bot.libraries"},
    {"bot.discord_bot.limits", "bot.discord_bot.sharing", "bot.discord_bot.shelf"},
    {"bot.discord_bot.history", "bot.discord_bot.replies", "bot.discord_bot.reindexing"},
    {"bot.discord_bot.buttons", "bot.discord_bot.errands", "bot.discord_bot.translating"},
    {"bot.discord_bot.desk"},
    {"bot.discord_bot.client"},
    {"bot.discord_bot.control", "bot.discord_bot.indexing", "bot.discord_bot.presses"},
    {"bot.discord_bot.essays"},
    {"bot.discord_bot.asking"},
    {"bot.discord_bot.assembly"},
    {"bot.discord_bot.running"},
    {"evals.figures", "evals.overlap", "evals.workbench"},
    {"evals.articles", "evals.recursive", "evals.reporting"},
    {"evals.baseline", "evals.pictures", "evals.published"},
    {"evals.chunking", "evals.claims", "evals.questions", "evals.scifact", "evals.squad2"},
    {"evals.commands"},
    {"evals.turns"},
    {
        "evals.start",
        "evals.syncing",
        "evals.fitting",
        "evals.speed",
        "evals.peak",
        "evals.scaling",
    },  # programs
    {"bot.cli", "bot.__main__"},
    {"evals.cold"},
)
ROOMS = {  # a package is a room with all that is in it
    "chromadb": {"ingest.chroma", "ingest.index", "ingest.server"},
    "sentence_transformers": {"bot.reranking", "ingest.reference"},
    "torch": {"evals.peak", "ingest.folding", "ingest.reference", "ingest.rounding"},
    "transformers": {"ingest.folding", "ingest.reference"},
    "openvino": {"ingest.compiled"},
    "tokenizers": {"ingest.compiled"},
    "huggingface_hub": {"ingest.models"},
    "bm25s": {"ingest.keywords"},
    "sentencex": {"ingest.passages"},
    "typer": {
        *("bot.cli", "bot.repl", "bot.options", "bot.index_commands", "bot.doctor_command"),
        "evals.commands",
    },
    "charset_normalizer": {"ingest.decoding"},
    "inscriptis": {"ingest.rendering"},
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
    "tenacity": {"bot.chat_model", "bot.discord_bot.delivery"},
    "sqlite3": {"bot.discord_bot.memory", "bot.spending", "ingest.publishing"},
    "text_to_num": {"bot.counting"},
    "langchain_text_splitters": {"evals.recursive"},
    "discord": {"bot.discord_bot"},
    "aiohttp": {"bot.discord_bot"},
    "regex": {"bot.discord_bot"},
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


def within(module: str, rooms: set[str]) -> bool:
    return any(f"{module}.".startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_down(path: Path) -> None:
    name = module_name(path)
    own = layer(name)
    if own is None:
        assert name in ("bot", "bot.discord_bot", "evals", "ingest"), f"give {name} a layer"
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
        assert rooms is None or within(module_name(path), rooms), f"{path} imports {imported}"


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {as_named(re.split(r"[\[<>=]", each)[0]) for each in wanted}


def as_named(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


DISTRIBUTIONS = packages_distributions()
DECLARED, DECLARED_FOR_EVALS = declared(), declared("eval", "dev")


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_library_that_is_imported_is_declared(path: Path) -> None:
    known = DECLARED_FOR_EVALS if path.parts[0] == "evals" else DECLARED
    for package in {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - OURS:
        names = {as_named(name) for name in DISTRIBUTIONS[package]}
        assert names & known, f"{path} imports {package}, which pyproject.toml does not declare"


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
