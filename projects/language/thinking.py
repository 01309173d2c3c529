"""Where a model's thoughts end and its answer begins. Pure.

Servers that do not part the two give them as one text, each family of models with signs of its own. Some servers eat
the first of two signs, and some models never write the second.
"""

import re
from collections.abc import Iterator

_WORDS = r"(?:\w+:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad|inner_monologue)"
# <think>, <seed:think>; [THINK] of Mistral; <|begin_of_thought|>, <|START_THINKING|>; ◁think▷ of Kimi; harmony's
# channels, whose signs some servers strip; Gemma's.
BEGIN = re.compile(
    rf"<{_WORDS}(?:\s[^<>]*)?>|\[think(?:ing)?\]|<\|(?:begin_of_|start_)?{_WORDS}\|>|◁think▷"
    r"|<\|channel\|>\s*(?:analysis|commentary)[^<]*<\|message\|>|<\|channel>\s*(?:thought|analysis)\w*",
    re.IGNORECASE,
)
END = re.compile(
    rf"</\s*{_WORDS}\s*>|\[/think(?:ing)?\]|<\|(?:end_of_|end_|/){_WORDS}\|>|◁/think▷"
    r"|<\|channel\|>\s*final[^<]*<\|message\|>|<channel\|>|assistantfinal(?=\s*[\[{`])",
    re.IGNORECASE,
)


def has_thoughts(text: str) -> bool:
    """Return whether ``text`` bears a sign of thoughts."""
    return bool(BEGIN.search(text) or END.search(text))


def without_thoughts(text: str) -> Iterator[str]:
    """Yield what is left of ``text`` without the thoughts, the likelier reading first; nothing that is blank.

    What follows the last end of thoughts is the answer, for an end may be named among thoughts. Where nothing follows
    it, what precedes them is. A text without thoughts is yielded as it is.
    """
    ends = list(END.finditer(text))
    begin = BEGIN.search(text)
    rest = [text[ends[-1].end() :]] if ends else []
    rest += [text[: begin.start()]] if begin else [] if ends else [text]
    yield from (part for part in rest if part.strip())
