/**
 * The live connection to the server: one EventSource, watched, with polling where it is blocked.
 *
 *     connect({ onJob, onRemoved, onReload })
 *
 * `onReload` is called whenever what the page shows may be out of date: after the connection was
 * lost and came back, when the page is looked at again, and at every turn of polling.
 */

import { get } from "./api.js";
import { showLink } from "./link.js";

/** @typedef {import("./types.js").Job} Job */

/**
 * @typedef {Object} Listeners
 * @property {(job: Job) => void} [onJob]
 * @property {(id: string) => void} [onRemoved]
 * @property {(part: {id: string, text: string, next_offset: number}) => void} [onLog]
 * @property {() => unknown} onReload
 */

const SILENCE_MS = 40_000; // the server pings each 15 s
const RETRY_MS = 1000;
const POLL_MS = 3000;
const FAILURES_BEFORE_POLLING = 3; // of the events alone, while the API itself answers

/**
 * Connect, and stay connected for as long as the page is looked at. A browser opens six
 * connections to a server for all its tabs together, so a hidden tab gives its own up.
 * @param {Listeners} listeners
 * @param {() => string} [address] of the events, asked for each time
 */
export function connect(listeners, address = () => "/api/events") {
  const link = new Link(listeners, address);
  link.open();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) link.close();
    else link.reopen();
  });
  addEventListener("pagehide", () => link.close());
  addEventListener("pageshow", (event) => event.persisted && link.reopen());
}

class Link {
  #listeners;
  #address;
  /** @type {EventSource | null} */
  #source = null;
  #timer = 0;
  #failures = 0;
  #isStale = false;

  /** @param {Listeners} listeners @param {() => string} address */
  constructor(listeners, address) {
    this.#listeners = listeners;
    this.#address = address;
  }

  open() {
    this.close();
    const source = new EventSource(this.#address());
    this.#source = source;
    this.#watch();
    source.addEventListener("open", () => this.#opened());
    source.addEventListener("error", () => this.#failed());
    source.addEventListener("ping", () => this.#watch());
    this.#listen("job", (job) => this.#listeners.onJob?.(job));
    this.#listen("removed", ({ id }) => this.#listeners.onRemoved?.(id));
    this.#listen("log", (part) => this.#listeners.onLog?.(part));
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  reopen() {
    this.#isStale = true;
    this.open();
  }

  /** @param {string} name @param {(data: any) => void} listener */
  #listen(name, listener) {
    this.#source?.addEventListener(name, (event) => {
      this.#watch();
      listener(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  }

  /** A connection that has gone quiet is as good as lost. */
  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#failed(), SILENCE_MS);
  }

  #opened() {
    this.#failures = 0;
    showLink("open");
    if (this.#isStale) this.#listeners.onReload();
    this.#isStale = false;
  }

  async #failed() {
    this.close();
    this.#isStale = true;
    const isServerThere = await serverAnswers();
    if (isServerThere) this.#failures += 1;
    if (document.hidden) return;
    if (this.#failures >= FAILURES_BEFORE_POLLING) {
      this.#poll();
    } else {
      // Once, of a server that still answers, is what its restart begins with.
      if (!isServerThere || this.#failures !== 1) showLink("lost");
      this.#timer = setTimeout(() => this.open(), RETRY_MS);
    }
  }

  async #poll() {
    showLink("polling");
    await this.#listeners.onReload();
    if (document.hidden) return;
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }
}

/** Whether the API answers; without a token this asks for it, as any other call. */
async function serverAnswers() {
  try {
    await get("/api/jobs", { per_page: 1 });
    return true;
  } catch {
    return false;
  }
}
