"""What an OpenAI-compatible server answered: where in its JSON the model's words are, and how they ended. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.http import UNNAMED_ERROR, told_error

MOST_TOKENS = 100_000_000
# ``finish_reason`` as servers write it, in lower case.
CUT = {"length", "max_tokens", "model_length", "max_output_tokens", "token_limit"}
FILTERED = {"content_filter", "safety", "blocklist", "prohibited_content", "recitation", "spii", "refusal", "sensitive"}


@dataclass(frozen=True)
class Said:
    """What came of one call. ``texts`` are the places where an answer may stand, the likeliest first.

    ``thoughts`` are not among them while the answer was cut off: a draft in them is none. ``declined`` says in words
    that the model refused, or that its words were filtered; empty where it did neither.
    """

    texts: tuple[str, ...] = ()
    thoughts: str = ""
    is_cut: bool = False
    declined: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    error: tuple[int, str] | None = None
    """The status and message of an error that ended it, as a gateway tells of one behind it."""

    @property
    def quoted(self) -> str:
        """The words that the model is shown again where they were no answer."""
        return next((text for text in self.texts if text.strip()), "")

    def as_json(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return {"texts": list(self.texts), "is_cut": self.is_cut, "declined": self.declined}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Said":
        return cls(texts=tuple(kept["texts"]), is_cut=kept["is_cut"], declined=kept["declined"])


def read_completion(answer: Any) -> Said | None:
    """Return what was said in ``answer``; None for one without choices."""
    choice = _choice(answer)
    if choice is None:
        return None
    message = choice.get("message", choice.get("delta", choice.get("text")))
    message = message if isinstance(message, dict) else {"content": message}
    words, thoughts = _parts(message.get("content"))
    for name in ("reasoning_content", "reasoning", "thinking", "reasoning_details"):
        thoughts += [part for kind in _parts(message.get(name)) for part in kind]
    reason = str(choice.get("finish_reason") or "").lower()
    is_cut = reason in CUT
    texts = ["\n".join(words), *_tool_arguments(message)]
    if not is_cut:
        texts += thoughts
    usage = answer.get("usage") if isinstance(answer.get("usage"), dict) else {}
    return Said(
        texts=tuple(text for text in dict.fromkeys(texts) if text.strip()),
        thoughts="\n".join(thoughts),
        is_cut=is_cut,
        declined=_declined(message, reason),
        tokens_in=_number(usage.get("prompt_tokens")),
        tokens_out=_number(usage.get("completion_tokens")),
        error=told_error(choice) or ((UNNAMED_ERROR, "the answer ended with an error") if reason == "error" else None),
    )


@dataclass
class Telling:
    """What came so far of an answer that is streamed, piece by piece."""

    text: str = ""
    thoughts: str = ""
    is_cut: bool = False
    declined: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    error: tuple[int, str] | None = None

    is_whole: bool = False
    """Whether the server said that it came to its end."""
    has_begun: bool = False
    """Whether the server took the question: from then on it costs, whatever comes of it."""

    def add(self, chunk: Any) -> str:
        """Add one chunk of a server, and return the words in it. Its last one may hold the tokens and no words."""
        usage = chunk.get("usage") if isinstance(chunk, dict) else None
        if isinstance(usage, dict):
            self.tokens_in = _number(usage.get("prompt_tokens")) or self.tokens_in
            self.tokens_out = _number(usage.get("completion_tokens")) or self.tokens_out
        self.error = self.error or told_error(chunk)
        choice = _choice(chunk)
        if choice is None:
            return ""
        self.error = self.error or told_error(choice)
        message = choice.get("delta", choice.get("message", choice.get("text")))
        message = message if isinstance(message, dict) else {"content": message}
        words, thoughts = _parts(message.get("content"))
        for name in ("reasoning_content", "reasoning", "thinking"):
            thoughts += [part for kind in _parts(message.get(name)) for part in kind]
        reason = str(choice.get("finish_reason") or "").lower()
        self.is_whole = self.is_whole or bool(reason)
        self.is_cut = self.is_cut or reason in CUT
        self.declined = self.declined or _declined(message, reason)
        self.thoughts += "".join(thoughts)
        self.text += "".join(words)
        return "".join(words)

    @property
    def said(self) -> Said:
        """The same as one that came whole."""
        texts = (self.text,) if self.text.strip() else ()
        return Said(texts, self.thoughts, self.is_cut, self.declined, self.tokens_in, self.tokens_out, self.error)


def _choice(answer: Any) -> dict[str, Any] | None:
    if not isinstance(answer, dict):
        return None
    choices = answer.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    # Ollama's own form.
    return answer if isinstance(answer.get("message"), dict) else None


def _parts(content: Any) -> tuple[list[str], list[str]]:
    """Return the words and the thoughts in a content: a text, a list of parts, or an object that is the answer."""
    words: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type", ""))
            if "think" in kind or "reason" in kind:
                thoughts += _texts_of({name: value for name, value in part.items() if name != "type"})
            elif "text" in part and ("type" in part or len(part) == 1):
                words += _texts_of(part["text"])
            else:
                words.append(json.dumps(part, ensure_ascii=False))
    if isinstance(content, list) and not thoughts and len(words) > 1 and not any(map(_is_part, content)):
        # A list that is itself the answer, not one of parts.
        words = [json.dumps(content, ensure_ascii=False)]
    return words, thoughts


def _is_part(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and "text" in part)


def _texts_of(value: Any) -> Iterator[str]:
    """Yield the texts in ``value``, however deep: {"text": {"value": …}}, {"thinking": [{"type": "text", …}]}."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("type", "id", "signature", "format", "index"):
                yield from _texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner)


def _tool_arguments(message: dict[str, Any]) -> Iterator[str]:
    """Yield the arguments of each call of a tool, texts or objects; a model may call one that nobody offered."""
    calls = message.get("tool_calls") or []
    calls = calls if isinstance(calls, list) else [calls]
    for call in [*calls, {"function": message.get("function_call")}]:
        function = call.get("function") if isinstance(call, dict) else None
        function = function if isinstance(function, dict) else call
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if arguments:
            yield arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _declined(message: dict[str, Any], reason: str) -> str:
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        return f"the model declined: {' '.join(refusal.split())[:150]!r}"
    return f"its words were filtered ({reason})" if reason in FILTERED else ""


def _number(value: Any) -> int:
    # What no call can have cost is none of its figures.
    return int(value) if isinstance(value, int | float) and 0 < value < MOST_TOKENS else 0
