/* Before the first paint: the language and the theme that were chosen at an earlier visit. */
{
  const { documentElement } = document;
  const language = localStorage.getItem("language");
  const theme = localStorage.getItem("theme");
  if (language === "en" || language === "ko") documentElement.lang = language;
  if (theme === "light" || theme === "dark") documentElement.dataset.theme = theme;
}
