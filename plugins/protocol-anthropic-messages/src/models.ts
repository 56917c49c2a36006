import type { Json, JsonObject, Target } from '@gantry/core'

/** How a model thinks. `always`: cannot be switched off. `manual`: only with a token budget. */
export type ThinkingStyle = 'always' | 'adaptive' | 'manual' | 'none'

/** What one model accepts on this wire. Every field can be overridden by a quirk of the same name. */
export interface ModelRules {
  /** `max_tokens` when neither the client nor the config gives one; the wire requires it. Tokens. */
  readonly maxOutputTokens: number
  readonly thinking: ThinkingStyle
  /** `thinking.type: "enabled"` with `budget_tokens` is accepted. */
  readonly thinkingBudget: boolean
  /** Values of `output_config.effort`, lowest first; empty: the parameter is refused. */
  readonly effort: readonly string[]
  /** `temperature`, `top_p` and `top_k` are accepted. */
  readonly sampling: boolean
  /** `tool_choice` `any` and `tool` are accepted. */
  readonly forcedTools: boolean
  /** `role: "system"` is accepted inside `messages`. */
  readonly midSystem: boolean
  /** `output_config.format` and `strict` tools are accepted. */
  readonly jsonSchema: boolean
  /** Thinking is taken back only with the vendor's signature; other hosts sign nothing and want it all the same. */
  readonly signedThinking: boolean
  /** Claude Code's billing block, the first of its system prompt, is read by the vendor and goes to it unchanged. */
  readonly billingBlock: boolean
  /** Longest tool name, in characters. */
  readonly toolNameLength: number
}

const fiveLevels: readonly string[] = ['low', 'medium', 'high', 'xhigh', 'max']

/** Fable, Mythos and the 5.5 line. Also taken for a Claude that is newer than this table. */
const newest: ModelRules = {
  maxOutputTokens: 128_000,
  thinking: 'always',
  thinkingBudget: false,
  effort: fiveLevels,
  sampling: false,
  forcedTools: false,
  midSystem: true,
  jsonSchema: true,
  signedThinking: true,
  billingBlock: true,
  toolNameLength: 128,
}
const five: ModelRules = { ...newest, thinking: 'adaptive', forcedTools: true }
const fourSix: ModelRules = {
  ...five,
  thinkingBudget: true,
  effort: ['low', 'medium', 'high', 'max'],
  sampling: true,
  midSystem: false,
}
const fourFive: ModelRules = { ...fourSix, maxOutputTokens: 64_000, thinking: 'manual', effort: [] }
const four: ModelRules = { ...fourFive, jsonSchema: false, toolNameLength: 64 }
const three: ModelRules = { ...four, maxOutputTokens: 8192, thinking: 'none', thinkingBudget: false }

/**
 * A host that speaks this wire with a model of its own. 32,000 output tokens is what Claude Code sends for a model
 * it does not know; manual thinking is the form that such hosts have known longest.
 */
const foreign: ModelRules = { ...four, maxOutputTokens: 32_000, signedThinking: false, billingBlock: false }

/**
 * First match counts. Limits and thinking: platform.claude.com, models overview, migration guides of Opus 4.7 and 5.5,
 * "Adaptive thinking", "Effort", "Mid-conversation system messages"; efforts of 4.6: the recorded 400 of `xhigh`.
 */
const families: readonly (readonly [RegExp, ModelRules])[] = [
  [/claude-(fable|mythos)|claude-[a-z]+-5[-.]5/, newest],
  [/claude-[a-z]+-5(?!\d)/, five],
  [/claude-opus-4[-.]8/, five],
  [/claude-opus-4[-.]7/, { ...five, midSystem: false }],
  [/claude-(opus|sonnet)-4[-.]6/, fourSix],
  [/claude-opus-4[-.]5/, { ...fourFive, effort: ['low', 'medium', 'high'] }],
  [/claude-(sonnet|haiku)-4[-.]5/, fourFive],
  [/claude-opus-4[-.]1/, { ...fourFive, maxOutputTokens: 32_000 }],
  [/claude-(opus-4|4-opus)/, { ...four, maxOutputTokens: 32_000 }],
  [/claude-(sonnet-4|4-sonnet|3[-.]7)/, four],
  [/claude-3[-.]5/, three],
  // Their own cap, not a guess: more is refused.
  [/claude-([23](?!\d)|instant)/, { ...three, maxOutputTokens: 4096 }],
  [/claude/, newest],
]

/** The rules for one target: the table by model name, `target.quirks` over it. Quirks of a wrong type are ignored. */
export function modelRules(target: Target): ModelRules {
  const model = target.model.toLowerCase()
  const rules = families.find(([pattern]) => pattern.test(model))?.[1] ?? foreign
  const quirks = target.quirks ?? {}
  return {
    maxOutputTokens: positive(quirks, 'maxOutputTokens') ?? rules.maxOutputTokens,
    thinking: style(quirks['thinking']) ?? rules.thinking,
    thinkingBudget: flag(quirks, 'thinkingBudget') ?? rules.thinkingBudget,
    effort: levels(quirks['effort']) ?? rules.effort,
    sampling: flag(quirks, 'sampling') ?? rules.sampling,
    forcedTools: flag(quirks, 'forcedTools') ?? rules.forcedTools,
    midSystem: flag(quirks, 'midSystem') ?? rules.midSystem,
    jsonSchema: flag(quirks, 'jsonSchema') ?? rules.jsonSchema,
    signedThinking: flag(quirks, 'signedThinking') ?? rules.signedThinking,
    billingBlock: flag(quirks, 'billingBlock') ?? rules.billingBlock,
    toolNameLength: positive(quirks, 'toolNameLength') ?? rules.toolNameLength,
  }
}

/** Whether the table, or a quirk, says what the target takes; a host with a model of its own may take anything. */
export function isKnownModel(target: Target): boolean {
  return /claude/i.test(target.model) || Object.keys(target.quirks ?? {}).length > 0
}

function flag(quirks: JsonObject, name: keyof ModelRules): boolean | undefined {
  const value = quirks[name]
  return typeof value === 'boolean' ? value : undefined
}

function positive(quirks: JsonObject, name: keyof ModelRules): number | undefined {
  const value = quirks[name]
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined
}

function style(value: Json | undefined): ThinkingStyle | undefined {
  return value === 'always' || value === 'adaptive' || value === 'manual' || value === 'none'
    ? value
    : undefined
}

function levels(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return fiveLevels.filter((level) => value.includes(level))
}
