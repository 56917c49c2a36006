import {
  GatewayError,
  type GenerateRequest,
  type JsonObject,
  type Loss,
  type Protocol,
  type Report,
  type Target,
} from '@gantry/core'
import { openTurns } from '@gantry/core/codec'
import { protocol as messages } from '@gantry/protocol-anthropic-messages'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { protocol as responses } from '@gantry/protocol-openai-responses'
import { toWireRequest } from '@gantry/testing'
import { askIn } from './asking.ts'
import { chatProbes } from './probes/chat.ts'
import { messagesProbes } from './probes/messages.ts'
import { responsesProbes } from './probes/responses.ts'
import type { Wire } from './reading.ts'

/** The codecs of each wire. */
export const protocols: { readonly [wire in Wire]: Protocol } = {
  'openai-chat': chat,
  'openai-responses': responses,
  'anthropic-messages': messages,
}

/** Requests with one feature each. */
export const probes: { readonly [wire in Wire]: { readonly [name: string]: JsonObject } } = {
  'openai-chat': chatProbes,
  'openai-responses': responsesProbes,
  'anthropic-messages': messagesProbes,
}

/** What becomes of one feature on the way to another wire. */
export interface Fate {
  readonly feature: string
  /** Refused with this text, instead of carried. */
  readonly refused?: string
  readonly losses: readonly Loss[]
}

/** A model that thinks and takes everything that its wire has, and one of the newest, where they differ. */
const models: { readonly [wire in Wire]: string } = {
  'openai-chat': 'any-model',
  'openai-responses': 'any-model',
  'anthropic-messages': 'claude-sonnet-4-5',
}

/** Every feature of one wire, sent to another without any hook between. */
export function fatesOf(from: Wire, to: Wire): readonly Fate[] {
  return Object.entries(probes[from]).map(([feature, more]) => ({ feature, ...fateOf(from, to, more) }))
}

/** One feature on top of a plain request, as another wire would carry it. */
function fateOf(from: Wire, to: Wire, more: JsonObject): Omit<Fate, 'feature'> {
  // A probe that brings its own turns replaces the plain one.
  const { refused, losses } = carry(from, to, { ...askIn(from, 'model', false).body, ...more })
  return { ...(refused !== undefined && { refused }), losses }
}

/** A request as it leaves, with what it lost. */
export interface Carried {
  readonly refused?: string
  readonly body: JsonObject
  readonly losses: readonly Loss[]
}

/** One request of a wire as another would carry it, without any hook between. */
export function carry(from: Wire, to: Wire, body: JsonObject): Carried {
  const { path, headers } = askIn(from, 'model', false)
  const wire = toWireRequest({ method: 'POST', path, headers, body })
  const target: Target = { provider: 'upstream', protocol: to, model: models[to], maxOutputTokens: 64_000 }
  const losses: Loss[] = []
  const report = (loss: Loss): void => void losses.push(loss)
  try {
    const request = protocols[from].server!.codecs.generate!.decodeRequest(wire)
    const asked = emulated(request, to, report)
    const opened = { ...asked, turns: openTurns(asked.turns, target, report) }
    const made = protocols[to].client!.codecs.generate!.encodeRequest(opened, { target, report })
    return { body: made.body, losses }
  } catch (thrown) {
    if (!GatewayError.is(thrown)) throw thrown
    return { refused: thrown.message, body: {}, losses }
  }
}

/** What core does itself instead of the wire, before and around the codec. */
function emulated(request: GenerateRequest, to: Wire, report: Report): GenerateRequest {
  const { count = 1, ...sampling } = request.sampling ?? {}
  if (count === 1 || !protocols[to].client?.lacks?.includes('choices')) return request
  report({
    pointer: '/sampling/count',
    what: 'sampling.count',
    how: 'lowered',
    target: to,
    note: 'one request for each choice',
  })
  return { ...request, sampling }
}
