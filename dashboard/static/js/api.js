/**
 * The HTTP API, with its errors as sentences in the page's language. An answer of 401 asks for the
 * token once, however many calls wait for it, and then makes the call again.
 */

import { has, language, t } from "./i18n.js";
import { askForToken } from "./login.js";

/** What the API, or the way to it, refused. The message is a sentence for the reader. */
class ApiError extends Error {
  /** @param {string} code @param {string} detail @param {number} status 0 where none came */
  constructor(code, detail, status) {
    const key = has(`refusal.${code}`) ? `refusal.${code}` : "refusal.bad_request";
    super(t(key, { detail }).trim());
    this.code = code;
    this.status = status;
  }
}

/** @param {string} path @param {Record<string, string | number>} [query] */
export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return call("GET", given.length ? `${path}?${search}` : path);
}

/** @param {string} path @param {unknown} [body] */
export function post(path, body) {
  return call("POST", path, body);
}

/** @param {string} path */
export function remove(path) {
  return call("DELETE", path);
}

/**
 * The API's address of a job, or of something below it.
 * @param {string} id
 * @param {string} [part]
 */
export function jobPath(id, part = "") {
  return `/api/jobs/${encodeURIComponent(id)}${part}`;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function call(method, path, body) {
  const response = await send(method, path, body);
  const answer = await read(response);
  if (response.ok) return answer;
  if (response.status === 401) {
    await askForToken(login);
    return call(method, path, body);
  }
  const detail = typeof answer.detail === "string" ? answer.detail : "";
  throw new ApiError(answer.error ?? "internal", detail, response.status);
}

/** Try a token; true if it is the right one. @param {string} token */
async function login(token) {
  const response = await send("POST", "/login", { token });
  if (response.ok) return true;
  if (response.status === 401 || response.status === 403) return false;
  const answer = await read(response);
  throw new ApiError(answer.error ?? "internal", answer.detail ?? "", response.status);
}

/** @param {string} method @param {string} path @param {unknown} [body] */
async function send(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Accept-Language": language() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new ApiError("network", "", 0);
  }
}

/** @param {Response} response */
async function read(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(response.ok ? "unreadable" : "internal", "", response.status);
  }
}
