"""Cuts noun phrases and short descriptions out of sentences so that they can stand alone. Pure."""

import re

from projects.extraction.rules.lexicon import words_of
from projects.extraction.rules.prose import LINK, plain
from projects.extraction.rules.verdicts import MADE_THING

FEWEST_WORDS = 5
MOST_WORDS = 10
TITLE_WORDS = 8

FUNCTION_WORDS = frozenset(words_of("function_words"))
TAIL_WORDS = frozenset(words_of("tail_words"))
# Where a phrase may end: the word after the cut, and how good a place it is.
CLAUSE_STARTS = frozenset(words_of("clause_starts"))
PREPOSITIONS = frozenset(words_of("prepositions"))
DETERMINERS = re.compile(
    r"^(?:(?:her|him|me|us|them|myself|ourselves) (?=an?\s))?(?:(?:on|at|with|about|of)\s+)?(?:(?:a|an|the"
    r"|my own|our own|my|our|this|these|that|some|yet another|another|one of my|its|your own)\s+)+",
    re.I,
)
FLUFF = re.compile(
    r"^(?:(?:(?:first )?(?:pretty|really|very|super) (?:cool|basic|simple|neat|small|big|exciting)|kind of"
    r"|kind(?= an? )|sort of|bit of|couple of|"
    r"bunch of|brand[- ]new|new|little|side[- ]?project,?|exciting|fun|cool|nice|exclusive|personal project"
    r"|pet project|few|hopefully|simple yet powerful|"
    r"series of)\s+)+(?:an?\s+)?",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"^(?:i|we)(?:['’](?:m|re|ve)| am| are| have)?(?: been)?(?: (?:currently|still|just|also|now|mostly"
    r"|really|recently))*"
    r"(?: (?:trying to|looking to|hoping to|planning to|working to|want to|would like to|am going to"
    r"|going to))?\s+(?=[a-z]{4})",
    re.IGNORECASE,
)
PROJECT_WHICH = re.compile(
    r"^(?:an? |my |the )?(?:[\w-]+ )?(?:side[- ]?project|project|thing|product|something),? (?:which"
    r"|that) is\s+",
    re.IGNORECASE,
)
NESTED_VERB = re.compile(
    r"^(?:on\s+)?(?:(?:trying to|try to|working on|building|making|developing|creating|writing|designing"
    r"|implementing|putting together|launching|releasing|"
    r"bootstrapping|build|make|create|develop|write|design)\s+(?:(?:out|up)\s+)?)+(?=(?:an?|the|my|our|some"
    r"|new|world['’]s)\s|(?-i:[A-Z]))",
    re.IGNORECASE,
)
TITLE_END = re.compile(
    r"\s(?:that|which|who|where|so|to|because|using|by|since|after|when|while|inspired|based|called|named"
    r"|titled|but|if|as|lately|"
    r"with|recently|this|for (?:myself|me|fun|work|my own)|and (?:i|we|it|then|also)|i['’]?(?:m|ve|d|ll)?"
    r"|we|it['’]?s?|is|are|was|in my|in order|on my|over the|for (?:the|about|over|almost|a (?:few|while"
    r"|couple|year|month))"
    r" (?:last|past|\d|years?|months?|weeks?|next|few)?)\b"
    r"|[,.;:!?\n]+(?:\s|$)|\s*" + LINK + r"|\s[–—-]+\s|--+|\s*[(\[]|…|\.\.\.",
    re.IGNORECASE,
)


def noun_phrase(thing: str, most: int = TITLE_WORDS) -> str:
    """Return the noun phrase at the beginning of ``thing`` without determiner, at most ``most`` words; it may be empty.

    A single plain word ("tool", "SaaS") takes along what follows it.
    """
    thing = without_front(thing)
    phrase = thing
    for end in TITLE_END.finditer(thing, 1):
        phrase = thing[: end.start()]
        if (
            "," not in end[0]
            or len(phrase.split()) > 2
            or not MADE_THING.search(" ".join(thing[end.end() :].split()[:4]))
        ):
            break
    else:
        phrase = thing
    if len(phrase.split()) <= 2:
        rest = re.match(r"\s+(?:that|which|where|to|using|with|for)\s[^.;:!?(\n\ufffc]+", thing[len(phrase) :])
        phrase += rest[0] if rest else ""
    return balanced(" ".join(_cut(phrase.split(), 3, most)).strip(" ,.;:!?–—-"))


def without_subject(sentence: str) -> str:
    """Return a sentence about its author without "I'm trying to" and the like, so that the deed stands first."""
    return SUBJECT.sub("", sentence, count=1)


def without_front(text: str) -> str:
    """Return ``text`` without nested verbs, determiners and filling adjectives at its beginning."""
    text = text.strip(" \t\n,:;–—-")
    for _ in range(3):
        text = re.sub(r"^(?:on\s+)?(?:out|up)\s+(?=(?:an?|the|my|our|some)\s)", "", text)
        shorter = FLUFF.sub("", DETERMINERS.sub("", NESTED_VERB.sub("", PROJECT_WHICH.sub("", text))))
        if shorter == text or not shorter:
            break
        text = shorter
    return text


def short_phrase(text: str, most: int = MOST_WORDS) -> str:
    """Return 5 to 10 words from the beginning of ``text`` that end where a phrase ends; fewer when it has no more."""
    text = re.sub(r"\s*\([^)]{0,200}\)", "", plain(text))
    text = re.split(
        r"(?<=[\w)])[.!?]+(?:\s|$)|\n|\s[–—-]{1,2}\s(?=(?:it|I|we|this|check|but|still|and)\b)|;\s|\.\.\.|…",
        without_front(text),
        maxsplit=1,
    )[0]
    return capitalised(balanced(" ".join(_cut(text.split(), FEWEST_WORDS, most)).strip(" ,.;:!?–—-")))


def balanced(text: str) -> str:
    """Return ``text`` without a quotation mark or bracket whose partner was cut off."""
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        text = re.sub(r"[\"“”]", "", text)
    if text.count("(") != text.count(")"):
        text = re.sub(r"[()]", "", text)
    return " ".join(text.split())


def _cut(tokens: list[str], fewest: int, most: int) -> list[str]:
    if len(tokens) <= most:
        return _without_tail(tokens)
    best, best_score = most, 0.0
    for end in range(most, fewest - 1, -1):
        score = _break_score(tokens, end)
        if score > best_score:
            best, best_score = end, score
    return _without_tail(tokens[:best])


def _break_score(tokens: list[str], end: int) -> float:
    """Say how well a phrase ends before ``tokens[end]``: 3 a clause, 2 before a preposition, 1 before "and"."""
    last, following = tokens[end - 1], tokens[end].lower().strip(",.;:()")
    if last.lower().strip(",") in FUNCTION_WORDS:
        return 0
    if last[-1] in ",;:" and (
        following in CLAUSE_STARTS or following in ("and", "or", "but", "with", "a", "an", "it", "using", "built", "so")
    ):
        return 3.2
    if following in CLAUSE_STARTS:
        return 3
    if tokens[end] in ("-", "–", "—", "--"):
        return 3
    if following in PREPOSITIONS:
        return 0.3 if last.lower().endswith("ing") and following == "to" else 2
    if following in ("and", "or", "&"):
        # Before the last member of a list the phrase would miss its end.
        return 0.5 if any(token.endswith(",") for token in tokens[max(0, end - 4) : end]) else 1.2
    # After "for producing," a list of verbs goes on that share an object.
    return 0.2 if last.endswith("ing,") else 0.8 if last[-1] in ",;:" else 0.05


def _without_tail(tokens: list[str]) -> list[str]:
    """Drop words at the end that want another after them, and marks."""
    tokens = list(tokens)
    while tokens and (tokens[-1].lower().strip(",.;:!?'’\"“”") in FUNCTION_WORDS | TAIL_WORDS | {""}):
        tokens.pop()
    return tokens


def capitalised(text: str) -> str:
    """Return ``text`` with its first letter in upper case, unless the word has its own spelling (``iOS``, ``macOS``)."""
    first = text.split(" ", 1)[0]
    if not text or any(letter.isupper() for letter in first[1:]):
        return text
    return text[0].upper() + text[1:]
