"""The API's words to people: English as it stands where it is raised, and its Korean, here.

    phrase("There is no job {job}.", job=job_id).ko

The page has its own words in ``static/js/words.js``.
"""

from typing import NamedTuple

from pydantic_core import ErrorDetails

from tasks.jobs import Status


class Phrase(NamedTuple):
    """The same in both languages."""

    en: str
    ko: str

    def said_in(self, language: str) -> str:
        """Return it in ``ko`` or ``en``."""
        return self.ko if language == "ko" else self.en


def phrase(template: str, **places: object) -> Phrase:
    """Return a template of ``KOREAN`` with its places filled, by phrases in their language."""

    def filled(words: str, language: str) -> str:
        said = {
            name: value.said_in(language) if isinstance(value, Phrase) else value
            for name, value in places.items()
        }
        return words.format_map(said)

    return Phrase(filled(template, "en"), filled(KOREAN[template], "ko"))


def language_of(accepted: str) -> str:
    """Return ``ko`` or ``en``, whichever an Accept-Language header rather has (RFC 9110, 12.5.4).

    English where it has neither, or both alike and English first.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().partition("-")[0]
        if language in ("ko", "en") and _weight(weight) > 0:
            weights.setdefault(language, _weight(weight))
    return max(weights, key=lambda language: weights[language], default="en")


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def of_pydantic(error: ErrorDetails) -> Phrase:
    """Return what pydantic found, without a capital or a full stop."""
    said = error["msg"].rstrip(".")
    en = f"{said[:1].lower()}{said[1:]}"
    template = FINDINGS.get(error["type"])
    if template is None:  # of a kind that the form cannot send
        return Phrase(en, f"쓸 수 없는 값입니다 ({said})")
    places = {name: _place(value) for name, value in error.get("ctx", {}).items()}
    return Phrase(en, template.format_map(places))


def _place(value: object) -> object:
    """Return a bound as it would be typed, and a list of values without its English "or"."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace("' or '", "', '") if isinstance(value, str) else value


STATUSES = {
    Status.SCHEDULED: Phrase("scheduled", "대기 중"),
    Status.RUNNING: Phrase("running", "수집 중"),
    Status.WAITING: Phrase("waiting", "확인 필요"),
    Status.DONE: Phrase("done", "완료"),
    Status.FAILED: Phrase("failed", "실패"),
    Status.CANCELLED: Phrase("cancelled", "중단됨"),
}

# By template. A place may stand elsewhere in the sentence, but every one is in both.
KOREAN = {
    "Something went wrong in the dashboard; its own log says what.": (
        "대시보드 안에서 오류가 났습니다. 대시보드의 로그를 확인하세요."
    ),
    "The body is no JSON.": "본문이 JSON이 아닙니다.",
    "{field} cannot be used: {why}.": "{field}: {why}.",
    "The request cannot be used: {why}.": "요청을 쓸 수 없습니다: {why}.",
    "There is nothing at {path}.": "{path}에는 아무것도 없습니다.",
    "{method} is not possible at {path}.": "{path}에는 {method} 요청을 할 수 없습니다.",
    "There is no job {job}.": "작업 {job}이(가) 없습니다.",
    "Job {job} has no folder.": "작업 {job}에는 폴더가 없습니다.",
    "Job {job} has no dataset.": "작업 {job}에는 데이터셋이 없습니다.",
    "Job {job} has no report.": "작업 {job}에는 보고서가 없습니다.",
    "Job {job} has no picture {picture}.": "작업 {job}에는 이미지 {picture}이(가) 없습니다.",
    "Job {job} asks about no such picture.": "작업 {job}은(는) 그런 이미지를 묻고 있지 않습니다.",
    "Job {job} is {status}, and waits for no such answer.": (
        "작업 {job}의 상태는 ‘{status}’이며 그런 답을 기다리고 있지 않습니다."
    ),
    "Job {job} is {status}: its dataset is not complete yet.": (
        "작업 {job}의 상태는 ‘{status}’입니다. 데이터셋이 아직 완성되지 않았습니다."
    ),
    "Job {job} is {status}: cancel it first.": (
        "작업 {job}의 상태는 ‘{status}’입니다. 먼저 중단하세요."
    ),
    "Job {job} has not ended: it is {status}.": (
        "작업 {job}은(는) 아직 끝나지 않았습니다. 상태는 ‘{status}’입니다."
    ),
    "Job {job} has ended already: it is {status}.": (
        "작업 {job}은(는) 이미 끝났습니다. 상태는 ‘{status}’입니다."
    ),
    "Job {job} is done: there is nothing to resume.": (
        "작업 {job}은(는) 완료되어 이어서 할 것이 없습니다."
    ),
    "Job {job} is of an earlier program and cannot be resumed.": (
        "작업 {job}은(는) 이전 프로그램의 것이라 이어서 할 수 없습니다."
    ),
    "Job {job} cannot be resumed: {why}": "작업 {job}을(를) 이어서 할 수 없습니다. {why}",
    "Job {job} was resumed by somebody else just now.": (
        "방금 다른 사람이 작업 {job}을(를) 이어서 시작했습니다."
    ),
    "job_id cannot be used: resume that job instead.": (
        "job_id는 쓸 수 없습니다. 대신 그 작업을 이어서 하세요."
    ),
    "verdict cannot be used: it is none of {known}.": (
        "verdict: 다음 가운데 하나여야 합니다: {known}."
    ),
    "status cannot be used: it is none of {known}.": (
        "status: 다음 가운데 하나여야 합니다: {known}."
    ),
    "query cannot be used: it holds a NUL character.": "query: NUL 문자가 들어 있습니다.",
    "The folder {folder} is outside the data folder {root}: name one inside it.": (
        "폴더 {folder}은(는) 데이터 폴더 {root} 밖에 있습니다. 그 안의 폴더를 쓰세요."
    ),
    "The folder is more than {depth} folders deep.": "폴더는 {depth}단계까지만 쓸 수 있습니다.",
    "The folder {folder} is not for datasets: name another one.": (
        "폴더 {folder}은(는) 데이터셋을 둘 곳이 아닙니다. 다른 폴더를 쓰세요."
    ),
    "The folder {folder} leads out of the data folder by a link.": (
        "폴더 {folder}은(는) 링크를 거쳐 데이터 폴더 밖으로 나갑니다."
    ),
    "{folder} is a file, not a folder.": "{folder}은(는) 폴더가 아니라 파일입니다.",
    "The folder {folder} is a dataset: name another one.": (
        "폴더 {folder}은(는) 데이터셋입니다. 다른 폴더를 쓰세요."
    ),
    "The input {path} leads out of {root} by a link.": (
        "입력 {path}은(는) 링크를 거쳐 {root} 밖으로 나갑니다."
    ),
    "{path} is outside {root}, and no other folder may be named here.": (
        "{path}은(는) {root} 밖에 있습니다. 여기에는 그 안의 것만 쓸 수 있습니다."
    ),
    "The folder name {name} cannot be used: letters, digits, spaces and _ - . , ( ) + = @ & can, "
    "up to 200 bytes, with a letter or digit first and no dot or space at the end.": (
        "폴더 이름 {name}은(는) 쓸 수 없습니다. 글자, 숫자, 빈칸과 _ - . , ( ) + = @ &를 "
        "200바이트까지 쓸 수 있고, 첫 글자는 글자나 숫자여야 하며 점이나 빈칸으로 끝날 수 없습니다."
    ),
    "Too many pages follow the dashboard: close some.": (
        "대시보드를 보는 화면이 너무 많습니다. 몇 개를 닫으세요."
    ),
    "Too many wrong tokens: try again in a minute.": (
        "틀린 토큰이 너무 많았습니다. 1분 뒤에 다시 시도하세요."
    ),
    "That was too much in too short a time: try again in a moment.": (
        "짧은 동안 요청이 너무 많았습니다. 잠시 뒤에 다시 시도하세요."
    ),
    "That is not the token (DASHBOARD_TOKEN).": "토큰(DASHBOARD_TOKEN)이 맞지 않습니다.",
    "The dashboard asks for its token (DASHBOARD_TOKEN).": (
        "이 대시보드에는 토큰(DASHBOARD_TOKEN)이 필요합니다."
    ),
    "The page is not installed; the API is described at /docs.": (
        "화면이 설치되어 있지 않습니다. API 설명은 /docs에 있습니다."
    ),
    "The dashboard is not reached as {name}: list that name in DASHBOARD_NAMES if it should be.": (
        "대시보드의 이름이 {name}이(가) 아닙니다. 그 이름으로 열어야 한다면 DASHBOARD_NAMES에 "
        "적으세요."
    ),
    "On the address {host} everybody on the network could use the dashboard: set DASHBOARD_TOKEN "
    "to a long random text, or listen on 127.0.0.1.": (
        "주소 {host}에서는 네트워크의 누구나 대시보드를 쓸 수 있습니다. DASHBOARD_TOKEN을 길고 "
        "무작위한 글로 정하거나 127.0.0.1에서만 여세요."
    ),
    "Only the dashboard's own page may change something here.": (
        "대시보드 자신의 화면에서만 바꿀 수 있습니다."
    ),
    "A body has to be JSON, and say so: Content-Type application/json.": (
        "본문은 JSON이어야 하고 그렇게 밝혀야 합니다: Content-Type application/json."
    ),
    "The body is larger than {limit} KiB.": "본문이 {limit} KiB보다 큽니다.",
    "The body did not come within {seconds} s.": "본문이 {seconds}초 안에 오지 않았습니다.",
}

# By pydantic's types (https://docs.pydantic.dev/latest/errors/validation_errors/), and ours in
# flows/request.py.
FINDINGS = {
    "missing": "값이 있어야 합니다",
    "extra_forbidden": "그런 항목은 없습니다",
    "string_type": "글이어야 합니다",
    "string_unicode": "쓸 수 없는 문자가 들어 있습니다",
    "string_too_short": "{min_length}자 이상이어야 합니다",
    "string_too_long": "{max_length}자까지 쓸 수 있습니다",
    "string_pattern_mismatch": "형식이 맞지 않습니다 ({pattern})",
    "int_type": "소수점 없는 숫자여야 합니다",
    "int_parsing": "소수점 없는 숫자여야 합니다",
    "int_parsing_size": "숫자가 너무 깁니다",
    "int_from_float": "소수점 없는 숫자여야 합니다",
    "float_type": "숫자여야 합니다",
    "float_parsing": "숫자여야 합니다",
    "finite_number": "끝이 있는 숫자여야 합니다",
    "greater_than": "{gt}보다 커야 합니다",
    "greater_than_equal": "{ge} 이상이어야 합니다",
    "less_than_equal": "{le} 이하여야 합니다",
    "literal_error": "다음 가운데 하나여야 합니다: {expected}",
    "enum": "다음 가운데 하나여야 합니다: {expected}",
    "path_type": "경로여야 합니다",
    "list_type": "목록이어야 합니다",
    "too_short": "{min_length}개 이상이어야 합니다",
    "too_long": "{max_length}개까지 쓸 수 있습니다",
    "model_attributes_type": "본문은 항목이 있는 JSON 객체여야 합니다",
    "control_character": "줄 바꿈이나 제어 문자가 들어 있습니다",
    "nul_character": "NUL 문자가 들어 있습니다",
    "period": "{known} 가운데 하나이거나 YYYYMMDD-YYYYMMDD여야 합니다",
    "period_order": "끝 날짜가 시작 날짜보다 앞섭니다",
    "source_and_input": "source가 {sources}이면 input이 있어야 하고, 아니면 input이 없어야 합니다",
}
