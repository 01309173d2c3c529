"""Rows as a file, a piece at a time, and back: CSV, JSON Lines, JSON and Excel."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

Row = dict[str, Any]

MEDIA_TYPES = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LABELS = {"csv": "CSV", "jsonl": "JSON Lines", "json": "JSON", "xlsx": "Excel"}
# Rows are sent in pieces of this size (bytes, roughly).
PIECE = 64 * 1024
# What Excel takes in a cell.
LONGEST_CELL = 32_767
# A spreadsheet runs what begins with one of these as a formula (CWE-1236).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# XML cannot hold these.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def table_file(rows: Iterable[Row], fields: Sequence[str], format: str) -> Iterator[bytes]:
    """Yield a file of ``rows`` in one of MEDIA_TYPES, the columns in the order of ``fields``.

    Memory does not grow with the number of rows; an Excel file is made on disk first. In CSV and Excel no cell runs
    as a formula and lists are joined by ", ". Raises ValueError for another format.
    """
    if format not in MEDIA_TYPES:
        raise ValueError(f"format={format!r} is invalid: it expects {', '.join(MEDIA_TYPES)}.")
    return {"csv": _csv, "jsonl": _lines, "json": _array, "xlsx": _excel}[format](rows, fields)


def _cell(value: Any) -> Any:
    """Return ``value`` as a cell: lists joined by ", ", a would-be formula with a leading "'"."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _csv(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row[name]) for name in fields})
        if out.tell() > PIECE:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _lines(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[bytes]:
    piece: list[str] = []
    size = 0
    for row in rows:
        piece.append(json.dumps({name: row[name] for name in fields}, ensure_ascii=False) + "\n")
        size += len(piece[-1])
        if size > PIECE:
            yield "".join(piece).encode()
            piece, size = [], 0
    yield "".join(piece).encode()


def _array(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[bytes]:
    """Yield one JSON array, a row a line."""
    before = b"[\n"
    for piece in _lines(rows, fields):
        # A row's own line breaks are escaped, so each one here ends a row.
        if piece:
            yield before + piece.rstrip(b"\n").replace(b"\n", b",\n")
            before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[\n]\n"


def _excel(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[bytes]:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Waywo")
    sheet.freeze_panes = "A2"
    sheet.append(list(fields))
    for row in rows:
        sheet.append([_excel_cell(row[name]) for name in fields])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _excel_cell(value: Any) -> Any:
    cell = _cell(value)
    return UNPRINTABLE.sub("", cell)[:LONGEST_CELL] if isinstance(cell, str) else cell


def read_table(content: bytes, format: str, most: int) -> list[Row]:
    """Return the rows of a file in one of MEDIA_TYPES. Raises ValueError that names what is wrong with it.

    More than ``most`` rows are refused.
    """
    if format not in MEDIA_TYPES:
        raise ValueError(f"format={format!r} is invalid: it expects {', '.join(MEDIA_TYPES)}.")
    rows = list(
        islice(
            {"csv": _read_csv, "jsonl": _read_lines, "json": _read_array, "xlsx": _read_excel}[format](content),
            most + 1,
        )
    )
    if len(rows) > most:
        raise ValueError(f"The file has more than {most:,} rows: split it.")
    return rows


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The file is not UTF-8 text.") from None


def _read_csv(content: bytes) -> Iterator[Row]:
    try:
        yield from csv.DictReader(io.StringIO(_decoded(content), newline=""), restkey="", restval=None)
    except csv.Error as error:
        raise ValueError(f"The file is not CSV: {error}.") from None


def _read_lines(content: bytes) -> Iterator[Row]:
    for number, line in enumerate(_decoded(content).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise ValueError(f"Line {number} is not a JSON object.")
        yield row


def _read_array(content: bytes) -> Iterator[Row]:
    try:
        rows = json.loads(_decoded(content))
    except (ValueError, RecursionError):
        raise ValueError("The file is not JSON.") from None
    if not isinstance(rows, list):
        raise ValueError("The file is not a JSON array of objects.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ValueError(f"Entry {number} is not a JSON object.")
        yield row


def _read_excel(content: bytes) -> Iterator[Row]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        lines = sheet.iter_rows(values_only=True)
        names = [str(name or "") for name in next(lines, ())]
        for line in lines:
            if any(value is not None for value in line):
                yield dict(zip(names, line, strict=False))
    except Exception:  # noqa: BLE001 - openpyxl checks little: a broken part raises whatever its reading meets
        raise ValueError("The file is not an Excel workbook (.xlsx), or a broken one.") from None
