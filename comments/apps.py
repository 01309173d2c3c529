from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "comments"
    verbose_name = "Hacker News"  # this and those of the other apps: as the admin's menu calls where they stand

    def ready(self) -> None:
        from comments import checks  # noqa: F401
