"""How a server takes schemas, remembered for every process: found out once for each address and model."""

from projects.language.model import LanguageModel, Mode
from projects.models import ModelMode


def recall(model: LanguageModel) -> None:
    """Tell ``model`` what an earlier process found out, if one did."""
    known = ModelMode.objects.filter(base_url=model.base_url, model=model.name).values_list("mode", flat=True).first()
    if known in set(Mode):
        model.mode = Mode(known)


def remember(model: LanguageModel) -> None:
    """Write down what ``model`` found out where that is new; forget what no longer works."""
    kept = ModelMode.objects.filter(base_url=model.base_url, model=model.name)
    if model.mode is None:
        kept.delete()
    elif not kept.filter(mode=model.mode).exists():
        ModelMode.objects.update_or_create(base_url=model.base_url, model=model.name, defaults={"mode": model.mode})
