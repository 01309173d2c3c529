"""Finds the stretches of a text that may say what a project is, the likeliest first. Pure."""

import re
from collections.abc import Iterator, Sequence

from projects.extraction.rules.lexicon import any_of
from projects.extraction.rules.links import squashed
from projects.extraction.rules.making import Statement, is_fragment, names_a_link, statement, statements, without_opener
from projects.extraction.rules.phrases import FEWEST_WORDS, short_phrase, without_front
from projects.extraction.rules.prose import LINK, Prose, plain, words
from projects.extraction.rules.verdicts import DEFINITION

COMPLEMENT = re.compile(
    r"^\s*(?:(?:,|:|[–—-]+|\(|\|)\s*)?(?:(?:and|so)\s+)?(?:(?:it['’]?s|which is|that is|that['’]s|is|are"
    r"|was|will be|aims to be|which will be|i['’]?s)\s+"
    r"(?:(?:basically|essentially|just|currently|simply|really|actually|now|also|like|hopefully"
    r"|going to be)\s+)*)?(?P<what>\S.*)$",
    re.DOTALL | re.IGNORECASE,
)
WHICH_DOES = re.compile(
    r"^\s*,?\s*(?:that|which|where you can|it)\s+(?P<what>(?:will\s+)?[a-z]+s?\s.+)$", re.DOTALL | re.IGNORECASE
)
TO_DO = re.compile(r"^\s*,?\s*(?:to|for)\s+(?P<what>[a-z].+)$", re.DOTALL | re.IGNORECASE)
ASIDE = re.compile(
    r"^\s*,?\s*(?:(?:in|on|for|with|as|over|during|alongside) [^,.;:]{2,45}|recently|lately"
    r"|these days),\s+(?=an?\s|the\s)",
    re.IGNORECASE,
)
NO_COMPLEMENT = re.compile(rf"^{any_of('no_complement')}\b", re.IGNORECASE)
PRONOUN_IS = re.compile(
    r"^(?:it|this|that|they)(?:['’]s|\s+(?:is|was|will be|would be|has been))\s+(?:(?:basically|essentially"
    r"|just|simply|really|actually|currently|kind of|sort of|"
    r"a bit|going to be|basically a kind of|meant to be|supposed to be|pretty much)\s+)*(?!(?:(?:an?|the|my"
    r"|our) )?(?:\w+ )?(?:ton|lot|bit|bunch|fun|shame|first|long|way|pain|challenge|mess|matter|joy|blast"
    r"|experience|approach|attempt|goal|"
    r"idea|time|year|reason|hard|journey|effort|work|moment|thing|case|same)\b)(?P<what>(?:(?:an?|the|my"
    r"|our)\b|[\w.-]+ (?:for|meets|but for)\b).+)$",
    re.DOTALL | re.IGNORECASE,
)
PRONOUN_DOES = re.compile(
    r"^(?:it|this|the (?:app|tool|site|website|platform|game|project|system|service|software|library"
    r"|product)|our (?:platform|product|app|tool))\s+(?:also\s+|basically\s+|will\s+)?"
    r"(?P<what>(?:can (?:also )?(?!be\b)\w+|lets?|allows?|helps?|provides?|makes?|converts?|shows?|tracks?"
    r"|creates?|uses|gives?|enables?|supports?|offers?|combines?|generates?|"
    r"automatically|analyzes|analyses|takes|turns|works|runs|has|connects|brings|monitors|collects|manages"
    r"|aims|finds|sends|adds|handles|reads|lists|uploads?|search(?:es)?)\b.+)$",
    re.DOTALL | re.IGNORECASE,
)
_IDEA = r"^(?:the|my|our|its|ultimate|main|core) (?:\w+ )?(?:idea|goal|purpose|aim|concept|plan|mission|premise|twist|insight) (?:is|was|behind it is)\s+"
IDEA_THAT = re.compile(rf"{_IDEA}that\s+(?P<what>.+)$", re.DOTALL | re.IGNORECASE)
IDEA_TO = re.compile(rf"{_IDEA}(?:to\s+(?:be able to\s+)?)(?P<what>.+)$", re.DOTALL | re.IGNORECASE)
YOU_DO = re.compile(
    r"^(?P<what>you (?:can |simply |just )*(?!should|might|may|know|are|['’]|see|have to)\w+\s.+)$",
    re.DOTALL | re.IGNORECASE,
)
BASICALLY = re.compile(
    r"^(?:basically|essentially|in short|think of it as|think|imagine|it['’]s like"
    r"|it is like)\b,?\s+(?P<what>(?:an?|the)\b.+)$",
    re.DOTALL | re.IGNORECASE,
)
NEEDED = re.compile(
    r"\b(?:i|we)(?: (?:just|only|really|always|simply))* (?:needed|wanted|want|need) (?:a (?:simple "
    r"|better |good )?way |something |a tool |it )?to (?P<what>(?!be\b|learn|know|make sure|do\b|see|share"
    r"|get\b|try|have\b|say|build|create|make\b|write)\w+ .+)$",
    re.DOTALL | re.IGNORECASE,
)
EASIER = re.compile(
    r"\b(?P<what>make it (?:easier|simpler|possible|easy) (?:for \w+ )?to .+)$", re.DOTALL | re.IGNORECASE
)
# Verbs of what is done to a project that is there already.
NEWS = re.compile(
    r"(?:re)?(?:releas|launch|ship|add|improv|finish|publish|fix|test|polish|upgrad|start|run|maintain"
    r"|integrat|document|redid|explor)",
    re.IGNORECASE,
)
# What a candidate for the short description is: a noun phrase (after "it is", about the project, or further on), "lets you …", "keep …", or a sentence.
DEFINITE, THING, LATER, DOES, DO, SENTENCE = "definition", "thing", "later thing", "does", "do", "sentence"
UNINFORMATIVE = re.compile(rf"^{any_of('uninformative')}\b", re.IGNORECASE)


def candidates(prose: Prose, title: str, named: bool, primary: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, text): stretches that may say what it is, the likeliest first."""
    made = statements(prose.sentences, limit=8)
    things = [one for one in made if not names_a_link(one.thing) and not _is_about_name(one.thing, title, named)]
    if named:
        before = list(_before_name(prose, title))
        yield from ((THING, what) for what in before if len(short_phrase(what).split()) >= 3)
        yield from _beside_name(prose, title, primary)
        yield from ((THING, what) for what in before)
    yield from _fragments(prose, made, title, named)
    yield from ((THING, one.thing) for one in things if one is made[0])
    begin = made[0].sentence + 1 if made and made[0].thing.strip(LINK + " .") else 0
    yield from _pronouns(prose.sentences[begin : begin + 5])
    yield from ((LATER, one.thing) for one in things if one is not made[0] and not NEWS.match(one.verb))
    yield from ((DO, match["what"]) for sentence in prose.sentences[:5] if (match := NEEDED.search(sentence)))
    for sentence in prose.sentences[:5]:
        lead = without_opener(sentence)
        if not UNINFORMATIVE.match(lead) and len(words(lead)) >= FEWEST_WORDS:
            yield SENTENCE, lead


def _fragments(prose: Prose, made: Sequence[Statement], title: str, named: bool) -> Iterator[tuple[str, str]]:
    """Yield the first sentences that only name a thing, up to where somebody says to make something."""
    end = min(made[0].sentence + 1, 3) if made else 3
    for sentence in prose.sentences[:end]:
        if is_fragment(sentence) and not (named and squashed(sentence) == squashed(title)):
            yield THING, without_opener(sentence)
    if not made and prose.sentences and DEFINITION.match(without_opener(prose.sentences[0])):
        yield THING, without_opener(prose.sentences[0])


def _is_about_name(thing: str, title: str, named: bool) -> bool:
    return named and squashed(without_front(plain(thing)))[:40].startswith(squashed(title))


def _beside_name(prose: Prose, title: str, primary: str) -> Iterator[tuple[str, str]]:
    """Yield what stands after the name, or after the primary link, in the first sentences."""
    spelt = re.escape(title).replace(r"\ ", r"[\s-]+")
    name = re.compile(rf"(?<!\w)[\"“‘'\[]?{spelt}[\"”’'\]]?(?:\.\w{{2,5}}\b)?(?!\w)", re.IGNORECASE)
    place = prose.sentence_with_link(primary)
    for index, sentence in enumerate(prose.sentences[:6]):
        ends = [match.end() for match in name.finditer(sentence)][:2]
        if index == place and LINK in sentence:
            ends.append(sentence.index(LINK) + 1)
        for end in ends:
            yield from _complements(sentence[end:].lstrip(LINK + ')]"”'))


def _complements(rest: str) -> Iterator[tuple[str, str]]:
    rest = re.sub(rf"^[\s{LINK}/&|)\]]+|^\s*(?:and|or)\s*{LINK}[\s)]*", "", rest)
    rest = ASIDE.sub("", rest)
    if len(words(rest)) < 2:
        return
    for kind, pattern in ((DOES, WHICH_DOES), (DO, TO_DO)):
        match = pattern.match(rest)
        if (
            match
            and not NO_COMPLEMENT.match(match["what"])
            and not re.match(r"(?i)(?:is|are|was|will be|has been)\b", match["what"])
        ):
            yield kind, match["what"]
            return
    match = COMPLEMENT.match(rest)
    if match is None or NO_COMPLEMENT.match(match["what"]):
        return
    what = match["what"]
    joined = rest[: match.start("what")].strip()
    if joined or re.match(r"(?:an?|the|my|our|your) ", what) or rest != rest.lstrip():
        yield (SENTENCE if re.match(r"(?i)you\b", what) else THING), what


def _before_name(prose: Prose, title: str) -> Iterator[str]:
    """Yield what stands before the name: "a strategy game called X", "my game X"."""
    for sentence in prose.sentences[:3]:
        at = sentence.lower().find(title.lower())
        if at <= 0:
            continue
        before = re.sub(
            r"\s*(?:called|named|titled|dubbed|,|:|-|–|—|[\"“(\[])*\s*$", "", sentence[:at], flags=re.IGNORECASE
        )
        before = re.sub(r"\s+called\s*$", "", before)
        made = statement(before)
        if made and len(words(made.thing)) >= 2:
            yield made.thing


def _pronouns(sentences: Sequence[str]) -> Iterator[tuple[str, str]]:
    for sentence in sentences[:3]:
        if match := EASIER.search(sentence):
            yield THING, match["what"]
    for kind, pattern in (
        (DEFINITE, PRONOUN_IS),
        (DEFINITE, BASICALLY),
        (DOES, PRONOUN_DOES),
        (SENTENCE, IDEA_THAT),
        (DO, IDEA_TO),
        (SENTENCE, YOU_DO),
    ):
        for sentence in sentences:
            if match := pattern.match(without_opener(sentence)):
                yield kind, match["what"]
