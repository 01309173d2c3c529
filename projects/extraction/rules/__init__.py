"""Reads comments by rules. ``RulesAnalyst`` is all of it that others import; word lists are data beside it."""

from projects.extraction.rules.analyst import RulesAnalyst

__all__ = ["RulesAnalyst"]
