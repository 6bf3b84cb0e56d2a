/** The first page: the form that starts jobs, and the history of all jobs. */

import { connect } from "./events.js";
import { startForm } from "./form.js";
import { JobHistory } from "./history.js";
import { startShell } from "./shell.js";

startShell();
const history = new JobHistory();
history.reload();
startForm(() => history.reload());
connect({
  onJob: (job) => history.onJob(job),
  onRemoved: () => history.onRemoved(),
  onReload: () => history.reload(),
});
