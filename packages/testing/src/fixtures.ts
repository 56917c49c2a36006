import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Json, JsonObject, WireRequest } from '@gantry/core'
import { parseJsonLossless, stringifyLossless } from '@gantry/core/codec'

/** One file of recorded traffic. */
export interface Capture {
  /** File name without `.json`. */
  readonly name: string
  readonly source: Json
  readonly protocol: string
  readonly tags: readonly string[]
  readonly exchanges: readonly CapturedExchange[]
}

/** One request and its response; `request` is null where only the response was recorded. */
export interface CapturedExchange {
  readonly provider: string
  readonly protocol: string
  readonly request: CapturedRequest | null
  readonly response: CapturedResponse
}

/** A recorded request; `body` is parsed, numbers beyond 2^53 kept as written. */
export interface CapturedRequest {
  readonly method: string
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: Json
}

/** A recorded response: exactly one of `json`, `sse` (the raw event-stream text) and `text`. */
export interface CapturedResponse {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly json?: Json
  readonly sse?: string
  readonly text?: string
  readonly note?: string
}

/** Reads every `.json` capture of a folder, sorted by name. Throws an error that names the file and what is wrong. */
export function loadFixtures(directory: string | URL): readonly Capture[] {
  const folder = directory instanceof URL ? fileURLToPath(directory) : directory
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'INDEX.json')
    .toSorted()
  if (files.length === 0) throw new Error(`No captures in ${folder}.`)
  return files.map((file) => readCapture(file, readFileSync(join(folder, file), 'utf8')))
}

/** Reads one capture from its text. Throws an error that names the file and what is wrong. */
export function readCapture(file: string, text: string): Capture {
  const value = parseJsonLossless(text)
  const fail = (what: string): never => {
    throw new Error(`Capture ${file}: ${what}.`)
  }
  if (!isObject(value)) return fail('is not an object')
  const { exchanges, protocol, tags } = value
  if (typeof protocol !== 'string') return fail('has no protocol')
  if (!Array.isArray(exchanges)) return fail('has no exchanges')
  return {
    name: file.replace(/\.json$/, ''),
    source: value['source'] ?? null,
    protocol,
    tags: Array.isArray(tags) ? tags.map(String) : [],
    exchanges: exchanges.map((exchange: Json, index) => {
      const found = isObject(exchange) ? exchange : fail(`exchange ${index} is not an object`)
      const response = found['response']
      if (!isObject(response) || typeof response['status'] !== 'number') {
        return fail(`exchange ${index} has no response status`)
      }
      const bodies = ['json', 'sse', 'text'].filter((key) => response[key] !== undefined)
      if (bodies.length > 1) return fail(`exchange ${index} has ${bodies.join(' and ')}`)
      return { ...found, request: found['request'] ?? null } as JsonObject & CapturedExchange
    }),
  }
}

/** The bytes a client of the upstream would have seen. */
export function responseBytes(response: CapturedResponse): Uint8Array {
  const text =
    response.sse ?? response.text ?? (response.json === undefined ? '' : stringifyLossless(response.json))
  return new TextEncoder().encode(text)
}

/** A recorded request as a server codec gets it. */
export function toWireRequest(
  request: Pick<CapturedRequest, 'method' | 'path'> & Partial<CapturedRequest>,
): WireRequest {
  const body = new TextEncoder().encode(stringifyLossless(request.body ?? {}))
  return {
    method: request.method,
    path: request.path,
    params: {},
    headers: new Headers(request.headers),
    body,
    json: () => (isObject(request.body) ? request.body : {}),
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
