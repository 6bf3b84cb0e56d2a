"""The dashboard's page, in a real Chromium that a test drives and looks through."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tasks.settings import Settings
from tasks.sources.browser import find_binary, find_driver
from tests.support.waiting import until

PATIENCE_S = 10.0
# An element may be replaced between two looks at it.
REPLACED = (StaleElementReferenceException, NoSuchElementException)


@contextmanager
def chromium() -> Iterator[Chrome]:
    """Run a Chromium that keeps its console for ``complaints``."""
    settings = Settings(_env_file=None)
    binary = find_binary(settings)
    options = ChromeOptions()
    options.binary_location = str(binary)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(option)
    driver = Chrome(options=options, service=Service(str(find_driver(settings, binary))))
    try:
        yield driver
    finally:
        driver.quit()


def complaints(browser: Chrome) -> list[str]:
    """Return what the console holds besides answers that are no success, which tests provoke."""
    messages = [str(entry["message"]) for entry in browser.get_log("browser")]
    return [message for message in messages if "Failed to load resource" not in message]


class Page:
    """A browser that looks at one server."""

    def __init__(self, browser: Chrome, url: str, patience_s: float = PATIENCE_S) -> None:
        self.browser = browser
        self.url = url
        self._patience_s = patience_s

    def open(self, path: str = "/") -> "Page":
        self.browser.get(self.url + path)
        return self

    def forget(self) -> None:
        """Have the browser know nothing of the server any more: neither token nor language."""
        self.browser.execute_cdp_cmd(
            "Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": "all"}
        )
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> WebElement | None:
        """Return the first such element that is shown, if one is now."""
        return next((e for e in self.all(selector) if e.is_displayed()), None)

    def one(self, selector: str) -> WebElement:
        """Wait for an element that is shown."""
        return self.until(lambda: self.shown(selector), f"{selector} is shown")

    def text(self, selector: str) -> str:
        """Return what the element that is shown says now; nothing where none is."""
        element = self.shown(selector)
        return element.text if element else ""

    def until(self, condition: Callable[[], Any], what: str | Callable[[], str] = "") -> Any:
        """Wait until the condition holds; return what it gives."""
        return until(condition, what, self._patience_s, retried=REPLACED)

    def shows(self, selector: str, text: str) -> None:
        """Wait until an element that is shown says this."""

        def says() -> bool:
            element = self.shown(selector)
            return element is not None and text in element.text

        self.until(says, lambda: f"{selector} says {text!r}; it says {self.text(selector)!r}")

    def lacks(self, selector: str) -> None:
        """Wait until no such element is shown."""
        self.until(lambda: not self.shown(selector), f"{selector} is gone")

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def type(self, selector: str, text: str) -> None:
        """Replace what a field holds."""
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector: str, value: str) -> None:
        self.one(f'{selector} option[value="{value}"]').click()

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def run(self, script: str, *given: Any) -> Any:
        return self.browser.execute_script(script, *given)

    @property
    def focused(self) -> str:
        """What has the focus: its id, else its data, else its words."""
        return str(
            self.run(
                "const e = document.activeElement;"
                "return e.id || e.dataset.at || e.dataset.action || e.innerText"
            )
        )

    def resize(self, size: tuple[int, int], scheme: str = "light") -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
