"""The page and what it needs first: login, the form's options, the overview, and health."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from dashboard import docs, tokens
from dashboard.asked import DEFAULT_LIMIT, MAX_QUERIES, Login, RunBody
from dashboard.bodies import (
    Done,
    Form,
    Health,
    LauncherInfo,
    MeasureInfo,
    Overview,
    StageReasons,
    Vocabulary,
)
from dashboard.errors import TokenError, TooManyError, answers_of
from dashboard.security import address_of
from dashboard.services import Parts
from dashboard.thumbnails import Side
from flows.request import MAX_QUERY_LENGTH, CollectRequest
from tasks.database.job_rows import Sort
from tasks.errors import DatabaseError
from tasks.jobs import ENDED, Status
from tasks.measures import MEASURES
from tasks.process import progress
from tasks.records import STEPS, Reason, Stage, stage_of
from tasks.settings import DATASETS, PROJECT_DIR

STATIC = PROJECT_DIR / "dashboard" / "static"
_PAGES = PROJECT_DIR / "dashboard" / "pages"
PAGES = {
    "/": "index",
    "/static/job.html": "job",
    "/static/log.html": "log",
    "/static/overview.html": "overview",
}

router = APIRouter()


@router.get("/api/overview", tags=["overview"], responses=answers_of())
def overview(services: Parts) -> Overview:
    """Return all jobs in numbers."""
    return services.overview.get()


@router.get("/api/options", tags=["overview"], responses=answers_of())
def options(services: Parts) -> Form:
    """Return what the form needs: fields, defaults, and who runs what is started."""
    launcher = services.watch.current
    fields = RunBody.model_json_schema()
    defaults: dict[str, Any] = CollectRequest(query="-").model_dump(mode="json")
    del defaults["query"], defaults["job_id"]
    return Form(
        fields=fields,
        defaults=defaults | {"limit": DEFAULT_LIMIT, "out_dir": DATASETS},
        max_queries=MAX_QUERIES,
        runner=LauncherInfo(
            kind=launcher.kind,
            prefect_ui=launcher.ui,
            workers=launcher.workers,
            sentence=launcher.sentence,
        ),
        data_dir=str(services.settings.data_dir.absolute()),
        token_required=tokens.token_of(services.settings) is not None,
    )


@router.get("/api/vocabulary", tags=["overview"])
def vocabulary() -> Vocabulary:
    """Return the codes that the page shows."""
    of_measures = [measure.reason for measure in MEASURES]
    reasons = [*Reason, *of_measures]
    return Vocabulary(
        statuses=list(Status),
        ended=list(ENDED),
        progress=list(progress.STAGES),
        stages=[
            StageReasons(
                stage=stage,
                reasons=[one for one in reasons if stage_of(one) is stage],
                step=step,
            )
            for stage, step in zip(Stage, STEPS[1:], strict=True)
        ],
        measures=[MeasureInfo(name=one.name, unit=one.unit) for one in MEASURES if one.is_recorded],
        sorts=list(Sort),
        thumbnail_sizes=list(Side),
        max_query_length=MAX_QUERY_LENGTH,
    )


@router.get("/healthz", tags=["health"], responses={503: {"model": Health}})
def health(services: Parts) -> JSONResponse:
    """Say whether the dashboard can do its work."""
    try:
        with services.database.jobs() as jobs:
            jobs.ping()
        has_database = True
    except DatabaseError:
        has_database = False
    about = Health(
        status="ok" if has_database else "unavailable",
        database=has_database,
        prefect=services.watch.current.api is not None,
    )
    return JSONResponse(about.model_dump(), 200 if has_database else 503)


@router.post("/login", tags=["login"], responses=answers_of(413, 429))
async def login(request: Request, services: Parts, body: Login) -> Response:
    """Exchange the token for a cookie, which the page then sends by itself."""
    token = tokens.token_of(services.settings)
    answer = JSONResponse(Done(message="You are in.").model_dump())
    if token is None:
        return answer
    address = address_of(request)
    if not services.wrong_tokens.allows(address, takes=False):
        raise TooManyError("too_many_tokens")
    if not tokens.is_token(body.token.strip(), token):
        services.wrong_tokens.allows(address)
        raise TokenError("wrong_token")
    answer.set_cookie(
        tokens.COOKIE,
        tokens.cookie_of(token),
        max_age=tokens.COOKIE_AGE_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def page(name: str) -> HTMLResponse:
    """Return one of ``PAGES``: its own part, in the frame that all share."""
    frame, main = ((_PAGES / f"{part}.html").read_text("utf-8") for part in ("frame", name))
    return HTMLResponse(frame.replace("{{page}}", name).replace("{{main}}", main))


for _path, _name in PAGES.items():
    router.add_api_route(_path, partial(page, _name), include_in_schema=False)


@router.get("/docs", include_in_schema=False)
def api_page(request: Request) -> HTMLResponse:
    """Return the description of the API."""
    return HTMLResponse(docs.page(request.app.openapi()))


@router.get("/docs/style.css", include_in_schema=False)
def api_style() -> Response:
    """Return the looks of the description."""
    return Response(docs.STYLE, media_type="text/css")
