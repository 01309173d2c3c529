"""Who may cancel work and start it again: who may schedule it."""

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.admin.listing import require

STEER = "django_celery_beat.add_periodictask"


class Steering(ModelAdmin):
    """The right of actions and buttons that steer work (``permissions=["steer"]``)."""

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(STEER)

    def require_steering(self, request: HttpRequest) -> None:
        """Raise PermissionDenied, which names the right, for who may not steer work."""
        require(self.has_steer_permission(request), STEER)
