"""What machines leave, for benchmarks: readings, task results, batches and their tasks, health results, acts, runs."""

# Of each project and comment so many task results and tasks of batches, as after years of schedules and new readings.
RESULTS = BATCH_TASKS = 5
BATCHES = 100
HEALTH_RESULTS = 40_000


def seed_machines(rows: int) -> None:
    """Write a reading and an act for each of ``rows`` comments, RESULTS task results and as many batch tasks."""
    from django.utils import timezone
    from django_celery_results.models import TaskResult

    from core.models import Batch, BatchTask
    from ideas.models import IdeaRun
    from projects.models import Extraction, Project, ReviewAction, ReviewChange
    from tests.benchmarks.seeding import FIRST_COMMENT
    from tests.multiplying import multiply
    from waywo_site.models import HealthResult

    now = timezone.now()
    Extraction.objects.create(
        comment_id=FIRST_COMMENT,
        analyst="rules",
        prompt_version=3,
        status="succeeded",
        started_at=now,
        finished_at=now,
        steps=[{"step": "segment_and_judge", "seconds": 0.1, "outcome": "one project"}] * 5,
        segments=[{"text": "word " * 80, "rejection": "", "reason": ""}],
        llm_calls=2,
        tokens_in=2000,
        tokens_out=400,
    )
    # Most of them lately.
    began = "one.started_at - power(hashint4(n) / 4294967296.0 + 0.5, 3) * interval '40 days'"
    multiply(
        Extraction,
        rows - 1,
        comment_id=f"{FIRST_COMMENT} + n",
        analyst="CASE WHEN n % 3 = 0 THEN 'qwen3-8b' ELSE 'rules' END",
        status=(
            "(SELECT CASE status WHEN 'failed' THEN status ELSE 'succeeded' END "
            f"FROM comments_comment WHERE id = {FIRST_COMMENT} + n)"
        ),
        started_at=began,
        finished_at=f"{began} + n % 90 * interval '0.1 s'",
    )
    TaskResult.objects.create(
        task_id="result0",
        status="SUCCESS",
        result='{"status": "success", "valid_projects": 1, "project_ids": [1]}',
        date_started=now,
        content_type="application/json",
        content_encoding="utf-8",
    )
    schedules = "(ARRAY['Collect live threads', 'Check health', 'Read pending comments'])[1 + n % 3]"
    tasks = "(ARRAY['process_waywo_posts', 'health_check', 'process_waywo_comments'])[1 + n % 3]"
    multiply(
        TaskResult,
        RESULTS * rows - 1,
        task_id="'result' || n",
        periodic_task_name=f"CASE WHEN n % 50 = 0 THEN {schedules} END",
        task_name=f"CASE WHEN n % 50 = 0 THEN {tasks} ELSE 'process_waywo_comment' END",
        task_kwargs=f"'\"{{''comment_id'': ' || {FIRST_COMMENT} + n % {rows} || '}}\"'",
        status="CASE WHEN n % 20 = 7 THEN 'FAILURE' ELSE 'SUCCESS' END",
        date_created="one.date_created - n * interval '2 s'",
        date_started="one.date_created - n * interval '2 s'",
        date_done="one.date_created - n * interval '2 s' + interval '1 s'",
    )
    Batch.objects.create(group_id="group0", task_name="process_waywo_comment", total=RESULTS * rows // BATCHES)
    multiply(Batch, BATCHES - 1, group_id="'group' || n", created_at="one.created_at - n * interval '3 hours'")
    BatchTask.objects.create(task_id="task0", batch_id="group0", position=0, status="SUCCESS", started_at=now)
    multiply(
        BatchTask,
        BATCH_TASKS * rows - 1,
        task_id="'task' || n",
        batch_id=f"'group' || n % {BATCHES}",
        position=f"n / {BATCHES}",
        kwargs=f"jsonb_build_object('comment_id', {FIRST_COMMENT} + n % {rows})",
        status="CASE WHEN n % 20 = 7 THEN 'FAILURE' ELSE 'SUCCESS' END",
        finished_at="one.started_at + n % 90 * interval '0.1 s'",
    )
    HealthResult.objects.create(name="part0", state="ok", seconds=0.1, checked_at=now)
    multiply(
        HealthResult,
        HEALTH_RESULTS - 1,
        name="'part' || n % 16",
        state="CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'ok' END",
        checked_at="one.checked_at - n / 16 * interval '1 minute'",
    )
    first = Project.objects.order_by("pk").values_list("pk", flat=True)[0]
    act = ReviewAction.objects.create(kind="review", summary="Approved “Project”", project_id=first)
    multiply(ReviewAction, rows - 1, project_id=f"{first} + n", id=f"{act.pk} + n")
    ReviewChange.objects.create(action=act, project_id=first, title="One", before={}, after={})
    multiply(ReviewChange, rows - 1, action_id=f"{act.pk} + n", project_id=f"{first} + n")
    IdeaRun.objects.bulk_create(IdeaRun(num_ideas=5, status="success") for _ in range(200))
