import { type Exact, readExact } from './exact.ts'

/**
 * Completion ratios that new-api has built in for families of models, where its table names none: begin of the name
 * (`$`: the whole name) and ratio, the longest one counts (`setting/ratio_setting/model_ratio.go`, read in November 2026). Models that none of
 * them fits have 1.
 */
const families: readonly (readonly [begin: string, ratio: number])[] = [
  ['chatgpt-4o-latest', 3],
  ['claude-', 5],
  ['command', 4],
  ['command-r', 3],
  ['command-r-08-2024', 4],
  ['command-r-plus', 5],
  ['command-r-plus-08-2024', 4],
  ['gemini-', 4],
  ['gemini-2.5-flash', 2.5 / 0.3],
  ['gemini-2.5-flash-lite', 4],
  ['gemini-2.5-flash-preview', 3.5 / 0.15],
  ['gemini-2.5-pro', 8],
  ['gemini-3-pro', 6],
  ['gemini-3-pro-image', 60],
  ['gemini-robotics-er-1.5', 2.5 / 0.3],
  ['gpt-', 2],
  ['gpt-3.5', 4 / 3],
  ['gpt-3.5-turbo$', 3],
  ['gpt-3.5-turbo-0125', 3],
  ['gpt-3.5-turbo-1106', 2],
  ['gpt-4-turbo', 3],
  ['gpt-4o', 4],
  ['gpt-4o-2024-05-13', 3],
  ['gpt-4o-mini-tts', 20],
  ['gpt-5', 8],
  ['gpt-5.', 6],
  ['gpt-5.4-nano', 6.25],
  ['mistral-', 3],
  ['o1', 4],
  ['o3', 4],
]

const parsed: ReadonlyMap<string, Exact> = new Map(
  families.map(([begin, ratio]) => [begin, readExact(ratio)]),
)

/** The built-in completion ratio of a model; undefined where new-api knows none and takes 1. */
export function familyRatio(model: string): Exact | undefined {
  const whole = parsed.get(`${model}$`)
  if (whole) return whole
  for (let length = model.length; length > 0; length--) {
    const found = parsed.get(model.slice(0, length))
    if (found) return found
  }
  return undefined
}
