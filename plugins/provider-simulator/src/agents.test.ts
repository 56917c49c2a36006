import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { withSimulator } from './testing.ts'

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: JsonObject
}

const folder = new URL('../../../test/fixtures/agents/', import.meta.url)
const sent = readdirSync(folder).map((file): [string, Sent] => [
  file,
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Sent,
])

async function answer({ method, path, headers, body }: Sent): Promise<[number, string]> {
  let result: [number, string] = [0, '']
  await withSimulator({}, async ({ url }) => {
    const asked = await fetch(`${new URL(url).origin}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    result = [asked.status, await asked.text()]
  })
  return result
}

describe('what agents send', () => {
  it('is there to go by', () => {
    expect(sent.length).toBeGreaterThan(8)
  })

  it.each(sent)('is accepted: %s', async (_file, request) => {
    expect(await answer(request)).toEqual([200, expect.any(String)])
  })

  it.each(sent.filter(([file]) => /-(?:edit|search)/.test(file)))(
    'is gone on from: %s',
    async (file, request) => {
      const [, text] = await answer(request)
      const words = file.includes('edit') ? 'All done here.' : / planned\.|else does it\./
      // A stream says it in pieces, and an answer of the responses wire whole at its end.
      const deltas = [...text.matchAll(/"(?:text|delta)":"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece)
      expect(deltas.join('')).toMatch(words)
    },
  )
})
