import * as z from 'zod'

/** Options of `openaiResponses`. */
export interface OpenaiResponsesOptions {
  /**
   * Keeps answers for `previous_response_id`, `GET`, `DELETE` and `input_items`, each for its own account; needs a store
   * that serves `kv`. Off by default: answers then say `store: false`. `true` keeps them 30 days.
   */
  readonly store?: boolean | { readonly days: number }
  /** Serves `GET /responses` as a WebSocket; `true` by default. Where it is `false`, an upgrade gets 426 at once. */
  readonly websocket?: boolean
}

/** Options with their defaults. */
export interface ResolvedOptions {
  /** How long answers are kept, in milliseconds; absent: not at all. */
  readonly keepMs?: number
  readonly websocket: boolean
}

const defaultDays = 30
const dayMs = 86_400_000

const fields = z.strictObject({
  store: z.union([z.boolean(), z.strictObject({ days: z.number().positive().max(3650) })]).default(false),
  websocket: z.boolean().default(true),
})

/** Reads options; no options are all defaults. */
export const readOptions: z.ZodType<ResolvedOptions, OpenaiResponsesOptions | undefined> = fields
  .prefault({})
  .transform(({ store, websocket }) => {
    if (store === false) return { websocket }
    return { websocket, keepMs: (store === true ? defaultDays : store.days) * dayMs }
  })
