import type { Choice, Extra, GenerateResponse, JsonObject, Part, ServerContext } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { encodeCall, isLegacy } from '../calls.ts'
import { encodeFinish, isAnswered } from '../finish.ts'
import { encodeCitation } from '../message.ts'
import { defined, note, ownFields, type Draft } from '../own.ts'
import { encodeImage, encodeSpokenAnswer } from '../media.ts'
import { encodeReasoning } from '../reasoning.ts'
import { encodeUsage } from '../usage.ts'
import { partLoss, type Loser } from './losses.ts'

/** A whole answer as `chat.completion`. Answers name no time and no id of ours unless the upstream had none. */
export function encodeResponse(response: GenerateResponse, context: ServerContext<'generate'>): JsonObject {
  const first: Choice = {
    parts: response.parts,
    ...(response.finish && { finish: response.finish }),
    ...(response.choiceExtra && { extra: response.choiceExtra }),
  }
  const choices = [first, ...(response.alternatives ?? [])]
  const { object, ...rest } = ownFields(response)
  return defined({
    ...rest,
    id: response.id ?? `chatcmpl-${context.requestId}`,
    object: object ?? 'chat.completion',
    created: response.createdAt ?? Math.floor(Date.now() / 1000),
    model: response.model ?? context.request.model,
    choices: choices.map((choice, index) => encodeChoice(choice, index, context)),
    usage: response.usage && response.usage.source !== 'none' ? encodeUsage(response.usage) : undefined,
  })
}

function encodeChoice(choice: Choice, index: number, context: ServerContext<'generate'>): JsonObject {
  const logprobs = logprobsOf(choice.parts, choice.extra)
  return {
    ...ownFields(choice),
    index,
    message: encodeMessage(choice, index, context),
    ...(logprobs !== undefined && { logprobs }),
    finish_reason: choice.finish ? encodeFinish(choice.finish) : null,
  }
}

function encodeMessage(choice: Choice, index: number, context: ServerContext<'generate'>): JsonObject {
  const lost: Loser = partLoss(index, context.report)
  const content: string[] = []
  const refusals: string[] = []
  const annotations: JsonObject[] = []
  const calls: JsonObject[] = []
  const images: JsonObject[] = []
  const message: Draft = { ...messageNotes(choice.extra), role: 'assistant' }
  let length = 0
  const say = (text: string): void => {
    content.push(text)
    length += text.length
  }
  choice.parts.forEach((part, position) => {
    switch (part.type) {
      case 'text':
        for (const citation of part.citations ?? []) {
          const annotation = encodeCitation(citation, length)
          if (annotation) annotations.push(annotation)
          else lost(position, part, 'part.citation')
        }
        return say(part.text)
      case 'json':
        return say(part.json)
      case 'refusal':
        return void refusals.push(part.text)
      case 'reasoning':
        return
      case 'tool_call':
        if (isAnswered(part, choice.parts)) return lost(position, part, 'tool_call.answered')
        if (part.kind === 'hosted') lost(position, part, 'tool_call.hosted', 'lowered')
        if (isLegacy(part)) message['function_call'] = encodeCall(part, { id: part.callId, name: part.name })
        else calls.push(encodeCall(part, { id: part.callId, name: part.name }))
        return
      case 'audio': {
        const audio = encodeSpokenAnswer(part)
        if (audio) message['audio'] = audio
        else lost(position, part, 'part.audio')
        return
      }
      case 'image': {
        const image = encodeImage(part)
        if (image) images.push(image)
        else lost(position, part, 'part.image')
        return
      }
      case 'native':
        if (part.text === undefined) return lost(position, part, 'part.native')
        lost(position, part, 'part.native', 'approximated')
        return say(part.text)
      default:
        return lost(position, part, `part.${part.type}`)
    }
  })
  Object.assign(message, encodeReasoning(choice.parts, 'reasoning_content'))
  message['content'] = content.length === 0 ? null : content.join('')
  message['refusal'] = refusals.length === 0 ? null : refusals.join('')
  if (annotations.length > 0) message['annotations'] = annotations
  if (images.length > 0) message['images'] = images
  if (calls.length > 0) message['tool_calls'] = calls
  return message
}

/** What the decoder kept of the message itself. */
export function messageNotes(extra: Extra | undefined): Draft {
  const kept = note({ ...(extra && { extra }) }, '$message')
  return isObject(kept) ? { ...kept } : {}
}

function logprobsOf(parts: readonly Part[], extra: Extra | undefined): JsonObject | undefined {
  const content = parts.flatMap((part) => (part.type === 'text' ? (part.logprobs ?? []) : []))
  const kept = note({ ...(extra && { extra }) }, '$logprobs')
  if (content.length === 0 && !isObject(kept)) return undefined
  return { refusal: null, ...(isObject(kept) && kept), content: content.length > 0 ? content : null }
}
