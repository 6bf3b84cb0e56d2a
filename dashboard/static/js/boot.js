/*
 * Before the first paint: the theme and the language that were chosen at an earlier visit. The
 * words are asked for at once; i18n.js takes them up.
 */
{
  const { documentElement, head } = document;
  const language = localStorage.getItem("language");
  const theme = localStorage.getItem("theme");
  if (language === "en" || language === "ko") documentElement.lang = language;
  if (theme === "light" || theme === "dark") documentElement.dataset.theme = theme;
  const words = document.createElement("link");
  words.rel = "preload";
  words.as = "fetch";
  words.crossOrigin = "anonymous"; // as fetch() asks
  words.href = `/words/${documentElement.lang}.json`;
  head.append(words);
}
