from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        """Register the system checks of the model servers, and what follows from a withdrawn comment."""
        from projects import checks, withdrawn_comments  # noqa: F401
