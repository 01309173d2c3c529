from typing import Any

from django import forms

from ideas.asking import Wish, check_wish
from ideas.models import LEAST_CREATIVITY, MOST_CREATIVITY, MOST_IDEAS, IdeaRun

# From which creativity on what is to be expected; the page shows the last that applies.
MEANINGS = (
    (LEAST_CREATIVITY, "Sober: close to what exists, and much alike."),
    (0.5, "Careful: known things, newly combined."),
    (0.8, "Balanced: fresh and still within reach."),
    (1.1, "Bold: surprising, now and then beside the point."),
    (1.3, "Wild: small models lose their thread here."),
)


class AskForm(forms.Form):
    """What a person asks of the generator; ``wish`` is the checked request."""

    num_ideas = forms.IntegerField(label="How many ideas", min_value=1, max_value=MOST_IDEAS, initial=5)
    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=1000,
        help_text="Separated by commas. Every idea combines all of them. Empty: all tags, the often used more often.",
    )
    creativity = forms.FloatField(
        label="Creativity", min_value=LEAST_CREATIVITY, max_value=MOST_CREATIVITY, initial=0.85
    )
    wish: Wish

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if not self.errors:
            tags = [name for part in data["tags"].split(",") if (name := part.strip())]
            try:
                self.wish = check_wish(data["num_ideas"], tags, data["creativity"])
            except ValueError as error:
                self.add_error("tags", str(error))
        return data


DECISIONS: dict[str, dict[str, Any]] = {
    "keep": {"review_status": "approved"},
    "discard": {"review_status": "rejected"},
    "undecide": {"review_status": "pending"},
    "bookmark": {"is_bookmarked": True},
    "unbookmark": {"is_bookmarked": False},
}
# How the history of the idea names them.
DONE = {
    "keep": "Kept",
    "discard": "Discarded",
    "undecide": "Made pending again",
    "bookmark": "Bookmarked",
    "unbookmark": "Took the bookmark from it",
}
STATUS_COLOURS: dict[str, str] = {
    IdeaRun.Status.QUEUED: "info",
    IdeaRun.Status.RUNNING: "warning",
    IdeaRun.Status.SUCCESS: "success",
    IdeaRun.Status.PARTIAL: "warning",
    IdeaRun.Status.FAILED: "danger",
}
