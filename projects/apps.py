from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        """Register the system checks of the model servers."""
        from projects import checks  # noqa: F401
