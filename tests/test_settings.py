"""What the environment and .env say, and the file that explains it."""

import re

import pytest

from tasks.errors import BadRequestError
from tasks.search import SOURCES
from tasks.settings import PROJECT_DIR, Settings
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


def test_a_source_reads_its_own_where_the_run_reads_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAVER_SEARCH_URL", "http://127.0.0.1:1/search.naver")
    assert NaverSettings().naver_search_url == "http://127.0.0.1:1/search.naver"
    monkeypatch.setenv("NAVER_SEARCH_URL", "")  # as a compose file sets what .env does not have
    assert NaverSettings().naver_search_url == "https://search.naver.com/search.naver"
