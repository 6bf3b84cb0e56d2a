"""The local Naver image search looks to a client as `naver_replica` says it does."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from PIL import Image, ImageOps, UnidentifiedImageError

from tests.naver_replica import copies
from tests.naver_replica.api import CLIENT_ID, CLIENT_SECRET
from tests.naver_replica.faults import Fault
from tests.naver_replica.results import BROKEN, Quirk, Result, Truth, results, subject_of
from tests.naver_replica.serving import Replica
from tests.naver_replica.wording import Host

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 20
CLASSIC_KEYS = {"X-Naver-Client-Id": CLIENT_ID, "X-Naver-Client-Secret": CLIENT_SECRET}
HUB_KEYS = {"X-NCP-APIGW-API-KEY-ID": CLIENT_ID, "X-NCP-APIGW-API-KEY": CLIENT_SECRET}


def get(url: str, referer: str = "", **params: str) -> requests.Response:
    headers = {"Referer": referer} if referer else {}
    return requests.get(url, params=params, headers=headers, timeout=TIMEOUT_S)


def search(replica: Replica, query: str, *faults: Fault, **params: str) -> requests.Response:
    url = replica.search_url_with(*faults)
    return requests.get(url, params={"where": "image", "query": query, **params}, timeout=TIMEOUT_S)


def content(page: str) -> dict[str, Any]:
    """Read the embedded data, which is JavaScript outside and JSON inside."""
    data = page[re.search(r"var\s+imageSearchTabData\s*=", page).end() :]
    inner = data[re.search(r"\bcontent\s*:", data).end() :]
    found: dict[str, Any] = {}
    for key in ("url", "items"):
        start = re.search(rf"\b{key}\s*:\s*", inner).end()
        found[key], _ = json.JSONDecoder().raw_decode(inner[start:])
    return found


def images(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["type"] == "image"]


def all_images(replica: Replica, query: str, *faults: Fault) -> list[dict[str, Any]]:
    """Follow the continuation to its end."""
    answer = content(search(replica, query, *faults).text)
    found = images(answer["items"])
    while answer.get("url"):
        answer = get(answer["url"]).json()
        answer = answer.get("content", answer)
        found += images(answer["items"])
    return found


def fetched(address: str, result: Result) -> requests.Response:
    referer = result.page.link if result.quirk is Quirk.NEEDS_REFERER else ""
    return get(address, referer)


def shown(response: requests.Response) -> Image.Image:
    with Image.open(BytesIO(response.content)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def test_a_page_has_fifty_slots_of_which_11_and_35_are_adverts(replica: Replica) -> None:
    page = search(replica, "고양이").text
    items = content(page)["items"]
    assert [slot for slot, item in enumerate(items, 1) if item["type"] == "shopAd"] == [11, 35]
    assert len(items) == 50
    assert re.findall(r'data-type="(\w+)"', page) == [item["type"] for item in items]


def test_the_embedded_data_has_bare_outer_keys_and_every_known_field(replica: Replica) -> None:
    page = search(replica, "고양이").text
    assert "<script>var imageSearchTabData={content:{url:" in page
    assert 'items:[{"type":"image"' in page
    assert " ".join(content(page)["items"][0]) == (
        "type imgId rank title link source tld writerTitle dateInfo color thumb thumbWidth "
        "thumbHeight viewerThumb lensThumb originalUrl orgWidth orgHeight"
    )


def test_tiles_begin_as_placeholders_of_the_embedded_pictures(replica: Replica) -> None:
    page = search(replica, "고양이").text
    tiles = re.findall(r'<img class="_fe_image_tab_content_thumbnail_image" src="([^"]*)"', page)
    assert len(tiles) == 48
    assert all(source.startswith("data:image/gif;base64,") for source in tiles)
    ids = re.findall(r'data-image-viewer-img-id="([^"]*)"', page)
    assert ids == [item["imgId"] for item in images(content(page)["items"])]


@pytest.mark.parametrize(
    ("query", "count"),
    [("고양이", 150), ("사과 500", 500), ("자동차 700", 500)],
)
def test_continuations_lead_to_every_result_once(replica: Replica, query: str, count: int) -> None:
    found = all_images(replica, query)
    assert [item["originalUrl"] for item in found] == list(replica.truth(query))[:count]
    assert len({item["imgId"] for item in found}) == count
    ranks = [item["rank"] for item in found]
    assert ranks == sorted(set(ranks))
    assert 11 not in ranks


@pytest.mark.parametrize("fault", [Fault.SCRIPT_VARIANT, Fault.NESTED])
def test_other_forms_of_the_data_hold_the_same(replica: Replica, fault: Fault) -> None:
    assert all_images(replica, "강아지", fault) == all_images(replica, "강아지")


def test_duplicates_repeat_ten_results_with_each_continuation(replica: Replica) -> None:
    found = all_images(replica, "강아지", Fault.DUPLICATES)
    addresses = [item["originalUrl"] for item in found]
    assert len(addresses) == 150 + 2 * 10
    assert list(dict.fromkeys(addresses)) == list(replica.truth("강아지"))


def test_a_page_without_data_has_its_tiles(replica: Replica) -> None:
    page = search(replica, "강아지", Fault.NO_DATA).text
    assert "imageSearchTabData" not in page
    assert page.count("_fe_image_tab_content_thumbnail_image") == 48


def test_renamed_classes_leave_none_of_the_known_ones(replica: Replica) -> None:
    form = replica.search_url_with(Fault.RENAMED_TILES).replace("search.naver", "forms/tile")
    for html in (search(replica, "강아지", Fault.RENAMED_TILES).text, get(form).text):
        assert "_fe_image_tab" not in html
        assert "tile_item" not in html


@pytest.mark.parametrize(
    ("fault", "image", "path"),
    [
        (Fault.LAYOUT_2018, 'class="_img"', "/imagesearch/instant/search.naver"),
        (Fault.LAYOUT_2020, 'class="_image _listImage"', "/p/c/image/search.naver"),
        (Fault.LAYOUT_2023, 'data-image-viewer-trigger=""', "/p/c/image/search.naver"),
    ],
)
def test_a_layout_of_another_year_has_lazy_tiles_and_goes_on_in_the_old_mode(
    replica: Replica, fault: Fault, image: str, path: str
) -> None:
    page = search(replica, "강아지", fault).text
    assert "imageSearchTabData" not in page
    assert "_fe_image_tab_content" not in page
    assert page.count(image) == page.count('src="data:image/gif') == 48
    assert len(re.findall(r'data-(?:lazy-src|source)="http', page)) == 48
    tile = get(replica.search_url_with(fault).replace("search.naver", "forms/tile")).text
    assert image in tile
    more = unescape(re.search(r'data-more="([^"]+)"', page)[1])
    assert path in more
    assert get(more).text.startswith('({"items":[{"type":"image","imgId":"image_sas%3A')


def test_a_failing_continuation_works_the_second_time(replica: Replica) -> None:
    url = content(search(replica, "강아지", Fault.FAILING).text)["url"]
    assert get(url).status_code == 500
    assert len(images(get(url).json()["items"])) == 96


def test_a_stalled_continuation_works_the_second_time(replica: Replica) -> None:
    url = content(search(replica, "강아지", Fault.STALLED).text)["url"]
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, timeout=0.5)
    assert len(images(get(url).json()["items"])) == 96


def test_a_later_block_spares_the_page(replica: Replica) -> None:
    url = content(search(replica, "강아지", Fault.BLOCKED_LATER).text)["url"]
    assert get(url).status_code == 403


@pytest.mark.parametrize("callback", ["", "getPhoto"])
def test_the_continuation_speaks_jsonp_when_a_callback_is_named(
    replica: Replica, callback: str
) -> None:
    url = content(search(replica, "고양이").text)["url"]
    text = get(url, _callback=callback).text
    if callback:
        text = text.removeprefix(f"{callback}(").removesuffix(")")
    answer = json.loads(text)
    assert len(images(answer["items"])) == 96
    assert parse_qs(urlsplit(answer["url"]).query)["start"] == ["145"]


def test_the_old_mode_encodes_its_strings_in_percent(replica: Replica) -> None:
    url = content(search(replica, "고양이").text)["url"].replace("api_type=pc_tab_more&", "")
    text = get(url, json_type="6").text
    assert text.startswith("({")
    old = json.loads(text[1:-1])
    new = get(url).json()["items"]
    assert old["itemCount"] == len(new)
    assert [unquote(item["title"]) for item in old["items"]] == [item["title"] for item in new]
    assert "%" in old["items"][0]["originalUrl"]


def test_the_offset_area_section_and_order_are_honoured(replica: Replica) -> None:
    later = images(content(search(replica, "고양이", start="49").text)["items"])
    assert later[0]["originalUrl"] == list(replica.truth("고양이"))[48]
    large = images(
        content(search(replica, "고양이", res_fr="786432", res_to="100000000").text)["items"]
    )
    assert large
    assert all(item["orgWidth"] * item["orgHeight"] >= 786432 for item in large)
    shop = images(content(search(replica, "고양이", section="nshopping").text)["items"])
    assert {item["source"] for item in shop} == {"네이버플러스 스토어"}
    newest = images(content(search(replica, "고양이", nso="so:dd,p:6m,a:all").text)["items"])
    dates = [item["dateInfo"] for item in newest if item["dateInfo"].endswith(".")]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("query", ["없는검색어", "아무도 모르는 것", ""])
def test_a_query_without_a_subject_finds_nothing(replica: Replica, query: str) -> None:
    page = search(replica, query).text
    assert 'class="not_found02"' in page
    assert "imageSearchTabData" not in page


def test_past_the_end_nothing_is_found(replica: Replica) -> None:
    assert "not_found02" in search(replica, "고양이", start="151").text


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("차단", 403, '<h3 class="title">검색 서비스 이용이 제한되었습니다</h3>'),
        ("차단", 403, "비정상적인 움직임이 발견"),
        ("차단200", 200, "제한 해제"),
        ("성인", 200, 'class="dsc_adult"'),
    ],
)
def test_refusals_say_why(replica: Replica, query: str, status: int, text: str) -> None:
    response = search(replica, query)
    assert response.status_code == status
    assert text in response.text


def test_the_mixture_keeps_its_proportions() -> None:
    found = Counter(result.truth for result in results("고양이"))
    assert (found[Truth.SUBJECT], found[Truth.UNRELATED]) == (87, 33)
    assert found[Truth.EXACT_COPY] + found[Truth.NEAR_COPY] in (7, 8)
    assert found[Truth.BLURRED] == 9
    assert found[Truth.SMALL] == 6
    assert 6 <= sum(found[truth] for truth in BROKEN) <= 9
    hosts = Counter(result.host for result in results("고양이 500"))
    assert hosts[Host.BLOG] == pytest.approx(500 * 102 / 144, abs=1)
    assert hosts[Host.SHOP] == pytest.approx(500 * 3 / 144, abs=1)


def test_results_follow_from_query_and_seed_alone() -> None:
    first = results("고양이", 3)
    results.cache_clear()
    assert results("고양이", 3) == first
    assert results("고양이", 4) != first
    assert all(result.picture.seed >= 1_000_000 for result in first)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("고양이", "cat"),
        ("귀여운 고양이사진", "cat"),
        ("Cats", "cat"),
        ("category", None),
        ("배", "boat"),
        ("배경화면", None),
    ],
)
def test_a_query_names_its_subject_in_either_language(query: str, name: str | None) -> None:
    subject = subject_of(query)
    assert (subject and subject.name) == name


def is_sharp_picture(response: requests.Response, result: Result) -> bool:
    size = (result.picture.width, result.picture.height)
    return shown(response).size == size and copies.sharpness(shown(response)) > 50


def is_blurred(response: requests.Response, result: Result) -> bool:
    return copies.sharpness(shown(response)) < 50


def is_small(response: requests.Response, result: Result) -> bool:
    return min(shown(response).size) < 300


def is_near_copy(response: requests.Response, result: Result) -> bool:
    return 0.75 * result.picture.width < shown(response).width < result.picture.width


def is_missing(response: requests.Response, result: Result) -> bool:
    return response.status_code == 404


def is_html(response: requests.Response, result: Result) -> bool:
    return response.status_code == 200 and response.text.startswith("<!doctype html>")


def is_placeholder(response: requests.Response, result: Result) -> bool:
    return shown(response).size == (1, 1)


SERVED: dict[Truth, Callable[[requests.Response, Result], bool]] = {
    Truth.SUBJECT: is_sharp_picture,
    Truth.UNRELATED: is_sharp_picture,
    Truth.EXACT_COPY: is_sharp_picture,
    Truth.NEAR_COPY: is_near_copy,
    Truth.BLURRED: is_blurred,
    Truth.SMALL: is_small,
    Truth.MISSING: is_missing,
    Truth.NOT_AN_IMAGE: is_html,
    Truth.PLACEHOLDER: is_placeholder,
}


@pytest.mark.parametrize("truth", SERVED)
def test_what_is_served_is_what_the_truth_says(replica: Replica, truth: Truth) -> None:
    chosen = [(a, r) for a, r in replica.truth("고양이 300").items() if r.truth is truth][:20]
    assert chosen
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: fetched(*pair), chosen))
    for (address, result), answer in zip(chosen, answers, strict=True):
        assert SERVED[truth](answer, result), address


def test_truncated_pictures_end_early_or_break_off(replica: Replica) -> None:
    chosen = [(a, r) for a, r in replica.truth("고양이 500").items() if r.truth is Truth.TRUNCATED]
    assert len(chosen) == 5
    for address, result in chosen:
        if result.rank % 2 == 0:
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                get(address)
        else:
            with pytest.raises((OSError, UnidentifiedImageError)):
                shown(get(address))


def test_an_exact_copy_has_the_bytes_of_its_original_at_another_address(replica: Replica) -> None:
    truth = replica.truth("고양이")
    by_rank = {result.rank: (address, result) for address, result in truth.items()}
    for address, result in truth.items():
        if result.truth is Truth.EXACT_COPY and result.copy_of is not None:
            original = by_rank[result.copy_of]
            assert address != original[0]
            assert fetched(address, result).content == fetched(*original).content


@pytest.mark.parametrize("quirk", [quirk for quirk in Quirk if quirk is not Quirk.NONE])
def test_hosts_have_their_quirks(replica: Replica, quirk: Quirk) -> None:
    address, result = next(
        (a, r)
        for a, r in replica.truth("고양이").items()
        if r.quirk is quirk and r.truth is Truth.SUBJECT
    )
    own, plain = get(address, result.page.link), get(address)
    foreign = get(address, "https://elsewhere.example/")
    assert is_sharp_picture(own, result)
    assert plain.status_code == (403 if quirk is Quirk.NEEDS_REFERER else 200)
    is_guarded = quirk in (Quirk.HOTLINK_GUARDED, Quirk.NEEDS_REFERER)
    assert foreign.status_code == (403 if is_guarded else 200)
    assert bool(own.history) == (quirk is Quirk.REDIRECT)
    if quirk is Quirk.WRONG_EXTENSION:
        with Image.open(BytesIO(own.content)) as image:
            assert own.headers["Content-Type"] != image.get_format_mimetype()
    if quirk is Quirk.SLOW:
        assert 0.5 < own.elapsed.total_seconds() < 1.5


def test_thumbnails_are_scaled_pictures_even_of_missing_originals(replica: Replica) -> None:
    truth = replica.truth("고양이")
    chosen = [i for i in all_images(replica, "고양이") if truth[i["originalUrl"]].rank <= 12]
    chosen += [
        i for i in all_images(replica, "고양이") if truth[i["originalUrl"]].truth is Truth.MISSING
    ]
    for item in chosen:
        proxy = "sunny" if truth[item["originalUrl"]].host is Host.WEB else "common"
        assert urlsplit(item["thumb"]).path == f"/{proxy}/"
        assert parse_qs(urlsplit(item["thumb"]).query)["src"] == [item["originalUrl"]]
        tile = shown(get(item["thumb"]))
        assert tile.width <= 340
        assert tile.height == pytest.approx(item["thumbHeight"] * tile.width / 340, abs=1)
        assert shown(get(item["viewerThumb"])).width <= 960
        assert get(item["thumb"].replace("type=a340", "type=")).status_code == 404


def test_korean_file_names_are_doubly_encoded_and_served_only_as_they_stand(
    replica: Replica,
) -> None:
    item = next(i for i in all_images(replica, "고양이") if "%25B0%25ED" in i["thumb"])
    name = item["originalUrl"].rsplit("/", 1)[1]
    assert unquote(name, encoding="cp949").startswith("고양이")
    result = replica.truth("고양이")[item["originalUrl"]]
    if result.truth not in BROKEN:
        assert fetched(item["originalUrl"], result).status_code == 200
    assert get(unquote(item["originalUrl"])).status_code == 404


@pytest.mark.parametrize(("dialect", "keys"), [("classic", CLASSIC_KEYS), ("hub", HUB_KEYS)])
def test_the_official_api_answers_in_both_dialects(
    replica: Replica, dialect: str, keys: dict[str, str]
) -> None:
    url = replica.api_url if dialect == "classic" else replica.hub_api_url
    params = {"query": "고양이", "display": "20", "start": "141"}
    answer = requests.get(url, params=params, headers=keys, timeout=TIMEOUT_S).json()
    assert (answer["total"], answer["start"], answer["display"]) == (150, 141, 10)
    item = answer["items"][0]
    assert set(item) == {"title", "link", "thumbnail", "sizeheight", "sizewidth"}
    assert item["link"] == list(replica.truth("고양이"))[140]
    assert isinstance(item["sizewidth"], str)
    assert shown(get(item["thumbnail"])).width == 150


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ("query=", 400, "SE01"),
        ("query=%EA%B3%A0&display=101", 400, "SE02"),
        ("query=%EA%B3%A0&start=1001", 400, "SE03"),
        ("query=%EA%B3%A0&sort=best", 400, "SE04"),
        ("query=%B0%ED%BE%E7", 400, "SE06"),
        ("query=한도초과", 429, "010"),
        ("query=속도제한 고양이", 429, "012"),
        ("query=시스템오류", 500, "SE99"),
        ("query=오류 012", 429, "012"),
        ("query=오류 024", 401, "024"),
        ("query=오류 SE05", 404, "SE05"),
    ],
)
def test_the_official_api_names_its_errors(
    replica: Replica, params: str, status: int, code: str
) -> None:
    url = f"{replica.api_url}?{params}"
    response = requests.get(url, headers=CLASSIC_KEYS, timeout=TIMEOUT_S)
    assert (response.status_code, response.json()["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("한도초과", 429, "400"),
        ("오류 012", 429, "420"),
        ("오류 210", 401, "210"),
        ("오류 500", 503, "500"),
    ],
)
def test_the_gateway_of_the_hub_has_its_own_errors(
    replica: Replica, query: str, status: int, code: str
) -> None:
    response = requests.get(
        replica.hub_api_url, params={"query": query}, headers=HUB_KEYS, timeout=TIMEOUT_S
    )
    assert (response.status_code, response.json()["error"]["errorCode"]) == (status, code)


@pytest.mark.parametrize("status", [302, 403, 429, 503])
def test_the_official_api_can_answer_without_json(replica: Replica, status: int) -> None:
    for url, keys in ((replica.api_url, CLASSIC_KEYS), (replica.hub_api_url, HUB_KEYS)):
        response = requests.get(
            url,
            params={"query": f"상태 {status}"},
            headers=keys,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        assert (response.status_code, response.text) == (status, "<h1>nginx</h1>")


def test_the_official_api_needs_its_keys(replica: Replica) -> None:
    classic, hub = get(replica.api_url, query="고양이"), get(replica.hub_api_url, query="고양이")
    assert (classic.status_code, classic.json()["errorCode"]) == (401, "024")
    assert (hub.status_code, hub.json()["error"]["errorCode"]) == (401, "200")
    assert "<errorCode>024</errorCode>" in get(f"{replica.api_url}.xml", query="고양이").text


def test_a_command_runs_with_the_replica_and_its_exit_code_is_returned() -> None:
    script = (
        "import os, sys, requests; url = os.environ['NAVER_SEARCH_URL'];"
        "sys.exit(requests.get(url + '?query=cat').status_code // 10)"
    )
    command = [sys.executable, "-m", "tests.naver_replica", "--", sys.executable, "-c", script]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == 20


def test_the_server_ends_when_its_parent_is_killed() -> None:
    script = (
        "import os, signal\nfrom tests.naver_replica.serving import serve\n"
        "with serve() as replica:\n"
        "    print(replica.search_url, flush=True)\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script]
    parent = subprocess.run(
        command, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True
    )
    url = parent.stdout.strip()
    # The server shares the parent's stderr: that this closed says that the server ended.
    with pytest.raises(requests.ConnectionError):
        get(url)
