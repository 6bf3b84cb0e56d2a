"""A headless Chrome for one run: found on this machine, opened with a profile of its own, and gone
afterwards, however the run ends.

    with open_browser(settings) as browser:
        browser.get("https://search.naver.com/")

Chrome, its driver and all that they write belong to one process group and one temporary folder;
both are ended and removed on every way out. A reaper does it where this process is killed. The
session is opened without selenium's own search for a driver, which would download one unasked.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from tempfile import TemporaryDirectory, gettempdir

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from urllib3.exceptions import HTTPError

from tasks.errors import BrowserError, BrowserMissingError, first_line
from tasks.settings import Settings

PAGE_LOAD_TIMEOUT_S = 15
SCRIPT_TIMEOUT_S = 10
START_TIMEOUT_S = 60  # a cold Chrome on a busy machine takes 10 s and more
CALL_TIMEOUT_S = 20  # of any one call to the driver; longer than what the driver itself waits
EXIT_TIMEOUT_S = 3
MOST_PATH = 40  # of the 104 bytes that macOS has for a socket's path, Chrome itself needs over 60
DOWNLOAD_TIMEOUT_S = 30

_NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome")
_PLACES = (  # where installers put Chrome that is not on the path
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
)
_OPTIONS = (
    "--headless=new",
    "--disable-dev-shm-usage",  # /dev/shm is too small in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1920,1080",
    "--lang=ko-KR",
)
_REAPER_SCRIPT = """
read -r group
read -r word
[ "$group" = dismissed ] || [ "$word" = dismissed ] && exit
if [ -n "$group" ]; then
    kill -KILL "-$group"
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "-$group" || break; sleep 0.1; done
fi
rm -rf -- "$1"
"""
_LANGUAGES = "ko-KR,ko,en-US,en"
_PLATFORMS = {"darwin": "macOS", "win32": "Windows"}


@contextmanager
def open_browser(settings: Settings) -> Iterator[Remote]:
    """Yield a headless Chrome; nothing of it is left afterwards.

    It keeps a log of its network traffic (``network_log``), and pages count as loaded when
    their HTML is there. Raises BrowserMissingError where there is no Chrome or no driver, and
    BrowserError where it does not start or dies while in use.
    """
    binary = find_binary(settings)
    driver = find_driver(settings, binary)
    try:
        with ExitStack() as on_exit:
            folder = on_exit.enter_context(
                TemporaryDirectory(
                    prefix="naver-browser-", dir=_short_folder(), ignore_cleanup_errors=True
                )
            )
            service = Service(
                executable_path=str(driver),
                env={**os.environ, "TMPDIR": folder, "BREAKPAD_DUMP_LOCATION": folder},
                popen_kw={"start_new_session": True},  # Ctrl-C is ours to handle
            )
            reaper = _start_reaper(folder)
            on_exit.callback(_dismiss, reaper)
            on_exit.callback(_end, service)
            _start(service)
            _tell(reaper, service.process.pid)
            browser = _session(service, _options(binary, Path(folder)))
            on_exit.callback(_quit, browser)
            _dress(browser)
            yield browser
    except (WebDriverException, HTTPError) as error:
        raise BrowserError("browser_failed", browser=str(binary), why=_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return why, without the heading that selenium sets before each of its messages."""
    return first_line(error).removeprefix("Message:").strip() or type(error).__name__


def _short_folder() -> str:
    """Return a folder for temporary files whose path leaves room for Chrome's socket."""
    usual = gettempdir()
    if sys.platform == "win32" or len(usual) <= MOST_PATH:
        return usual
    return "/tmp"  # noqa: S108 — only a folder of our own is made in it


def find_binary(settings: Settings) -> Path:
    """Return the Chrome or Chromium to use: CHROME_BINARY, else what is on this machine."""
    if settings.chrome_binary:
        return _named(settings.chrome_binary, "CHROME_BINARY")
    for found in (*map(shutil.which, _NAMES), *filter(os.path.exists, _PLACES)):
        if found:
            return Path(found)
    raise BrowserMissingError("no_browser")


def find_driver(settings: Settings, binary: Path) -> Path:
    """Return the chromedriver to use: CHROMEDRIVER, else on the path, else a downloaded one."""
    if settings.chromedriver:
        return _named(settings.chromedriver, "CHROMEDRIVER")
    found = shutil.which("chromedriver")
    return Path(found) if found else _downloaded_driver(binary)


def _named(path: Path, variable: str) -> Path:
    if not os.access(path, os.X_OK) or path.is_dir():
        raise BrowserMissingError("no_program", variable=variable, path=str(path))
    return path


def _downloaded_driver(binary: Path) -> Path:
    # Imported here because merely importing it loads a .env file into the environment.
    from webdriver_manager.chrome import ChromeDriverManager
    from webdriver_manager.core.download_manager import WDMDownloadManager
    from webdriver_manager.core.http import WDMHttpClient
    from webdriver_manager.core.os_manager import ChromeType

    client = WDMHttpClient()
    # It waits for ever otherwise. mypy: the method of this object alone is replaced, as is meant.
    client.get = partial(client.get, timeout=DOWNLOAD_TIMEOUT_S)  # type: ignore[method-assign]
    kind = ChromeType.CHROMIUM if "chromium" in binary.name.lower() else ChromeType.GOOGLE
    downloads = WDMDownloadManager(client)
    manager = ChromeDriverManager(chrome_type=kind, download_manager=downloads)
    try:
        return Path(manager.install())
    except (OSError, ValueError, AttributeError) as error:  # requests' errors are OSErrors
        raise BrowserMissingError("no_driver", browser=str(binary), why=_reason(error)) from error


def _options(binary: Path, folder: Path) -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = str(binary)
    options.page_load_strategy = "eager"
    options.unhandled_prompt_behavior = "dismiss"
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enablePage": False})
    for option in (*_OPTIONS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(option)
    if sys.platform != "win32" and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chrome refuses to run as root with it
    return options


def _start(service: Service) -> None:
    try:
        service.start()
    except OSError as error:
        raise BrowserError(
            "driver_does_not_start", driver=str(service.path), why=str(error.strerror)
        ) from error


def _start_reaper(folder: str) -> "Popen[bytes]":
    """Start a shell that removes what is left when this process ends without dismissing it.

    It notices by the end of its input, which comes however a process ends.
    """
    return Popen(  # noqa: S603 — a fixed script
        ["/bin/sh", "-c", _REAPER_SCRIPT, "reaper", folder],
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )


def _tell(reaper: "Popen[bytes]", process_group: int) -> None:
    if reaper.stdin:
        reaper.stdin.write(b"%d\n" % process_group)
        reaper.stdin.flush()


def _dismiss(reaper: "Popen[bytes]") -> None:
    reaper.communicate(b"dismissed\n")


def _session(service: Service, options: ChromeOptions) -> Remote:
    """Open a session; proxies of the environment are for the web, not for our own driver."""
    config = ClientConfig(
        service.service_url,
        timeout=START_TIMEOUT_S,
        # A call that ran out of time is not repeated: that would make it four times as long.
        init_args_for_pool_manager={"init_args_for_pool_manager": {"retries": False}},
    )
    connection = ChromeRemoteConnection(
        service.service_url, ignore_proxy=True, client_config=config
    )
    browser = Remote(command_executor=connection, options=options)
    config.timeout = CALL_TIMEOUT_S
    browser.set_page_load_timeout(PAGE_LOAD_TIMEOUT_S)
    browser.set_script_timeout(SCRIPT_TIMEOUT_S)
    return browser


def _dress(browser: Remote) -> None:
    """Name the browser as the same Chrome with a window does, so that pages are laid out alike."""
    version = cdp(browser, "Browser.getVersion")
    major = str(version["product"]).rpartition("/")[2].partition(".")[0]
    cdp(
        browser,
        "Network.setUserAgentOverride",
        userAgent=str(version["userAgent"]).replace("HeadlessChrome", "Chrome"),
        acceptLanguage=_LANGUAGES,
        userAgentMetadata={
            "brands": [{"brand": "Chromium", "version": major}],
            "platform": _PLATFORMS.get(sys.platform, "Linux"),
            "platformVersion": "",
            "architecture": "",
            "model": "",
            "mobile": False,
        },
    )


def cdp(browser: Remote, command: str, **parameters: object) -> dict[str, object]:
    """Run a command of the Chrome DevTools Protocol."""
    answer = browser.execute("executeCdpCommand", {"cmd": command, "params": parameters})
    value: dict[str, object] = answer["value"]
    return value


def _quit(browser: Remote) -> None:
    if isinstance(browser.command_executor, RemoteConnection):
        browser.command_executor.client_config.timeout = EXIT_TIMEOUT_S
    with suppress(WebDriverException, HTTPError):  # it may be gone already, or hang
        browser.quit()


def _end(service: Service) -> None:
    """End the driver, and the Chrome it started, whether or not they still answer."""
    process = getattr(service, "process", None)
    if process is None:  # it never started
        return
    process.terminate()
    with suppress(TimeoutExpired):
        process.wait(EXIT_TIMEOUT_S)
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    service.stop()
