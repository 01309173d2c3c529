"""The content security policy: what a browser may load and do on our pages."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.defaults import permission_denied

from core.callers import address_of

HEADER = "Content-Security-Policy"
SHOWN_GIVERS = 5
LONGEST_VALUE = 4000  # Python reads no number of 4,301 digits


class ContentSecurityPolicyMiddleware:
    """Sends settings.SECURE_CSP with every page, and SECURE_CSP_ADMIN with those of the admin.

    The settings have the form that Django 6 takes, so that its own middleware can replace this one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the policy added where the view set none."""
        response = self.get_response(request)
        in_admin = request.path.startswith(reverse("admin:index"))
        policy = settings.SECURE_CSP_ADMIN if in_admin else settings.SECURE_CSP
        response.headers.setdefault(
            HEADER, "; ".join(f"{name} {' '.join(allowed)}" for name, allowed in policy.items())
        )
        return response


class ReadableQueryMiddleware:
    """Answers 400 where the query of a page of the admin holds what no database or calendar takes.

    Pages and filters of Django's admin pass it on unseen, and would answer 500.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")) and not _is_readable(request):
            return HttpResponse("The query of this address is invalid.", status=400, content_type="text/plain")
        return self.get_response(request)


def _is_readable(request: HttpRequest) -> bool:
    values = [(name, value) for name, values in request.GET.lists() for value in values]
    return not (
        "\0" in request.path
        or any("\0" in name + value or len(value) > LONGEST_VALUE for name, value in values)
        or any(name.endswith("__year") and value.isdecimal() and len(value) > 4 for name, value in values)
    )


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict | None) -> HttpResponse:
    """Return the page for who tried too many passwords (429)."""
    context = admin.site.each_context(request) | {
        "title": "Too many attempts to sign in",
        "limit": settings.AXES_FAILURE_LIMIT,
        "minutes": int(settings.AXES_COOLOFF_TIME.total_seconds() // 60),
    }
    return render(request, "waywo_site/locked_out.html", context, status=429)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the page for who has not the right that a page of the admin takes (403): which it is, and who can give it.

    ``exception`` says the right as ``app_label.codename``; else it is told from the page's name, as far as that goes.
    """
    if not request.path.startswith(reverse("admin:index")) or not request.user.is_authenticated:
        return permission_denied(request, exception)
    right = _right(str(exception)) or _right(_right_by_name(request))
    users = get_user_model().objects.filter(is_active=True)
    context = admin.site.each_context(request) | {
        "title": "You may not do this",
        "content_title": "You may not do this",
        "right": right,
        "roles_with_it": Group.objects.filter(permissions=right).values_list("name", flat=True) if right else [],
        "roles": request.user.groups.values_list("name", flat=True),
        "givers": users.filter(is_superuser=True).values_list("username", flat=True)[:SHOWN_GIVERS],
    }
    return render(request, "waywo_site/forbidden.html", context, status=403)


def _right(name: str) -> Permission | None:
    app_label, _, codename = name.partition(".")
    return Permission.objects.filter(content_type__app_label=app_label, codename=codename).first()


def _right_by_name(request: HttpRequest) -> str:
    """Return the right that a page of a model takes, from its name: projects_project_change."""
    name = str(request.resolver_match.url_name) if request.resolver_match else ""
    for model in admin.site._registry:
        start = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(start):
            page = name.removeprefix(start)
            verb = {"changelist": "view", "history": "view", "export": "view", "add": "add", "delete": "delete"}
            return f"{model._meta.app_label}.{verb.get(page, 'change')}_{model._meta.model_name}"
    return ""


def client_address(request: HttpRequest) -> str | None:
    """Return whose wrong passwords are counted; None where a session is made without a network, as by a command."""
    address = address_of(request)
    return None if address == "unknown" else address
