"""Starts the product against a Discord on this machine, as a process of its own.

    python -m tests.discord_child PORT [ARGUMENT ...]

The arguments are those of `essay-bot`.
"""

import sys

from bot.cli import main
from tests.discord_server import point_discord_at

if __name__ == "__main__":
    point_discord_at(int(sys.argv[1]))
    sys.argv = ["essay-bot", *sys.argv[2:]]
    main()
