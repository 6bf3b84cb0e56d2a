// Reveals tiles as they come into sight, appends more at the bottom, opens the viewer.
"use strict";
(() => {
  const forms = Object.fromEntries(
    ["tile", "advert", "viewer"].map((name) => [
      name,
      fetch(`forms/${name}`).then((r) => r.text()),
    ]),
  );
  const grid = document.getElementById("grid");
  const placeholder = grid.querySelector("img")?.src ?? "";
  const items = new Map(); // tile → its item
  const GIVE_UP_MS = 4000;
  const NEAR_BOTTOM_PX = 300;
  let more = "";
  let isLoading = false;
  let calls = 0;

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      target.querySelector("img").src = items.get(target).thumb;
      target.classList.add("is_visible");
    }
  });

  function plain(title) {
    return new DOMParser().parseFromString(title, "text/html").body.textContent;
  }

  function escaped(value) {
    return String(value).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  }

  function element(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    return holder.content.firstElementChild;
  }

  async function tileOf(item) {
    const loggedId = (item.imgId ?? "").replace("image_sas:", "");
    const values = { ...item, text: plain(item.title), loggedId, placeholder };
    const html = await forms[item.type === "image" ? "tile" : "advert"];
    return element(html.replace(/\{(\w+)\}/g, (_, key) => escaped(values[key])));
  }

  function adopt(tiles, batch) {
    tiles.forEach((tile, at) => {
      items.set(tile, batch[at]);
      if (batch[at].type === "image") observer.observe(tile);
    });
  }

  // Until 2024 a tile carried the address of its thumbnail itself.
  function shownBy(tile) {
    const image = tile.querySelector("img");
    const thumb = image?.dataset.lazySrc ?? image?.dataset.source;
    return { type: thumb ? "image" : "shopAd", thumb, viewerThumb: thumb, imgId: thumb };
  }

  // The old mode encodes its strings and leaves it to the page to count on, to an empty list.
  function decoded(item) {
    const entries = Object.entries(item);
    return Object.fromEntries(
      entries.map(([key, v]) => [key, typeof v === "string" ? decodeURIComponent(v) : v]),
    );
  }

  function inOldMode(url, answer) {
    const found = answer.items.map(decoded);
    const rest = new URL(url);
    const images = found.filter((item) => item.type === "image").length;
    rest.searchParams.set("start", Number(rest.searchParams.get("start")) + images);
    return { items: found, url: images ? rest.href : "" };
  }

  // The continuation lives on another host: only a script may read it.
  function load(url, whenLoaded, whenFailed) {
    const name = `_fe_image_tab_more_${++calls}`;
    const script = document.createElement("script");
    const end = (then, ...values) => {
      clearTimeout(timer);
      window[name] = () => {};
      script.remove();
      then(...values);
    };
    const timer = setTimeout(() => end(whenFailed), GIVE_UP_MS);
    window[name] = (answer) => {
      const isOld = answer.itemCount !== undefined;
      end(whenLoaded, isOld ? inOldMode(url, answer) : (answer.content ?? answer));
    };
    script.onerror = () => end(whenFailed);
    script.src = `${url}&_callback=${name}`;
    document.head.append(script);
  }

  function loadMore() {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    if (!more || isLoading || left > NEAR_BOTTOM_PX) return;
    isLoading = true;
    const whenLoaded = async (answer) => {
      const batch = answer.items ?? [];
      const tiles = await Promise.all(batch.map(tileOf));
      grid.append(...tiles);
      adopt(tiles, batch);
      more = answer.url;
      isLoading = false;
      loadMore();
    };
    load(more, whenLoaded, () => {
      isLoading = false; // the next scrolling tries again
    });
  }

  function begin(content) {
    adopt([...grid.children], content.items);
    more = content.url;
    addEventListener("scroll", loadMore);
    loadMore();
    if (location.hash.startsWith("#imgId=")) {
      const id = decodeURIComponent(location.hash.slice(7));
      show([...items.keys()].find((tile) => items.get(tile).imgId === id));
    }
  }

  async function show(tile) {
    if (!tile) return;
    let viewer = document.getElementById("open_viewer");
    if (!viewer) {
      viewer = element(await forms.viewer);
      viewer.id = "open_viewer";
      viewer.lastElementChild.onclick = () => viewer.remove();
      viewer.querySelector(".btn_next").onclick = next;
      document.body.append(viewer);
    }
    viewer.shown = tile;
    viewer.querySelector("img").src = items.get(tile).viewerThumb;
    history.replaceState(null, "", `#imgId=${encodeURIComponent(items.get(tile).imgId)}`);
  }

  function next() {
    let tile = document.getElementById("open_viewer")?.shown.nextElementSibling;
    while (tile && tile.dataset.type !== "image") tile = tile.nextElementSibling;
    show(tile);
  }

  grid.addEventListener("click", (event) => {
    const tile = [...items.keys()].find((one) => one.contains(event.target));
    if (event.target.tagName === "IMG") show(tile);
  });
  addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") next();
  });

  const url = grid.closest("[data-more]").dataset.more;
  if (window.imageSearchTabData) begin(window.imageSearchTabData.content);
  else if (grid.querySelector("[data-lazy-src], [data-source]"))
    begin({ url, items: [...grid.children].map(shownBy) });
  else load(url, begin, () => {});
})();
