"""`python -m bot` is the same as `essay-bot`."""

from bot.cli import main

main()
