"""The folder in which a run keeps its work until the dataset is whole: ``<out_dir>/.work``.

    request.json                 what was asked
    target                       how many candidates the run looks at by now
    batches/0003/candidates.json the batch as it was found
    batches/0003/results.jsonl   its images and rejections as they come, a line each
    batches/0003/results.json    all of them, once all were fetched
    batches/0003/traffic.json    how long its downloads took
    batches/0003/vectors-….npy   its images' embeddings, (n, d) float32, one file per model
    batches/0003/times.json      when they were embedded
    images/<sha256>              the bytes that came
    text-….npy                   what the images are compared with, (d,), one file per model
    crop.json                    how the model's images are made
    geometry.json                what distances mean in the model's space
    crops/…/<sha256>.npy         what the model sees of them, until their batch is embedded

Every file but results.jsonl, whose last line may be cut off, is written under another name and
renamed, so one that is there is whole: a run that died goes on from what it finds, and repeating a
stage is harmless.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import uuid4

import numpy as np
from pydantic import TypeAdapter

from tasks.arrays import Pixels, Vector, Vectors
from tasks.errors import OutputError
from tasks.images.crops import Crop
from tasks.records import Accepted, Candidate, Rejected, Traffic
from tasks.subject.geometry import CLIP, Geometry

WORK = ".work"  # the folder's name in the dataset's
UNFINISHED = ".tmp-"  # files that are being written are called so

Result = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Times:
    """When a batch was ready to be embedded, when that began, and when it ended (Unix time, s)."""

    ready_at: float
    began_at: float
    ended_at: float


_candidates = TypeAdapter(list[Candidate])
_traffic = TypeAdapter(Traffic)
_result = TypeAdapter[Result](Result)
_results = TypeAdapter(list[Result])
_crop = TypeAdapter(Crop)
_geometry = TypeAdapter(Geometry)
_times = TypeAdapter(Times)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name only when it is whole.

    Raises ``OutputError`` where it cannot be written.
    """
    temporary = path.with_name(f"{UNFINISHED}{uuid4().hex}")
    try:
        try:
            with _created(temporary) as file:
                yield file
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_be_written(path, error) from error


def _created(path: Path) -> IO[bytes]:
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


def cannot_be_written(path: Path, error: OSError) -> OutputError:
    """Return the error that says so of a dataset's folder, or of a file in it."""
    return OutputError("unwritable_out_dir", path=str(path), why=error.strerror or str(error))


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace of one run; a path, so that it can go anywhere the storage is seen."""

    root: Path

    def add_batch(self, candidates: Sequence[Candidate]) -> int:
        """Store a batch of candidates and return its number, counted from 0."""
        number = self.batch_count()
        with writing(self._batch(number) / "candidates.json") as file:
            file.write(_candidates.dump_json(list(candidates)))
        return number

    def batch_count(self) -> int:
        """Return how many batches were stored."""
        return len(list(self.root.glob("batches/*/candidates.json")))

    def target(self) -> int:
        """Return how many candidates an earlier run of the job wanted to look at in the end."""
        path = self.root / "target"
        return int(path.read_text("utf-8")) if path.exists() else 0

    def save_target(self, candidates: int) -> None:
        """Store how many candidates are to be looked at."""
        with writing(self.root / "target") as file:
            file.write(str(candidates).encode())

    def candidates(self, number: int) -> list[Candidate]:
        """Return a batch as it was found."""
        return _candidates.validate_json((self._batch(number) / "candidates.json").read_bytes())

    def results(self, number: int) -> list[Result] | None:
        """Return what became of a batch, or None while it is not finished."""
        path = self._batch(number) / "results.json"
        return _results.validate_json(path.read_bytes()) if path.exists() else None

    def earlier_results(self, number: int) -> dict[Candidate, Result]:
        """Return what became of the first candidates of a batch before its run was interrupted."""
        path = self._results_so_far(number)
        lines = path.read_bytes() if path.exists() else b""
        whole, _, cut_off = lines.rpartition(b"\n")
        if cut_off:
            with writing(path) as file:
                file.write(whole + b"\n" if whole else b"")
        results = [_result.validate_json(line) for line in whole.splitlines()]
        return {result.candidate: result for result in results}

    def add_result(self, number: int, result: Result) -> None:
        """Store what became of one candidate of a batch; raises ``OutputError``."""
        path = self._results_so_far(number)
        line = _result.dump_json(result) + b"\n"
        try:
            with path.open("ab", buffering=0) as file:  # one write: lines do not mix
                file.write(line)
        except OSError as error:
            raise cannot_be_written(path, error) from error

    def traffic(self, number: int) -> Traffic | None:
        """Return how long the downloads of a batch took, or None while it is not finished."""
        path = self._batch(number) / "traffic.json"
        return _traffic.validate_json(path.read_bytes()) if path.exists() else None

    def save_traffic(self, number: int, traffic: Traffic) -> None:
        """Store how long the downloads of a batch took."""
        with writing(self._batch(number) / "traffic.json") as file:
            file.write(_traffic.dump_json(traffic))

    def save_results(self, number: int, results: Sequence[Result]) -> None:
        """Store what became of a whole batch."""
        with writing(self._batch(number) / "results.json") as file:
            file.write(_results.dump_json(list(results)))
        self._results_so_far(number).unlink(missing_ok=True)

    def images(self, number: int) -> list[Accepted]:
        """Return the good images of a finished batch."""
        return [r for r in self.results(number) or () if isinstance(r, Accepted)]

    def vectors(self, number: int, model: str) -> Vectors | None:
        """Return the embeddings of a batch's images, (n, d), or None before they are made."""
        path = self._vectors(number, model)
        return np.load(path, allow_pickle=False) if path.exists() else None

    def save_vectors(self, number: int, model: str, vectors: Vectors) -> None:
        """Store the embeddings of a batch's images."""
        with writing(self._vectors(number, model)) as file:
            np.save(file, vectors, allow_pickle=False)

    def ready_at(self, number: int) -> float:
        """Return since when this run might embed a finished batch (Unix time, s)."""
        files = (self._batch(number) / "results.json", self.root / "request.json")
        # Each run of the job writes its request anew.
        return max(path.stat().st_mtime for path in files if path.exists())

    def save_times(self, number: int, times: Times) -> None:
        """Store when a batch was embedded."""
        with writing(self._batch(number) / "times.json") as file:
            file.write(_times.dump_json(times))

    def times(self) -> list[Times]:
        """Return when each batch that is embedded was."""
        paths = self.root.glob("batches/*/times.json")
        return [_times.validate_json(path.read_bytes()) for path in paths]

    def image_path(self, source_sha256: str) -> Path:
        """Return where the file that is kept of the bytes with that hash lies, or will lie."""
        return self.root / "images" / source_sha256

    def save_image(self, source: bytes, kept: bytes) -> str:
        """Store the file that is kept of an image, and return the SHA-256 of what came."""
        name = sha256(source).hexdigest()
        path = self.image_path(name)
        try:
            is_there = path.exists()
        except OSError as error:
            raise cannot_be_written(path, error) from error
        if not is_there:
            with writing(path) as file:
                file.write(kept)
        return name

    def set_text(self, model: str, vector: Vector | None) -> None:
        """Say which vector (d,) the images are compared with; None: with none."""
        if vector is None:
            self._text(model).unlink(missing_ok=True)
            return
        with writing(self._text(model)) as file:
            np.save(file, vector, allow_pickle=False)

    def text(self, model: str) -> Vector | None:
        """Return the vector (d,) that the images are compared with, if there is one."""
        path = self._text(model)
        return np.load(path, allow_pickle=False) if path.exists() else None

    def set_crop(self, crop: Crop) -> None:
        """Say how the model's images are made."""
        with writing(self.root / "crop.json") as file:
            file.write(_crop.dump_json(crop))

    def crop(self) -> Crop | None:
        """Return how the model's images are made, or None before that is known."""
        path = self.root / "crop.json"
        return _crop.validate_json(path.read_bytes()) if path.exists() else None

    def set_geometry(self, geometry: Geometry) -> None:
        """Say what distances mean in the model's space."""
        with writing(self.root / "geometry.json") as file:
            file.write(_geometry.dump_json(geometry))

    def geometry(self) -> Geometry:
        """Return what distances mean in the model's space; CLIP's where nothing was said."""
        path = self.root / "geometry.json"
        return _geometry.validate_json(path.read_bytes()) if path.exists() else CLIP

    def save_crop(self, crop: Crop, source_sha256: str, pixels: Pixels) -> None:
        """Keep the crop of the image with that hash."""
        with writing(self._crop_path(crop, source_sha256)) as file:
            np.save(file, pixels, allow_pickle=False)

    def kept_crop(self, crop: Crop, source_sha256: str) -> Pixels | None:
        """Return the crop that was kept of an image, or None where none is there that is whole."""
        try:
            pixels: Pixels = np.load(self._crop_path(crop, source_sha256), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        is_whole = pixels.shape == (*crop.kept, 3) and pixels.dtype == np.uint8
        return pixels if is_whole else None

    def drop_crop(self, crop: Crop, source_sha256: str) -> None:
        """Remove a crop that is needed no more."""
        self._crop_path(crop, source_sha256).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove everything: the dataset is whole and needs none of it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _results_so_far(self, number: int) -> Path:
        return self._batch(number) / "results.jsonl"

    def _batch(self, number: int) -> Path:
        return self.root / "batches" / f"{number:04d}"

    def _vectors(self, number: int, model: str) -> Path:
        return self._batch(number) / f"vectors-{_short(model)}.npy"

    def _text(self, model: str) -> Path:
        return self.root / f"text-{_short(model)}.npy"

    def _crop_path(self, crop: Crop, source_sha256: str) -> Path:
        kind = _short(_crop.dump_json(crop).decode())  # a resumed job may use another model
        return self.root / "crops" / kind / f"{source_sha256}.npy"


def _short(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:12]
