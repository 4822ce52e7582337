"""A page's elements -> lines of text; the only file that knows inscriptis."""

from typing import Any

from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.table import Table, TableRow
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.table_tag import table_start_handler

LARGEST_TABLE = 1_000_000  # characters, with the spaces that fill its columns


def render(page: Any) -> str:
    """The text of an element of lxml, laid out in lines; raises RecursionError for deep nesting."""
    handlers = CustomHtmlTagHandlerMapping({"table": _start_table}, {})
    config = ParserConfig(css=_styles(), custom_html_tag_handler_mapping=handlers)
    return str(Inscriptis(page, config).get_text())


def _styles() -> dict[str, Any]:
    """Inscriptis' own, and blocks for the elements it takes for parts of a line."""
    styles: dict[str, Any] = dict(STRICT_CSS_PROFILE)
    for name in ("blockquote", "figcaption", "hr", "dl", "dd", "dt", "details", "summary"):
        styles[name] = styles["p"]
    styles["section"] = styles["div"]
    return styles


def _start_table(state: HtmlDocumentState, attributes: dict[str, str]) -> None:
    table_start_handler(state, attributes)
    own = state.current_table[-1]
    state.current_table[-1] = _Table(own.left_margin_len, own.cell_separator)


class _Table(Table):  # type: ignore[misc]  # inscriptis tells no types
    """A table whose columns are filled up with spaces, unless that would take very much room.

    One wide cell and many rows would: a page of 300 kB becomes 750 MB.
    """

    def get_text(self) -> str:
        for cell in (cell for row in self.rows for cell in row.columns):
            cell.normalize_blocks()
        if self._filled_size() <= LARGEST_TABLE:
            return str(super().get_text())
        return "\n".join(self._unfilled(row) for row in self.rows) + "\n"

    def _filled_size(self) -> int:
        widths: dict[int, int] = {}
        size = 0
        for row in self.rows:
            for place, cell in enumerate(row.columns):
                widths[place] = max(widths.get(place, 0), cell.width)
        for row in self.rows:
            height = max((cell.height for cell in row.columns), default=0)
            size += height * sum(widths[place] + 1 for place in range(len(row.columns)))
        return size

    def _unfilled(self, row: TableRow) -> str:
        lines: dict[int, list[str]] = {}
        for cell in row.columns:
            for number, line in enumerate(cell.blocks):
                lines.setdefault(number, []).append(line)
        return "\n".join(
            row.cell_separator.join(filter(None, lines[number])) for number in sorted(lines)
        )
