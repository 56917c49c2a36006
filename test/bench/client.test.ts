import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type Client, createClient } from './client.ts'

const text = 'x'.repeat(10)
let server: Server | undefined
let client: Client | undefined

afterEach(async () => {
  await client?.close()
  server?.closeAllConnections()
  server?.close()
})

it('says what is wrong with an answer instead of counting it as one', async () => {
  const answers = [`{"content":"${text}"}`, '{"content":"other"}', `{"content":"${text.slice(1)}"}`]
  await serve((_, response) => response.end(answers.shift()))
  expect((await client?.send())?.problem).toBeUndefined()
  expect((await client?.send())?.problem).toContain('other')
  expect((await client?.send())?.problem).toContain('without its text')
})

it('a connection that breaks is a problem of its request, not a throw', async () => {
  await serve((request) => request.socket.destroy())
  expect((await client?.send())?.problem).toMatch(/socket|ECONNRESET|closed/i)
})

it('keys and bodies take turns', async () => {
  const seen: string[] = []
  await serve((request, response) => {
    request.on('data', (chunk) => seen.push(`${request.headers.authorization} ${chunk}`))
    request.on('end', () => response.end(`{"content":"${text}"}`))
  })
  for (let turn = 0; turn < 4; turn++) await client?.send()
  expect(seen.toSorted()).toEqual(['Bearer a 1', 'Bearer a 2', 'Bearer b 1', 'Bearer c 2'].toSorted())
})

async function serve(listener: RequestListener): Promise<void> {
  const started = createServer(listener)
  server = started
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  const { port } = started.address() as AddressInfo
  const target = {
    url: `http://127.0.0.1:${port}`,
    headers: {},
    keys: ['a', 'b', 'c'],
    bodies: ['1', '2'],
    wire: 'chat',
    stream: false,
    size: text.length,
  } as const
  client = createClient(target, 1, { next: 0 })
}
