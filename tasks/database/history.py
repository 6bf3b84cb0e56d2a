"""Jobs of the original program as rows of the ``jobs`` table."""

from collections.abc import Iterable

from tasks.database.jobs_table import Jobs
from tasks.database.storable import storable
from tasks.jobs import Job


def add_history(jobs: Jobs, ended: Iterable[tuple[Job, str]]) -> None:
    """Add jobs that ended under the original program, each with its log: all of them or none.

    A job whose row is there already keeps the row. Raises ``DatabaseError``.
    """
    rows = [
        (
            *(job.id, storable(job.query), job.request_limit, storable(job.out_dir)),
            *(job.status, job.count, storable(job.error), storable(log)),
            *(job.started_at, job.finished_at),
        )
        for job, log in ended
    ]
    with jobs.transaction() as cursor:
        cursor.executemany(
            """
            INSERT INTO jobs (id, query, request_limit, out_dir, status, count, error, log,
                              started_at, finished_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (id) DO NOTHING
            """,
            rows,
        )
