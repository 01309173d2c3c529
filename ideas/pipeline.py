"""The columns of an idea, and the run of NeMo Data Designer that fills them. No database; loads pandas when it runs.

Data Designer renders Jinja. Templates are constants of this module; tags, titles and what the model wrote are values
of columns, which are never rendered themselves. It also reads a value that is JSON as JSON, so tags are drawn as
hashtags: no JSON begins with "#".
"""

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from core.http import in_short
from ideas.data_designer import import_data_designer
from ideas.model_client import lent
from ideas.prompts import COMPLEXITY_SCORES, IDEA_SCORES, IDEA_SYSTEM, JUDGE_SYSTEM, METADATA_SYSTEM, Metadata, Quality
from ideas.tags import TagPool, personas
from projects.extraction.prompts import fenced, new_mark
from projects.language.answers import schema_of
from projects.language.metering import Usage
from projects.language.model import LanguageModel

STRUCTURED_TEMPERATURE, JUDGE_TEMPERATURE = 0.1, 0.2
# Two or three paragraphs are 400 tokens; a small model writes more before it ends.
ANSWER_TOKENS = 1_500
TAKEN_TITLES = 20
NONE = "(none)"


class PipelineError(Exception):
    """Data Designer could not run at all; the message is one line."""


@dataclass(frozen=True)
class Record:
    """One finished row: what was drawn, and what the model made of it, not yet checked."""

    primary_tag: str
    secondary_tags: tuple[str, ...]
    audience: str
    target_complexity: int
    prose: str
    title: str
    short_description: str
    description: str
    hashtags: list[Any]
    idea_score: Any
    idea_reason: str
    complexity_score: Any
    complexity_reason: str


@dataclass
class Pipeline:
    """One run of Data Designer in ``folder``, which the caller makes and removes.

    ``taken`` are titles that no idea may repeat. After ``records`` ends, ``usage`` and ``errors`` (a line for each
    row that failed) are filled.
    """

    model: LanguageModel
    pool: TagPool
    creativity: float
    folder: Path
    taken: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    errors: list[str] = field(default_factory=list)

    def records(self, count: int) -> Iterator[Record]:
        """Yield each of ``count`` rows as it is finished; rows that fail are left out. Raises PipelineError.

        Data Designer works in a thread of its own, so that the caller can save meanwhile. When the caller leaves
        early, it stops at the next finished row.
        """
        rows: queue.Queue[Path | Exception | None] = queue.Queue()
        left = threading.Event()

        def finished(path: Path) -> None:
            if left.is_set():
                raise InterruptedError("Nobody waits for the rest.")
            rows.put(path)

        def work() -> None:
            try:
                self._create(count, finished)
            except Exception as error:  # noqa: BLE001 - the caller's thread raises it
                rows.put(error)
            else:
                rows.put(None)

        threading.Thread(target=work, name="data-designer", daemon=True).start()
        try:
            while (came := rows.get()) is not None:
                if isinstance(came, Exception):
                    raise PipelineError(f"Data Designer failed: {in_short(came)}") from came
                yield from self._read(came)
        finally:
            left.set()

    def _create(self, count: int, finished: Any) -> None:
        designing = import_data_designer(self.folder.parent / "home")
        with lent(self.model, self.usage) as name:
            self._design(designing, name, count, finished)

    def _design(self, designing: Any, provider: str, count: int, finished: Any) -> None:
        config = designing.config
        designer = designing.Designer(
            self.folder,
            # Its client is ours, which knows where the model is.
            model_providers=[config.ModelProvider(name=provider, endpoint=self.model.base_url, api_key="ours")],
            auto_configure_logging=False,
        )
        designer.set_run_config(
            config.RunConfig(
                # One row a group: each is handed on as soon as it is finished, and a dead run keeps what it had.
                buffer_size=1,
                max_concurrent_row_groups=self.model.calls_at_once,
                # A row that fails costs itself only.
                disable_early_shutdown=True,
                # A wrong answer is asked for once more, with the error, as everywhere here.
                max_conversation_restarts=0,
                max_conversation_correction_steps=1,
                # No port is opened for metrics.
                otel_metrics_port=None,
                async_trace=True,
                # Templates are ours; the "secure" engine would escape quotes in tags as HTML.
                jinja_rendering_engine="native",
            )
        )
        try:
            designer.create(self.build(config, provider), num_records=count, on_batch_complete=finished)
        except Exception:
            # Without a single row Data Designer raises; the rows' own errors tell more.
            if not designer.row_errors():
                raise
        finally:
            self.errors = designer.row_errors()

    def _model(
        self, config: Any, provider: str, alias: str, temperature: float, answer: type[BaseModel] | None = None
    ) -> Any:
        return config.ModelConfig(
            alias=alias,
            model=self.model.name,
            provider=provider,
            # Asked before, by one call instead of three.
            skip_health_check=True,
            inference_parameters=config.ChatCompletionInferenceParams(
                temperature=temperature,
                max_tokens=ANSWER_TOKENS,
                max_parallel_requests=self.model.calls_at_once,
                extra_body={"form": answer.__name__} if answer else None,
            ),
        )

    def build(self, config: Any, provider: str) -> Any:
        """Return the columns as a config builder of Data Designer; ``config`` is its module of that name."""
        builder = config.DataDesignerConfigBuilder(
            model_configs=[
                self._model(config, provider, "creative", self.creativity),
                self._model(config, provider, "structured", STRUCTURED_TEMPERATURE, Metadata),
                self._model(config, provider, "judge", JUDGE_TEMPERATURE, Quality),
            ]
        )
        for column in (*self._drawn(config), *_written(config), *_flattened(config)):
            builder.add_column(column)
        return builder

    def _drawn(self, config: Any) -> Iterator[Any]:
        weights = list(self.pool.weights.items())
        yield config.SamplerColumnConfig(
            name="primary_tag",
            sampler_type="category",
            params=config.CategorySamplerParams(
                values=[hashtags([name]) for name, _ in weights], weights=[weight for _, weight in weights]
            ),
        )
        together = {
            hashtags([name]): [hashtags(tags) for tags in sets] for name, sets in self.pool.combinations.items()
        }
        yield config.SamplerColumnConfig(
            name="secondary_tags",
            sampler_type="subcategory",
            params=config.SubcategorySamplerParams(category="primary_tag", values=together),
        )
        taken = "; ".join(title[:80] for title in self.taken[-TAKEN_TITLES:])
        for name, values in (("target_audience", personas()), ("taken", [f"Titles: {taken or NONE}"])):
            yield config.SamplerColumnConfig(
                name=name, sampler_type="category", params=config.CategorySamplerParams(values=values)
            )
        yield config.SamplerColumnConfig(
            name="target_complexity",
            sampler_type="uniform",
            params=config.UniformSamplerParams(low=1, high=10),
            convert_to="int",
        )

    def _read(self, path: Path) -> Iterator[Record]:
        import pandas

        tags_of = {hashtags([name]): name for name in self.pool.weights}
        sets_of = {hashtags(tags): tags for sets in self.pool.combinations.values() for tags in sets}
        for row in pandas.read_parquet(path).to_dict("records"):
            yield Record(
                primary_tag=tags_of[row["primary_tag"]],
                secondary_tags=sets_of[row["secondary_tags"]],
                audience=row["target_audience"],
                target_complexity=min(10, max(1, int(row["target_complexity"]))),
                prose=str(row["idea"]),
                title=str(row["title"]),
                short_description=str(row["short_description"]),
                description=str(row["description"]),
                hashtags=json.loads(row["hashtags"]),
                idea_score=row["idea_score"],
                idea_reason=str(row["quality"]["idea"]["reasoning"]),
                complexity_score=row["complexity_score"],
                complexity_reason=str(row["quality"]["complexity"]["reasoning"]),
            )


def hashtags(tags: Any) -> str:
    """Return the tags as they stand in a prompt."""
    return " ".join(f"#{name}" for name in tags) or NONE


def _written(config: Any) -> Iterator[Any]:
    """Yield the columns that the model writes. The marks differ with every run, so no value can close a fence."""
    mark = new_mark()
    drawn = fenced(
        "Primary tag: {{ primary_tag }}\nSecondary tags: {{ secondary_tags }}\nAudience: {{ target_audience }}\n"
        "Complexity: {{ target_complexity }} of 10\nAlready taken. {{ taken }}",
        mark,
    )
    idea = fenced("Tags: {{ primary_tag }} {{ secondary_tags }}\n\n{{ idea }}", mark)
    yield config.LLMTextColumnConfig(
        name="idea", model_alias="creative", system_prompt=IDEA_SYSTEM, prompt=f"{drawn}\n\nInvent one project."
    )
    yield config.LLMStructuredColumnConfig(
        name="metadata",
        model_alias="structured",
        system_prompt=METADATA_SYSTEM,
        prompt=f"The idea:\n{idea}\n\nDescribe the project.",
        # Without the docstrings, which a small model takes for a title.
        output_format=schema_of(Metadata),
    )
    yield config.LLMJudgeColumnConfig(
        name="quality",
        model_alias="judge",
        system_prompt=JUDGE_SYSTEM,
        prompt=f"The idea:\n{idea}\n\nJudge it: how good an idea it is, and how hard to build.",
        scores=[
            config.Score(name="idea", description="How good an idea it is.", options=IDEA_SCORES),
            config.Score(name="complexity", description="How hard it is to build.", options=COMPLEXITY_SCORES),
        ],
    )


def _flattened(config: Any) -> Iterator[Any]:
    for name in ("title", "short_description", "description"):
        yield config.ExpressionColumnConfig(name=name, expr=f"{{{{ metadata.{name} }}}}")
    yield config.ExpressionColumnConfig(name="hashtags", expr="{{ metadata.hashtags | tojson }}")
    for name in ("idea", "complexity"):
        yield config.ExpressionColumnConfig(name=f"{name}_score", expr=f"{{{{ quality.{name}.score }}}}", dtype="int")
