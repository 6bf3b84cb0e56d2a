/**
 * Why a job ended without a dataset. The server's sentence is English; on the Korean page its code
 * says what happened and what to do, and the sentence stands below where it knows more than that.
 */

import { el } from "./dom.js";
import { language, say } from "./i18n.js";

/** By the codes of tasks/errors.py. @type {Record<string, string>} */
export const KOREAN = {
  bad_request: "이 값으로는 수집할 수 없습니다. 아래 내용을 보고 고쳐서 새로 시작하세요.",
  search: "검색에서 후보를 얻지 못했습니다. 다른 검색어로 시도해 보세요.",
  browser:
    "브라우저가 멈췄거나 시작되지 않았습니다. 이어서 하기를 누르고, 되풀이되면 브라우저와 드라이버의 버전이 같은지 확인하세요.",
  browser_missing:
    "Chrome이나 Chromium, 또는 그 드라이버를 찾지 못했습니다. 설치하거나 CHROME_BINARY와 CHROMEDRIVER를 바로잡은 뒤 이어서 하세요.",
  unreachable:
    "검색 서버에 연결하지 못했습니다. 인터넷 연결과 프록시를 확인하고 잠시 뒤 이어서 하세요.",
  blocked:
    "검색 서버가 이 네트워크의 접속을 당분간 막았습니다. 30분 이상 기다렸다가 이어서 하고, 검색 횟수를 줄이세요.",
  adult_query:
    "로그인한 성인에게만 결과가 나오는 검색어라 수집할 수 없습니다. 다른 검색어를 쓰세요.",
  keys: "네이버 API의 키가 없거나 받아들여지지 않았습니다. NAVER_CLIENT_ID와 NAVER_CLIENT_SECRET을 확인한 뒤 이어서 하세요.",
  quota:
    "네이버 API의 하루 호출 한도를 다 썼습니다. 내일 이어서 하거나, 출처를 네이버 검색으로 바꿔 새로 시작하세요.",
  page_changed:
    "검색 서버의 응답에서 결과를 읽지 못했습니다. 형식이 바뀐 것 같습니다. 다른 출처로 새로 시작해 보세요.",
  model:
    "CLIP 모델을 불러오지 못했습니다. 모델의 이름이나 폴더, 실행 장치를 확인하고 새로 시작하세요.",
  no_subject:
    "주제를 보여 주는 이미지를 가려내지 못했습니다. 검색어의 맞춤법을 확인하고, 더 구체적인 검색어나 아래에 적힌 옵션을 써 보세요.",
  ambiguous:
    "어느 그룹이 주제인지 분명하지 않고 아무도 답하지 않았습니다. 주제가 분명하지 않을 때 ‘나에게 묻기’나 ‘몫이 가장 큰 그룹’을 골라 새로 시작하거나, 아래에 적힌 대로 이어서 하세요.",
  database: "데이터베이스를 쓸 수 없습니다. Postgres와 그 접속 설정을 확인한 뒤 이어서 하세요.",
  output: "저장 폴더에 쓸 수 없습니다. 남은 공간과 폴더 권한을 확인한 뒤 이어서 하세요.",
  cluster:
    "Dask나 Ray 클러스터를 쓸 수 없습니다. 클러스터를 확인한 뒤 이어서 하거나, 묶음을 threads로 처리하도록 바꿔 새로 시작하세요.",
  prefect: "Prefect 서버에 연결하지 못했습니다. 서버와 주소를 확인한 뒤 이어서 하세요.",
  lost: "작업 프로세스가 강제로 끝났거나 메모리가 모자랐습니다. 끝낸 일은 남아 있어 이어서 할 수 있습니다.",
  stopped: "중단한 작업입니다. 끝낸 일은 남아 있어 이어서 할 수 있습니다.",
  deleted: "Prefect에서 이 실행이 삭제되어 시작하지 못했습니다. 이어서 할 수 있습니다.",
  not_started: "작업을 시작하지 못했습니다. 아래에 적힌 이유를 해결한 뒤 이어서 하세요.",
  unexpected:
    "예상하지 못한 오류로 끝났습니다. 로그에서 이유를 확인하세요. 이어서 하면 될 수도 있습니다.",
};
const WHOLE = ["lost", "stopped", "deleted"]; // their sentences say nothing beyond the Korean

export class JobError {
  #sentence = el("p");
  #original = el("p", { class: "original", lang: "en" });

  /** @param {HTMLElement} place */
  constructor(place) {
    place.append(this.#sentence, this.#original);
  }

  /** @param {import("./types.js").Job} job */
  show({ error, error_code }) {
    const code = error_code ?? "";
    const isTold = () => language() === "ko" && Object.hasOwn(KOREAN, code);
    say(this.#sentence, () => (isTold() ? KOREAN[code] : (error ?? "")));
    // A sentence without a code is an earlier program's, in whatever language.
    say(this.#sentence, () => (isTold() ? "ko" : code && "en"), "lang");
    say(this.#original, () => (isTold() && !WHOLE.includes(code) ? (error ?? "") : ""));
  }
}
