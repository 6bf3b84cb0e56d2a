/** The dialog that asks for the access token, one for all calls that were answered with 401. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

/** @type {Promise<void> | null} */
let asking = null;

/**
 * Ask until the token is right.
 * @param {(token: string) => Promise<boolean>} login
 * @returns {Promise<void>}
 */
export function askForToken(login) {
  asking ??= ask(login).finally(() => {
    asking = null;
  });
  return asking;
}

/** @param {(token: string) => Promise<boolean>} login @returns {Promise<void>} */
function ask(login) {
  return new Promise((resolve) => {
    const token = el("input", {
      id: "token",
      type: "password",
      autocomplete: "current-password",
      required: true,
      "aria-describedby": "token-problem",
    });
    const problem = el("p", { id: "token-problem", class: "problem", role: "alert" });
    // A password manager keeps a password by a name; here there is only one.
    const name = el("input", {
      type: "text",
      autocomplete: "username",
      value: "dashboard",
      hidden: true,
    });
    const form = el(
      "form",
      {},
      name,
      el("h2", { id: "login-title" }, () => t("login.title")),
      el("p", {}, () => t("login.why")),
      el("label", { for: "token" }, () => t("login.token")),
      token,
      problem,
      el(
        "div",
        { class: "dialog-actions" },
        el("button", { class: "primary", type: "submit" }, () => t("login.enter")),
      ),
    );
    const dialog = el("dialog", { class: "login", "aria-labelledby": "login-title" }, form);
    dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is no page behind
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.textContent = await whatIsWrong(login, token.value);
      if (problem.textContent) {
        token.select();
        return;
      }
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
    token.focus();
  });
}

/** @param {(token: string) => Promise<boolean>} login @param {string} token */
async function whatIsWrong(login, token) {
  try {
    return (await login(token)) ? "" : t("login.wrong");
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
