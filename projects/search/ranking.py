"""What each way of a search found, put into one order, and why each project is there."""

from dataclasses import dataclass, field

from projects.search.names import Name
from projects.search.spelling import Guess
from projects.search.words import Lexeme

# Reciprocal rank fusion (Cormack et al., 2009): the constant that its authors measured best.
FUSION = 60
# Rank of a title with a typing error: above all that is no name, below each name that is spelt right.
MISSPELT, MISSPELT_ALIKE = 10, 15
# Who has a word with signs (C++) is above who has not.
SIGNED = 5


@dataclass
class Found:
    """The ids that each way found, best first."""

    names: dict[int, Name] = field(default_factory=dict)
    words: list[int] = field(default_factory=list)
    meaning: list[int] = field(default_factory=list)
    guesses: dict[int, Guess] = field(default_factory=dict)
    lexemes: list[Lexeme] = field(default_factory=list)
    signed: list[int] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)

    def ranked(self) -> list[int]:
        """Return all of them: names first, the better the name the earlier, then words and meaning fused."""
        fused: dict[int, float] = {}
        for ids in (self.words, self.meaning, self.guesses):
            for place, pk in enumerate(ids, 1):
                fused[pk] = fused.get(pk, 0.0) + 1 / (FUSION + place)
        for pk in (*self.names, *self.signed):
            fused.setdefault(pk, 0.0)
        return sorted(fused, key=lambda pk: (-self._rank(pk), -fused[pk], -pk))

    def notice(self) -> str:
        """Return what is said of a word that was looked for as another."""
        typed = list(self.meant.items())[-1:]
        return "".join(f"“{word}” may be “{meant}”: this looks for that, too." for word, meant in typed)

    def _rank(self, pk: int) -> float:
        if (name := self.names.get(pk)) is not None:
            return name.score
        guess = self.guesses.get(pk)
        if guess is not None and guess.is_title:
            return MISSPELT + MISSPELT_ALIKE * guess.likeness
        return SIGNED if pk in self.signed else 0

    def reasons(self, pk: int) -> list[str]:
        """Return why a project is there."""
        reasons = list(self.names[pk].reasons) if pk in self.names else []
        reasons += ["words"] if pk in self.words or pk in self.signed else []
        reasons += ["spelling"] if pk in self.guesses else []
        return reasons + (["meaning"] if pk in self.meaning else [])
