/** Asks once more before something is done that cannot be taken back. */

import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {{title: string, text: string, action: string}} words
 * @returns {Promise<boolean>} whether the reader wants it
 */
export function confirm({ title, text, action }) {
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { class: "confirm", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      el(
        "form",
        { method: "dialog" },
        el("h2", { id: "confirm-title" }, title),
        el("p", { id: "confirm-text" }, text),
        el(
          "div",
          { class: "dialog-actions" },
          el("button", { value: "no", autofocus: true }, t("dialog.cancel")),
          el("button", { value: "yes", class: "danger" }, action),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
