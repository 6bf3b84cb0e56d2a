"""The parts that the routes share while the dashboard runs, built when it starts."""

from dataclasses import dataclass, field
from typing import Annotated

import anyio
from fastapi import Depends, Request

from dashboard import rates
from dashboard.database import Database
from dashboard.events import Events
from dashboard.launcher import LauncherWatch
from dashboard.overview import OverviewCache
from dashboard.rates import Limiter
from dashboard.runs import Runs
from tasks.settings import Settings

THUMBNAILS_AT_ONCE = 4  # thumbnails in the making; more would only keep the other routes waiting


@dataclass
class Services:
    """The parts; the threads among them run from ``start`` to ``close``."""

    settings: Settings
    database: Database
    watch: LauncherWatch
    runs: Runs
    events: Events
    overview: OverviewCache
    changes: Limiter = field(default_factory=lambda: Limiter(rates.CHANGES))
    wrong_tokens: Limiter = field(default_factory=lambda: Limiter(rates.WRONG_TOKENS))
    images: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(THUMBNAILS_AT_ONCE)
    )

    @classmethod
    def build(cls, settings: Settings) -> "Services":
        """Put the parts together; nothing runs yet."""
        database, watch = Database(settings), LauncherWatch()
        return cls(
            settings=settings,
            database=database,
            watch=watch,
            runs=Runs(settings, database, watch),
            events=Events(database, watch),
            overview=OverviewCache(settings, database),
        )

    def start(self) -> None:
        """Start the threads."""
        self.watch.start()
        self.runs.begin()
        self.events.start()

    def close(self) -> None:
        """End the threads and the connections; runs go on."""
        self.watch.close()
        self.events.close()
        self.runs.close()
        self.events.join()
        self.database.close()


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(_services)]
