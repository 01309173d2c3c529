"""One question on its way to a server: what each refusal of it means for the next try. Pure."""

from typing import Any

from pydantic import BaseModel

from core.http import Refused
from projects.language.completions import Said
from projects.language.dialect import Dialect, Mode, Refusal
from projects.language.json_values import values_in
from projects.language.thinking import has_thoughts, without_thoughts


class RequestRefused(Refused):
    """The server refused a request, perhaps for its parameters. ``about`` is what for."""

    def __init__(self, message: str, about: Refusal) -> None:
        super().__init__(message)
        self.about = about


class TooLong(Refused):
    """The question is longer than the model reads: it may take a shorter one."""


class Attempt:
    """The tries at one question whose plain answer takes ``wanted_tokens``; what is learned goes into the dialect."""

    def __init__(
        self, dialect: Dialect, wanted: type[BaseModel] | None, wanted_tokens: int, temperature: float
    ) -> None:
        self.dialect = dialect
        self.temperature = temperature
        self.wanted = wanted
        self.wanted_tokens = wanted_tokens
        self.mode = dialect.mode or Mode.JSON_SCHEMA
        self.tokens = 0
        self._most: int | None = None
        self._refused_modes: set[Mode] = set()
        self._is_repeated = False

    def request(self) -> dict[str, Any]:
        """Return the parameters of the next try."""
        self.tokens = self.dialect.tokens(self.wanted_tokens)
        if self._most is not None:
            self.tokens = min(self.tokens, self._most)
        return self.dialect.parameters(self.wanted, self.tokens, self.mode, self.temperature)

    def was_taken(self) -> None:
        """Note that the server took the last request."""
        if self.wanted:
            self.dialect.mode = self.mode

    def needs_room(self, said: Said) -> bool:
        """Return whether nothing but thoughts was said before the answer was cut off, and there is more room for it."""
        if not said.is_cut:
            return False
        parts = [part for text in said.texts for part in without_thoughts(text)]
        if self.wanted is None:
            return not parts and self._widens()
        if any(any(True for _ in values_in(part, lambda _: True, is_cut=True)) for part in parts):
            return False
        thought = bool(said.thoughts) or any(map(has_thoughts, said.texts))
        is_begun = any("{" in part for part in parts)
        return (thought or not is_begun) and self._widens()

    def heed(self, refusal: RequestRefused, request: dict[str, Any]) -> Said | None:
        """Change what ``request`` was refused for; return what stands for the answer where there is no more to change.

        Raises TooLong, and ``refusal`` itself as Refused where nothing can be changed.
        """
        about, message = refusal.about, str(refusal)
        if about is Refusal.OWN_ANSWER:
            return Said(declined="the server says that it was no valid JSON")
        if about is Refusal.CUT:
            return None if self._widens() else Said(is_cut=True)
        if about is Refusal.ROOM and self.tokens > 1:
            self._most = self.dialect.fewer_tokens(message, self.tokens)
            if "context" in message and self._most < self.wanted_tokens:
                raise TooLong(message) from refusal
        elif about is Refusal.TOO_LONG:
            if self.tokens <= self.wanted_tokens:
                raise TooLong(message) from refusal
            self._most = self.wanted_tokens
        elif about is Refusal.FORM and "response_format" in request:
            self._take_next_mode(refusal)
        elif not self.dialect.heed(about, message, request):
            self._repeat(refusal)
        return None

    def _widens(self) -> bool:
        return self.dialect.can_widen(self.wanted_tokens, self.tokens)

    def _take_next_mode(self, refusal: RequestRefused) -> None:
        self._refused_modes.add(self.mode)
        left = [mode for mode in Mode if mode not in self._refused_modes]
        if not left:
            self.dialect.mode = None
            raise Refused(str(refusal)) from refusal
        self.mode = left[0]

    def _repeat(self, refusal: RequestRefused) -> None:
        """Try the same again, once: it may have been a hiccup. It changes no mode of which we know that it works."""
        if not self._is_repeated:
            self._is_repeated = True
        elif self.wanted and self.dialect.mode is None and self.mode is not Mode.PROMPT:
            self._take_next_mode(refusal)
        else:
            raise Refused(str(refusal)) from refusal
