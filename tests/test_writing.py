from bot.chat_model import CHARACTERS_A_TOKEN
from bot.conversation import Turn
from bot.writing import HISTORY, history_text


def test_earlier_turns_are_kept_from_the_latest_on() -> None:
    turns = [Turn(f"Q{number}", "a" * (HISTORY * CHARACTERS_A_TOKEN // 3)) for number in range(5)]
    kept = history_text(turns)
    assert len(kept) <= HISTORY * CHARACTERS_A_TOKEN
    assert kept.index("Q3") < kept.index("Q4")
    assert "Q1" not in kept
