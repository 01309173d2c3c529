"""Finds the words with which people say that they make something. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from projects.extraction.rules.lexicon import any_of
from projects.extraction.rules.prose import LINK

# Fronts of a sentence that say when, where or why, but not what.
OPENER = re.compile(
    r"^(?:(?:hi|hey|hello|howdy|greetings)\b[^.,!\n]{0,25}[.,!–—-]*\s*"
    r"|(?:so|well|ok|okay|oh|yes|also|and|but|besides|additionally|lastly|finally|secondly|first|second"
    r"|third|mostly|currently"
    r"|personally|professionally|recently|lately|anyway|basically|essentially|honestly|still"
    r"|software-wise)\b,?\s+"
    r"|(?:for|over|in|during|on|since|after|at|outside|aside|apart|alongside|besides|as|this|last|these"
    r"|right|nowadays|"
    r"yesterday|today|when|while|once|despite|with|although|though|since|a (?:few"
    r"|couple))\b[^.,!?\ufffc\n]{0,70},\s+"
    r"|(?:right now|at the moment|these days|nowadays|lately|yesterday|today|last (?:week|month|year"
    r"|weekend)|this (?:week|month|year|weekend)"
    r"|over the (?:past|last) (?:\w+ ){0,2}(?:weeks?|months?|years?|days?)|for the (?:past"
    r"|last) (?:\w+ ){0,2}(?:weeks?|months?|years?|days?)"
    r"|for a (?:while|few \w+)|in my (?:spare|free) time|on my side|on the side|outside of (?:work"
    r"|that)(?:ing hours)?)\s+)",
    re.IGNORECASE,
)
# A part of life that is named before what is done in it: "At work: …", "Night job: …", "Hardware: …".
SPHERE = re.compile(
    r"(?:at (?:work|home|night|school)|(?:(?:the|my) )?(?:day|night|main|other|paid|actual) ?(?:job|gig|project|hustle|work)|hardware|software|work|home"
    r"|personal(?:ly)?|professional(?:ly)?|for (?:work|fun|money|profit|myself)|hobby|hobbies|side (?:project|hustle|gig)"
    r"|finished|done|in progress|wip|stuck|shipped|launched|next|ongoing|paused|on hold|planned|new|old"
    r"|on the side|in my (?:spare|free) time|after hours|evenings|weekends)\s*(?::|[–—-]{1,2}\s)\s*(?=\S)",
    re.IGNORECASE,
)
# The same without a comma: "Since last spring I've been …", "After my own burnout I began …".
FRONT = re.compile(
    r"^(?:since|for|over|in|during|after|at|on|with|before|between|around|about|as (?:an?|the)|to|because of|inspired by"
    r"|last|this|a (?:few|couple))\b"
    r"[^.,;:!?\ufffc\n]{1,70}?\s(?=(?:i|we)(?:['’](?:m|re|ve|d))?\s)",
    re.IGNORECASE,
)
_ADVERBS = any_of("adverbs")
_SUBJECT = (
    r"(?:(?:i|we|my (?:\w+ )?(?:friends?|partner|wife|husband|co-?founder|team|brother|son|daughter|dad"
    r"|company|startup|\w+)"
    r"(?: and (?:i|me))?|(?:me|us) and [\w ]{1,20}|our team|i \([^)]{1,30}\))"
    r"(?:['’]?(?:m|ve|re|d)| am| are|['’]?s| is| was| were| have| has| had)?(?: been)?\s+(?:been\s+)?)"
)
_START = (
    r"(?:(?:(?:re)?started|start|began|begun|beginning|starting|trying|tring|try|tried|attempting"
    r"|continuing|continued|decided|deciding|"
    r"kept|spending (?:\w+ ){1,4}|spent (?:\w+ ){1,6}|in the process of|in the middle of|managed|having fun"
    r"|learning \w+ by|ended up|end up|focus(?:ed|ing|sed) on|close to|busy|got around)"
    r"\s+(?:to\s+|with\s+|off\s+)?)"
)
_GERUND = any_of("making")
MAKER = re.compile(
    rf"^(?:{_SUBJECT})?(?:{_ADVERBS}\s+){{0,3}}(?:been\s+)?(?:{_START}){{0,2}}(?:{_ADVERBS}\s+)?(?P<verb>{_GERUND})"
    r"(?:\s*:\s*|\s+|$)(?P<object>\S.*)?$",
    re.IGNORECASE | re.DOTALL,
)
# A maker statement later in a sentence needs its subject: "I left my job and I'm building …".
INNER = re.compile(
    rf"(?<=[\s(])(?=(?:so |and |but |then |now )?(?:{_SUBJECT})(?:{_ADVERBS}\s+){{0,2}}(?:{_START}){{0,2}}{_GERUND}\b)",
    re.IGNORECASE,
)
# The subject may be shared: "I quit my job and have been working on …", "I left to work full time on …".
SHARED = re.compile(
    r"\b(?:and|so|but|where|to)\s+(?=(?:have |am |['’]m |now )?(?:been )?(?:now |just "
    r"|started )?(?:work(?:ing)? (?:[\w-]+ ){0,3}on|building|"
    r"creating|developing|writing|making (?:an?|the|my)|built|created|made (?:an?|the|my)|wrote|launched"
    r"|started working on|(?:build|create|make|write|develop) (?=an?\s|the\s|my\s))\s*)",
    re.IGNORECASE,
)
BY_MAKING = re.compile(
    r"\bby (?=(?:building|making|writing|creating|developing|designing|restoring)\s+(?:an?|my|the)\b)", re.I
)
# "Did not like the others, so made an app": nobody else can be meant.
ELLIPTIC = re.compile(
    r"\bso (?=(?:now )?(?:making|made|building|built|writing|wrote|creating|created) (?:an?|my|the)\b)", re.I
)
FIRST_PERSON = re.compile(r"\b(?:i|we|my|our)\b|\b(?:i|we)['’]", re.IGNORECASE)
PURPOSE = re.compile(
    r"\b(?:my (?:side[- ]?|pet |hobby |current |main |latest |new |next |first )*(?:project|startup"
    r"|start-up|company|app|game|product"
    r"|saas|tool|site|website|business|book|library|extension)|our (?:\w+ ){0,2}(?:project|startup|app"
    r"|platform|product|site|library|game))\b",
    re.I,
)

EMPLOYED = re.compile(r"work(?:ed|ing)? at", re.IGNORECASE)
# Objects that are no thing one makes.
NOT_A_THING = re.compile(
    r"^(?:on\s+)?(?:(?:about|with|using|by|from|in|as|for)\b|myself|my ?self|me\b"
    r"|my (?:\w+ ){0,3}(?:skills?|health|fitness|body|mind|mental|career|resume|cv|life"
    r"|relationships?|marriage|"
    r"sleep|anxiety|depression|weight|garden(?:ing)?|golf|english|french|spanish|degree|thesis|habits?|tan"
    r"|attitude|knowledge|understanding|own health|confidence|posture|physical)\b"
    r"|(?:a |an |the |some |much |good |more |any |great )*(?:progress|sense|money|friends|mistakes?|fun"
    r"|sure|confidence|ends meet|time|use of|it|this|that|them|things|stuff|changes|dinner|letters|emails?|code|tests|nothing|anything"
    r"|something else)\b\s*(?:[.,!;]|$|for |to |out\b|with |using |in |from |by |as |myself|work|of|better"
    r"|feel|happen|clear|possible|easier)"
    r"|(?:getting|becoming|being|(?:re)?adjusting|settling|recovering|finding (?:a |work|my)|losing|learning|studying|understanding"
    r"|improving my\b|reading|figuring out (?:life|what to do|my)|raising|moving|sleeping|surviving|healing"
    r"|losing weight)\b"
    r"|(?:\w+ )?of (?:them|these|those)\b|(?:alongside|together|hard|again|here|there|over|around"
    r"|full[- ]time)\b"
    r"|(?:about |around )?(?:\d+|two|three|four|a few|a couple(?: of)?|several|last|some) (?:days?|weeks?"
    r"|months?|years?)\b|yesterday\b"
    r"|(?:an? |the |this |my )?(?:project|thing|journey) (?:about|around|\d|last|a few|a couple|in |two"
    r"|three|some|ago|as |because)"
    r"|(?:those|these|them|it) (?:down|up|out|all)\b|(?:the )?same (?:thing|stuff|old)\b|stuff\b|things\b"
    r"|it\s*(?:[.,!]|$)|(?:with|for|at|as) (?:a |an |the )?(?:\w+ )?(?:company|job|consultant|freelancer"
    r"|contractor|startup|faang)\b)",
    re.IGNORECASE,
)
INTENDED = re.compile(
    r"\b(?:will|would|['’]d|want(?:ed)? to|going to|gonna|plan(?:s|ning)? (?:to|on)|hope to|might|could"
    r"|should|wish|need to|like to|love to|"
    r"if i|i['’]ll|we['’]ll|next,? i|someday|eventually|thinking (?:of|about)|able to|help(?:s|ed)? (?:me"
    r"|you)|how to|used to|never|not|n['’]t|unable)\b(?:(?! but | and i| so i)[^.,;]){0,40}$",
    re.IGNORECASE,
)


ASIDE = re.compile(rf"(?<=\w) \([^(){LINK}]{{1,60}}\)(?= \w)")
# An answer without a verb: "Navigation using photos."
VERBS = re.compile(rf"\b{any_of('finite_verbs')}\b", re.IGNORECASE)
NO_FRAGMENT = re.compile(rf"^{any_of('no_fragment')}\b", re.IGNORECASE)
IS_PROJECT = re.compile(
    r"^(?:my|our|the|another|one of my) (?:[\w-]+ ){0,4}?(?:project|idea|thing|startup|hobby|one|things"
    r"|projects)(?: (?:right now|at the moment|currently|i[^.,]{1,40}))?"
    r" (?:is|are|was|has been)\s+(?:to )?(?P<object>(?:an?|the|called|my|our|build|building|making|make"
    r"|creating|create|developing|writing)\b.+)$",
    re.IGNORECASE | re.DOTALL,
)


# "so now there's Dampstick, a moisture sensor", "that is what Tonnau does", "say hello to Bramble".
PRESENTED = re.compile(
    r"(?:\b(?:now|so|and|then)\s+there(?:['’]s| is)\s+|^(?:meet|introducing|presenting|say hello to|behold)\s+"
    r"|\b(?:that|which)(?: is|['’]s) (?:what|where|why) )(?P<object>(?-i:[A-Z])\S+.*)$",
    re.IGNORECASE | re.DOTALL,
)


# What somebody does for a living or again and again: "I restore old calculators", "I sell a plugin for …".
HABIT = re.compile(
    r"^(?:i|we) (?:also |still |now |mostly )?(?:sell|restore|publish|design|draw|host|produce|curate|record|teach|make|build|develop|print) "
    r"(?!(?:it|them|this|that|in|on|at|for|to|out|up|about)\b)(?P<object>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
# "My book is out", "update: the tea timer has shipped".
OUT = re.compile(
    r"(?:^|[.:,;–—-] )(?:my|our|(?<=: )the) (?P<object>[^.,:;!?]{3,50}?) (?:has |have |is |are |just |finally |now )+"
    r"(?:shipped|launched|live|out|finished|done|released|in beta|up)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """Somebody makes something: ``thing`` is what follows the verb, ``sentence`` the index of its sentence."""

    verb: str
    thing: str
    sentence: int


@lru_cache(maxsize=512)
def without_opener(sentence: str) -> str:
    """Return ``sentence`` without greetings and adverbial openers."""
    sentence = SPHERE.sub("", sentence, count=1) if SPHERE.match(sentence) else sentence
    for _ in range(3):
        shorter = FRONT.sub("", OPENER.sub("", sentence, count=1), count=1)
        if shorter == sentence or not shorter:
            return sentence
        sentence = shorter
    return sentence


@lru_cache(maxsize=512)
def statement(sentence: str, index: int = 0) -> Statement | None:
    """Return what ``sentence`` says to be made, or None. Plans, wishes and negations do not count."""
    sentence = ASIDE.sub("", sentence[:600], count=2)
    front = without_opener(sentence)
    if project := IS_PROJECT.match(front):
        return Statement("is", project["object"].strip(), index)
    if shown := PRESENTED.search(front) or HABIT.match(front) or OUT.search(sentence):
        return Statement("is", shown["object"].strip(), index)
    starts = [front]
    starts += [sentence[match.end() :] for match in INNER.finditer(sentence)][:4]
    if FIRST_PERSON.search(sentence):
        starts += [re.sub(r"^(?:have|am|now)\s+", "", sentence[match.end() :]) for match in SHARED.finditer(sentence)][
            :3
        ]
    for pattern in (BY_MAKING, ELLIPTIC):
        starts += [sentence[match.end() :] for match in pattern.finditer(sentence)][:2]
    for start in starts:
        match = MAKER.match(re.sub(r"^(?:so|and|but|then|now)\s+", "", start, flags=re.IGNORECASE))
        if match is None:
            continue
        thing = re.sub(
            r"^(?:and|/|&) (?:\w+ing\s+|\w+\s+(?=(?:an?|the|our|my)\s))", "", (match["object"] or "").strip()
        )
        before = sentence[: len(sentence) - len(start)] + start[: match.start("verb")]
        if INTENDED.search(before) or NOT_A_THING.match(thing) or EMPLOYED.fullmatch(match["verb"]):
            continue
        if not thing.strip(" .,:;!?") and index > 0:
            continue
        return Statement(match["verb"], thing, index)
    return None


def statements(sentences: tuple[str, ...], limit: int = 40) -> list[Statement]:
    """Return the maker statements among the first ``limit`` sentences, in order."""
    found = (statement(sentence, index) for index, sentence in enumerate(sentences[:limit]))
    return [one for one in found if one is not None]


def names_a_link(thing: str) -> bool:
    """True when what is made is given by its address: "working on https://…"."""
    return thing.lstrip(" :–—-").startswith(LINK)


def is_fragment(sentence: str) -> bool:
    """True for a sentence that only names a thing: "A stock screener.", "Personalized city walks."."""
    said = without_opener(sentence).replace(LINK, " ").strip(" :–—-")
    # What the thing does is no verb of the sentence: "An AI that can control the desktop."
    first = re.split(r"\s(?:that|which|who|where|to|so)\s", said, maxsplit=1)[0].split()[:9]
    return (
        2 <= len(said.split()) <= 45
        and said[-1] not in "?!"
        and not NO_FRAGMENT.match(said)
        and not VERBS.search(" ".join(first))
        and statement(sentence) is None
    )
