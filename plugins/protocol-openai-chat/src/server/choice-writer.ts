import type { Custody, Json, JsonObject, Part, PartDelta, Report } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { encodeSignature, isLegacy } from '../calls.ts'
import { encodeCitation } from '../message.ts'
import { name, note, ownFields, type Draft } from '../own.ts'
import { encodeImage, encodeSpokenAnswer } from '../media.ts'
import { detailsOf } from '../reasoning.ts'
import { partLoss } from './losses.ts'

/** Takes one delta and the fields beside it. */
type Write = (delta: JsonObject, fields: Draft) => void

/** The chunks of one choice. */
export interface ChoiceWriter {
  start(index: number, part: Part): void
  delta(index: number, delta: PartDelta): void
  end(index: number, part: Part | undefined): void
  finish(reason: string, message: Draft, fields: Draft): void
}

interface Open {
  readonly part: Part
  /** Number on the wire, of a call. */
  readonly call?: number
  /** Field of reasoning text. */
  readonly field?: string
  custody: boolean
  native: boolean
  segment: number
}

/** Starts a choice. */
export function choiceWriter(choice: number, report: Report, to: Write): ChoiceWriter {
  const lost = partLoss(choice, report)
  const open = new Map<number, Open>()
  let roleSent = false
  let calls = 0
  let details = 0
  let reasoned = false
  let length = 0

  /** The role goes out once: alone with empty content before text, else with the first delta. */
  const write = (delta: Draft, fields: Draft = {}): void => {
    if (roleSent) return to(delta, fields)
    roleSent = true
    if (typeof delta['content'] === 'string') {
      to({ role: 'assistant', content: '' }, {})
      to(delta, fields)
    } else to({ role: 'assistant', content: null, ...delta }, fields)
  }
  const say = (text: string, logprobs?: readonly Json[]): void => {
    if (text === '' && !logprobs) return
    length += text.length
    write({ content: text }, logprobs ? { logprobs: { content: logprobs, refusal: null } } : {})
  }
  const think = (state: Open, segment: number, text: string): void => {
    if (text === '' || state.field === 'details') return
    const between = reasoned && segment !== state.segment ? '\n\n' : ''
    state.segment = segment
    reasoned = true
    const spelled = between + text
    const field = state.field ?? 'reasoning_content'
    write(field === 'both' ? { reasoning_content: spelled, reasoning: spelled } : { [field]: spelled })
  }
  const keep = (state: Open, custody: Custody | undefined): void => {
    if (!custody || state.custody) return
    state.custody = true
    if (state.part.type === 'reasoning') {
      const entries = detailsOf(custody, details)
      details += entries.length
      if (entries.length > 0) write({ reasoning_details: entries })
    } else if (state.call !== undefined) {
      const content = encodeSignature({ custody })
      if (content) write({ tool_calls: [{ index: state.call, extra_content: content }] })
    }
  }
  const callDelta = (state: Open, text: string): void => {
    if (text === '' || state.part.type !== 'tool_call') return
    if (isLegacy(state.part)) return write({ function_call: { arguments: text } })
    const made =
      state.part.kind === 'custom' ? { custom: { input: text } } : { function: { arguments: text } }
    write({ tool_calls: [{ index: state.call, ...made }] })
  }

  const writer: ChoiceWriter = {
    start(index, part) {
      const state: Open = {
        part,
        ...(part.type === 'tool_call' && !isLegacy(part) && { call: calls++ }),
        ...(part.type === 'reasoning' && { field: fieldOf(part) }),
        custody: false,
        native: false,
        segment: -1,
      }
      open.set(index, state)
      switch (part.type) {
        case 'text':
          if (!roleSent) {
            roleSent = true
            to({ role: 'assistant', content: '' }, {})
          }
          say(part.text, part.logprobs)
          for (const citation of part.citations ?? []) writer.delta(index, { type: 'citation', citation })
          return
        case 'reasoning':
          part.segments.forEach(({ text }, segment) => think(state, segment, text))
          return keep(state, part.custody)
        case 'refusal':
          if (part.text !== '') write({ refusal: part.text })
          return
        case 'tool_call':
          if (part.kind === 'hosted') lost(index, part, 'tool_call.hosted', 'lowered')
          write(openingOf(part, state.call))
          callDelta(state, part.arguments)
          if (part.custody) state.custody = encodeSignature(part) !== undefined
          return
        case 'image': {
          const image = encodeImage(part)
          return image ? write({ images: [image] }) : lost(index, part, 'part.image')
        }
        case 'json':
          return say(part.json)
        case 'native':
          lost(index, part, 'part.native', part.text === undefined ? 'dropped' : 'approximated')
          return part.text === undefined ? undefined : say(part.text)
        case 'audio':
          return
        default:
          return lost(index, part, `part.${part.type}`)
      }
    },
    delta(index, delta) {
      const state = open.get(index)
      if (!state) return
      switch (delta.type) {
        case 'text':
          if (state.part.type === 'refusal') {
            if (delta.text !== '') write({ refusal: delta.text })
          } else if (
            state.part.type === 'text' ||
            state.part.type === 'json' ||
            state.part.type === 'native'
          ) {
            say(delta.text, delta.logprobs)
          }
          return
        case 'reasoning':
          return think(state, delta.segment, delta.text)
        case 'arguments':
          return callDelta(state, delta.text)
        case 'custody':
          return keep(state, delta.custody)
        case 'citation': {
          const annotation = encodeCitation(delta.citation, length)
          return annotation ? write({ annotations: [annotation] }) : lost(index, state.part, 'part.citation')
        }
        case 'native':
          if (delta.native.protocol !== name) return
          state.native = true
          return write({ ...delta.native.value })
      }
    },
    end(index, part) {
      const state = open.get(index)
      if (!state) return
      keep(state, part?.custody)
      const whole = part ?? state.part
      if (whole.type === 'audio' && !state.native) {
        const audio = encodeSpokenAnswer(whole)
        if (audio) write({ audio })
        else lost(index, whole, 'part.audio')
      }
    },
    finish(reason, message, fields) {
      write(roleSent ? message : { ...message }, { ...fields, finish_reason: reason })
      open.clear()
    },
  }
  return writer
}

function openingOf(part: Extract<Part, { type: 'tool_call' }>, index: number | undefined): Draft {
  const inner = note(part, '$made')
  const made = { ...(isObject(inner) && inner), name: part.name }
  if (isLegacy(part)) return { function_call: { ...ownFields(part), ...made, arguments: '' } }
  const extraContent = encodeSignature(part)
  return {
    tool_calls: [
      {
        ...ownFields(part),
        index,
        id: part.callId,
        ...(part.kind === 'custom'
          ? { type: 'custom', custom: { ...made, input: '' } }
          : { type: 'function', function: { ...made, arguments: '' } }),
        ...(extraContent && { extra_content: extraContent }),
      },
    ],
  }
}

function fieldOf(part: Part): string {
  const field = note(part, '$field')
  return field === 'reasoning' || field === 'both' || field === 'details' ? field : 'reasoning_content'
}
