"""Pages that say nothing of a project: "enable JavaScript", cookie walls, parked domains, blocks. Pure."""

import re

# A page of more text than this says something of its own, whatever else stands on it.
MOST_OF_A_PLACEHOLDER = 1_200  # characters
LITTLE = 60  # characters that are left beside a notice, and say nothing


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE)


# What a whole page is for; its title is of the same kind.
NO_PAGE = _any_of(
    r"\byou (?:have been|are|were) (?:temporarily |permanently )?(?:blocked|banned|rate[- ]limited)",
    r"\baccess (?:to (?:this|the) \w+ )?(?:has been |is |was )(?:temporarily )?(?:denied|blocked|forbidden|restricted)",
    r"\battention required!?\s*\|",
    r"\bchecking (?:if the site connection|your browser)",
    r"\bverif(?:y|ying) (?:that )?you(?:['’]re| are) (?:a |not a )?(?:human|robot|bot)",
    r"\bprove you(?:['’]re| are) (?:human|not a)",
    r"\bddos protection by",
    r"\bray id:",
    r"\bincapsula incident",
    r"\byour (?:request|ip(?: address)?) (?:has been|was|is) (?:blocked|denied|flagged)",
    r"\byour browser is (?:not supported|unsupported|outdated|no longer supported)",
    r"\b(?:this|the|your) (?:premium )?domain(?: name)?(?: [\w.-]+)? (?:is|may be|might be|has been|has|was) "
    r"(?:now |currently )?(?:for sale|parked|available for|expired|registered (?:at|with|by)|suspended|not connected)",
    r"\b[\w-]+\.[a-z]{2,12} (?:is|may be) (?:for sale|parked)",
    r"\bbuy (?:this|the) domain",
    r"\bparked free\b",
    r"\binquire about (?:this|the) domain",
    r"\bthere isn['’]t a github pages site here",
    # What would be a word like others within a sentence begins a line.
    r"^(?:just a moment|one moment,? please|access denied|are you (?:a )?(?:human|robot))\b",
    r"^security (?:check|verification)\b",
    r"^(?:too many requests|rate limit(?:ed)? exceeded|(?:complete|solve) the (?:captcha|challenge)|unusual traffic)\b",
    r"^(?:error )?[45]\d\d(?:$|\W*(?:not found|forbidden|gone|error|bad gateway|unauthori[sz]ed|too many|service)\b)",
    r"^(?:page|site|deployment|project|app) not found\b|^no such app\b|^this page (?:isn['’]t|is not) available",
    r"^(?:application error|bad gateway|service unavailable|internal server error|account suspended)\b",
    r"^(?:welcome to nginx|apache2? .{0,30}default page|default (?:web )?(?:site )?page|index of /)|^it works!\s*$",
    r"^(?:please )?(?:log|sign) ?in (?:to continue|to your account|first)|^please (?:log|sign) ?in\b",
    r"^(?:related searches|domain parking|this site is under maintenance)\b|^you(?:['’]re| are) being redirected",
)
# What stands on a page beside, or in place of, its own text.
NOTICE = _any_of(
    r"(?:java ?script|cookies?)\b[^.!?\n]{0,60}\b(?:enabled?|enabling|disabled|required|needed|activated?|necessary"
    r"|turn(?:ed)? (?:it )?o[nf]f?|aktivier\w+|blocked)\b",
    r"\b(?:enabl(?:e|ing)|activat(?:e|ing)|requires?|needs?|turn(?:ed)? on|disabled|allow|aktivier\w+|activez|activa"
    r"|habilit\w+|switch on)\b[^.!?\n]{0,40}\b(?:java ?script|cookies)\b",
    r"\b(?:does(?:n['’]t| not)|won['’]t|will not|can(?:no|['’])t)\b[^.!?\n]{0,40}\bwithout (?:\w+ ){0,2}java ?script",
    r"\b(?:we|this (?:web)?site|our (?:web)?site)\b[^.!?\n]{0,60}\b(?:use|uses|using|store|stores|value|values)\b"
    r"[^.!?\n]{0,60}\b(?:cookies?|your privacy|similar technologies)\b",
    r"\bwe value your privacy|\bbefore you continue to\b|\bour (?:\d+ )?partners\b|\bprivacy policy\b",
    r"\b(?:accept|reject|allow|decline|manage|refuse|deny|customi[sz]e)"
    r"(?: (?:and|all|only|non-?essential|optional|necessary|your|my|the|essential|&)){0,4}"
    r" (?:cookies?|privacy|preferences|settings|choices|consent|selection)\b|\b(?:accept|reject|deny|allow) all\b",
    r"\bcookies?[ -](?:policy|settings?|preferences|notice|consent|banner|wall)",
    r"\bby (?:clicking|using|continuing)\b[^.!?\n]{0,80}\b(?:cookies?|consent|agree)",
    r"\bsubscribe to read|\bloading(?:\.{3}|…)|^loading$|\bplease wait\b",
)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*|\n")
# What tools write into a page that nobody named.
NO_TITLE = re.compile(
    r"(?:(?:react|vue|svelte(?:kit)?|angular|webpack|next\.?js|nuxt|my|create next) app|vite(?: \+ \w+)*(?: app)?|app"
    r"|document|untitled(?: document| page)?|home ?page|home|index|welcome|loading(?:\.{3}|…)?|redirecting\W*"
    r"|my (?:site|website|blog|wordpress (?:site|blog))|new tab|title|page title|website|google|log ?in|sign (?:in|up)"
    r"|error|cookies?|cookie consent|parked domain|default page|hello world!?|coming soon|null|undefined|test)",
    re.IGNORECASE,
)


def telling(title: str, text: str) -> tuple[str, str]:
    """Return of a page's ``title`` and ``text`` what says something of it; "" for what does not.

    A page that is there to say something else (a block, a parked domain, an error) has neither.
    """
    short = len(text) <= MOST_OF_A_PLACEHOLDER
    if short and (NO_PAGE.search(title) or NO_PAGE.search(text)):
        return "", ""
    if NO_TITLE.fullmatch(title.strip()) or (NOTICE.match(title) and len(title) <= LITTLE):
        title = ""
    if short and NOTICE.search(text):
        own = "".join(part[0] for part in SENTENCE.finditer(text) if not NOTICE.search(part[0])).strip()
        return title, own if len(" ".join(own.replace(title, "").split())) > LITTLE else ""
    return title, text
