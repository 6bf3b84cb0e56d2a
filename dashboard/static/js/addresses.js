/** The addresses of the page's own parts. */

/** @param {"job" | "log"} name @param {string} id */
export function pageOf(name, id) {
  return `/static/${name}.html?${new URLSearchParams({ job_id: id })}`;
}
