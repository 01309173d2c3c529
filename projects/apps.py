from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Index"

    def ready(self) -> None:
        from projects import cancelled_tasks, checks, extracted_threads, withdrawn_comments  # noqa: F401
