"""The form field of each argument of a task."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from waywo_site.schedules.arguments import Argument


def field_name(task_name: str, argument: str) -> str:
    """Return the name of the form field of a task's argument."""
    return f"argument-{task_name}-{argument}"


class ListField(forms.Field):
    """Several values, parted by commas or blanks."""

    def __init__(self, kind: type, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def to_python(self, value: Any) -> list[Any]:
        try:
            return [self.kind(part) for part in (value or "").replace(",", " ").split()]
        except ValueError:
            raise forms.ValidationError(f"{value} is invalid: it expects {self.kind.__name__}s with commas.") from None


def field_of(argument: Argument) -> forms.Field:
    """Return the field in which an operator types ``argument``; left empty, the task's default holds."""
    words = argument.name.replace("_", " ").replace("post", "thread")  # as people call it
    about: dict[str, Any] = {
        "label": words.capitalize(),
        "required": False,
        "help_text": f"{argument.help} Expects {argument.expects}.",
    }
    default = "" if argument.default is None else str(argument.default)
    attrs = {"placeholder": default or ("needed" if argument.is_required else "")}
    if argument.choices:
        about |= {"choices": [("", default or "—"), *((one, one) for one in argument.choices)], "coerce": argument.kind}
        return forms.TypedChoiceField(widget=UnfoldAdminSelectWidget, **about)
    if argument.is_list:
        return ListField(argument.kind, widget=UnfoldAdminTextInputWidget(attrs=attrs), **about)
    if argument.kind is bool:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, initial=bool(argument.default), **about)
    if argument.kind in (int, float):
        limits: dict[str, Any] = {"min_value": argument.least, "max_value": argument.most}
        if argument.kind is float:
            widget = UnfoldAdminIntegerFieldWidget(attrs=attrs | {"step": "any"})
            return forms.FloatField(widget=widget, **limits, **about)
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget(attrs=attrs), **limits, **about)
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs=attrs), **about)
