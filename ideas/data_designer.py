"""NeMo Data Designer, imported so that it calls nobody but the model. Heavy: only what makes ideas imports it."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.http import in_short
from projects.language.tokens import approximate_tokens


class _RoughTokenizer:
    """Stands in for tiktoken's, which would be fetched from the network."""

    def encode(self, text: str, **_: Any) -> range:
        return range(approximate_tokens(text))


@dataclass(frozen=True)
class DataDesignerModules:
    """What is used of Data Designer: its ``config`` module, and its ``DataDesigner`` with two additions."""

    config: Any
    Designer: Any


def import_data_designer(home: Path) -> DataDesignerModules:
    """Import Data Designer so that it calls nobody but the model: no telemetry, no plug-ins, no tokenizer.

    ``home`` is where it writes its defaults, else the user's home folder. The import takes 1.4 s and 170 MB.
    """
    os.environ["NEMO_TELEMETRY_ENABLED"] = "false"  # read once, at the import
    os.environ["DISABLE_DATA_DESIGNER_PLUGINS"] = "true"
    os.environ.setdefault("DATA_DESIGNER_HOME", str(home))
    from data_designer import config
    from data_designer.engine.utils import token_counting
    from data_designer.interface.data_designer import DataDesigner

    from ideas.model_client import use_our_client

    token_counting.get_cl100k_base_tokenizer = _RoughTokenizer
    use_our_client()

    class Designer(DataDesigner):
        """Keeps its builder, whose traces ``create`` does not give back, and profiles nothing."""

        _builder: Any = None

        def _create_dataset_builder(self, data_designer_config: Any, resource_provider: Any) -> Any:
            self._builder = super()._create_dataset_builder(data_designer_config, resource_provider)
            return self._builder

        def _create_dataset_profiler(self, *_: Any, **__: Any) -> Any:
            return _NoProfiler()

        def row_errors(self) -> list[str]:
            """Return a line for each row that failed: its first error."""
            failed: dict[int, str] = {}
            for trace in self._builder.task_traces if self._builder else ():
                if trace.error and trace.status != "ok":
                    failed.setdefault(trace.row_group, f"{trace.column}: {_cause(trace.error)}")
            return list(failed.values())

    return DataDesignerModules(config, Designer)


class _NoProfiler:
    """Statistics of the columns are for people who look at data sets; nobody looks at this one."""

    def profile_dataset(self, *_: Any, **__: Any) -> None:
        return None


def _cause(error: str) -> str:
    """Return what Data Designer's framed messages tell of the server's words, or name as the cause, in a line."""
    text = " ".join(error.split())
    said = re.search(r"Provider message: (.+?)\s*\|?\s*Cause:", text)
    found = said or re.search(r"Cause: (.+?)(?:\s*\|?\s*Solution:|$)", text)
    return in_short(Exception(found[1] if found else error))
