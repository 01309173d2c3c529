"""In which character set a page is written, decided as browsers do (https://encoding.spec.whatwg.org). Pure."""

import re

import webencodings

PRESCANNED = 4_096  # bytes of a page in which it may declare its set
DETECTED = 65_536  # bytes by which a set is detected where nothing names it
LABEL = r"[\"']?\s*([A-Za-z0-9_:.+-]{2,40})"
IN_HEADER = re.compile(rf";\s*charset\s*=\s*{LABEL}", re.IGNORECASE)
IN_META = re.compile(rb"<meta\s[^<>]{0,400}?charset\s*=\s*" + LABEL.encode(), re.IGNORECASE)
IN_XML = re.compile(rb"\s*<\?xml\s[^<>]{0,200}?encoding\s*=\s*" + LABEL.encode(), re.IGNORECASE)
COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
UTF_16_MARKS = {b"<\0?\0x\0": "utf-16le", b"\0<\0?\0x": "utf-16be"}
# What is left on the web beside UTF-8.
DETECTABLE = (
    "cp1252 cp932 euc_jp iso2022_jp cp949 gb18030 big5 cp1251 koi8_r cp1250 iso8859_2 cp1253 cp1254 cp1255 cp1256 "
    "cp1257 cp874 cp866 cp1258"
).split()
WINDOWS_LETTER = re.compile(rb"[\x80-\x9f]")  # control signs in the sets of ISO
# By these names Python has the sets of the standards, browsers what was written on the web: with the vendors' signs.
CODECS = {"shift_jis": "cp932", "gbk": "gb18030", "euc-kr": "cp949", "big5": "big5hkscs"}


def decoded(body: bytes, content_type: str, *, is_html: bool = True) -> str:
    """Return ``body`` as text; what its set does not have becomes U+FFFD.

    A byte order mark decides, then the ``charset`` of the header, then what the page declares (``<meta>``, XML), then
    UTF-8 where it is valid, then the likeliest set of what is there.
    """
    return body.decode(_codec(body, content_type, is_html), "replace")


def _codec(body: bytes, content_type: str, is_html: bool) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return name
    header = IN_HEADER.search(content_type)
    found = _known(header[1]) if header else ""
    return found or (_declared(body[:PRESCANNED]) if is_html else "") or _detected(body)


def _declared(head: bytes) -> str:
    """Return the codec that a page names in itself; "" where it names none that a browser knows."""
    if name := UTF_16_MARKS.get(head[:6]):
        return name
    for pattern in (IN_XML, IN_META):
        match = pattern.match(head) if pattern is IN_XML else pattern.search(COMMENT.sub(b"", head))
        if match and (codec := _known(match[1].decode("ascii"))):
            # It could be read, so it is not in two bytes a sign whatever it says.
            return "utf-8" if codec.startswith("utf-16") else codec
    return ""


def _known(label: str) -> str:
    """Return the codec of a label as browsers understand it: ``cp1252`` for ``iso-8859-1``; "" for none of them."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name == "replacement":
        return ""  # Browsers show nothing of the sets that stand for that one; what is there may be read all the same.
    if encoding.name == "x-user-defined":
        return "cp1252"
    return CODECS.get(encoding.name, encoding.codec_info.name)


def _detected(body: bytes) -> str:
    head = body[:DETECTED]
    if b"\x1b$" in head:
        return "iso2022_jp"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A body that was cut in the middle of a letter is UTF-8 nonetheless.
        if error.reason == "unexpected end of data" and len(body) - error.start < 4:
            return "utf-8"
    else:
        return "utf-8"
    # Loaded where it is needed: few pages tell nothing.
    from charset_normalizer import from_bytes

    guesses = from_bytes(head, steps=5, chunk_size=512, threshold=0.3, cp_isolation=DETECTABLE)
    likely = [name for guess in guesses for name in (guess.encoding, *guess.could_be_from_charset)]
    if not likely or "cp1252" in likely:
        return "cp1252"
    if likely[0] == "cp1250" and "iso8859_2" in likely and not WINDOWS_LETTER.search(head):
        return "iso8859_2"
    return likely[0]
