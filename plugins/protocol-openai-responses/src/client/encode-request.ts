import {
  GatewayError,
  type ClientContext,
  type GenerateRequest,
  type JsonObject,
  type UpstreamRequest,
} from '@gantry/core'
import { isEmpty, note, ownFields, type Draft } from '../own.ts'
import { encodeInput } from './encode-input.ts'
import {
  encodeAccounting,
  encodeCache,
  encodeInstructions,
  encodeLimit,
  encodeOutput,
} from './encode-options.ts'
import { encodeInclude, encodeReasoning, encodeSampling } from './encode-sampling.ts'
import { encodeToolChoice } from './encode-tool-choice.ts'
import { encodeTools } from './encode-tools.ts'
import { createScope, type Scope } from './scope.ts'

/**
 * A request as `POST /responses`; quirks come from the target. What the wire cannot carry is reported, each loss once.
 * Throws `GatewayError`: `unsupported` for more than one choice, `invalid_request` where there is nothing to answer.
 */
export function encodeRequest(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const scope = createScope(request, context)
  refuseChoices(request)
  const body = { ...encodeBody(request, scope), stream: request.stream }
  const lowered = scope.names.lowered()
  return { path: '/responses', body: withoutRefused(body, scope), ...(lowered && { lowered }) }
}

/** Everything that the operations of this wire share, without `stream`. */
export function encodeBody(request: GenerateRequest, scope: Scope): Draft {
  scope.losses.foreign(request.extra, '')
  const tools = encodeTools(request, scope)
  const instructions = encodeInstructions(request, scope)
  const input = encodeInput(request, scope)
  refuseNothing(input, instructions, request, scope)
  const { include: _others, ...rest } = ownFields(request)
  const include = encodeInclude(request, scope)
  const emptyList = scope.own && note(request, '$tools') !== undefined
  return {
    ...rest,
    model: scope.target.model,
    ...(instructions !== undefined && { instructions }),
    ...(scope.own && isEmpty(input) ? {} : { input }),
    ...((tools.length > 0 || emptyList) && { tools }),
    ...encodeToolChoice(request, tools, scope),
    ...encodeOutput(request.output, scope),
    ...encodeReasoning(request.reasoning, scope),
    ...encodeLimit(request, scope),
    ...encodeSampling(request, scope),
    ...encodeCache(request, scope),
    ...encodeAccounting(request, scope),
    ...(include && { include }),
  }
}

/** Leaves out what the host answers 400 to. */
export function withoutRefused(body: Draft, scope: Scope): JsonObject {
  for (const field of scope.quirks.refuses) {
    if (field === 'model' || field === 'input' || body[field] === undefined) continue
    if (!isEmpty(body[field]))
      scope.losses.dropped(`/${field}`, `refused.${field}`, 'this upstream refuses it')
    delete body[field]
  }
  return body
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

/** Other wires' conversations may come to nothing here; what a client of this one leaves out its server may have. */
function refuseNothing(
  input: JsonObject[string],
  instructions: string | undefined,
  request: GenerateRequest,
  { own }: Scope,
): void {
  if (own || !isEmpty(input)) return
  const { previousResponseId, conversation } = request.continuation ?? {}
  if (previousResponseId !== undefined || conversation !== undefined) return
  throw new GatewayError({
    class: 'invalid_request',
    message:
      instructions === undefined
        ? 'The conversation has no message that this model could answer.'
        : 'There are instructions, but no message that this model could answer.',
    param: '/messages',
  })
}
