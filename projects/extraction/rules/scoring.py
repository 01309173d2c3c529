"""Two scores from signals that can be seen in a text, each with the reasons it came from. Pure.

A score starts at its base, every signal that is found adds its weight once, and the sum is rounded into 1 to 10. The
tables below are all there is to it. The weights were set by hand so that the comments of one thread spread over the
range; they measure what a comment shows, not what a project is worth.
"""

import re
from dataclasses import dataclass

IDEA_BASE = 3.0
COMPLEXITY_BASE = 3.0


@dataclass(frozen=True)
class Signal:
    """A visible sign: what is added to the score where ``pattern`` occurs, and how the reason calls it."""

    reason: str
    weight: float
    pattern: re.Pattern[str]


def _signal(reason: str, weight: float, pattern: str) -> Signal:
    return Signal(reason, weight, re.compile(pattern, re.IGNORECASE))


#: How interesting the idea shows itself: who has the problem, what is different, who uses it.
IDEA_SIGNALS = (
    _signal("names the problem it solves", 1.5,
            r"\b(?:frustrat\w+|annoy\w+|tired of|fed up|struggl\w+|pain(?:ful| points?)?|problems?"
            r"|couldn['’]t find|hard to|difficult to|no good|"
            r"there(?:['’]s| is) no|lack(?:ing|s)?|cumbersome|tedious|gap|too (?:expensive|complex"
            r"|complicated|many|slow)|easier)\b"),
    _signal("says whom it is for", 1.0,
            r"\bfor (?:\w+ ){0,2}(?:developers?|teams?|students?|teachers?|companies|startups?|founders?"
            r"|businesses|people|families|parents|kids|children|"
            r"engineers?|researchers?|users|creators|communities|agents|doctors|patients|musicians|artists"
            r"|designers?|players|collectors|beginners|"
            r"athletes|brokers|buyers|owners|nurses|scientists|vegans|travell?ers|writers|readers|learners"
            r"|clubs|consultants|bookstores)\b"
            r"|\bhelps? (?:you|people|users|\w+ers|teams|companies)\b"),
    _signal("sets itself apart from what exists", 1.5,
            r"\b(?:unlike|alternative to|instead of|better than|as opposed to|rather than"
            r"|existing (?:tools?|apps?|solutions?|options|offerings)|compared to|"
            r"differen(?:t|ce|tly)|unique|twist|other (?:tools|apps|options|solutions|platforms))\b"),
    _signal("claims something new", 1.1,
            r"\b(?:first(?:-ever| of its kind)|novel|invent\w*|new (?:kind|way|type|method|approach|form)"
            r"|never been|reimagin\w+|rethink\w*|what if|"
            r"the first (?!time|step|draft|version|thing|week|part|place))"),
    _signal("has users or income", 2.2,
            r"\b(?:paying (?:customers?|users?|clients?)|(?:\d[\d,.]*k?\+?|hundreds of|thousands of|many"
            r"|first|serving over \d+|our|current) (?:\w+ ){0,2}(?:users|customers|clients|"
            r"downloads|installs|subscribers|members|players|doctors|shoppers|students|employees|stars)"
            r"|revenue|\bmrr\b|\barr\b|profitable|traction|licensees)\b"),
    _signal("has outside backing", 0.9, r"\b(?:techstars|y combinator|yc [sw]\d\d|funding round|raised \$?\d|kickstarter|seed round|grant)\b"),
    _signal("serves health, access, climate or the public", 1.5,
            r"\b(?:health(?:care)?|medical|patients?|blind|visually impaired|accessib\w+|disab\w+|climate"
            r"|sustainab\w+|energy|nonprofit|public benefits?|"
            r"rare diseases?|surgery|surgeons?|education|citizens|repair)\b"),
    _signal("is open source", 0.8, r"\bopen[- ]?sourc\w+|\b(?:OSS|FOSS|GPL|AGPL|MIT licen[cs]e)\b"),
    _signal("respects privacy or can be run by oneself", 0.8,
            r"\b(?:self[- ]host\w*|local[- ]first|privacy\w*|end-to-end|e2e|offline|decentrali[sz]ed"
            r"|federated)\b"),
    _signal("follows a crowded path", -1.9,
            r"\b(?:to-?do (?:list|app)|note[- ]?taking|notes app|personal (?:web ?site|blog|site)"
            r"|portfolio site|my (?:blog|website)|static site generator|url shortener|"
            r"weather app|habit tracker|expense tracker|yet another|another (?:one|static|todo)|clone of"
            r"|wordle|chat ?gpt wrapper|link in bio|budget(?:ing)? app|"
            r"blog platform|job board|programming language|recipe)\b"),
    _signal("is made for oneself or for practice", -1.0,
            r"\b(?:just for fun|for myself|toy project|hobby project|to learn|learning (?:project"
            r"|experience)|for practice|no plans to|pet project|for my own use)\b"),
    _signal("is only an idea so far", -0.8, r"\b(?:concept phase|not (?:yet )?started|ideating|just an idea|thinking about|might never|someday)\b"),
)  # fmt: skip

#: How much work and difficulty shows itself.
COMPLEXITY_SIGNALS = (
    _signal("deep systems work", 3.0,
            r"\b(?:compilers?|kernel|operating system|hypervisor|database engine|query engine"
            r"|storage engine|javascript engine|jit|garbage collect\w*|linker|"
            r"code generator|file ?system|emulators?|emulation|interpreter|programming language"
            r"|virtual machine|bytecode|firmware|cross-toolchains?|codec|modems?)\b"),
    _signal("distributed or large-scale systems", 2.0,
            r"\b(?:distributed|multi-cloud|global network|kubernetes|k8s|control planes?|at scale"
            r"|high availability|load balanc\w+|real[- ]?time|"
            r"peer-to-peer|p2p|crdts?|federated|consensus|rollups?|tenanted|multi-?tenant|low latency"
            r"|edge network|millions?|billions?)\b"),
    _signal("cryptography or security", 1.5,
            r"\b(?:cryptograph\w+|encrypt\w+|zero[- ]knowledge|oidc|openid|mtls|x509|vpn|wireguard|firewall"
            r"|anti-cheat|malware|fraud|vulnerabilit\w+|sso)\b"),
    _signal("machine learning of its own", 2.2,
            r"\b(?:train(?:ing|ed)? (?:\w+ ){0,3}models?|neural net\w*|reinforcement learning|fine-?tun\w+"
            r"|spiking|computer vision|machine learning|deep learning|"
            r"named entity recognition|segmentation|\bml\b|gpu)\b"),
    _signal("uses language models", 0.9, r"\b(?:llms?|gpt-?\w*|chatgpt|claude|gemini|llama|openai|ai agents?|rag|\bai\b)\b"),
    _signal("hardware to be built", 2.8,
            r"\b(?:pcb|hardware|microcontroller|sensors?|circuits?|esp32|esp board|rp2040|raspberry pi"
            r"|arduino|fpga|soldering|battery|load cell|3d print\w*|radar|"
            r"robots?|robotics|motor|telescope|aircraft|drone|satellite|device|cnc)\b"),
    _signal("science or engineering at its base", 2.0,
            r"\b(?:scientific|physics|single-crystal|gene expression|bioinformatics|simulat\w+|aircraft"
            r"|propulsion|finite element|signal processing|neurotech\w*|brain|"
            r"formal (?:proof|verification)|proofs?|actuarial|optimi[sz]ation|algorithms?|biotech"
            r"|materials science|surgery)\b"),
    _signal("3D, graphics or a game engine", 1.9,
            r"\b(?:3d|shaders?|ray ?(?:tracing|march\w*)|game engine|rendering|renderer|webgl|webgpu|opengl"
            r"|vulkan|unreal|unity|godot|multiplayer|physics engine|\bvr\b|glsl)\b"),
    _signal("a language close to the machine", 1.1,
            r"(?-i:\bRust\b|\bZig\b|\bC\+\+|\b[Ii]n C\b|\bassembly\b|\bNim\b)|\bc\+\+|\b(?:cuda|wasm"
            r"|webassembly|aarch64|assembler)\b"),
    _signal("several platforms", 1.0,
            r"\b(?:cross-platform|multi-?platform|ios and android|android and ios|windows,? (?:mac\w*"
            r"|linux)|mac\w*,? (?:and )?(?:windows|linux)|mobile and (?:web|desktop)|web and mobile)\b"),
    _signal("many parts joined together", 1.0, r"\b(?:integrat\w+|platform|pipeline|infrastructure|workflow engine|sdks?|erp|backend and frontend|full[- ]stack|architecture)\b"),
    _signal("years of work or a team", 1.2,
            r"\b(?:(?:for|past|last|over|after|~ ?\d+|\d+\+?|few|several|many|two|three|four"
            r"|five) (?:\w+ )?years|years in|our team|team of|co-?founders?|a team|ton of work"
            r"|full[- ]time)\b"),
    _signal("called small or simple", -1.6,
            r"\b(?:simple|small|tiny|minimal(?:ist)?|basic|weekend|little|quick|lightweight|bookmarklet"
            r"|script|toy|single[- ]file|in a (?:day|few hours)|yesterday|this week)\b"),
    _signal("words rather than software", -1.5,
            r"\b(?:(?:writing|wrote|written|publish\w*|record\w*|my|our|first|new|an?"
            r"|series of) (?:[\w/-]+ ){0,2}(?:books?|novels?|blog|newsletter|course|tutorials?|videos|essays|"
            r"masterclass|screenplay|story|stories)|personal (?:web ?site|site)|landing page)\b"),
    _signal("no-code or a ready-made base", -0.6, r"\b(?:no-?code|wordpress|google sheets?|shopify|notion|bubble\.io|template)\b"),
)  # fmt: skip

#: (fewest words, weight) of the text's length: who describes much has mostly thought much.
IDEA_LENGTHS = ((12, 0.0), (40, 0.6), (100, 1.0), (180, 1.3))
SHORTEST_IDEA = -1.2
#: (fewest technologies named, weight).
TECHNOLOGY_COUNTS = ((2, 0.5), (3, 0.9), (5, 1.4))
LINK_WEIGHT = 0.8
RANGE = (1, 10)


def idea_score(text: str, words: int, has_own_link: bool) -> tuple[int, str]:
    """Return the score of the idea, 1 to 10, and its reasons. ``words`` is the length of ``text``."""
    found = _found(IDEA_SIGNALS, text)
    if has_own_link:
        found.append(("can be looked at", LINK_WEIGHT))
    if words < IDEA_LENGTHS[0][0]:
        found.append(("hardly described", SHORTEST_IDEA))
    else:
        weight = _step(IDEA_LENGTHS, words)
        if weight:
            found.append(("described at some length", weight))
    return _scored(IDEA_BASE, found)


def complexity_score(text: str, technologies: int) -> tuple[int, str]:
    """Return the score of the complexity, 1 to 10, and its reasons. ``technologies`` are those named in ``text``."""
    found = _found(COMPLEXITY_SIGNALS, text)
    weight = _step(TECHNOLOGY_COUNTS, technologies)
    if weight:
        found.append((f"{technologies} technologies named", weight))
    return _scored(COMPLEXITY_BASE, found)


def _found(signals: tuple[Signal, ...], text: str) -> list[tuple[str, float]]:
    return [(signal.reason, signal.weight) for signal in signals if signal.pattern.search(text)]


def _step(steps: tuple[tuple[int, float], ...], count: int) -> float:
    return max((weight for fewest, weight in steps if count >= fewest), default=0.0)


def _scored(base: float, found: list[tuple[str, float]]) -> tuple[int, str]:
    lowest, highest = RANGE
    score = min(highest, max(lowest, round(base + sum(weight for _, weight in found))))
    strongest = sorted(found, key=lambda one: -abs(one[1]))
    listed = ", ".join(f"{reason} ({weight:+.1f})" for reason, weight in strongest)
    return score, f"From {base:.0f}: {listed}."[:500] if listed else f"No sign in the text moves it from {base:.0f}."
