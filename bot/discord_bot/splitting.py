"""Long markdown in parts that each fit into one Discord message and each read right alone."""

from collections.abc import Iterator

from bot.discord_bot.borders import CODE, OPEN, Border, Layout

LIMIT = 2000  # UTF-16 code units, which are never fewer than what Discord counts
WELL_FILLED = 0.5  # of the limit: from here on a part ends at the best kind of border


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Parts of at most `limit`, none blank, that give the text less the space at the cuts.

    Code that must be cut gets fences of its own in each part, and a quote goes on as a quote.
    `limit` is at least 40: the room that a quoted fence and a letter need.
    """
    return list(_parts(Layout(text.strip()), limit))


def _parts(layout: Layout, limit: int) -> Iterator[str]:
    start, end = 0, len(layout.text)
    while start < end:
        if layout.size(start, end) <= limit:
            border = Border(end, end)
        else:
            border = _choose_border(layout, start, limit)
        if not layout.is_blank(start, border.stop):
            yield layout.part(start, border.stop)
        start = border.resume


def _choose_border(layout: Layout, start: int, limit: int) -> Border:
    """The best kind of border that fills the part well, else the last; code is cut last of all."""
    within = layout.borders(start, limit)
    for level in (OPEN, CODE):
        borders = [border for border in within if border.level == level]
        filling = [
            border for border in borders if layout.size(start, border.stop) >= WELL_FILLED * limit
        ]
        if filling:
            return min(filling, key=lambda border: (border.kind, -border.stop))
        if borders:
            return borders[-1]
    return layout.forced_border(start, limit)
