import {
  GatewayError,
  type ClientContext,
  type GenerateRequest,
  type JsonObject,
  type Turn,
  type UpstreamRequest,
} from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { asObject, asString, objectsIn, type Block } from '../json.ts'
import { apiVersion, ownRequestNote, protocolName } from '../name.ts'
import { betasOf } from './betas.ts'
import { encodeCache } from './cache.ts'
import { encodeOutput } from './encode-output.ts'
import { encodeOwnTurns, spelled } from './encode-own-turns.ts'
import { encodeReasoning } from './encode-reasoning.ts'
import { encodeAccounting, encodeSampling, encodeStop } from './encode-sampling.ts'
import { encodeSystem, leadingSystem } from './encode-system.ts'
import { encodeToolChoice } from './encode-tool-choice.ts'
import { encodeTools } from './encode-tools.ts'
import { encodeTurns, type Message } from './encode-turns.ts'
import { ownExtra } from './losses.ts'
import { createScope, type Scope } from './scope.ts'

/**
 * A request as `POST /messages`. What the wire cannot carry is reported. Throws `GatewayError`: `unsupported` for more
 * than one choice, `invalid_request` for a conversation without a message.
 */
export function encodeRequest(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const scope = createScope(request, context)
  refuseChoices(request)
  const turns = request.turns.map((turn, index) => located(turn, pointerTo('/turns', index)))
  const tools = encodeToolChoice(request, encodeTools(request.tools, scope), scope)
  const output = encodeOutput(request.output, scope)
  const instructions = [tools.instruction, output.instruction].filter((text) => text !== undefined)
  const { system, messages } = encodeConversation(request, turns, instructions, scope)
  const reasoning = encodeReasoning(
    request.reasoning,
    {
      target: context.target,
      wantedTokens: request.maxOutputTokens,
      forced: tools.forced,
      unsignedCalls: hasUnsignedCalls(messages) && (!scope.own || hasLostThinking(turns)),
    },
    scope,
  )
  const thinks = reasoning.thinking !== undefined && reasoning.thinking['type'] !== 'disabled'
  const cache = encodeCache(request.cache, scope.losses)
  scope.breakpoints.limit(cache ? 1 : 0)
  const config: Block = {
    ...(reasoning.effort !== undefined && { effort: reasoning.effort }),
    ...(output.format && { format: output.format }),
    ...output.config,
  }
  const body: Block = {
    model: context.target.model,
    max_tokens: reasoning.maxTokens,
    ...(cache && { cache_control: cache }),
    ...(system !== undefined && { system }),
    messages: scope.own ? spelled(messages, scope) : messages,
    ...(tools.tools.length > 0 && { tools: tools.tools.map(({ block }) => block) }),
    ...(output.older && { output_format: output.older }),
    ...(tools.choice && { tool_choice: tools.choice }),
    ...(reasoning.thinking && { thinking: reasoning.thinking }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
    ...encodeSampling(request.sampling, thinks, scope),
    ...encodeStop(request.stop, scope),
    ...encodeAccounting(request, scope),
    ...(!isDefaultStream(request) && { stream: request.stream }),
  }
  if (request.continuation?.store === true) scope.losses.dropped('/store', 'continuation.store')
  addExtra(body, ownExtra(request.extra, '', scope.losses))
  const lowered = scope.names.lowered()
  return {
    path: '/messages',
    headers: headersFor(request, body),
    body,
    ...(lowered && { lowered }),
  }
}

function refuseChoices(request: GenerateRequest): void {
  const count = request.sampling?.count
  if (count === undefined || count <= 1) return
  throw new GatewayError({
    class: 'unsupported',
    message: `n is ${count}, but this model gives one choice per request. Send n: 1, or several requests.`,
    param: '/n',
  })
}

function encodeConversation(
  request: GenerateRequest,
  turns: readonly Turn[],
  instructions: readonly string[],
  scope: Scope,
): { readonly system: JsonObject[string]; readonly messages: Message[] } {
  let leading = leadingSystem(turns)
  if (scope.own) {
    return {
      system: encodeSystem(request, turns.slice(0, leading), instructions, scope),
      messages: encodeOwnTurns(turns.slice(leading), scope),
    }
  }
  // Without anybody else the last of them has to be the message that is answered.
  if (leading === turns.length && leading > 0) {
    leading--
    const last = turns[leading]
    scope.losses.approximated(last?.at ?? '', 'turn.system', 'sent as the user message')
    const alone = { ...last, role: 'user' as const, parts: last?.parts ?? [] }
    return {
      system: encodeSystem(request, turns.slice(0, leading), instructions, scope),
      messages: encodeTurns([alone], scope),
    }
  }
  return {
    system: encodeSystem(request, turns.slice(0, leading), instructions, scope),
    messages: encodeTurns(turns.slice(leading), scope),
  }
}

/** Turns and parts without a pointer into the client's body get one into the model: losses need a place. */
function located(turn: Turn, pointer: string): Turn {
  const at = turn.at ?? pointer
  const complete = turn.parts.every((part) => part.at !== undefined)
  if (turn.at !== undefined && complete) return turn
  const parts = turn.parts.map((part, index) =>
    part.at === undefined ? { ...part, at: pointerTo(pointer, 'parts', index) } : part,
  )
  return { ...turn, at, parts }
}

/** Manual thinking refuses a tool loop whose calls do not begin with the thinking that led to them. */
function hasUnsignedCalls(messages: readonly Message[]): boolean {
  const last = messages.findLast((message) => message.role === 'assistant')
  if (!last?.content.some((block) => block['type'] === 'tool_use')) return false
  const first = last.content[0]?.['type']
  return first !== 'thinking' && first !== 'redacted_thinking'
}

/** A client of this wire need not say that it wants no stream. */
function isDefaultStream({ stream, extra }: GenerateRequest): boolean {
  const notes = extra?.[protocolName]
  return !stream && notes?.[ownRequestNote] === true && notes['$stream'] !== false
}

/** The client's own betas, then those that the body needs; its version, unless the body has what that refuses. */
function headersFor(request: GenerateRequest, body: Block): { readonly [name: string]: string } {
  const notes = request.extra?.[protocolName]
  const asked = asString(notes?.['$beta'])
  const needed = betasOf(body)
  const all = [...(asked?.split(',') ?? []), ...(needed?.split(',') ?? [])].map((beta) => beta.trim())
  const betas = [...new Set(all)].filter((beta) => beta !== '').join(',')
  const version = request.sampling ? undefined : asString(notes?.['$version'])
  return {
    'anthropic-version': version ?? apiVersion,
    ...(betas !== '' && { 'anthropic-beta': betas }),
  }
}

/**
 * Whether the last answer of a client of this wire had thinking that is not there any more: it has no state, or the
 * answer does not begin where its client began it.
 */
function hasLostThinking(turns: readonly Turn[]): boolean {
  const [first] = turns.findLast(({ role }) => role === 'assistant')?.parts ?? []
  if (first?.type === 'reasoning') return !first.custody
  return /\/content\/[1-9]\d*$/.test(first?.at ?? '')
}

/** Unmodelled fields of our own protocol; objects that both sides fill are merged. */
function addExtra(body: Block, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) {
    const mine = asObject(body[key])
    const theirs = asObject(value)
    if (key === 'mcp_servers' && objectsIn(value).length === 0) continue
    body[key] = mine && theirs ? { ...theirs, ...mine } : value
  }
}
