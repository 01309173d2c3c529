"""What calls to language models leave behind."""

from django.db import models


class KeptAnswer(models.Model):
    """One answer of a language model, kept so that the same question costs no second call."""

    key = models.CharField(
        max_length=64, primary_key=True, help_text="A digest of endpoint, model, prompt version, schema and messages."
    )
    endpoint = models.CharField(max_length=500)
    model = models.CharField(max_length=200)
    prompt_version = models.PositiveSmallIntegerField()
    said = models.JSONField(help_text="What the model wrote, as it came.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("created_at",), name="kept_answer_created"),)

    def __str__(self) -> str:
        return f"Answer {self.key[:8]} of {self.model}"
