import type { Json, JsonObject } from '@gantry/core'

/** One frame of an event stream as its bytes have it. */
export interface Frame {
  /** The `event:` line; absent where there is none. */
  readonly event?: string
  readonly data: string
}

/** Throws, naming the rule, where one of the clients of this wire would not go on. */
export type Must = (holds: boolean, rule: string) => asserts holds

/** The frames of a whole stream. A last one without its empty line was cut off, and is none. */
export function framesIn(bytes: string): readonly Frame[] {
  const frames: Frame[] = []
  const blocks = bytes.replaceAll('\r\n', '\n').split('\n\n')
  for (const block of blocks.slice(0, -1)) {
    const lines = block.split('\n')
    const values = (name: string): string[] =>
      lines
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
    const data = values('data')
    const [event] = values('event')
    if (data.length > 0) frames.push({ data: data.join('\n'), ...(event !== undefined && { event }) })
  }
  return frames
}

/** The data of a frame, which has to be an object. */
export function parsed({ data }: Frame, must: Must): JsonObject {
  let value: Json = null
  try {
    value = JSON.parse(data) as Json
  } catch {
    must(false, `data is JSON, not ${data.slice(0, 40)}`)
  }
  must(typeof value === 'object' && value !== null && !Array.isArray(value), 'data is an object')
  return value as JsonObject
}

/** A field that is an object; nothing where it is not. */
export function objectIn(value: JsonObject | undefined, field: string): JsonObject | undefined {
  const found = value?.[field]
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as JsonObject)
    : undefined
}

/** A field that is a list of objects; nothing where it is not. */
export function objectsIn(value: JsonObject | undefined, field: string): readonly JsonObject[] | undefined {
  const found = value?.[field]
  return Array.isArray(found) ? (found as readonly JsonObject[]) : undefined
}

/** Whether a value is a number of tokens. */
export function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

/** Whether a value is a text that says something. */
export function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== ''
}
