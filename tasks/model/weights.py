"""A model's files: in a folder of the user's, or from the hub, downloaded at the first use.

Only JSON, vocabularies and safetensors are taken: nothing that could run code. What was downloaded
once is used from then on without asking the hub again, so that a model stays the one it was.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.errors import ModelError, first_line
from tasks.process import progress, stopping
from tasks.settings import Settings
from words import Message

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

DEFAULT_MODEL = "openai/clip-vit-base-patch32"

WEIGHTS = "model*.safetensors"
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_WEIGHTS_INDEX = "model.safetensors.index.json"
_SETTINGS = ("preprocessor_config.json", "processor_config.json")  # either will do
_OTHERS = ("*.json", "*.txt", "*.model")  # settings and vocabularies
# The hub's own bot offers safetensors of repositories that have only pickles, the default model's
# among them, as a pull request. Others may open one of that name too.
_CONVERTER, _CONVERSION = "SFconvertbot", "Adding `safetensors` variant of this model"
_MB = 1_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The files of a model, all in one folder."""

    name: str  # as it was asked for
    folder: Path
    revision: str  # the hub's commit; of a folder, "sha256:" and the hash of its files

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what loading may raise in the block into a ``ModelError``."""
        from safetensors import SafetensorError

        try:
            yield
        except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                "checkpoint_does_not_load",
                model=self.name,
                why=first_line(error),
                folder=str(self.folder),
            ) from error


def checkpoint(model: str) -> Checkpoint:
    """Find a checkpoint by folder or hub name; download it if need be. Raises ``ModelError``."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return Checkpoint(model, folder, _fingerprint(folder))
    found = _from_hub(model)
    return Checkpoint(model, found, found.name)


def refuse_no_model(model: str) -> None:
    """Raise ``ModelError`` for what can be neither a folder with a checkpoint nor a hub's name."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not _is_whole(folder):
            raise ModelError("no_checkpoint", folder=str(folder))
    elif not _HUB_NAME.fullmatch(model):
        raise ModelError("no_model_folder", folder=str(folder))


def _is_whole(folder: Path) -> bool:
    """Say whether a folder has settings and all its weights."""
    index = folder / _WEIGHTS_INDEX
    weights = {"model.safetensors"}
    if index.is_file():
        weights = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    has_settings = any((folder / name).is_file() for name in _SETTINGS)
    return has_settings and all((folder / name).is_file() for name in {"config.json", *weights})


def _fingerprint(folder: Path) -> str:
    """Hash the files of a user's folder that decide what vectors come out."""
    if not _is_whole(folder):
        raise ModelError("no_checkpoint", folder=str(folder))
    whole = sha256()
    for path in sorted([*folder.glob("*config.json"), *folder.glob(WEIGHTS)]):
        with path.open("rb") as file:
            whole.update(path.name.encode() + file_digest(file, "sha256").digest())
    return f"sha256:{whole.hexdigest()}"


def _from_hub(model: str) -> Path:
    """Return the folder of what was downloaded, now or before."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]
    from huggingface_hub.utils import logging as hub_logging

    hub_logging.set_verbosity_error()
    settings = Settings()
    cache = settings.hf_home / "hub" if settings.hf_home else Path(constants.HF_HUB_CACHE)
    try:
        repo = cache / repo_folder_name(repo_id=model, repo_type="model")
        # The hub's library puts a file under its name only when it is whole.
        if whole := [path for path in repo.glob("snapshots/*") if _is_whole(path)]:
            return max(whole, key=lambda path: path.stat().st_mtime)
        hub = HfApi(endpoint=settings.hf_endpoint)
        return _fetch(_offered(hub, model), cache, settings.hf_endpoint)
    except GatedRepoError as error:
        raise _lacking(model, Message("note.weights_gated")) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise _lacking(model, Message("note.weights_unknown")) from error
    except (httpx.HTTPError, OSError, ValueError) as error:
        why = Message("note.weights_hub", {"why": first_line(error)})
        raise _lacking(model, why) from error


def _offered(hub: "HfApi", model: str) -> "ModelInfo":
    """Return the newest revision that has safetensors."""
    info = hub.model_info(model, files_metadata=True)
    if _has_weights(info):
        return info
    offers = hub.get_repo_discussions(
        model, author=_CONVERTER, discussion_type="pull_request", discussion_status="open"
    )
    numbers = [o.num for o in offers if (o.author, o.title) == (_CONVERTER, _CONVERSION)]
    if numbers:
        info = hub.model_info(model, revision=f"refs/pr/{max(numbers)}", files_metadata=True)
    if not _has_weights(info):
        raise _lacking(model, Message("note.weights_pickled"))
    return info


def _has_weights(info: "ModelInfo") -> bool:
    return any(fnmatch(file.rfilename, WEIGHTS) for file in info.siblings or ())


def _fetch(info: "ModelInfo", cache: Path, endpoint: str | None) -> Path:
    """Download the files of a revision that we take, weights last, and return their folder."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]

    received, shown = 0, 0

    def receive(count: int) -> None:
        nonlocal received, shown
        stopping.check()
        received += count
        progress.report("weights", done=received // _MB - shown)
        shown = received // _MB

    class Bar(tqdm):
        """What the hub's library reports to, in place of a bar of its own."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            receive(int(n or 0))

    files = [file for file in info.siblings or () if _is_taken(file.rfilename)]
    size = sum(file.size or 0 for file in files)
    log.info("Downloading %s: %d MB.", info.id, size // _MB)
    progress.report("weights", expected=size // _MB)
    folder = Path()
    for file in sorted(files, key=lambda file: fnmatch(file.rfilename, WEIGHTS)):
        path = hf_hub_download(
            info.id, file.rfilename, revision=info.sha, cache_dir=cache, endpoint=endpoint,
            tqdm_class=Bar,
        )  # fmt: skip
        _verify(Path(path), file)
        folder = Path(path).parent
    progress.report("weights", done=size // _MB - shown)  # what was here before
    return folder


def _is_taken(name: str) -> bool:
    return "/" not in name and any(fnmatch(name, pattern) for pattern in (WEIGHTS, *_OTHERS))


def _verify(path: Path, file: "RepoSibling") -> None:
    """Compare a large file with the hash that the hub gives; remove it where it differs."""
    if file.lfs is None:
        return
    with path.open("rb") as opened:
        is_right = file_digest(opened, "sha256").hexdigest() == file.lfs.sha256
    if not is_right:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise OSError(f"{file.rfilename} arrived damaged")


def _lacking(model: str, why: Message) -> ModelError:
    return ModelError("weights_unavailable", model=model, why=why)
