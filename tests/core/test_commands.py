"""What commands share: in a database that is not up to date they say so, and raise no error of the database."""

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command",
    [
        ["add_waywo_post", "950000000"],
        ["analytics"],
        ["cancel_task", "00000000-0000-0000-0000-000000000000"],
        ["export_projects"],
        ["find_duplicates"],
        ["process_waywo_comments"],
        ["reembed"],
        ["search_projects", "rust"],
        ["task_status", "00000000-0000-0000-0000-000000000000"],
    ],
    ids=lambda command: command[0],
)
def test_a_database_that_is_behind_is_named(command, settings):
    settings.EMBEDDED_POSTGRESQL = None
    MigrationRecorder.Migration.objects.filter(app="projects").latest("pk").delete()
    with pytest.raises(CommandError, match=r"not up to date: run manage\.py migrate"):
        call_command(*command)
