"""Measures what the bot does; nothing in the product imports this."""
