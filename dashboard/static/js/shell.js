/** What all pages share: the switches of language and theme, and translating the static words. */

import { find } from "./dom.js";
import { language, say, setLanguage, t, translate } from "./i18n.js";

const THEMES = ["auto", "light", "dark"];
const STORED = "theme";

/** Prepare the page around its content. */
export function startShell() {
  translate();
  const languageSwitch = find("#language");
  languageSwitch.addEventListener("click", () => {
    setLanguage(language() === "ko" ? "en" : "ko");
    languageSwitch.lang = language() === "ko" ? "en" : "ko"; // it is written in the other one
  });
  languageSwitch.lang = language() === "ko" ? "en" : "ko";
  const themeSwitch = find("#theme");
  showTheme();
  themeSwitch.addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    showTheme();
  });
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
