"""Lists of addresses in every form, folders of images, and what must not be read through them."""

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from tasks.download import download_batch
from tasks.errors import BadRequestError
from tasks.fetching import fetch
from tasks.fetching.failures import FetchError
from tasks.fetching.fetch import read_file
from tasks.quality import QualityLimits
from tasks.records import Accepted, Address, AddressKind, Candidate, Reason, Rejected
from tasks.settings import Settings
from tasks.sources import files, lists
from tasks.sources.query import SearchQuery
from tasks.workspace import Result, Workspace
from words import LANGUAGES

A, B = "http://a.kr/1.jpg", "https://b.kr/2.png"


def found(path: Path | None) -> list[Candidate]:
    query = SearchQuery("고양이", input=path)
    return [candidate for page in files.search(query, Settings()) for candidate in page]


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def image(folder: Path, name: str, seed: int = 0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (320, 320, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def download(candidate: Candidate, folder: Path) -> Result:
    workspace = Workspace(folder)
    number = download_batch(workspace, workspace.add_batch([candidate]), limits=QualityLimits())
    (result,) = workspace.results(number) or ()
    return result


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", f"{A}\n{B}\n", [A, B]),
        ("a.txt", f"\ufeff{A}\r\n\r\n  {B}  \r\n# a comment\r\n", [A, B]),
        ("a.txt", f"{A}\r{B}", [A, B]),
        ("list", f"#{B}\n{A}", [A]),
        ("a.txt", f"{A}#part\n{A}?q=한글", [A, f"{A}?q=%ED%95%9C%EA%B8%80"]),
        ("a.txt", f"{A}\n{B}\n {A}", [A, B]),
        ("a.txt", f"{A}\n{B}\n".encode("utf-16"), [A, B]),
        ("a.csv", f"url;Title\n{A};x\n", [A]),
        ("a.csv", f'"Title"\t" URL "\r\n"a\r\nb"\t{A}'.encode("utf-16"), [A]),
        ("a.tsv", f"title\turl\nx, y; z\t{A}\n", [A]),
        ("a.csv", f"id|url\n1|{A}?a=1,2;3\n", [f"{A}?a=1,2;3"]),
        ("a.csv", f"sep=^\r\nurl^title\r\n{A}^x,y;z\r\n", [A]),
        ("a.csv", f"SEP=;\nurl;title\n{A};x\n".encode("utf-16"), [A]),
        ("a.txt", "# 고양이\n".encode("cp949") + f"{A}\n{B}\n".encode(), [A, B]),
        ("a.csv", f"url,title\n{A}\n{B},x,,\n", [A, B]),
        ("a.csv", f"url\r{A}\r\r{B}\r", [A, B]),
        ("a.jsonl", f'\ufeff{{"URL": "{A}", " Title ": 7}}\r\n{{"url": "{A}"}}\r\n', [A]),
        ("a.csv", f"url\n{A}\n{B}\n", [A, B]),
        ("a.CSV", f'\ufeffid, URL ,title\r\n1,{A},"a, ""b""\r\nc"\r\n\r\n,,\r\n2,{B},', [A, B]),
        ("a.csv", f"title,url\n고양이,{A}\n".encode("cp949"), [A]),
        ("a.jsonl", json.dumps({"url": A}) + "\n\n" + json.dumps({"url": B, "more": [1]}), [A, B]),
        ("a.ndjson", f'{{"url": "{A}", "title": null}}', [A]),
    ],
)
def test_a_list_gives_its_addresses_in_order(
    tmp_path: Path, name: str, content: bytes | str, expected: list[str]
) -> None:
    candidates = found(written(tmp_path, name, content))

    assert [candidate.url for candidate in candidates] == expected
    assert [candidate.rank for candidate in candidates] == list(range(1, len(expected) + 1))
    assert {candidate.source for candidate in candidates} == {"files"}
    assert {a.kind for c in candidates for a in c.addresses} == {AddressKind.ORIGINAL}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f"url,title,page_url\n{A},하얀  고양이,https://c.kr/글"),
        ("a.csv", f"url,title,page_url\n{A},하얀 고양이,https://c.kr/글".encode("cp949")),
        ("a.jsonl", json.dumps({"url": A, "title": "하얀 고양이 ", "page_url": "https://c.kr/글"})),
    ],
)
def test_title_and_page_are_taken_where_they_are_there(
    tmp_path: Path, name: str, content: bytes | str
) -> None:
    (candidate,) = found(written(tmp_path, name, content))

    page = "https://c.kr/%EA%B8%80"
    assert (candidate.title, candidate.page_url) == ("하얀 고양이", page)
    assert [address.referer for address in candidate.addresses] == [None, page]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", "", "a.txt holds no address"),
        ("a.txt", "# nothing\n\n", "a.txt holds no address"),
        ("a.txt", f"{A}\n\nfile:///etc/passwd\n", "line 3: 'file:///etc/passwd' is no http"),
        ("a.txt", f"{A}\nFILE:/etc/passwd", "line 2: 'FILE:/etc/passwd' is no http"),
        ("a.txt", "/etc/passwd", "line 1: '/etc/passwd' is no http"),
        ("a.txt", "ftp://a.kr/1.jpg", "line 1: "),
        ("a.txt", "http://", "line 1: "),
        ("a.txt", f"{A} {B}\x1b[2J", r"line 1: .*\\x1b\[2J' is no http"),
        ("a.txt", "x" * 10_000, "line 1: 'x{79}… is no"),
        ("a.txt", "고양이".encode("cp949"), "save it in UTF-8"),
        ("a.txt", f"{A}\n".encode("utf-16-le"), "save it in UTF-8"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0", "save it in UTF-8"),
        ("a.csv", "", "holds no address"),
        ("a.csv", "url,title\n", "holds no address"),
        ("a.csv", f"link,title\n{A},x", "needs one column named url, not 'link, title'"),
        ("a.csv", f"link;title\n{A};x", "not 'link;title'"),
        ("a.csv", f"url,URL\n{A},{B}", "needs one column named url"),
        ("a.csv", f"{A}\n{B}\n", "needs one column named url"),
        ("a.csv", f"title,url\n{A}\n", "line 2: there is no url"),
        ("a.csv", f'url,title\n{A},"a\nb"\n{A},b,c\n', "line 4: 3 cells, but 2 columns"),
        ("a.csv", "url,title\n,a cat\n", "line 2: there is no url"),
        ("a.csv", f'url,title\n{A},"a\n', "line 2: this is no CSV"),
        ("a.csv", f'url,title\n{A},"a"b\n', "line 2: this is no CSV"),
        ("a.csv", f'url,title\n{A},"{"x" * 200_000}"\n', "line 2: this is no CSV"),
        ("a.csv", f"url,page_url\n{A},c.kr\n", "line 2: 'c.kr' is no http"),
        ("a.csv", b"url\n\xff\xff\xff\n", "line 2: part of it is no text"),
        ("a.txt", f"{A}\n{B}\0\n", "line 2: part of it is no text"),
        ("a.jsonl", f'{{"url": "{A}"}}\n'.encode() + b'{"url": "\xff"}', "line 2: part of it"),
        ("a.jsonl", f'{{"url": "{A}", "title": true}}', "line 1: title is True, no text"),
        ("a.csv", f"url\n{A}\n".encode("utf-16-be"), "save it in UTF-8"),
        ("a.jsonl", f'{{"url": "{A}"}}\n{{"url": \n', "line 2: this is no JSON"),
        ("a.jsonl", "[" * 100_000, "line 1: this is no JSON"),
        ("a.jsonl", "9" * 10_000, "line 1: this is no JSON"),
        ("a.jsonl", f'["{A}"]', "line 1: this is no object"),
        ("a.jsonl", '{"link": "x"}', "line 1: there is no url"),
        ("a.jsonl", '{"url": 7}', "line 1: url is 7, no text"),
        ("a.jsonl", '{"url": ["x"]}', r"line 1: url is \['x'\], no text"),
        ("a.jsonl", f'{{"url": "{A}", "title": {{"a": 1}}}}', "line 1: title is"),
        ("a.jsonl", '{"url": "http://a.kr/\\ud800"}', "line 1: .* is no http"),
        ("a.jsonl", '{"url": "file:///etc/passwd"}', "line 1: .* is no http"),
        ("a.ndjson", "", "holds no address"),
    ],
)
def test_a_list_that_cannot_be_right_is_an_error_before_anything_is_given(
    tmp_path: Path, name: str, content: bytes | str, error: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(BadRequestError, match=error) as caught:
        next(files.search(SearchQuery("고양이", input=path), Settings()))
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", f"ftp://a\n{A}\nhttp://\n", [1, 3]),
        ("a.csv", f"url,title\n,x\n{A},y\n{B},y,z\n{A},z\nnone,\n", [2, 4, 6]),
        ("a.jsonl", f'{{"url": 7}}\n{{"url": "{A}"}}\n[]\n{{"url": \n', [1, 3, 4]),
        ("a.txt", "none\n" * 30, [*range(1, 21)]),
    ],
)
def test_all_lines_that_cannot_be_used_are_named_at_once(
    tmp_path: Path, name: str, content: str, expected: list[int]
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(BadRequestError) as caught:
        next(files.search(SearchQuery("고양이", input=path), Settings()))
    for language in LANGUAGES:
        said = caught.value.message.said_in(language)
        told = re.findall(r"^  (?:line )?(\d+)(?:번째 줄)?:", said, re.MULTILINE)
        assert [int(number) for number in told] == expected
        assert ("10" in said.splitlines()[-1]) == (len(expected) == 20)


@pytest.mark.parametrize(
    ("name", "content", "expected", "wrong"),
    [
        ("a.txt", f"ftp://a\n{A}\nhttp://\n", [A], 2),
        ("a.txt", f"{A}\n".encode() + b"\xff\n\0\n" + f"{B}\n{A}#2\n".encode(), [A, B], 2),
        ("a.csv", f'url,title\n{A},"no end\n{B},x\n', [B], 1),
        ("a.csv", f'url,title\n{A},"a"b\n{B},"x\ny"\n,z\n', [B], 2),
        ("a.jsonl", f'{{"url": 7}}\n{{"url": "{A}"}}\n[]\n{{"url": \n', [A], 3),
    ],
)
def test_lines_that_cannot_be_used_are_left_out_where_that_is_asked_for(
    name: str,
    content: str | bytes,
    expected: list[str],
    wrong: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    query = SearchQuery("고양이", input=written(tmp_path, name, content), skip_bad=True)
    (page,) = files.search(query, Settings())
    assert [candidate.url for candidate in page] == expected
    said = [record.getMessage() for record in caplog.records]
    assert sum("is left out" in line for line in said) == wrong
    assert f"{wrong} lines of" in said[wrong]


def test_a_list_of_nothing_that_can_be_used_is_refused_all_the_same(tmp_path: Path) -> None:
    query = SearchQuery("고양이", input=written(tmp_path, "a.txt", "ftp://a\n"), skip_bad=True)
    with pytest.raises(BadRequestError, match="holds no address"):
        next(files.search(query, Settings()))


def test_a_title_that_cannot_be_stored_is_mended(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", json.dumps({"url": A, "title": f"\ud800{'가' * 900}"}))
    (candidate,) = found(path)
    assert candidate.title == ("?" + "가" * 900)[:500]


@pytest.mark.parametrize(("content", "repeated"), [(f"{A}\n{B}\n", 0), (f"{A}\n{A}#b\n{A}\n", 2)])
def test_rows_that_repeat_an_address_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, repeated: int
) -> None:
    found(written(tmp_path, "a.txt", content))
    assert [text.split(" rows of")[0] for text in caplog.messages] == [str(repeated)] * (
        repeated > 0
    )


def test_an_error_in_the_last_row_comes_before_the_first_page(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "".join(f"{A}?{n}\n" for n in range(250)) + "nowhere")
    with pytest.raises(BadRequestError, match="line 251"):
        next(files.search(SearchQuery("고양이", input=path), Settings()))


def test_pages_have_up_to_a_hundred(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "".join(f"http://a.kr/{n}\n" for n in range(250)))
    pages = files.search(SearchQuery("고양이", input=path), Settings())
    assert [len(page) for page in pages] == [100, 100, 50]


def test_an_input_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    large = written(tmp_path, "large.txt", A)
    monkeypatch.setattr(lists, "MAX_LIST_BYTES", 3)
    for path, error in [
        (None, "needs a list of addresses or a folder"),
        (tmp_path / "none.txt", "There is no .*none.txt"),
        (tmp_path / "pipe", "neither a file nor a folder"),
        (tmp_path / "empty", "holds no files"),
        (large, "is it a list of addresses"),
    ]:
        with pytest.raises(BadRequestError, match=error):
            found(path)


def test_a_list_that_cannot_be_read_is_said() -> None:
    with pytest.raises(BadRequestError, match="cannot be read: Input/output error"):
        found(Path("/proc/self/mem"))  # a file that not even root can read from its beginning


def test_a_folder_gives_its_files_in_natural_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "images"
    outside = image(tmp_path, "outside.png")
    names = ["2.png", "10.png", "a/img1.png", "a/img2.png", "a/img10.png", "b #1?%41.png", "한글"]
    for name in reversed(names):
        image(root, name)
    for name in (".hidden.png", ".folder/1.png", "a/.DS_Store"):
        image(root, name)
    (root / "inside.png").symlink_to(root / "2.png")
    (root / "leak.png").symlink_to(outside)
    (root / "gone.png").symlink_to(root / "nothing")
    (root / "leaks").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.png")

    candidates = found(root)

    expected = [*names[:-1], "inside.png", names[-1]]
    assert [candidate.url for candidate in candidates] == [(root / n).as_uri() for n in expected]
    assert [candidate.title for candidate in candidates][:3] == ["2", "10", "img1"]
    assert {a.kind for c in candidates for a in c.addresses} == {AddressKind.FILE}
    assert all(isinstance(download(c, tmp_path / "work"), Accepted) for c in candidates)
    assert sum("left out" in message for message in caplog.messages) == 4


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/1.png/SYNOPHOTO_THUMB.png", "#recycle/1.png", "a/@eaDir/1.png", ".Trashes/1.png",
        "$RECYCLE.BIN/1.png", "System Volume Information/1.png", "__MACOSX/a/._1.png",
        "a/.DS_Store", "Thumbs.db", "a/thumbs.db", "._1.png", "Desktop.ini", "lost+found/1.png",
    ],
)  # fmt: skip
def test_what_a_system_put_into_a_folder_is_left_out(tmp_path: Path, name: str) -> None:
    kept = written(tmp_path / "images", "#recycled 1.png", "")
    written(tmp_path / "images", name, "")
    assert [candidate.url for candidate in found(tmp_path / "images")] == [kept.as_uri()]


def test_links_are_followed_within_the_folder_and_their_loops_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "images"
    expected = [written(root, "z/1.png", ""), written(root, "z/b/2.png", "")]
    written(root, ".store/3.png", "")
    written(tmp_path, "outside/4.png", "")
    (root / "again").symlink_to("z")
    (root / "z" / "b" / "up").symlink_to(root)
    (root / "itself").symlink_to("itself")
    (root / "stored").symlink_to(".store")
    (root / "z" / "out").symlink_to(tmp_path / "outside")

    urls = [candidate.url for candidate in found(root)]

    assert urls == [path.as_uri() for path in (root / "stored" / "3.png", *expected)]
    left_out = {text.split(" is left out")[0] for text in caplog.messages}
    assert left_out == {str(root / "itself"), str(root / "z" / "out")}


def test_a_subfolder_that_cannot_be_read_is_named_and_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = written(tmp_path / "images", "1.png", "")
    monkeypatch.chdir(tmp_path / "images")
    for _ in range(20):  # deeper than a path can name, which not even root can read
        os.mkdir("d" * 250)  # noqa: PTH102
        os.chdir("d" * 250)
    assert [candidate.url for candidate in found(tmp_path / "images")] == [kept.as_uri()]
    assert [text.rsplit(": ")[-1] for text in caplog.messages] == ["File name too long."]


@pytest.mark.parametrize(
    "names",
    [
        ["img1", "img2", "img10", "img010b"],
        ["a", "B", "c", "É", "가", "나"],
        ["\u1100\u1161 1", "가 2", "\u1100\u1161 10", "나"],
        ["2", "10", "a2", "a10", "می\u200cخ 2", "می\u200cخ 10", "👩\u200d🚀"],
    ],
)
def test_the_order_is_natural_in_every_script(tmp_path: Path, names: list[str]) -> None:
    for name in reversed(names):
        written(tmp_path / "images", name, "")
    assert [unquote(one.url).rsplit("/")[-1] for one in found(tmp_path / "images")] == names


def test_a_file_name_that_is_no_utf8_is_read_all_the_same(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path / "images") + b"/\xb0\xed\n.png"
    image(tmp_path / "images", "1.png").rename(os.fsdecode(raw))

    (candidate,) = found(tmp_path / "images")

    assert candidate.url.endswith("/%B0%ED%0A.png")
    candidate.title.encode()
    assert isinstance(download(candidate, tmp_path / "work"), Accepted)


def test_a_file_that_is_no_image_is_rejected_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 1_000)
    written(tmp_path / "images", "1.txt", "no image")
    image(tmp_path / "images", "2.png")  # about 300 KB
    gone = image(tmp_path / "images", "3.png")
    piped = image(tmp_path / "images", "4.png")
    candidates = found(tmp_path / "images")
    gone.unlink()
    piped.unlink()
    os.mkfifo(piped)

    results = [download(candidate, tmp_path / "work") for candidate in candidates]

    assert [result.reason for result in results if isinstance(result, Rejected)] == [
        Reason.NOT_AN_IMAGE,
        Reason.TOO_MANY_BYTES,
        Reason.UNREACHABLE,
        Reason.UNREACHABLE,
    ]


@pytest.mark.parametrize("kind", [kind for kind in AddressKind if kind is not AddressKind.FILE])
def test_a_file_is_refused_where_a_page_names_it(tmp_path: Path, kind: AddressKind) -> None:
    path = image(tmp_path, "1.png")

    result = download(Candidate((Address(path.as_uri(), kind),), 1, "naver"), tmp_path / "work")

    assert isinstance(result, Rejected)
    assert result.reason == Reason.BAD_ADDRESS


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://a.kr/1.png", Reason.BAD_ADDRESS),
        ("file://a.kr/etc/passwd", Reason.BAD_ADDRESS),
        ("/etc/passwd", Reason.BAD_ADDRESS),
        ("file:///", Reason.UNREACHABLE),
        ("file:///dev/zero", Reason.UNREACHABLE),
        ("file:///a%00b", Reason.UNREACHABLE),
    ],
)
def test_only_regular_files_of_this_machine_are_read(url: str, reason: Reason) -> None:
    with pytest.raises(FetchError) as caught:
        read_file(url)
    assert caught.value.reason == reason
