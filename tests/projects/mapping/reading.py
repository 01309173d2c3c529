"""Takes the file of the map apart, as the page does."""

import json
import sys
from array import array
from typing import Any

CODES = {"Uint32": "I", "Int16": "h", "Uint16": "H", "Uint8": "B"}


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Return the header, and the numbers of each array."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    columns = {}
    for entry in header["arrays"]:
        column = array(CODES[entry["type"]])
        assert entry["offset"] % column.itemsize == 0
        column.frombytes(content[entry["offset"] : entry["offset"] + header["count"] * column.itemsize])
        if sys.byteorder == "big":
            column.byteswap()
        columns[entry["name"]] = column.tolist()
    assert entry["offset"] + header["count"] * column.itemsize == len(content)
    return header, columns
