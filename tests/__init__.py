"""Tests, named after behaviour; offline, on the real model and the real Chroma."""
