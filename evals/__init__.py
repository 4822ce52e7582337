"""Measures what the bot does; of the product only the command line knows it."""
