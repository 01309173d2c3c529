from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "comments"

    def ready(self) -> None:
        """Register the system check of the sources."""
        from comments import checks  # noqa: F401
