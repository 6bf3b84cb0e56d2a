/** Says how jobs are run: by Prefect's workers, or by the dashboard itself. */

import { el, find, icon, webAddress } from "./dom.js";
import { t } from "./i18n.js";

/** @param {import("./types.js").Runner} runner */
export function showRunner({ kind, workers, prefect_ui }) {
  const key = kind === "child" ? "runner.child" : "runner.prefect";
  const page = webAddress(prefect_ui);
  const link = { href: page, target: "_blank", rel: "noreferrer noopener" };
  find("#runner").replaceChildren(
    icon("bolt"),
    el("span", {}, () => t(key, { n: workers })),
    page ? el("a", link, () => t("runner.ui")) : "",
  );
}
