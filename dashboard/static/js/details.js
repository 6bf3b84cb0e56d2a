/**
 * What the program noted of a picture or of a check, in the language of the page. The notes are
 * English; those of a known form have their Korean here, all others stay as they are.
 */

import { el } from "./dom.js";
import { language } from "./i18n.js";

/** Parts of a note, as tasks/ and flows/check_naver.py write them. @type {[RegExp, string][]} */
const KOREAN = [
  [/^core of the subject's group$/, "주제 그룹의 중심"],
  [/^on the border of the subject's group$/, "주제 그룹의 가장자리"],
  [/^admitted to the subject's group by similarity$/, "닮아서 주제 그룹에 넣음"],
  [/^linked to the subject's group, but unlike it$/, "주제 그룹과 이어지지만 닮지 않음"],
  [/^belongs to group (\d+)$/, "그룹 $1에 속함"],
  [/^alone$/, "어느 그룹에도 들지 않음"],
  [/^(\d+) pictures lie within (\S+)$/, "거리 $2 안에 이미지 $1장"],
  [/^(\S+) from the most typical picture$/, "대표 이미지와의 거리 $1"],
  [/^the model gave no usable vector of it$/, "모델이 쓸 수 있는 벡터를 내지 못함"],
  [/^(\S+), the shorter side has less than (\d+) px$/, "$1, 짧은 변이 $2 px보다 작음"],
  [/^(\S+), more than (\d+) megapixels$/, "$1, $2메가픽셀보다 큼"],
  [/^sharpness (\S+), less than (\S+)$/, "선명도 $1, 기준 $2보다 낮음"],
  [/^status (\d+)$/, "응답 상태 $1"],
  [/^no answer in (\S+) s$/, "$1초 동안 응답 없음"],
  [/^not finished after (\S+) s$/, "$1초 안에 끝나지 않음"],
  [/^the end never came$/, "끝까지 오지 않음"],
  [/^over (\d+) MB announced$/, "$1 MB보다 크다고 알려 옴"],
  [/^over (\d+) MB$/, "$1 MB보다 큼"],
  [/^(\d+) bytes unpack to over (\d+) MB$/, "$1바이트가 풀리면 $2 MB보다 큼"],
  [/^over (\d+)$/, "$1번보다 많음"],
  [/^port (\d+)$/, "포트 $1"],
  [/^(\S+) hides an address$/, "$1은(는) 다른 주소를 숨김"],
  [/^(\d+) failures in a row$/, "$1번 잇달아 실패"],
  [/^it asked to be left alone for (\d+) s$/, "$1초 동안 요청하지 말라고 함"],
  [/^it is not packed by (\S+)$/, "$1(으)로 압축되지 않음"],
  [/^it cannot be read$/, "읽을 수 없는 주소"],
  [/^no http\(s\) address$/, "http(s) 주소가 아님"],
  [/^no file of this machine$/, "이 컴퓨터의 파일이 아님"],
  [/^no such file$/, "그런 파일이 없음"],
  [/^Candidates can be had: (.+)\.$/, "얻을 수 있는 후보: $1"],
];

/** The Korean of a note, or null where a part of it has none. @param {string} note */
export function korean(note) {
  const parts = note.split("; ").map((part) => {
    const [form, words] = KOREAN.find(([known]) => known.test(part)) ?? [];
    return form && words ? part.replace(form, words) : null;
  });
  const said = parts.includes(null) ? null : parts.join("; ");
  return said && said.replace(/(\d+) for ([^,]+)/g, "$2 $1개");
}

/** @param {"p" | "span"} tag @param {string} note */
export function noted(tag, note) {
  const told = korean(note);
  const isTold = () => language() === "ko" && told !== null;
  return el(tag, { lang: () => (isTold() ? "ko" : "en") }, () => (isTold() ? (told ?? "") : note));
}
