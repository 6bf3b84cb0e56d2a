"""Formats × flaws: what Chromium shows is taken as it shows it; what it does not is refused."""

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from selenium.webdriver import Chrome

from tasks.images.decoder import ImageError
from tasks.images.decoding import decode
from tests.support.flawed_files import AS_SHOWN, CUT_SHORT, REFUSED, WHOLE
from tests.support.page import chromium

# Draws a file on white and returns its width, height and pixels; nothing where it is not shown.
_SHOW = """
const [text, done] = arguments;
const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const image = new Image();
image.onerror = () => done(null);
image.onload = () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  done([canvas.width, canvas.height, Array.from(data).filter((_, at) => at % 4 !== 3)]);
};
image.src = URL.createObjectURL(new Blob([bytes]));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as browser:
        browser.get("about:blank")
        yield browser


def shown(browser: Chrome, data: bytes) -> np.ndarray | None:
    """Return the pixels that Chromium shows of a file."""
    found = browser.execute_async_script(_SHOW, base64.b64encode(data).decode())
    if found is None:
        return None
    width, height, values = found
    return np.array(values, np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize("name", AS_SHOWN)
def test_what_chromium_shows_is_taken_as_it_shows_it(name: str, browser: Chrome) -> None:
    expected = shown(browser, AS_SHOWN[name])
    assert expected is not None
    pixels = decode(AS_SHOWN[name]).pixels
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 1.5


@pytest.mark.parametrize("name", REFUSED)
def test_what_chromium_does_not_show_is_refused(name: str, browser: Chrome) -> None:
    assert shown(browser, REFUSED[name]) is None
    with pytest.raises(ImageError) as caught:
        decode(REFUSED[name])
    assert "Error" not in str(caught.value.note)  # a sentence, and no class of Python's


@pytest.mark.parametrize("name", CUT_SHORT)
def test_what_was_cut_short_is_refused_although_chromium_shows_a_part(
    name: str, browser: Chrome
) -> None:
    assert shown(browser, CUT_SHORT[name]) is not None
    with pytest.raises(ImageError) as caught:
        decode(CUT_SHORT[name])
    assert caught.value.reason == "undecodable"


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_all_there_is_taken_although_chromium_waits_for_more(
    name: str, browser: Chrome
) -> None:
    assert shown(browser, WHOLE[name]) is not None
    assert decode(WHOLE[name]).pixels.shape == (40, 60, 3)
