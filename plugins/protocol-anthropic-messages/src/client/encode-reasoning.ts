import type { ReasoningOptions, Target } from '@gantry/core'
import type { Block } from '../json.ts'
import { protocolName, thinkingNote } from '../name.ts'
import { ownExtra } from './losses.ts'
import type { Scope } from './scope.ts'

/** How the request thinks, and the limit it needs for that. */
export interface EncodedReasoning {
  readonly thinking?: Block
  readonly effort?: string
  readonly maxTokens: number
}

/** What else in the request bears on thinking. */
export interface ReasoningSituation {
  readonly target: Target
  readonly wantedTokens: number | undefined
  /** `tool_choice` is `any` or `tool`, which thinking excludes. */
  readonly forced: boolean
  /** The running tool loop has calls whose thinking was not kept; manual thinking wants it back. */
  readonly unsignedCalls: boolean
}

const order: readonly string[] = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']
const minBudget = 1024
/** Tokens for models that know only a budget. */
const budgets: { readonly [effort: string]: number } = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 20_000,
  xhigh: 28_000,
  max: 31_999,
}

/** `thinking`, `output_config.effort` and `max_tokens`, by what the model knows. */
export function encodeReasoning(
  options: ReasoningOptions | undefined,
  situation: ReasoningSituation,
  scope: Scope,
): EncodedReasoning {
  const { rules, losses } = scope
  const cap = situation.target.maxOutputTokens ?? rules.maxOutputTokens
  const maxTokens = limit(situation, scope)
  if (!options) return { maxTokens }
  const extra = ownExtra(options.extra, '/reasoning', losses)
  const off = options.mode === 'disabled' || options.effort === 'none'
  const stuck = options.mode === 'enabled' && situation.unsignedCalls
  if (scope.verbatim && !stuck) return { ...asWritten(options, extra), maxTokens }
  // The effort of this wire stands beside thinking and does not ask for it.
  if (scope.own && options.mode === undefined && options.budgetTokens === undefined) {
    const effort = effortOf(options, scope)
    return { maxTokens, ...(effort !== undefined && { effort }) }
  }
  const asked = options.effort ?? options.budgetTokens ?? options.mode ?? options.display
  if (asked === undefined) return { maxTokens, ...(Object.keys(extra).length > 0 && { thinking: extra }) }
  if (rules.thinking === 'none') {
    if (!off) losses.dropped('/reasoning', 'reasoning', 'this model does not think')
    return { maxTokens }
  }
  if (rules.thinking === 'always') {
    if (off)
      losses.approximated(
        '/reasoning',
        'reasoning.disabled',
        'this model always thinks; its lowest effort is sent',
      )
    const effort = off ? rules.effort[0] : effortOf(options, scope)
    const display = displayOf(options, scope)
    return {
      maxTokens,
      ...(effort !== undefined && { effort }),
      ...(display !== undefined && { thinking: { type: 'adaptive', display, ...extra } }),
    }
  }
  if (off) {
    const explicit = rules.thinking === 'adaptive' || options.mode === 'disabled'
    return { maxTokens, ...(explicit && { thinking: { type: 'disabled', ...extra } }) }
  }
  if (situation.forced) {
    losses.dropped('/reasoning', 'reasoning', 'a forced tool call excludes thinking')
    return { maxTokens, ...(rules.thinking === 'adaptive' && { thinking: { type: 'disabled' } }) }
  }
  const byBudget = rules.thinking === 'manual' || (rules.thinkingBudget && options.budgetTokens !== undefined)
  if (!byBudget) {
    const effort = effortOf(options, scope)
    const display = displayOf(options, scope)
    return {
      maxTokens,
      thinking: { type: 'adaptive', ...(display !== undefined && { display }), ...extra },
      ...(effort !== undefined && { effort }),
    }
  }
  if (situation.unsignedCalls) {
    losses.dropped(
      '/reasoning',
      'reasoning',
      'the thinking before the last tool calls is not there to go on from',
    )
    return { maxTokens }
  }
  return { ...withBudget(options, situation, cap, maxTokens, extra, scope) }
}

/** What a client of this wire wrote to this very model. */
function asWritten(options: ReasoningOptions, extra: Block): Omit<EncodedReasoning, 'maxTokens'> {
  const { effort, mode, budgetTokens, display } = options
  const note = options.extra?.[protocolName]?.[thinkingNote]
  const type = mode === 'adaptive' && typeof note === 'string' ? note : mode
  return {
    ...(effort !== undefined && { effort }),
    ...(type !== undefined && {
      thinking: {
        type,
        ...(budgetTokens !== undefined && { budget_tokens: budgetTokens }),
        ...(display !== undefined && { display }),
        ...extra,
      },
    }),
  }
}

/** The client's limit within the configured cap, else the cap, else the family's. */
function limit({ target, wantedTokens }: ReasoningSituation, scope: Scope): number {
  const cap = target.maxOutputTokens
  if (wantedTokens === undefined) return cap ?? scope.rules.maxOutputTokens
  if (cap === undefined || wantedTokens <= cap) return wantedTokens
  scope.losses.approximated('/maxOutputTokens', 'max_output_tokens', `this model's cap is ${cap}`)
  return cap
}

/** Manual thinking: the budget counts into `max_tokens`, which is raised so that the answer keeps its room. */
function withBudget(
  options: ReasoningOptions,
  situation: ReasoningSituation,
  cap: number,
  maxTokens: number,
  extra: Block,
  scope: Scope,
): EncodedReasoning {
  const { losses } = scope
  if (options.effort !== undefined && options.budgetTokens === undefined) {
    losses.approximated('/reasoning/effort', 'reasoning.effort', 'carried as a token budget')
  }
  const wished = options.budgetTokens ?? budgets[options.effort ?? 'medium'] ?? budgets['medium'] ?? minBudget
  const room = situation.wantedTokens
  const raise = room !== undefined && (options.budgetTokens === undefined || wished >= maxTokens)
  const total = raise ? Math.min(cap, wished + room) : maxTokens
  // At least one token has to remain for the answer.
  const budget = Math.max(minBudget, Math.min(wished, total - 1))
  if (budget !== wished) losses.approximated('/reasoning/budgetTokens', 'reasoning.budget_tokens')
  const needed = Math.max(total, budget + 1)
  if (room !== undefined && needed !== room) {
    losses.approximated(
      '/maxOutputTokens',
      'max_output_tokens',
      'thinking counts into the limit; it was raised by its budget',
    )
  }
  const display = displayOf(options, scope, false)
  return {
    maxTokens: needed,
    thinking: { type: 'enabled', budget_tokens: budget, ...(display !== undefined && { display }), ...extra },
  }
}

/** The nearest effort that the model has, never above the one asked for unless there is none below. */
function effortOf(options: ReasoningOptions, scope: Scope): string | undefined {
  const { rules, losses } = scope
  const budget = options.budgetTokens
  const asked = options.effort ?? (budget === undefined ? undefined : effortOfBudget(budget))
  if (asked === undefined) return undefined
  if (rules.effort.includes(asked) && options.effort !== undefined) return asked
  const pointer = options.effort === undefined ? '/reasoning/budgetTokens' : '/reasoning/effort'
  const rank = order.indexOf(asked)
  if (rank < 0 || rules.effort.length === 0) {
    losses.dropped(pointer, 'reasoning.effort', 'this model does not know it')
    return undefined
  }
  losses.approximated(pointer, 'reasoning.effort')
  return rules.effort.findLast((level) => order.indexOf(level) <= rank) ?? rules.effort[0]
}

function effortOfBudget(tokens: number): string {
  if (tokens < 8000) return 'low'
  return tokens < 20_000 ? 'medium' : 'high'
}

/** What the client wants to see of the thinking, in the wire's words. */
function displayOf(options: ReasoningOptions, scope: Scope, always = true): string | undefined {
  const wish = options.display
  if (wish === undefined) return undefined
  if (wish === 'summarized' || wish === 'omitted' || wish === 'updates') return wish
  if (wish !== 'auto' && wish !== 'thoughts') {
    scope.losses.approximated('/reasoning/display', 'reasoning.display', 'summarized')
  }
  return always ? 'summarized' : undefined
}
