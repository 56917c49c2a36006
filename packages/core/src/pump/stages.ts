import type { Custody, GatewayEvent, Json, JsonObject, Part } from '../model/index.ts'
import type { EventTransform, LoweredTools, Protocol } from '../contract/index.ts'
import { restoreTools, sealEvents } from '../codec/index.ts'
import { stopAt } from './stop-stage.ts'
import type { AttemptPlan } from './types.ts'

/** What happens to events between decoder and encoder, in order. */
export interface StageInput {
  readonly lowered: LoweredTools | undefined
  /** Issuer stamped on opaque state: the provider's name. */
  readonly issuer: string
  readonly hooks: readonly EventTransform[]
  /** The model name the client asked for, where it wants it back. */
  readonly echo: string | undefined
  readonly client: Protocol
  readonly upstream: string
  /** Sequences that the upstream could not be asked to stop at. */
  readonly stop?: readonly string[] | undefined
}

/** Core's own stages around the plugins': tools restored and state stamped before them, state sealed after. */
export function stagesOf(input: StageInput): EventTransform[] {
  const stages: EventTransform[] = []
  if (input.lowered && Object.keys(input.lowered).length > 0) stages.push(restoreTools(input.lowered))
  if (input.stop?.length) stages.push(stopAt(input.stop))
  stages.push(stampIssuer(input.issuer), ...input.hooks)
  if (input.echo !== undefined) stages.push(echoModel(input.echo))
  if (input.client.name !== input.upstream) stages.push(sealEvents(input.client, { issuer: input.issuer }))
  return stages
}

/** Stop sequences that core has to find itself, because the upstream's wire has no word for them. */
export function stopsOf(plan: AttemptPlan): readonly string[] | undefined {
  if (!plan.upstreamProtocol?.client?.lacks?.includes('stop')) return undefined
  return plan.state.request.stop
}

/** Writes who issued each opaque part, so that it never goes back to another. */
export function stampIssuer(issuer: string): EventTransform {
  const stamp = (custody: Custody): Custody => ({ ...custody, issuer })
  const stampPart = (part: Part): Part => (part.custody ? { ...part, custody: stamp(part.custody) } : part)
  return (event): GatewayEvent => {
    switch (event.type) {
      case 'part-start':
        return event.part.custody ? { ...event, part: stampPart(event.part) } : event
      case 'part-end':
        return event.part?.custody ? { ...event, part: stampPart(event.part) } : event
      case 'part-delta':
        return event.delta.type === 'custody'
          ? { ...event, delta: { type: 'custody', custody: stamp(event.delta.custody) } }
          : event
      default:
        return event
    }
  }
}

/** Also in frames that pass as they are: there the name stands at the top, or in the head of a message or response. */
function echoModel(model: string): EventTransform {
  return (event) => {
    if (event.type === 'start') return { ...event, model }
    if (event.type !== 'raw' || !event.data.includes('"model"')) return event
    try {
      return { ...event, data: JSON.stringify(renamed(JSON.parse(event.data) as JsonObject, model)) }
    } catch {
      return event
    }
  }
}

function renamed(frame: JsonObject, model: string): JsonObject {
  const copy: { [name: string]: Json | undefined } = { ...frame }
  if (typeof copy['model'] === 'string') copy['model'] = model
  for (const name of ['response', 'message']) {
    const head = copy[name]
    if (
      typeof head === 'object' &&
      head !== null &&
      !Array.isArray(head) &&
      typeof (head as JsonObject)['model'] === 'string'
    )
      copy[name] = { ...(head as JsonObject), model }
  }
  return copy
}
