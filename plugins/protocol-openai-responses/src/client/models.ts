/** What a model takes, as far as its name tells; undefined where it does not. */
export interface ModelRules {
  readonly reasoning?: boolean
  /** Values of `reasoning.effort`, lowest first. */
  readonly effort?: readonly string[]
  /** `temperature` and `top_p`. */
  readonly sampling?: boolean
}

/** All levels of the wire, lowest first. Source: `ReasoningEffort` of the SDK (openai 7.55). */
export const efforts: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

const thinks: ModelRules = { reasoning: true, sampling: false }

/**
 * First match counts. Source: OpenAI's reasoning guide and model pages (developers.openai.com); that these models refuse
 * `temperature` is recorded. Only conversions are bent by it: a client of this wire knows what it asks for.
 */
const families: readonly (readonly [RegExp, ModelRules])[] = [
  [/^(?:gpt-3|gpt-4|chatgpt-)|^gpt-5[\w.]*-chat/, { reasoning: false }],
  [/^o\d/, { ...thinks, effort: ['low', 'medium', 'high'] }],
  [/^gpt-5(?![.\d])/, { ...thinks, effort: ['minimal', 'low', 'medium', 'high'] }],
  [/^gpt-5\.1(?!\d)/, { ...thinks, effort: ['none', 'low', 'medium', 'high'] }],
  [/^gpt-5\.[2-5](?!\d)/, { ...thinks, effort: ['none', 'low', 'medium', 'high', 'xhigh'] }],
  [/^(?:gpt-[5-9]|codex-)/, thinks],
  [/^gpt-oss/, { reasoning: true, effort: ['low', 'medium', 'high'] }],
]

/** The rules for a model name; a router's prefix (`openai/`) does not count. */
export function modelRules(model: string): ModelRules {
  const bare = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  return families.find(([pattern]) => pattern.test(bare))?.[1] ?? {}
}
