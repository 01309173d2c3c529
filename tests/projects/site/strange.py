"""What people, scanners and broken links put into the parameters of an address."""

STRANGE = {
    "empty": "",
    "spaces": "   ",
    "many words": "word " * 2000,
    "one long word": "x" * 10_000,
    "long number": "9" * 5000,
    "nul": "a\0b",
    "quotes": "\"'`“",
    "open quote": '"rust',
    "sql": "'; DROP TABLE projects_project; --",
    "script": "<script>alert(1)</script>",
    "right to left": "שלום \u202e عربى",
    "emoji": "👩\u200d👩\u200d👧 🚀",
    "operators": "& | ! <-> :* ( ) \\",
    "minus": "-",
    "only not": "-rust",
    "contradiction": "rust -rust",
    "half conditions": "tag: month:2026-99 site:http:// author:",
    "percent": "100% _ %",
    "half a surrogate pair": "\ud800",
    "lines": "a\r\nb\u2028c",
    "negative": "-1",
    "other digits": "٣",
    "braces": "{{ 7*7 }} {% now %}",
    "path": "../../etc/passwd",
}


def as_sent(text: str) -> bytes:
    """Return ``text`` as bytes of a query, a half surrogate pair too."""
    return text.encode("utf-8", "surrogatepass")
