import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '@gantry/core'
import { isObject } from './json.ts'
import { WireError } from './refusal.ts'

/** Reads a body up to a size. What is over is thrown away unread, so that the client gets to see the 413. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= maxBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size > maxBytes) throw new WireError(413, `Request exceeds the maximum size of ${maxBytes} bytes`)
  return Buffer.concat(chunks)
}

/** Parses a body as each vendor would complain about it. */
export function parseBody(bytes: Buffer, path: string): JsonObject {
  let parsed: unknown
  try {
    parsed = JSON.parse(bytes.toString('utf8'))
  } catch {
    parsed = undefined
  }
  if (isObject(parsed)) return parsed
  throw new WireError(
    400,
    path === '/messages'
      ? 'The request body is not valid JSON: expected an object'
      : 'We could not parse the JSON body of your request. (HINT: This likely means you aren’t using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)',
  )
}
