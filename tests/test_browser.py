"""A real Chrome: how it is found, opened and ended."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.errors import BrowserError, BrowserMissingError
from tasks.settings import Settings
from tasks.sources.browser import find_binary, find_driver, open_browser
from tests.support.leftovers import processes, until_nothing_is_left

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
PAGE = "data:text/html,<title>here</title>"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; its path is short, as Chrome puts a socket there."""
    # tmp_path comes first: pytest would else put its own folders into this one.
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)


def use_until(error: type[BaseException], folder: Path) -> None:
    with open_browser(Settings()) as browser:
        browser.get(PAGE)
        assert len(processes(folder)) > 2
        raise error


def kill_while_in_use() -> None:
    with open_browser(Settings()) as browser:
        os.kill(browser.capabilities["goog:processID"], signal.SIGKILL)
        browser.get(PAGE)


def script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_browser_looks_like_one_with_a_window() -> None:
    with open_browser(Settings()) as browser:
        browser.get(PAGE)
        agent, languages, size = browser.execute_script(
            "return [navigator.userAgent, navigator.languages, [outerWidth, outerHeight]]"
        )

    assert "Chrome/" in agent
    assert "Headless" not in agent
    assert languages == ["ko-KR", "ko", "en-US", "en"]
    assert size == [1920, 1080]


@on_linux
@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_nothing_of_the_browser_is_left_after(folder: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        use_until(error, folder)

    until_nothing_is_left(folder)


@on_linux
def test_nothing_is_left_when_this_program_is_killed(folder: Path) -> None:
    script = (
        "import tempfile, sys, time; tempfile.tempdir = sys.argv[1]\n"
        "from tasks.sources.browser import open_browser\n"
        "from tasks.settings import Settings\n"
        "with open_browser(Settings()): print('open', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout
        assert program.stdout.readline() == b"open\n"
        assert len(processes(folder)) > 2
        program.kill()
    until_nothing_is_left(folder)


def test_a_browser_that_dies_is_a_browser_error_and_leaves_nothing(folder: Path) -> None:
    with pytest.raises(BrowserError, match="failed"):
        kill_while_in_use()

    until_nothing_is_left(folder)


@on_linux
def test_a_browser_that_hangs_is_ended_too(folder: Path) -> None:
    with open_browser(Settings()) as browser:
        os.kill(browser.capabilities["goog:processID"], signal.SIGSTOP)

    until_nothing_is_left(folder)


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "no program"])
def test_a_driver_that_does_not_run_is_a_browser_error(
    folder: Path, tmp_path: Path, text: str
) -> None:
    driver = script(tmp_path / "chromedriver", text)

    with pytest.raises(BrowserError), open_browser(Settings(chromedriver=driver)):
        pass

    until_nothing_is_left(folder)


def test_a_browser_that_does_not_run_is_a_browser_error(folder: Path, tmp_path: Path) -> None:
    binary = script(tmp_path / "chrome", "#!/bin/sh\nexit 1\n")

    with (
        pytest.raises(BrowserError, match=str(binary)),
        open_browser(Settings(chrome_binary=binary)),
    ):
        pass

    until_nothing_is_left(folder)


def test_the_named_browser_and_driver_are_used(tmp_path: Path) -> None:
    program = script(tmp_path / "program", "#!/bin/sh\n")
    settings = Settings(chrome_binary=program, chromedriver=program)

    assert find_binary(settings) == program
    assert find_driver(settings, program) == program


def test_a_named_browser_that_is_not_there_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(BrowserMissingError, match=r"CHROME_BINARY names .*nowhere"):
        find_binary(Settings(chrome_binary=tmp_path / "nowhere"))
    with pytest.raises(BrowserMissingError, match="CHROMEDRIVER names"):
        find_driver(Settings(chromedriver=tmp_path), Path("chrome"))


def test_without_a_browser_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tasks.sources.browser._PLACES", ())

    with pytest.raises(BrowserMissingError, match="apt install chromium"):
        find_binary(Settings(chrome_binary=None))


def test_without_a_driver_and_without_network_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("PATH", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")

    with pytest.raises(BrowserMissingError, match="apt install chromium-driver"):
        find_driver(Settings(chromedriver=None), Path("/usr/bin/chromium"))


def test_a_proxy_of_the_environment_does_not_come_between_us_and_the_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)

    with open_browser(Settings()) as browser:
        browser.get(PAGE)

        assert browser.title == "here"
