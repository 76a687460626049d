"""Drills as Markdown that reads well on paper, and that a machine reads as typed steps."""
