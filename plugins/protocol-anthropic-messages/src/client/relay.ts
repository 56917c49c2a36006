import type { GatewayErrorData, JsonObject, Relay, Tap, Usage, Finish } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { readFinish } from '../finish.ts'
import { asArray, asObject, asString } from '../json.ts'
import { apiVersion } from '../name.ts'
import { overlayUsage, readUsage } from '../usage.ts'
import { billingSplices } from './billing.ts'
import { errorFromEnvelope } from './decode-error.ts'
import { isErrorEnvelope } from './decode-response.ts'
import { fits } from './relay-fits.ts'

/** Same protocol on both sides: bytes pass, the model is spliced, usage is read on the way. */
export const relay: Relay = {
  path: (wire) => withoutKey(wire.path),
  headers(wire) {
    const beta = wire.headers.get('anthropic-beta')
    return {
      'anthropic-version': wire.headers.get('anthropic-version') ?? apiVersion,
      ...(beta !== null && { 'anthropic-beta': beta }),
    }
  },
  splices: (wire, target) => [{ pointer: '/model', value: target.model }, ...billingSplices(wire, target)],
  fits,
  tap,
}

/** A client may show its gateway key in the query; it is not for the upstream. Everything else stays as written. */
function withoutKey(path: string): string {
  const mark = path.indexOf('?')
  if (mark < 0) return path
  const query = path
    .slice(mark + 1)
    .split('&')
    .filter((pair) => !/^(api[-_]?)?key(=|$)/i.test(pair))
    .join('&')
  return query === '' ? path.slice(0, mark) : `${path.slice(0, mark)}?${query}`
}

/** The frames that matter. Inside a text these words have escaped quotes and do not match. */
const wanted: readonly string[] = ['"message_start"', '"message_delta"', '"message_stop"', '"error"']

function tap(): Tap {
  let committed = false
  let complete = false
  let outputBytes = 0
  let id: string | undefined
  let model: string | undefined
  let raw: JsonObject | undefined
  let usage: Usage | undefined
  let finish: Finish | undefined
  let error: GatewayErrorData | undefined

  const see = (found: JsonObject, final: boolean): void => {
    raw = final ? overlayUsage(raw, found) : found
    usage = readUsage(raw, { ...(model !== undefined && { model }), final })
  }
  const head = (message: JsonObject, final: boolean): void => {
    id = asString(message['id']) ?? id
    model = asString(message['model']) ?? model
    const found = asObject(message['usage'])
    if (found) see(found, final)
    finish = readFinish(message) ?? finish
  }

  return {
    wants(data) {
      if (data.includes('"content_block_delta"')) {
        outputBytes += payloadBytes(data)
        return false
      }
      return (
        (!committed && data.includes('"content_block_start"')) || wanted.some((word) => data.includes(word))
      )
    },
    frame({ data }) {
      const event = parse(data)
      if (!event) return 'pass'
      if (isErrorEnvelope(event)) error = errorFromEnvelope(event)
      switch (event['type']) {
        case 'message_start':
          head(asObject(event['message']) ?? {}, false)
          break
        case 'content_block_start':
          committed = true
          break
        case 'message_delta': {
          const found = asObject(event['usage'])
          if (found) see(found, true)
          finish = readFinish(asObject(event['delta']) ?? {}) ?? finish
          committed ||= finish !== undefined
          break
        }
        case 'message_stop':
          complete = true
      }
      return 'pass'
    },
    body(json) {
      complete = true
      if (isErrorEnvelope(json)) {
        error = errorFromEnvelope(json)
        return
      }
      head(json, true)
      // An empty answer counts only when it says why it is empty.
      committed = finish !== undefined || (asArray(json['content']) ?? []).length > 0
      outputBytes = Buffer.byteLength(JSON.stringify(json['content'] ?? []))
    },
    result: () => ({
      committed,
      complete,
      ...(id !== undefined && { id }),
      ...(usage && { usage }),
      ...(finish && { finish }),
      ...(error && { error }),
      outputBytes,
    }),
  }
}

/** What a delta adds, without parsing it: from the value that follows the delta's type to the closing braces. */
function payloadBytes(data: string): number {
  const type = data.indexOf('_delta"', data.indexOf('"delta"'))
  const value = data.indexOf(':', type)
  return type < 0 || value < 0 ? 0 : Math.max(0, Buffer.byteLength(data.slice(value + 1)) - 4)
}

function parse(data: string): JsonObject | undefined {
  try {
    return asObject(parseJsonLossless(data))
  } catch {
    return undefined
  }
}
