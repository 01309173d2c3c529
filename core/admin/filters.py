"""Filters of lists that may be long."""

from typing import Any

from celery.states import FAILURE, PENDING, RETRY, REVOKED, STARTED, SUCCESS
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.admin.task_values import outcome_of
from core.estimating import values_of
from core.jobs.steps import UNDER_WAY


class ValuesFilter(admin.AllValuesFieldListFilter):
    """A choice among the values that a column has, which an index of the column begins with."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        # Looked up only where the choice is shown.
        self.lookup_choices: Any = SimpleLazyObject(lambda: values_of(field.model, str(field.column)))


class StateFilter(admin.SimpleListFilter):
    """A choice among the states of tasks, whether or not there are any in one."""

    title, parameter_name = "status", "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # STARTED stands for all that is under way: a task that tells its steps has another state meanwhile.
        states = (PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED)
        return [(state, outcome_of(state)) for state in states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (state := self.value()):
            return queryset
        return queryset.filter(status__in=UNDER_WAY if state == STARTED else [state])
