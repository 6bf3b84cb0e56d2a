/**
 * What the API sends, as JSDoc types; see the API's own page at /docs.
 *
 * @typedef {"scheduled" | "running" | "waiting" | "done" | "failed" | "cancelled"} Status
 *
 * @typedef {Object} Waterfall
 * @property {number} found
 * @property {number} fetched
 * @property {number} good
 * @property {number} unique
 * @property {number} subject
 * @property {number} chosen
 * @property {Record<string, number>} reasons
 *
 * @typedef {Object} Question
 * @property {string} until
 * @property {{number: number, size: number, pictures: string[]}[]} groups
 *
 * @typedef {Object} Job
 * @property {{outcome: string, by_hand: boolean} | null} [choice]
 * @property {Question | null} [question]
 * @property {string} id
 * @property {string} query
 * @property {number} limit
 * @property {string} out_dir
 * @property {Status} status
 * @property {number | null} count
 * @property {string | null} error
 * @property {string | null} error_code
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {string | null} scheduled_for
 * @property {number | null} elapsed_s
 * @property {Record<string, {done: number, expected: number}> | null} progress
 * @property {Waterfall | null} waterfall
 * @property {Record<string, unknown> | null} request null in the rows of the earlier program
 * @property {number | null} position
 * @property {string | null} prefect_url
 * @property {boolean} can_resume
 * @property {boolean} can_cancel
 *
 * @typedef {Object} Decision
 * @property {string} key
 * @property {number} rank
 * @property {string} title
 * @property {string} url
 * @property {string} page_url
 * @property {string} source
 * @property {boolean} is_chosen
 * @property {string | null} reason
 * @property {string} detail
 * @property {number | null} width
 * @property {number | null} height
 * @property {number | null} sharpness
 * @property {number | null} score
 * @property {number | null} [group] of DBSCAN's, 1 has the greatest claim
 * @property {number | null} [distance]
 * @property {number | null} [neighbours]
 * @property {"kept" | "dropped" | null} [by_hand]
 * @property {string | null} phash
 * @property {string | null} sha256
 * @property {string | null} file
 * @property {string | null} copy_of
 * @property {string | null} rendition
 * @property {string | null} source_format
 * @property {{url: string, kind: string, outcome: string}[]} attempts
 * @property {string | null} thumbnail
 * @property {string | null} image
 *
 * @typedef {Object} DecisionPage
 * @property {number} total
 * @property {number} offset
 * @property {Record<string, number>} counts
 * @property {Decision[]} decisions
 *
 * @typedef {Object} FieldSchema
 * @property {string} [type]
 * @property {any[]} [enum]
 * @property {FieldSchema[]} [anyOf]
 * @property {string} [const]
 * @property {number} [minimum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [maximum]
 * @property {number} [maxLength]
 * @property {string[]} [examples]
 * @property {string[]} [sources] the only ones that it is for; they need it
 * @property {string} [title]
 * @property {string} [description]
 * @property {any} [default]
 *
 * @typedef {Object} Runner
 * @property {"prefect" | "child"} kind
 * @property {string | null} prefect_ui
 * @property {number} workers
 *
 * @typedef {Object} Options
 * @property {{properties: Record<string, FieldSchema>}} fields
 * @property {Record<string, any>} defaults
 * @property {number} max_queries
 * @property {Runner} runner
 */

export {};
