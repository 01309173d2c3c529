from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin, require
from ideas.asking import NoLanguageModel, require_language_model
from ideas.forms import DECISIONS, DONE, MEANINGS, STATUS_COLOURS, AskForm
from ideas.generation import request_ideas
from ideas.models import IdeaRun
from ideas.run_page import cards_of, state_of
from ideas.tags import tag_pool
from projects.admin.forms import seen_at
from projects.catalogue import tags_with_counts
from projects.models import Project, ReviewAction
from projects.reviewing import acts
from projects.reviewing.fields import ReviewConflict

COMPLETIONS = 12
EXAMPLES = 4


@admin.register(IdeaRun)
class IdeaRunAdmin(ReadOnlyAdmin):
    """Asking for ideas, following a run, and looking at what came."""

    list_display = ("asked", "shown_status", "saved", "creativity", "language_model", "started_by", "created_at")
    list_filter = ("status", "language_model")
    list_select_related = ("started_by",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ideas.add_idearun")

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdeaRun]:
        return super().get_queryset(request).annotate(idea_count=Count("ideas"))

    def get_urls(self) -> list[URLPattern]:
        def wrapped(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"ideas_idearun_{name}")

        return [
            wrapped("tags/", self.complete_tags, "tags"),
            wrapped("preview/", self.preview, "preview"),
            wrapped("<int:run_id>/state/", self.state, "state"),
            wrapped("<int:run_id>/cards/", self.cards, "cards"),
            wrapped("<int:run_id>/ideas/<int:project_id>/", require_POST(self.decide), "decide"),
            *super().get_urls(),
        ]

    # -- The list ------------------------------------------------------------------------------------------

    @display(description="asked for", ordering="num_ideas")
    def asked(self, run: IdeaRun) -> str:
        return str(run)

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, run: IdeaRun) -> tuple[str, str]:
        return run.status, run.get_status_display()

    @display(description="saved", ordering="idea_count")
    def saved(self, run: IdeaRun) -> int:
        return run.idea_count

    # -- Asking --------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponseBase:
        """Show the form, preview what would be combined, or start a run and go to its page."""
        require(self.has_add_permission(request), "ideas.add_idearun")
        form = AskForm(request.POST or None)
        wants_ideas = request.method == "POST" and "preview" not in request.POST
        if wants_ideas and form.is_valid() and (response := self._start(request, form)):
            return response
        chosen = form.wish.seed_tags if form.is_bound and form.is_valid() else ()
        return self._page(
            request,
            "ask",
            "Ask for ideas",
            form=form,
            meanings=MEANINGS,
            examples=self._examples(chosen),
            problem=_missing_model(),
        )

    def _start(self, request: HttpRequest, form: AskForm) -> HttpResponse | None:
        try:
            require_language_model()
            run = request_ideas(form.wish, started_by=request.user)
        except NoLanguageModel:
            return None  # The page says so by itself.
        except OperationalError:
            messages.error(request, "The broker cannot be reached, so nobody was asked. Try again in a moment.")
            return None
        return redirect("admin:ideas_idearun_change", run.pk)

    def complete_tags(self, request: HttpRequest) -> JsonResponse:
        """Return the tags that hold what was typed, the most used first, with how many projects have each."""
        require(self.has_add_permission(request), "ideas.add_idearun")
        typed = request.GET.get("q", "").strip().lower().lstrip("#").replace("\0", "")
        tags = tags_with_counts().filter(name__contains=typed).exclude(name__contains=",")
        found = tags.order_by("-project_count", "name").values_list("name", "project_count")[:COMPLETIONS]
        return JsonResponse({"tags": [{"name": name, "projects": count} for name, count in found]})

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Return what would be combined, for the page that shows it while one types."""
        require(self.has_add_permission(request), "ideas.add_idearun")
        form = AskForm({"num_ideas": 1, "creativity": 1, "tags": request.GET.get("tags", "")})
        if not form.is_valid():
            return render(request, "admin/ideas/idearun/preview.html", {"errors": form.errors.get("tags")})
        return render(request, "admin/ideas/idearun/preview.html", {"examples": self._examples(form.wish.seed_tags)})

    def _examples(self, seed_tags: Any) -> dict[str, Any]:
        pool = tag_pool(seed_tags)
        drawn = pool.draw(1 if len(seed_tags) > 1 else EXAMPLES)
        return {"sets": drawn, "is_starter_list": pool.is_starter_list, "is_fixed": len(seed_tags) > 1}

    # -- One run -------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Show how far a run has come, and its ideas as cards."""
        run = self._run(request, object_id)
        return self._page(
            request,
            "run",
            str(run),
            run=run,
            state=state_of(run),
            cards=cards_of(run),
            may_decide=request.user.has_perm("projects.change_project"),
            status_colour=STATUS_COLOURS[run.status],
        )

    def state(self, request: HttpRequest, run_id: int) -> JsonResponse:
        """Return how far a run has come."""
        return JsonResponse(state_of(self._run(request, run_id)))

    def cards(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Return the cards that there are by now."""
        return self._cards(request, self._run(request, run_id))

    def decide(self, request: HttpRequest, run_id: int, project_id: int) -> HttpResponse:
        """Keep, discard or bookmark an idea; a script gets the card, a form goes back to the page.

        What somebody else did since the page was made is not overwritten: the page tells of it.
        """
        run = self._run(request, run_id)
        require(request.user.has_perm("projects.change_project"), "projects.change_project")
        if not run.ideas.filter(project_id=project_id).exists():
            raise Http404(f"Run {run_id} has no idea {project_id}.")
        changes = DECISIONS.get(request.POST.get("decision", ""))
        if changes is None:
            return HttpResponse(f"decision takes one of {', '.join(DECISIONS)}.", status=400, content_type="text/plain")
        page = redirect(f"{reverse('admin:ideas_idearun_change', args=[run_id])}#idea-{project_id}")
        by_script = bool(request.headers.get("X-Requested-With"))
        try:
            self._decide(request, project_id, changes)
        except ReviewConflict as conflict:
            messages.warning(request, str(conflict))
            # The script loads the page again then.
            return HttpResponse(str(conflict), status=409, content_type="text/plain") if by_script else page
        return self._cards(request, run, project_id) if by_script else page

    def _decide(self, request: HttpRequest, project_id: int, changes: dict[str, Any]) -> None:
        with transaction.atomic():
            seen = seen_at(request.POST.get("seen", ""))
            acts.change(project_id, changes, request.user, ReviewAction.Place.IDEAS, seen)
            project = Project.objects.without_heavy_fields().get(pk=project_id)
            self.log_change(request, project, f"{DONE[request.POST['decision']]}.")

    def _run(self, request: HttpRequest, run_id: Any) -> IdeaRun:
        run = self.get_object(request, str(run_id))
        if run is None:
            raise Http404(f"There is no run {run_id}.")
        require(self.has_view_permission(request, run), "ideas.view_idearun")
        return run

    def _cards(self, request: HttpRequest, run: IdeaRun, project_id: int | None = None) -> HttpResponse:
        context = {
            "run": run,
            "cards": cards_of(run, project_id),
            "may_decide": request.user.has_perm("projects.change_project"),
        }
        return render(request, "admin/ideas/idearun/cards.html", context)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "media": self.media}
        context |= {"has_view_permission": True, "has_add_permission": self.has_add_permission(request)}
        context["ideas_list"] = (
            f"{reverse('admin:projects_project_changelist')}?source__exact={Project.Source.NEMO_DATA_DESIGNER.value}"
        )
        return TemplateResponse(request, f"admin/ideas/idearun/{template}.html", context)


def _missing_model() -> str:
    """Return what keeps ideas from being made, as a person reads it; empty where nothing does."""
    try:
        require_language_model()
    except NoLanguageModel as error:
        return str(error)
    return ""
