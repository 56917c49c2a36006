import type {
  Operation,
  Operations,
  RequestBound,
  ServerCodec,
  ServerContext,
  Target,
} from '../contract/index.ts'
import type { GenerateRequest, GenerateResponse, Part, Usage } from '../model/index.ts'
import { sealParts } from '../codec/index.ts'
import { GatewayError, toErrorData } from '../error.ts'
import type { ModelPlan } from '../config/blueprint.ts'
import { answerHeaders } from './answer.ts'
import { compacted, compaction } from './compaction.ts'
import { addUsage } from './estimate.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { streamLater } from './late-stream.ts'
import type { Remembering } from './memory.ts'
import { refuse } from './refuse.ts'

/** Choices of one answer that are made by a request each, at a time. */
const atOnce = 8

/** Choices of one answer, at most; the vendor's own bound. */
const mostChoices = 128

/** What is asked instead of what the target's wire cannot ask. */
export type Emulation = 'compact' | 'compaction' | 'choices'

/** What of this request no target's own wire can do, judged by the target that is tried first. */
export function emulationOf(journey: Journey): Emulation | undefined {
  const { runtime, context, protocol } = journey
  const target = context.targets[0]
  const client = target && runtime.protocol(target.protocol)?.client
  if (!client) return undefined
  if (context.operation === 'compact') return client.codecs.compact ? undefined : 'compact'
  if (context.operation !== 'generate') return undefined
  const codec = protocol.server?.codecs.generate
  if (!client.codecs.compact && codec?.compacts?.(context.wire)) return 'compaction'
  if (!client.lacks?.includes('choices')) return undefined
  return ((context.decode() as GenerateRequest).sampling?.count ?? 1) > 1 ? 'choices' : undefined
}

/**
 * Answers by child requests: they are routed, attempted, priced and charged like any other, under this request's id and
 * hold. Their costs are this request's.
 */
export async function emulate(
  journey: Journey,
  plan: ModelPlan,
  emulation: Emulation,
  remembering: Remembering | undefined,
): Promise<Answer> {
  const { runtime, context } = journey
  const { request, extra } = contextFor(journey, remembering)
  report(journey, emulation)
  const losses = plan.entry.loss === 'allow' ? [] : context.losses
  // Who really answered: the first may have failed.
  const served = (): Target => context.attempts.findLast(({ error }) => !error)?.target ?? context.targets[0]!
  const headers = (): { [name: string]: string } =>
    answerHeaders(runtime, { target: served(), asked: plan.name, losses }, context.stream)
  const end = (status: number, response?: GenerateResponse): void =>
    journey.finish({
      outcome: 'completed',
      status,
      target: served(),
      usage: noUsage,
      ...(response?.finish ? { finish: response.finish } : {}),
    })
  if (emulation === 'compact') {
    const answer = await compacted(journey, request)
    const codec = journey.protocol.server!.codecs.compact as ServerCodec<'compact'>
    const body = JSON.stringify(codec.encodeResponse(answer, extra as ServerContext<'compact'>))
    end(200)
    return { status: 200, headers: headers(), body }
  }
  const make = emulation === 'choices' ? several(journey, request) : compaction(journey, request)
  if (context.stream) {
    return streamLater(journey, make, extra as ServerContext<'generate'>, headers, (response) =>
      end(200, response),
    )
  }
  const response = await make
  const codec = journey.protocol.server!.codecs.generate as ServerCodec<'generate'>
  const body = JSON.stringify(codec.encodeResponse(response, extra as ServerContext<'generate'>))
  end(200, response)
  return { status: 200, headers: headers(), body }
}

/** What it can cost at most: choices that are a request each are asked with the whole input each time. */
export function emulatedBound(journey: Journey, bound: RequestBound): RequestBound {
  const { choices = 1, inputTokens } = bound
  if (choices === 1 || emulationOf(journey) !== 'choices') return bound
  return { ...bound, inputTokens: inputTokens * choices }
}

/** The same, as an answer in any case. */
export async function emulateSafely(...args: Parameters<typeof emulate>): Promise<Answer> {
  const [journey] = args
  try {
    return await emulate(...args)
  } catch (thrown) {
    const error = toErrorData(thrown)
    return refuse(journey, error, error.source === 'upstream' ? 'failed' : 'refused')
  }
}

/** One request for each choice; the first answer stands for all. */
async function several(journey: Journey, request: GenerateRequest): Promise<GenerateResponse> {
  const count = request.sampling?.count ?? 1
  if (count > mostChoices) {
    throw new GatewayError({
      class: 'invalid_request',
      param: '/n',
      message: `At most ${mostChoices} choices can be asked for at once.`,
    })
  }
  const { count: _count, ...sampling } = request.sampling ?? {}
  const answers: GenerateResponse[] = Array.from({ length: count })
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const response = await journey.context.subrequest('generate', { ...request, sampling })
      answers[index] = { ...response, parts: sealed(journey, response.parts) }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  const [first, ...others] = answers as [GenerateResponse, ...GenerateResponse[]]
  const usage = sumOf(answers)
  return {
    ...first,
    ...(usage && { usage }),
    alternatives: others.map(({ parts, finish, choiceExtra }) => ({
      parts,
      ...(finish && { finish }),
      ...(choiceExtra && { extra: choiceExtra }),
    })),
  }
}

function sealed(journey: Journey, parts: readonly Part[]): readonly Part[] {
  return sealParts(parts, journey.protocol)
}

function sumOf(answers: readonly GenerateResponse[]): Usage | undefined {
  const [first, ...others] = answers.flatMap(({ usage }) => usage ?? [])
  return first && others.reduce(addUsage, first)
}

function report({ context }: Journey, emulation: Emulation): void {
  const target = context.targets[0]?.protocol ?? ''
  if (emulation === 'choices') {
    context.report({
      pointer: '/sampling/count',
      what: 'sampling.count',
      how: 'lowered',
      target,
      note: 'one request for each choice',
    })
  } else {
    context.report({
      pointer: '/input',
      what: 'compaction',
      how: 'lowered',
      target,
      note: 'summarised by the model',
    })
  }
}

function contextFor(
  { context, wire }: Journey,
  remembering: Remembering | undefined,
): { readonly request: GenerateRequest; readonly extra: ServerContext<Operation> } {
  const request = context.decode() as GenerateRequest
  return {
    request,
    extra: {
      wire: wire.sent ?? wire,
      request: request as Operations[Operation]['request'],
      requestId: context.id,
      report: (loss) => context.report(loss),
      ...(remembering && { kept: remembering.isKept }),
    },
  }
}

const noUsage: Usage = { tokens: {}, source: 'none', final: true }
