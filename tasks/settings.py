"""The settings: the one place that reads the environment and ``.env``.

Build ``Settings()`` where a run starts and hand it on from there. What only one source reads is a
subclass of ``FromEnvironment`` in that source's module.
"""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tasks import database_url
from tasks.errors import BadRequestError
from tasks.findings import finding

PROJECT_DIR = Path(__file__).resolve().parent.parent

DATASETS = "naver_collected"  # the folder of the datasets, in the data folder

TaskRunnerName = Literal["threads", "dask", "ray"]


class FromEnvironment(BaseSettings):
    """Settings of which each is the environment variable of the same name, or stands in ``.env``.

    Raises ``BadRequestError`` where one cannot be right, without its value, which may be secret.
    ``.env.example`` explains all of them.
    """

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = str(first["loc"][0]).upper()
            raise BadRequestError("setting", name=name, why=finding(first)) from error

    model_config = SettingsConfigDict(
        env_file=PROJECT_DIR / ".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
    )


class Settings(FromEnvironment):
    """What the whole program reads."""

    data_dir: Path = PROJECT_DIR / "data"

    database_url: SecretStr | None = None
    pghost: str | None = None
    pgport: int = Field(default=5432, ge=1, le=65535)
    pgdatabase: str = "cv_dataset_builder"
    pguser: str | None = None
    pgpassword: SecretStr | None = None

    download_allow_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    download_requests_per_s: float = Field(default=8.0, ge=0, le=1000, allow_inf_nan=False)
    download_at_once_per_host: int = Field(default=6, ge=1, le=1000)
    download_user_agent: str = Field(
        default="Mozilla/5.0 (compatible; CV-Dataset-Builder/0.1)", pattern=r"^[!-~][ -~]*$"
    )
    download_respect_opt_out: bool = True
    searches_at_once: int = Field(default=1, ge=0, le=1000)
    gpu_runs_at_once: int = Field(default=1, ge=0, le=1000)
    chrome_binary: Path | None = None
    chromedriver: Path | None = None
    hf_home: Path | None = None
    hf_endpoint: str | None = None

    dashboard_host: str = "127.0.0.1"
    dashboard_port: int = Field(default=8000, ge=0, le=65535)
    dashboard_token: SecretStr | None = None
    dashboard_names: Annotated[frozenset[str], NoDecode] = frozenset()
    dashboard_runs_at_once: int = Field(default=2, ge=0, le=100)

    task_runner: TaskRunnerName = "threads"
    task_processes: int = Field(default=2, ge=1, le=1000)
    dask_scheduler_address: str | None = None
    ray_address: str | None = None

    @field_validator("download_allow_hosts", "dashboard_names", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return frozenset(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_certain(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not database_url.is_certain(url.get_secret_value()):
            raise PydanticCustomError(
                "database_url",
                "it is no address of Postgres that can be read: escape the password in it",
            )
        return url

    @property
    def postgres_url(self) -> str | None:
        """The libpq address of the server that was named, or None for the embedded one."""
        if self.database_url:
            return self.database_url.get_secret_value()
        if not self.pghost:
            return None
        user = quote(self.pguser or "", safe="")
        if self.pgpassword:
            user += ":" + quote(self.pgpassword.get_secret_value(), safe="")
        at = f"{user}@" if user else ""
        host = quote(self.pghost, safe="")
        return f"postgresql://{at}{host}:{self.pgport}/{quote(self.pgdatabase, safe='')}"
