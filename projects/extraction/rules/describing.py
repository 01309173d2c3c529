"""Finds the words that say what a project is: a short description and a longer one. Pure."""

import re
from collections.abc import Iterator, Sequence

from projects.extraction.rules.links import brand_of, squashed
from projects.extraction.rules.making import Statement, is_fragment, names_a_link, statement, statements, without_opener
from projects.extraction.rules.phrases import (
    FEWEST_WORDS,
    MOST_WORDS,
    capitalised,
    short_phrase,
    without_front,
    without_subject,
)
from projects.extraction.rules.prose import LINK, Prose, plain, words
from projects.extraction.rules.verdicts import DEFINITION
from projects.links import host_of
from projects.pages.page_text import PageText

DESCRIPTION_SENTENCES = 3
DESCRIPTION_CHARACTERS = 600
PAGE_SUMMARY_CHARACTERS = 200

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
NO_COMPLEMENT = re.compile(
    r"^(?:and|but|so|i|we|i['’]m|i['’]ve|we['’]re|we['’]ve|it|in|on|at|as|since|because|while|when|if|check"
    r"|let|please|team|still|feel|currently|"
    r"try|any|just|now|this|these|those|there|would|been|have|has|had|not|mostly|hope\w*|looking|launch\w*"
    r"|again|full[- ]time|recently|where|although|"
    r"though|after|by|with|during|instead|having|using|alone|solo|almost|over|very early|more|soon|also"
    r"|started|early|see|per|then|probably|maybe|eventually|possibly|wip|beta|coming|working|building"
    r"|for (?:the|about|over|almost|\d+|a (?:few|while|couple|year))|"
    r"my (?:first|current|latest|main|goal|idea|plan|hope)|the (?:idea|goal|plan|first|next|past|last)|me"
    r"|something|from)\b",
    re.IGNORECASE,
)
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
FIRST_PERSON = re.compile(r"(?:i|we|my|our|sometimes|there|currently|recently)\b", re.IGNORECASE)
# Verbs of what is done to a project that is there already.
NEWS = re.compile(
    r"(?:re)?(?:releas|launch|ship|add|improv|finish|publish|fix|test|polish|upgrad|start|run|maintain"
    r"|integrat|document|redid|explor)",
    re.IGNORECASE,
)
# What a candidate for the short description is: a noun phrase (after "it is", about the project, or further on), "lets you …", "keep …", or a sentence.
DEFINITE, THING, LATER, DOES, DO, SENTENCE = "definition", "thing", "later thing", "does", "do", "sentence"
# How a noun phrase goes on with one of another sort.
LINKING = {DOES: "that", DO: "to", SENTENCE: "where"}
UNINFORMATIVE = re.compile(
    r"^(?:hi|hey|hello|thanks?|thank you|edit|ps|p\.s|let me know|feel free|check (?:it|us|them) out|please"
    r"|any (?:feedback|thoughts|advice|comments)|"
    r"(?:would|i['’]d|we['’]d) (?:really )?(?:love|appreciate|be)|feedback|happy to|try it|curious|hope"
    r"|i hope|enjoy|boom|stay tuned|would love|if (?:you|anyone|anybody)|"
    r"here(?:['’]s| is| are)|you can (?:check|see|find|read|try|learn|follow)|more (?:at|info|details)|see "
    r"|source( code)?\s*:|link\s*:|demo\s*:|repo\s*:|code\s*:|"
    r"btw|by the way|reach out|email|contact|follow|note:|tl;?dr|sign up|join|not sure if|my name is|yes"
    r"|well|wish me|excited|very excited|some of the features|features)\b",
    re.IGNORECASE,
)


def short_description(prose: Prose, title: str, named: bool, primary: str, author: str) -> str:
    """Return 5 to 10 words that say what the project is, from its own text as far as it goes.

    The first candidate of enough words wins. A noun phrase of fewer ("language learning app") is completed by a later
    one that says what the thing does, or else by whose project it is.
    """
    head, rest = "", ""
    for kind, candidate in _candidates(prose, title, named, primary):
        if head and kind in LINKING and (joined := _joined(head, kind, candidate)):
            return joined
        if named:
            candidate = _without_name(candidate, title)
        phrase = short_phrase(without_subject(candidate) if kind == SENTENCE else candidate)
        if squashed(phrase) == squashed(title) and named:
            continue
        if len(phrase.split()) == FEWEST_WORDS - 1 and (whole := _with_article(candidate, phrase)):
            return whole
        if FEWEST_WORDS <= len(phrase.split()) <= MOST_WORDS:
            if (kind == SENTENCE and (head or FIRST_PERSON.match(phrase))) or (
                kind in (THING, LATER) and len(head.split()) > 1
            ):
                rest = rest or phrase
                continue
            return phrase[:200]
        if kind in (DEFINITE, THING, LATER) and not head and phrase:
            head = phrase
    return _filled(head, rest, author, primary)


def _without_name(candidate: str, title: str) -> str:
    """Return "a podcast platform called Name" without "called Name"."""
    return re.sub(
        rf"(?i),?\s+(?:(?:called|named|titled|dubbed)|[–—-]+)\s+[\"“'‘\[]?{re.escape(title)}(?!\w)[\"”'’\]]?",
        "",
        candidate,
    )


def _with_article(candidate: str, phrase: str) -> str:
    """Return a phrase of four words with the article that was before it; empty when there was none."""
    found = re.search(rf"\b(an?|the) ({re.escape(phrase)})", plain(candidate), re.IGNORECASE)
    return f"{found[1].capitalize()} {found[2]}" if found else ""


def _joined(head: str, kind: str, candidate: str) -> str:
    """Return a noun phrase and what its thing does as one phrase; empty when that makes no 5 to 10 words."""
    if kind == SENTENCE and not re.match(r"(?i)you\s+(?!are|were|'|’)\w+", candidate):
        return ""
    room = MOST_WORDS - len(head.split()) - 1
    does = short_phrase(candidate, most=room) if room >= 3 else ""
    if len(does.split()) < 2 or (kind == DO and re.match(r"(?i)(?:me|us|you)\b", does)):
        return ""
    joined = f"{head} {LINKING[kind]} {does if does[:2].isupper() else does[0].lower() + does[1:]}"
    return joined if FEWEST_WORDS <= len(joined.split()) <= MOST_WORDS else ""


def _filled(head: str, rest: str, author: str, primary: str) -> str:
    """Make five words of fewer by saying whose project it is or where it is found."""
    by = f"a project by {author}" if author and len(author.split()) == 1 else "a project from this thread"
    if head and len(head.split()) <= MOST_WORDS - 4:
        return f"{head}, {by}"[:200]
    if head or rest:
        return (head or rest)[:200]
    if primary:
        return f"A project found at {host_of(primary)}"[:200]
    return f"{by[0].upper()}{by[1:]} without more words"[:200]


def _candidates(prose: Prose, title: str, named: bool, primary: str) -> Iterator[tuple[str, str]]:
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


def description(prose: Prose, title: str, primary: str, short: str, pages: Sequence[PageText] = ()) -> str:
    """Return one to three sentences of the text that tell of the project; a page's first words where there is no text."""
    chosen: list[str] = []
    length = 0
    begin = _first_telling(prose, title)
    for sentence in prose.sentences[begin : begin + 8]:
        shown = _readable(sentence, prose, title, primary)
        if len(words(shown)) < 3 and (chosen or len(prose.sentences) > 1):
            continue
        if (
            UNINFORMATIVE.match(without_opener(sentence))
            and len(prose.sentences) > 1
            and (chosen or not statement(sentence))
        ):
            continue
        if chosen and length + len(shown) > DESCRIPTION_CHARACTERS:
            break
        chosen.append(shown)
        length += len(shown)
        if len(chosen) == DESCRIPTION_SENTENCES:
            break
    text = " ".join(chosen).strip()
    if not text and pages:
        text = page_summary(pages[0])
    return shortened(text or f"{short}.", 2 * DESCRIPTION_CHARACTERS)


def _first_telling(prose: Prose, title: str) -> int:
    if prose.sentences and (EASIER.search(prose.sentences[0]) or squashed(title) in squashed(prose.sentences[0])):
        return 0
    for index, sentence in enumerate(prose.sentences[:5]):
        lead = without_opener(sentence)
        if statement(sentence) or DEFINITION.match(lead) or PRONOUN_IS.match(lead):
            # "Name." and "https://…" before it belong to it.
            return index
    return 0


def _readable(sentence: str, prose: Prose, title: str, primary: str) -> str:
    """Return a sentence with each link dropped, or named where the sentence needs a word in its place."""
    place = prose.sentences.index(sentence) if sentence in prose.sentences else 0
    number = sum(one.count(LINK) for one in prose.sentences[:place])

    def named(match: re.Match[str]) -> str:
        nonlocal number
        url = prose.links[number] if number < len(prose.links) else ""
        number += len(match[0].strip().replace(" ", ""))
        before = sentence[: match.start()].rstrip()
        if before and (
            before[-1] in ':–—-,.;)"”!?|>/'
            or squashed(before).endswith(squashed(title) or " ")
            or re.search(r"(?i)\b(?:here|site|link|demo)$", before)
        ):
            return " "
        ends = not sentence[match.end() :].strip(" .!")
        if ends and not re.search(
            r"(?i)\b(?:at|on|of|for|is|are|using|like|to|from|see|visit|called|building|with|by|in|and|or"
            r"|the|my|our|\w+ing)$",
            before,
        ):
            return " "
        brand = squashed(brand_of(url))
        same = url == primary or (brand and brand == squashed(title))
        return f" {title if same and brand and squashed(title) in brand + 'x' else host_of(url) or title} "

    text = re.sub(rf"\s*{LINK}+(?:\s*{LINK}+)*\s*", named, sentence)
    text = re.sub(r"\s*[:–—-]+\s*$", "", plain(text).strip())
    text = re.sub(r"\s*[:–—-]+\s*([.!?])$", r"\1", text).strip()
    text = re.sub(r"^[\s,.:;–—-]+", "", text)
    return capitalised(text if not text or text[-1] in ".!?…。！？" else text + ".")


def page_summary(page: PageText) -> str:
    """Return the first 200 characters or so of what a page says, or its title."""
    text = " ".join(page.text.split())
    return shortened(text or page.title.strip(), PAGE_SUMMARY_CHARACTERS)


def shortened(text: str, characters: int) -> str:
    """Return ``text`` cut at a word, with an ellipsis, to at most ``characters``."""
    if len(text) <= characters:
        return text
    cut = text[: characters - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[characters // 2 :] else cut).rstrip(" ,.;:–—-") + "…"
