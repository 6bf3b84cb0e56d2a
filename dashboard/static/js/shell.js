/** What all pages share: the header with its switches of language and theme. */

import { find } from "./dom.js";
import { language, say, switchLanguage, t, translate } from "./i18n.js";

const THEMES = ["auto", "light", "dark"];
const STORED = "theme";

/** Prepare the page around its content, and show it. */
export function startShell() {
  translate();
  const here = document.querySelector(`.top nav a[href="${location.pathname}"]`);
  here?.setAttribute("aria-current", "page");
  const languageSwitch = find("#language");
  languageSwitch.addEventListener("click", switchLanguage);
  say(languageSwitch, () => (language() === "ko" ? "en" : "ko"), "lang"); // it is written in it
  showTheme();
  find("#theme").addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    showTheme();
  });
  document.documentElement.dataset.ready = "";
}

function theme() {
  return document.documentElement.dataset.theme ?? "auto";
}

function showTheme() {
  say(find("#theme"), () => t("theme.label", { theme: t(`theme.${theme()}`) }), "aria-label");
  say(find("#theme-name"), () => t(`theme.${theme()}`));
}

/** @param {string} chosen */
function setTheme(chosen) {
  if (chosen === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(STORED);
  } else {
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem(STORED, chosen);
  }
}
