"""A dataset's images, what was decided of each candidate, thumbnails, report and archive."""

from pathlib import Path as FilePath
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from dashboard import files, thumbnails
from dashboard.bodies import Decisions, Images, ShownDecision
from dashboard.errors import ConflictError, InvalidError, NotFoundError, answers_of
from dashboard.folders import dataset_folder
from dashboard.routes.jobs import JobId, job_of
from dashboard.services import Parts, Services
from dashboard.thumbnails import Side
from tasks.images.decoder import ImageError
from tasks.jobs import ENDED
from tasks.ledger import Decision
from tasks.measures import MEASURES
from tasks.records import Reason
from tasks.workspace import Workspace
from tasks.writers.folder import MANIFEST, REPORT
from words import Message

FileName = Annotated[str, Path(pattern=r"^img_[0-9]{4,9}\.jpg$")]
Key = Annotated[str, Path(pattern="^[0-9a-f]{1,64}$", description="A decision's key.")]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}
HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}
# A report shows words and addresses of the web: whatever may stand in it, nothing in it runs, and
# it is of no origin, so it reads nothing of the dashboard.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
VERDICTS = ("all", files.CHOSEN, *Reason, *(measure.reason for measure in MEASURES))

router = APIRouter(prefix="/api/jobs/{job_id}", tags=["images"], responses=answers_of())


@router.get("/images")
def list_images(services: Parts, job_id: JobId) -> Images:
    """Return the names of a dataset's images."""
    job = job_of(services, job_id)
    names = files.image_names(dataset_folder(job)) if job.out_dir else []
    return Images(job_id=job_id, out_dir=job.out_dir or "", files=names)


@router.get("/images/{filename}", response_class=Response, responses=JPEG)
def get_image(services: Parts, job_id: JobId, filename: FileName) -> FileResponse:
    """Return an image as it was saved."""
    path = files.regular_file(dataset_folder(job_of(services, job_id)) / filename)
    if path is None:
        raise NotFoundError("no_image", job=job_id, image=filename)
    # A resumed job may save another image under the name.
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "no-cache"})


@router.get("/decisions")
def list_decisions(
    services: Parts,
    job_id: JobId,
    verdict: Annotated[str, Query(max_length=40, description="chosen, a reason, or all.")] = "all",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Decisions:
    """Return what was decided, and why, a part at a time."""
    if verdict not in VERDICTS:
        raise InvalidError("unknown_verdict", known=", ".join(VERDICTS))
    folder = dataset_folder(job_of(services, job_id))
    decided = files.decided(folder)
    found = decided.having(verdict)
    rejected = files.rejected_keys(folder)
    base = f"/api/jobs/{job_id}"
    return Decisions(
        total=len(found),
        offset=offset,
        counts=decided.counts,
        decisions=[_shown(one, base, rejected) for one in found[offset : offset + limit]],
    )


def _shown(decision: Decision, base: str, rejected: set[str]) -> ShownDecision:
    image = f"{base}/images/{decision.file}" if decision.file else None
    has_image = (image and decision.key) or decision.key in rejected
    thumbnail = f"{base}/thumbnails/{decision.key}" if has_image else image
    return ShownDecision.model_validate(
        decision.to_row() | {"thumbnail": thumbnail, "image": image}
    )


@router.get("/thumbnails/{key}", response_class=Response, responses=JPEG)
async def get_thumbnail(
    request: Request, services: Parts, job_id: JobId, key: Key, size: Side = Side.MEDIUM
) -> Response:
    """Return a small image of a candidate, chosen or rejected."""
    known = request.headers.get("if-none-match", "")
    return await anyio.to_thread.run_sync(
        _thumbnail, services, job_id, key, size, known, limiter=services.images
    )


def _thumbnail(services: Services, job_id: str, key: str, size: Side, known: str) -> Response:
    image = _image(dataset_folder(job_of(services, job_id)), key)
    missing = NotFoundError("no_image", job=job_id, image=key)
    if image is None:
        raise missing
    try:
        etag = f'"{image.stem}-{size}-{thumbnails.version_of(image)}"'
        headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
        if etag in known:
            return Response(status_code=304, headers=headers)
        folder = thumbnails.folder_of(services.settings.data_dir, job_id)
        data = thumbnails.kept(image, size, folder)
    except (ImageError, FileNotFoundError) as error:
        raise missing from error
    return Response(data, media_type="image/jpeg", headers=headers)


def _image(folder: FilePath, key: str) -> FilePath | None:
    decision = files.decided(folder).by_key.get(key)
    return files.image_of(folder, decision) if decision else None


@router.get("/question/{sha256}", response_class=Response, responses=JPEG)
async def get_image_in_question(services: Parts, job_id: JobId, sha256: Sha256) -> Response:
    """Return a small image of a group that a waiting run asks about."""
    return await anyio.to_thread.run_sync(
        _image_in_question, services, job_id, sha256, limiter=services.images
    )


def _image_in_question(services: Services, job_id: str, sha256: str) -> Response:
    job = job_of(services, job_id)
    groups = (job.question or {}).get("groups", [])
    missing = NotFoundError("not_in_question", job=job_id)
    if not any(sha256 in group["images"] for group in groups):
        raise missing
    image = files.regular_file(Workspace(dataset_folder(job) / ".work").image_path(sha256))
    if image is None:
        raise missing
    try:
        data = thumbnails.kept(
            image, Side.MEDIUM, thumbnails.folder_of(services.settings.data_dir, job_id)
        )
    except (ImageError, FileNotFoundError) as error:
        raise missing from error
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get("/report", response_class=Response, responses=HTML)
def get_report(services: Parts, job_id: JobId) -> FileResponse:
    """Return a dataset's report, a page by itself in which nothing can run."""
    path = files.regular_file(dataset_folder(job_of(services, job_id)) / REPORT)
    if path is None:
        raise NotFoundError("no_report", job=job_id)
    headers = {
        "Content-Security-Policy": REPORT_POLICY,
        "Cross-Origin-Opener-Policy": "unsafe-none",  # browsers open no sandbox with another
        "Cache-Control": "no-cache",  # a resumed job may write another
    }
    return FileResponse(path, media_type="text/html", headers=headers)


@router.get("/archive", response_class=Response, responses={**ZIP, **answers_of(409)})
def get_archive(services: Parts, job_id: JobId) -> StreamingResponse:
    """Return the dataset as one ZIP file, streamed."""
    job = job_of(services, job_id)
    folder = dataset_folder(job)
    if job.status not in ENDED:
        raise ConflictError(
            "not_complete",
            job=job_id,
            status=Message(f"state.{job.status}"),
        )
    if files.regular_file(folder / MANIFEST) is None:
        raise NotFoundError("no_dataset", job=job_id)
    return StreamingResponse(
        files.archive(folder, job_id),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{job_id}.zip"'},
    )
