/**
 * The grid of images. Only the rows near the window are in the page, so that thousands of
 * images scroll as quickly as fifty. Arrows, Home, End, Page Up and Down move; Enter opens.
 */

import { find } from "./dom.js";
import { ImageTile } from "./image-tile.js";

/** @typedef {import("./decision-pages.js").DecisionPages} DecisionPages */

const LEAST_TILE_PX = 148;
const GAP_PX = 10;
const CAPTION_PX = 30;
const SPARE_ROWS = 3; // above and below the window

export class ImageGrid {
  #pages;
  #open;
  #place = find("#grid");
  #list = find("#tiles");
  /** @type {Map<number, ImageTile>} */
  #tiles = new Map();
  #current = 0; // the one tile that Tab reaches
  #columns = 1;
  #rowHeight = 1;
  #isWaiting = false;

  /** @param {DecisionPages} pages @param {(at: number) => void} open */
  constructor(pages, open) {
    this.#pages = pages;
    this.#open = open;
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("click", (event) => this.#onClick(event));
    addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    addEventListener("resize", () => this.#drawSoon());
    new ResizeObserver(() => this.#drawSoon()).observe(this.#place);
  }

  /** Show the pages' verdict from its first image on. */
  show() {
    for (const tile of this.#tiles.values()) tile.element.remove();
    this.#tiles.clear();
    this.#current = 0;
    this.#draw();
  }

  /** Move to an image and focus it. @param {number} at */
  focus(at) {
    if (!this.#pages.total) return;
    this.#current = Math.min(Math.max(at, 0), this.#pages.total - 1);
    this.#scrollTo(this.#current);
    this.#draw();
    this.#tiles.get(this.#current)?.button.focus({ preventScroll: true });
  }

  #drawSoon() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#draw();
    });
  }

  #draw() {
    const width = this.#place.clientWidth;
    if (!width) return;
    this.#columns = Math.max(2, Math.floor((width + GAP_PX) / (LEAST_TILE_PX + GAP_PX)));
    const side = (width - GAP_PX * (this.#columns - 1)) / this.#columns;
    this.#rowHeight = side + CAPTION_PX + GAP_PX;
    const rows = Math.ceil(this.#pages.total / this.#columns);
    this.#place.style.height = `${Math.max(0, rows * this.#rowHeight - GAP_PX)}px`;
    const [first, last] = this.#shown(rows);
    for (const [at, tile] of this.#tiles) {
      if ((at < first || at >= last) && at !== this.#current) this.#drop(at, tile);
    }
    for (let at = first; at < last; at += 1) this.#put(at, side);
    if (this.#pages.total) this.#put(this.#current, side);
  }

  /** The places that are in or near the window: [first, behind the last]. @param {number} rows */
  #shown(rows) {
    const top = -this.#place.getBoundingClientRect().top;
    const firstRow = Math.max(0, Math.floor(top / this.#rowHeight) - SPARE_ROWS);
    const lastRow = Math.min(rows, Math.ceil((top + innerHeight) / this.#rowHeight) + SPARE_ROWS);
    return [firstRow * this.#columns, Math.min(this.#pages.total, lastRow * this.#columns)];
  }

  /** @param {number} at @param {number} side */
  #put(at, side) {
    let tile = this.#tiles.get(at);
    if (!tile) {
      tile = new ImageTile(at, this.#pages.total);
      this.#tiles.set(at, tile);
      this.#list.insertBefore(tile.element, this.#after(at));
      this.#fill(at, tile);
    }
    tile.button.tabIndex = at === this.#current ? 0 : -1;
    const { style } = tile.element;
    style.width = `${side}px`;
    style.height = `${side + CAPTION_PX}px`;
    const left = (at % this.#columns) * (side + GAP_PX);
    style.transform = `translate(${left}px, ${Math.floor(at / this.#columns) * this.#rowHeight}px)`;
  }

  /**
   * The tile before which a new one stands, so that screen readers meet them in order.
   * @param {number} at
   */
  #after(at) {
    const later = [...this.#tiles.keys()].filter((other) => other > at);
    return later.length ? (this.#tiles.get(Math.min(...later))?.element ?? null) : null;
  }

  /** @param {number} at @param {ImageTile} tile */
  async #fill(at, tile) {
    const known = this.#pages.known(at);
    try {
      const decision = known ?? (await this.#pages.at(at));
      if (decision && this.#tiles.get(at) === tile) tile.fill(decision);
    } catch {
      if (this.#tiles.get(at) === tile) this.#drop(at, tile); // drawn anew at the next scroll
    }
  }

  /** @param {number} at @param {ImageTile} tile */
  #drop(at, tile) {
    tile.element.remove();
    this.#tiles.delete(at);
  }

  /** @param {Event} event */
  #onClick(event) {
    const tile = event.target instanceof Element ? event.target.closest("[data-at]") : null;
    if (!tile) return;
    this.#current = Number(tile.getAttribute("data-at"));
    this.#open(this.#current);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(innerHeight / this.#rowHeight)) * this.#columns;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: this.#current - 1,
      ArrowRight: this.#current + 1,
      ArrowUp: this.#current - this.#columns,
      ArrowDown: this.#current + this.#columns,
      PageUp: this.#current - page,
      PageDown: this.#current + page,
      Home: 0,
      End: this.#pages.total - 1,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.focus(moves[event.key]);
  }

  /** Scroll only as far as the tile needs to be seen. @param {number} at */
  #scrollTo(at) {
    const top =
      this.#place.getBoundingClientRect().top + Math.floor(at / this.#columns) * this.#rowHeight;
    const bottom = top + this.#rowHeight;
    const above = find("#verdicts").offsetHeight + GAP_PX; // the tabs stay at the window's top
    if (top < above) scrollBy(0, top - above);
    else if (bottom > innerHeight) scrollBy(0, bottom - innerHeight + GAP_PX);
  }
}
