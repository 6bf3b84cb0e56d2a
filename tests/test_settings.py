"""What the environment and .env say, and the file that explains it."""

import re

import pytest
from pydantic import SecretStr

from tasks.errors import BadRequestError
from tasks.settings import PROJECT_DIR, Settings
from tasks.sources.listed import SOURCES
from tasks.sources.naver import NaverSettings
from tests.support.surroundings import readers, variables
from words import LANGUAGES, say

OF_PREFECT = {"PREFECT_API_AUTH_STRING", "PREFECT_API_URL"}


def test_every_variable_is_explained_and_no_other() -> None:
    text = (PROJECT_DIR / ".env.example").read_text()
    in_file = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))
    assert in_file <= variables() | OF_PREFECT
    for language in LANGUAGES:  # a source may name its variables where it says what it is
        said = " ".join(say(f"source.{source.name}.why", language) for source in SOURCES)
        assert in_file | set(re.findall(r"[A-Z][A-Z0-9_]*", said)) >= variables() | OF_PREFECT


def test_each_variable_is_read_in_one_place() -> None:
    names = [name for reader in readers() for name in reader.model_fields]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["PGPORT", "DOWNLOAD_REQUESTS_PER_S", "DASHBOARD_PORT"])
def test_a_wrong_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "s3cret")
    with pytest.raises(BadRequestError, match=f"^{name} in the environment or .env") as caught:
        Settings()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:s3@cret@localhost/d",
        "postgresql://u:s3/cret@localhost/d",
        "postgresql://u:5432/s3cret@localhost/d",
        "postgresql://u:s3%cret@localhost/d",
        "postgresql://u:s3%zzcret@localhost/d",
        "postgresql://u:s3?cret@localhost/d",
        "postgresql://u:54?s3=cret@localhost/d",
        "postgresql://u:s3#cret@localhost/d",
        "postgresql://u:[s3cret@localhost/d",
        "postgresql://u:s3 cret@localhost/d",
        "postgresql://u:s3cret@localhost:5432,other:x/d",
        "postgresql://u:s3cret@localhost/d?sslmode",
        "postgresql://u:s3cret@localhost/d?no_such=1",
        "postgresql+psycopg2://u:s3cret@localhost/d",
        "mysql://u:s3cret@localhost/d?a=1",
        "u:s3cret@localhost/d",
        "host=localhost password=s3 cret",
        "host=localhost password='s3cret",
        "password=s3cret host",
        "dbname=postgresql://u:s3cret@localhost/d",
        "s3cret",
        "host=\0s3cret",
    ],
)
def test_no_message_holds_the_password_of_an_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\0" not in address:  # which no environment can hold
        monkeypatch.setenv("DATABASE_URL", address)
        with pytest.raises(BadRequestError, match=r"^DATABASE_URL") as caught:
            Settings()
        assert not re.search("s3|cret", str(caught.value))
    with pytest.raises(BadRequestError) as given:
        Settings(database_url=SecretStr(address))
    assert not re.search("s3|cret", f"{given.value} {given.value.message.said_in('ko')}")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///d",
        "postgres://localhost",
        "postgresql://u:s3%40cr%2Fet!$&'()*+,;=:x@localhost:5432/d?sslmode=disable",
        "postgresql://u@[::1]:5432,other:5433/d?application_name=a%20b",
        "postgresql://u:@%2Fvar%2Frun/d?host=/tmp/x",
        "host=localhost port=5432 password='s3 c\\'ret' dbname=d",
    ],
)
def test_an_address_that_can_be_read_is_taken(address: str) -> None:
    assert Settings(_env_file=None, database_url=SecretStr(address)).postgres_url == address


def test_a_source_reads_its_own_where_the_run_reads_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", "http://127.0.0.1:1/search.naver")
    assert NaverSettings().naver_search_url == "http://127.0.0.1:1/search.naver"
    monkeypatch.setenv("NAVER_SEARCH_URL", "")  # as a compose file sets what .env does not have
    assert NaverSettings().naver_search_url == "https://search.naver.com/search.naver"
