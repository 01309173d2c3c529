"""What a page says after an act that can be undone: with a button that undoes it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from projects.models import ReviewAction

BUTTON = (
    '{} <form method="post" action="{}" class="inline"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
    '<input type="hidden" name="next" value="{}">'
    '<button class="cursor-pointer font-semibold ml-2 underline" data-undo>Undo</button></form>'
)


def tell_done(request: HttpRequest, text: Any, action: ReviewAction | None, back: str = "") -> None:
    """Say that something was done, with a button that takes ``action`` back and returns to ``back`` (here)."""
    messages.success(request, text if action is None else with_button(request, text, action, back))


class UndoMessages(ModelAdmin):
    """Adds the button to Django's own message after a form was saved: the act is that of ``keep_act``."""

    def keep_act(self, request: HttpRequest, action: ReviewAction | None, back: str = "") -> None:
        """Remember what the message of this request is about, of several acts the last; an undo leads ``back``."""
        request.act = action or getattr(request, "act", None)  # type: ignore[attr-defined]
        request.back = back  # type: ignore[attr-defined]

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        action = getattr(request, "act", None)
        if level == messages.SUCCESS and action is not None:
            message = with_button(request, message, action, request.back)  # type: ignore[attr-defined]
        super().message_user(request, message, level, extra_tags, fail_silently)


def with_button(request: HttpRequest, text: Any, action: ReviewAction, back: str = "") -> SafeString:
    """Return ``text`` with the button."""
    url = reverse("admin:projects_reviewaction_undo", args=[action.pk])
    return format_html(BUTTON, text, url, get_token(request), back or request.get_full_path())
