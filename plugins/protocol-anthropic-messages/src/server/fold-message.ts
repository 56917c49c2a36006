import type { Json, JsonObject } from '@gantry/core'
import { argumentsToObject } from '@gantry/core/codec'
import type { Block } from '../json.ts'
import { asObject, asString } from '../json.ts'
import type { Send } from './place.ts'

/** Folds the events of a message into the message itself, as a client would. */
export interface MessageFold {
  readonly send: Send
  message(): JsonObject
  /** The error the answer ended in. */
  error(): JsonObject | undefined
}

interface OpenBlock {
  readonly block: Block
  /** Text, thinking or input, joined once. */
  readonly pieces: string[]
  readonly citations: Json[]
}

/** Starts an empty message; `invalid` is told of input that is no object. */
export function foldMessage(invalid: () => void): MessageFold {
  let head: JsonObject = {}
  let failed: JsonObject | undefined
  const content: JsonObject[] = []
  let open: OpenBlock | undefined

  const add = (delta: JsonObject): void => {
    if (!open) return
    const { block, pieces, citations } = open
    switch (delta['type']) {
      case 'text_delta':
        pieces.push(asString(delta['text']) ?? '')
        break
      case 'thinking_delta':
        pieces.push(asString(delta['thinking']) ?? '')
        break
      case 'input_json_delta':
        pieces.push(asString(delta['partial_json']) ?? '')
        break
      case 'signature_delta':
        block['signature'] = delta['signature']
        break
      case 'citations_delta':
        citations.push(delta['citation'] ?? null)
        break
      case 'compaction_delta':
        block['content'] = delta['content']
        block['encrypted_content'] = delta['encrypted_content']
        break
      default:
    }
  }
  const close = (): void => {
    if (!open) return
    const { block, pieces, citations } = open
    const text = pieces.join('')
    if (block['type'] === 'text') block['text'] = text
    else if (block['type'] === 'thinking') block['thinking'] = text
    else if (text !== '') block['input'] = argumentsToObject(text, invalid)
    if (citations.length > 0) block['citations'] = citations
    content.push(block)
    open = undefined
  }

  return {
    send(type, fields) {
      switch (type) {
        case 'message_start':
          head = asObject(fields['message']) ?? {}
          return
        case 'content_block_start':
          open = { block: { ...asObject(fields['content_block']) }, pieces: [], citations: [] }
          return
        case 'content_block_delta':
          return add(asObject(fields['delta']) ?? {})
        case 'content_block_stop':
          return close()
        case 'message_delta': {
          const { delta, usage } = fields
          head = { ...head, ...asObject(delta), ...(usage !== undefined && { usage }) }
          return
        }
        case 'error':
          failed = fields
          return
        default:
      }
    },
    message: () => ({ ...head, content }),
    error: () => failed,
  }
}
