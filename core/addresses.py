"""Where an address that somebody wrote into a text ends. Pure, and linear in the length of the text.

People write on without a space, and the page that makes links of addresses takes what follows along: a bracket, the
mark of a footnote, the first word of the next sentence. All who look for addresses in texts ask here.
"""

import re
from collections.abc import Iterator

LONGEST_ADDRESS = 2_000  # bytes; browsers and servers commonly end there
MOST_ADDRESSES = 2_000  # of a text that are looked at: nobody writes more

START = re.compile(r"https?://(?=[^\s/?#])", re.IGNORECASE)
# White space and quotation marks, what full-width scripts write between words, invisible signs (joiners stay: they
# belong to words of other scripts), emoji, small raised digits, and what no browser leaves unencoded.
NEVER_INSIDE = re.compile(
    r"[\s<>\"“”„«»‹›`{}\\^—…‼⁉※"
    r"\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffc"
    r"\u3000-\u3004\u3008-\u3020\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\u00b9\u00b2\u00b3\u2070-\u2079\u2080-\u2089\u2460-\u2473†‡"
    r"\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\U0001f000-\U0001faff\U000e0000-\U000e007f]"
)
USER = r"[\w.~%!$&'*+=:-]{1,200}@"
USER_OF = re.compile(rf"(?<=://){USER}", re.IGNORECASE)
HOST = re.compile(rf"(?:{USER})?(?:\[[0-9a-f:.]{{2,45}}\]|[\w.-]+)(?::\d{{2,5}}(?!\d))?", re.IGNORECASE)
# The next sentence's first word, behind names in small letters: "app.example.It is", "app.ioAlso".
WORD = re.compile(r"[A-Z][a-z]*")
NEXT_WORD = re.compile(r"(?<=[a-z])[A-Z][a-z]*$")
NEXT_SENTENCE = re.compile(r"[.!,;](?=[A-Z][a-z]*(?:['’][a-z]+)?$)")
FOREIGN_LETTER = re.compile(r"[^\x00-\x7f]")
# Of scripts that are written without spaces.
UNSPACED = re.compile(r"(?<=[\x21-\x7e])[\u0e00-\u0eff\u3005-\u3007\u3021-\u30ff\u3400-\u9fff\uac00-\ud7af]")
HALF_AN_ENTITY = re.compile(r"&(?:[lg]t|quot|amp|#x?\w{2,3});?$")
NEXT_ADDRESS = re.compile(r"(?<![/=?&:%])https?://|(?<![,;|])[,;|]+(?=www\.\w)", re.IGNORECASE)
FOOTNOTE_MARK = re.compile(r"\[\d{1,2}\](?![^\s#&]*=)|(?<![_-])\(\d{1,2}\)$")
# Between columns, or where a path would go on.
SIGN_IN_PATH = re.compile(r"\||(?<=/)(?:[,;]|[.!:'’](?=[A-Z]|$))")
DASH = re.compile(r"–(?!\w)")
QUERY = re.compile(r"[^?#]*")
AT_THE_END = ".,;:!?'’*…·|–"


def addresses_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, address) of each http and https address in ``text``, in order, without users and passwords."""
    at = 0
    for _ in range(MOST_ADDRESSES):
        match = START.search(text, at)
        if match is None:
            return
        start = match.start()
        end = start + address_length(text[start : start + LONGEST_ADDRESS + 200])
        end -= _emphasis(text, start, end)
        at = max(end, match.end())
        if end > match.end() and len(text[start:end].encode()) <= LONGEST_ADDRESS:
            yield start, end, without_user(text[start:end])
        elif end > match.end():
            # What is longer than any address is passed over as a whole.
            at = _end_of_word(text, at)


def cleaned_address(written: str) -> tuple[str, str]:
    """Return the address that ``written``, the target of a link, begins with, and what the link took along with it.

    The address is "" where there is none.
    """
    if not START.match(written):
        return "", written
    if len(written) > LONGEST_ADDRESS + 200:
        return written, ""
    end = address_length(written)
    address = without_user(written[:end])
    return (address, written[end:]) if START.match(address) else ("", written)


def without_user(address: str) -> str:
    """Return ``address`` without the user and the password that stand before its host."""
    return USER_OF.sub("", address, count=1) if "@" in address else address


def address_length(written: str) -> int:
    """Return how many characters of ``written``, which begins with http:// or https://, are the address."""
    front = written.index("://") + 3
    for ends in (NEVER_INSIDE, HALF_AN_ENTITY, NEXT_ADDRESS):
        if found := ends.search(written, front):
            written = written[: found.start()]
    host = HOST.match(written, front)
    if host is None:
        return front
    end = _end_of_host(written, front, host.end())
    if end == len(written) or end < host.end() or written[end] not in "/?#":
        return len(written[:end].rstrip(".-_:"))
    return end + _length_of_path(written[end:])


def _end_of_host(written: str, front: int, end: int) -> int:
    host = written[front:end]
    last = host.rfind(".") + 1
    label = host[last:]
    if last and label[:1].isascii() and (foreign := FOREIGN_LETTER.search(label)):
        return front + last + foreign.start()
    if host.count(".") > 1 and host[:last].islower() and WORD.fullmatch(label):
        return front + last - 1
    if last and (word := NEXT_WORD.search(label)) and label[: word.start()].islower():
        return front + last + word.start()
    return end


def _length_of_path(path: str) -> int:
    """Return how many characters of ``path``, with its query and fragment, belong to the address."""
    if found := FOOTNOTE_MARK.search(path) or DASH.search(path):
        path = path[: found.start()]
    plain = QUERY.search(path)[0]  # type: ignore[index]
    if found := SIGN_IN_PATH.search(plain):
        plain = path = plain[: found.start()]
    # "/wiki/柿" is a page of that name; "/appを" and "/给" are the sentence that goes on.
    if (found := UNSPACED.search(plain)) and (plain[found.start() - 1] != "/" or found.start() == 1):
        plain = path = plain[: found.start()]
    if plain == path and (found := NEXT_SENTENCE.search(path)):
        part = path[: found.start()].rpartition("/")[2]
        if "." not in part and not any(map(str.isupper, part)):
            path = path[: found.start()]
    return len(path[: _end_by_brackets(path)].rstrip(AT_THE_END))


def _end_by_brackets(path: str) -> int:
    """Return where a bracket closes that the address did not open, or opens one that it does not close."""
    opened: list[int] = []
    for at, sign in enumerate(path):
        if sign in "([":
            opened.append(at)
        elif sign in ")]" and (not opened or path[opened.pop()] + sign not in ("()", "[]")):
            return at
    return opened[0] if opened else len(path)


def _emphasis(text: str, start: int, end: int) -> int:
    """Return 1 where ``_https://…_`` is set between signs of emphasis."""
    return int(end > start and text[end - 1] == "_" and start > 0 and text[start - 1] == "_")


def _end_of_word(text: str, at: int) -> int:
    space = re.compile(r"\s|$").search(text, at)
    return space.start() if space else len(text)
