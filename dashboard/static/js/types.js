/**
 * The types of the API's answers, made from its schema by `make schema`: do not edit.
 * The API describes itself at /docs.
 */

/** @typedef {"original" | "viewer" | "thumbnail" | "file"} AddressKind */

/** @typedef {{
 *   url: string;
 *   kind: AddressKind;
 *   outcome: string;
 *   note: Message | null;
 *   bytes: number;
 *   [other: string]: any;
 * }} Attempt */

/** @typedef {{
 *   outcome: string;
 *   by_hand: boolean;
 *   [other: string]: any;
 * }} Choice */

/** @typedef {{
 *   done: number;
 *   expected: number;
 * }} Counts */

/** @typedef {{
 *   day: string;
 *   jobs: number;
 *   images: number;
 * }} Day */

/** @typedef {{
 *   thumbnail: string | null;
 *   image: string | null;
 *   query: string;
 *   file: string | null;
 *   source: string;
 *   url: string;
 *   page_url: string;
 *   title: string;
 *   rank: number;
 *   width: number | null;
 *   height: number | null;
 *   sha256: string | null;
 *   phash: string | null;
 *   cluster: number | null;
 *   score: number | null;
 *   text_similarity: number | null;
 *   group: number | null;
 *   distance: number | null;
 *   neighbours: number | null;
 *   by_hand: "kept" | "dropped" | null;
 *   embedding: number | null;
 *   key: string | null;
 *   source_sha256: string | null;
 *   source_format: string | null;
 *   source_mode: string | null;
 *   is_animated: boolean | null;
 *   fetched_url: string | null;
 *   rendition: AddressKind | null;
 *   is_chosen: boolean;
 *   reason: string | null;
 *   notes: Message[];
 *   copy_of: string | null;
 *   attempts: Attempt[];
 *   [other: string]: any;
 * }} Decision */

/** @typedef {{
 *   total: number;
 *   offset: number;
 *   counts: Record<string, number>;
 *   decisions: Decision[];
 * }} DecisionPage */

/** @typedef {{
 *   data_dir: string;
 *   used_bytes: number;
 *   free_bytes: number;
 * }} Disk */

/** @typedef {{
 *   number: number;
 *   size: number;
 *   images: string[];
 * }} Group */

/** @typedef {{
 *   id: string;
 *   query: string;
 *   limit: number;
 *   out_dir: string;
 *   status: Status;
 *   count: number | null;
 *   error: string | null;
 *   error_code: string | null;
 *   error_message: Message | null;
 *   started_at: string | null;
 *   finished_at: string | null;
 *   scheduled_for: string | null;
 *   flow_run_id: string | null;
 *   heartbeat_at: string | null;
 *   elapsed_s: number | null;
 *   progress: Record<string, Counts> | null;
 *   waterfall: Waterfall | null;
 *   request: Record<string, any> | null;
 *   choice: Choice | null;
 *   question: Question | null;
 *   position: number | null;
 *   prefect_url: string | null;
 *   can_resume: boolean;
 *   can_cancel: boolean;
 * }} Job */

/** @typedef {{
 *   name: string;
 *   unit: string;
 * }} MeasureInfo */

/** @typedef {{
 *   code: string;
 *   values: Record<string, string | number | number | boolean | Message | null>;
 * }} Message */

/** @typedef {{
 *   fields: Record<string, any>;
 *   defaults: Record<string, any>;
 *   max_queries: number;
 *   runner: Runner;
 *   data_dir: string;
 *   token_required: boolean;
 * }} Options */

/** @typedef {{
 *   jobs_by_status: Record<string, number>;
 *   queries_per_day: Day[];
 *   yield: Yield;
 *   source_health: SourceHealth | null;
 *   disk: Disk;
 * }} Overview */

/** @typedef {{
 *   until: string;
 *   groups: Group[];
 * }} Question */

/** @typedef {{
 *   kind: "prefect" | "child";
 *   prefect_ui: string | null;
 *   workers: number;
 *   sentence: string;
 * }} Runner */

/** @typedef {"newest" | "oldest" | "query" | "count"} Sort */

/** @typedef {{
 *   source: string;
 *   checked_at: string;
 *   ok: boolean;
 *   detail: string;
 *   message: Message;
 *   strategies: Record<string, any>[];
 * }} SourceHealth */

/** @typedef {"download" | "quality" | "duplicates" | "subject" | "limit"} Stage */

/** @typedef {{
 *   stage: Stage;
 *   reasons: string[];
 *   step: "found" | "fetched" | "good" | "unique" | "subject" | "chosen";
 * }} StageReasons */

/** @typedef {"scheduled" | "running" | "waiting" | "done" | "failed" | "cancelled"} Status */

/** @typedef {{
 *   statuses: Status[];
 *   ended: Status[];
 *   progress: string[];
 *   stages: StageReasons[];
 *   measures: MeasureInfo[];
 *   sorts: Sort[];
 *   thumbnail_sizes: number[];
 *   max_query_length: number;
 * }} Vocabulary */

/** @typedef {{
 *   found: number;
 *   fetched: number;
 *   good: number;
 *   unique: number;
 *   subject: number;
 *   chosen: number;
 *   reasons: Record<string, number>;
 * }} Waterfall */

/** @typedef {{
 *   found: number;
 *   chosen: number;
 *   reasons: Record<string, number>;
 * }} Yield */

export {};
