"""The known threads: reads ``threads.yml`` and names every fault in it with its line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

THREADS_FILE = Path(__file__).with_name("threads.yml")
FIELDS = {"id": (1, 10**12 - 1), "year": (2006, 2200), "month": (1, 12)}


class ThreadsFileError(Exception):
    """``threads.yml`` cannot be used; the message has one line for each fault."""


@dataclass(frozen=True)
class KnownThread:
    """A thread on Hacker News and the month that it belongs to."""

    id: int
    year: int
    month: int


def known_threads(path: Path = THREADS_FILE) -> list[KnownThread]:
    """Return the threads of ``path``, newest first.

    Raises ThreadsFileError for a file that cannot be read, is not YAML or has a wrong entry.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ThreadsFileError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ThreadsFileError(f"{path}: is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ThreadsFileError(f"{path}{line}: is not YAML: {getattr(error, 'problem', error)}.") from None
    if not isinstance(root, yaml.SequenceNode) or not root.value:
        raise ThreadsFileError(f"{path}, line 1: must be a list of {{id, year, month}} with one entry or more.")
    faults: list[str] = []
    threads: dict[int, KnownThread] = {}
    for node in root.value:
        thread = _read_entry(node, faults)
        if thread is not None and thread.id in threads:
            faults.append(f"line {node.start_mark.line + 1}: id {thread.id} stands here a second time")
        elif thread is not None:
            threads[thread.id] = thread
    if faults:
        raise ThreadsFileError("\n".join(f"{path}, {fault}." for fault in faults))
    return sorted(threads.values(), key=lambda thread: (thread.year, thread.month, thread.id), reverse=True)


def _read_entry(node: yaml.Node, faults: list[str]) -> KnownThread | None:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        faults.append(f"line {line}: must be {{id, year, month}}, is {getattr(node, 'value', '')!r}")
        return None
    values: dict[str, Any] = {}
    before = len(faults)
    for key, value in node.value:
        name = str(key.value)
        if name not in FIELDS:
            faults.append(f"line {key.start_mark.line + 1}: unknown field {name!r}; there are id, year and month")
            continue
        if name in values:
            faults.append(f"line {key.start_mark.line + 1}: {name} stands here a second time")
        values[name] = _whole_number(name, value, faults)
    faults.extend(f"line {line}: {name} is missing" for name in FIELDS if name not in values)
    return KnownThread(**values) if len(faults) == before else None


def _whole_number(name: str, node: yaml.Node, faults: list[str]) -> int | None:
    least, most = FIELDS[name]
    text = node.value if isinstance(node, yaml.ScalarNode) else ""
    if node.tag == "tag:yaml.org,2002:int" and text.isdecimal() and least <= int(text) <= most:
        return int(text)
    shown = repr(text) if text else "not a number"
    faults.append(
        f"line {node.start_mark.line + 1}: {name} is {shown}; it expects a whole number from {least} to {most}"
    )
    return None
