import type { Json, JsonObject, Target } from '@gantry/core'
import { isObject } from '@gantry/core/codec'

/**
 * What a host of this wire wants differently, as data of its provider (`target.quirks`).
 * Unknown keys and wrong types are ignored. `families: [{ models: ['gpt-4*'], …quirks }]` replaces fields for the
 * first entry that has a pattern (`*` is any text) for the target's model.
 */
export interface ResponsesQuirks {
  /**
   * `never`, the default: `store: false`, whatever the client asks. `client`: as the client wrote it, absent stays absent.
   */
  readonly store?: 'never' | 'client'
  /** Top-level fields that the host answers 400 to; they are left out, and reported where they say something. */
  readonly refuses: readonly string[]
  /**
   * What the host takes beyond the vendor: the fields `stop`, `top_k`, `seed`, `presence_penalty`, `frequency_penalty`,
   * and `input_audio` in messages.
   */
  readonly accepts: readonly string[]
  /** Role of system texts in `input`; as they came by default. */
  readonly systemRole?: 'system' | 'developer'
  /** `false`: freeform tools are wrapped as functions. */
  readonly customTools: boolean
  /** `false`: tools of namespaces are flattened to `namespace__name`. */
  readonly namespaces: boolean
  /** `false`: a tool search that the client runs is a function, one that the vendor runs is left out. */
  readonly toolSearch: boolean
  /** `false`: the host runs no tools of its own. */
  readonly hostedTools: boolean
  /** Whether the model thinks; by its name by default. */
  readonly reasoning?: boolean
  /** Values of `reasoning.effort`, lowest first; by the model's name by default. */
  readonly effort?: readonly string[]
  /** Whether `temperature` and `top_p` are taken; by the model's name by default. */
  readonly sampling?: boolean
  /**
   * `true`: thinking without opaque state is sent back as `reasoning_text`; `false`: never, the host answers 400. By
   * default only what a client of this wire sends back itself.
   */
  readonly reasoningText?: boolean
  /** `false`: the host knows no `include`. */
  readonly include: boolean
  /** `true`: cache breakpoints of other protocols become `prompt_cache_breakpoint`. */
  readonly cacheBreakpoints: boolean
  /** Longest tool-call id. */
  readonly callIdMax: number
  /** Longest tool name. OpenAI's description says 128 for tools in a namespace; others are refused beyond 64. */
  readonly nameMax: number
}

/** The quirks of a target, its model family's over the host's. */
export function quirksOf(target: Target): ResponsesQuirks {
  const all = target.quirks ?? {}
  const families = Array.isArray(all['families']) ? (all['families'] as readonly Json[]) : []
  const family = families.filter(isObject).find((entry) => matches(entry['models'], target.model))
  const merged: JsonObject = family ? { ...all, ...family } : all
  const { store, systemRole } = merged
  const effort = words(merged['effort'])
  return {
    ...((store === 'never' || store === 'client') && { store }),
    ...((systemRole === 'system' || systemRole === 'developer') && { systemRole }),
    ...(typeof merged['reasoning'] === 'boolean' && { reasoning: merged['reasoning'] }),
    ...(typeof merged['sampling'] === 'boolean' && { sampling: merged['sampling'] }),
    ...(typeof merged['reasoningText'] === 'boolean' && { reasoningText: merged['reasoningText'] }),
    ...(effort && { effort }),
    refuses: words(merged['refuses']) ?? [],
    accepts: words(merged['accepts']) ?? [],
    customTools: merged['customTools'] !== false,
    namespaces: merged['namespaces'] !== false,
    toolSearch: merged['toolSearch'] !== false,
    hostedTools: merged['hostedTools'] !== false,
    include: merged['include'] !== false,
    cacheBreakpoints: merged['cacheBreakpoints'] === true,
    callIdMax: positive(merged['callIdMax']) ?? 64,
    nameMax: positive(merged['nameMax']) ?? 64,
  }
}

function words(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return (value as readonly Json[]).filter((word) => typeof word === 'string')
}

/** Shorter than a hash is no limit that an id could keep. */
function positive(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 24 ? value : undefined
}

/** `*` matches any text; compared piece by piece, because a pattern from a config must not be a slow expression. */
function matches(patterns: Json | undefined, model: string): boolean {
  return words(patterns)?.some((pattern) => globMatches(pattern, model)) ?? false
}

function globMatches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (!text.startsWith(first)) return false
  const last = rest.pop()
  if (last === undefined) return text === pattern
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
