import type { GenerateRequest, Json, ReasoningOptions } from '@gantry/core'
import { isEmpty, note, ownFields, type Draft } from '../own.ts'
import { efforts } from './models.ts'
import type { Scope } from './scope.ts'

const opaqueReasoning = 'reasoning.encrypted_content'
const logprobsInclude = 'message.output_text.logprobs'

/** `temperature`, `top_p`, and what only some hosts of this wire take. */
export function encodeSampling(request: GenerateRequest, scope: Scope): Draft {
  const { losses, own, quirks } = scope
  const sampling = request.sampling ?? {}
  const fields: Draft = {}
  const takes = own || scope.rules.sampling !== false || request.reasoning?.effort === 'none'
  for (const [key, field] of [
    ['temperature', 'temperature'],
    ['topP', 'top_p'],
  ] as const) {
    const value = sampling[key]
    if (value === undefined) continue
    if (takes) fields[field] = value
    // 1 is the default of both.
    else if (value !== 1) losses.dropped(`/sampling/${key}`, `sampling.${field}`, 'this model refuses it')
  }
  for (const [key, field, neutral] of rare) {
    const value = sampling[key]
    if (value === undefined) continue
    if (own || quirks.accepts.includes(field)) fields[field] = value
    else if (value !== neutral) losses.dropped(`/sampling/${key}`, `sampling.${field}`)
  }
  if (!isEmpty(sampling.logitBias)) losses.dropped('/sampling/logitBias', 'sampling.logit_bias')
  if (typeof sampling.logprobs === 'number' && (own || sampling.logprobs > 0))
    fields['top_logprobs'] = sampling.logprobs
  if (request.stop?.length) {
    if (own || quirks.accepts.includes('stop')) fields['stop'] = request.stop
    else losses.lowered('/stop', 'stop', 'the gateway ends the answer there')
  }
  return fields
}

const rare = [
  ['topK', 'top_k', undefined],
  ['seed', 'seed', undefined],
  ['presencePenalty', 'presence_penalty', 0],
  ['frequencyPenalty', 'frequency_penalty', 0],
] as const

/** `reasoning`; nothing of it for models that do not think. */
export function encodeReasoning(options: ReasoningOptions | undefined, scope: Scope): Draft {
  if (!options) return {}
  const { losses, own, rules } = scope
  losses.foreign(options.extra, '/reasoning')
  if (own) {
    if (note(options, '$implied') === true) return {}
    const display = note(options, '$display') === 'generate_summary' ? 'generate_summary' : 'summary'
    return {
      reasoning: {
        ...ownFields(options),
        ...(options.effort !== undefined && { effort: options.effort }),
        ...(options.display !== undefined && { [display]: options.display }),
      },
    }
  }
  const effort = effortOf(options, scope)
  const asked = effort !== undefined && effort !== 'none'
  if (rules.reasoning === false) {
    if (asked || options.mode === 'enabled' || options.mode === 'adaptive')
      losses.dropped('/reasoning', 'reasoning', 'this model does not think')
    return {}
  }
  const summary = effort === 'none' ? undefined : summaryOf(options, scope)
  const fields: Draft = {
    ...(effort !== undefined && { effort }),
    ...(summary !== undefined && { summary }),
  }
  return Object.keys(fields).length > 0 ? { reasoning: fields } : {}
}

/**
 * `include`: what the client asked for, and the opaque state of thinking where there may be some, so that a client of
 * another wire can carry it to the next turn. Undefined when it would be empty.
 */
export function encodeInclude(request: GenerateRequest, scope: Scope): readonly Json[] | undefined {
  if (!scope.quirks.include) return undefined
  const wanted = new Set<Json>()
  if (wantsState(request, scope)) wanted.add(opaqueReasoning)
  if (request.sampling?.logprobs !== undefined && request.sampling.logprobs !== 0) wanted.add(logprobsInclude)
  const others = ownFields(request)['include']
  const kept = new Set<Json>([...(Array.isArray(others) ? (others as readonly Json[]) : []), ...wanted])
  // In the order in which the client wrote them.
  const written = note(request, '$include')
  const list = Array.isArray(written) ? (written as readonly Json[]).filter((word) => kept.has(word)) : []
  const all = [...new Set([...list, ...kept])]
  return all.length > 0 || (Array.isArray(written) && written.length === 0) ? all : undefined
}

function wantsState({ reasoning }: GenerateRequest, { own, rules }: Scope): boolean {
  if (own) return reasoning?.opaque === true
  if (rules.reasoning === false || reasoning?.mode === 'disabled' || reasoning?.effort === 'none')
    return false
  return rules.reasoning === true || reasoning !== undefined
}

/** The effort asked for, as near as the model has it, never more unless there is nothing less. */
function effortOf(options: ReasoningOptions, { losses, rules }: Scope): string | undefined {
  const { budgetTokens } = options
  const off = options.mode === 'disabled' ? 'none' : undefined
  const asked =
    options.effort ?? off ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens))
  if (asked === undefined) return undefined
  const pointer =
    options.effort !== undefined ? '/reasoning/effort' : off ? '/reasoning/mode' : '/reasoning/budgetTokens'
  if (options.effort === undefined && off === undefined)
    losses.approximated(pointer, 'reasoning.budget_tokens', `as effort ${asked}`)
  const known = rules.effort
  if (!known || known.includes(asked) || rules.reasoning === false) return asked
  const rank = efforts.indexOf(asked)
  const near = rank < 0 ? undefined : (known.findLast((level) => efforts.indexOf(level) <= rank) ?? known[0])
  if (near === undefined) losses.dropped(pointer, 'reasoning.effort', 'this model does not know it')
  else losses.approximated(pointer, 'reasoning.effort', `as ${near}`)
  return near
}

/** Steps between the budgets that vendors recommend for each effort. */
function effortOfBudget(tokens: number): string {
  if (tokens < 1500) return 'minimal'
  if (tokens < 8000) return 'low'
  return tokens < 20_000 ? 'medium' : 'high'
}

const summaries: ReadonlySet<string> = new Set(['auto', 'concise', 'detailed'])

/** What the client wants to see of the thinking: here only summaries are shown. */
function summaryOf({ display }: ReasoningOptions, { losses }: Scope): string | undefined {
  if (display === undefined || display === 'omitted') return undefined
  if (summaries.has(display)) return display
  if (display !== 'summarized') losses.approximated('/reasoning/display', 'reasoning.display', 'a summary')
  return 'auto'
}
