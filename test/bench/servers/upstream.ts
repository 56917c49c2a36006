import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveParent } from '../ipc.ts'
import { paths } from '../wires.ts'

/**
 * The upstream of every server in the bench: it reads the request, takes the instruction at the end of the prompt and
 * answers it in the protocol of the path. It does as little as it can, since it shares the machine with what is measured.
 */
const head = {
  'openai-organization': 'bench',
  'openai-processing-ms': '1',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-reset-requests': '6ms',
}
const usage = { prompt_tokens: 24, completion_tokens: 16, total_tokens: 40 }
let streams = 0
/** Pieces of all streams written so far. */
let pieces = 0
const requests = { chat: 0, messages: 0 }
/** Streams that wait to be ended. */
const held = new Map<ServerResponse, Frames>()
const instruction = /(answer|hold) (\d+) (\d+)"/

/** What the upstream has seen so far. */
export interface Seen {
  readonly pieces: number
  /** Requests, by the wire they came on: whether a gateway converted is seen here. */
  readonly chat: number
  readonly messages: number
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1')
    const found = instruction.exec(body.slice(-600)) ?? instruction.exec(body)
    const size = Number(found?.[2])
    const wire = request.url === paths.messages ? messages : chat
    requests[request.url === paths.messages ? 'messages' : 'chat']++
    if (found === null) response.writeHead(400).end('{"error":{"message":"no instruction"}}')
    else if (found[1] === 'hold') hold(response, wire, size)
    else if (/"stream":true/.test(body)) stream(response, wire, size, Number(found[3]))
    else {
      const text = wire.whole('x'.repeat(size))
      response.writeHead(200, {
        ...head,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      response.end(text)
    }
  })
})

/** Each piece is a write of its own, and every stream has a phase of its own. */
function stream(response: ServerResponse, wire: Frames, size: number, paceMs: number): void {
  response.writeHead(200, { ...head, 'content-type': 'text/event-stream' })
  response.write(wire.open)
  let left = size
  let timer: NodeJS.Timeout
  const next = (): void => {
    timer = setTimeout(next, paceMs)
    if (left-- > 0) {
      pieces++
      response.write(wire.piece)
    } else response.end(wire.close)
  }
  // The golden ratio spreads the streams over the pace; begun together they would come in bursts.
  timer = setTimeout(next, 1 + ((streams++ * 0.618) % 1) * paceMs)
  response.on('close', () => clearTimeout(timer))
}

function hold(response: ServerResponse, wire: Frames, size: number): void {
  response.writeHead(200, { ...head, 'content-type': 'text/event-stream' })
  response.write(wire.open + wire.piece.repeat(size))
  held.set(response, wire)
  response.on('close', () => held.delete(response))
}

function release(): void {
  for (const [response, wire] of held) response.end(wire.close)
}

interface Frames {
  whole(text: string): string
  readonly open: string
  readonly piece: string
  readonly close: string
}

const chunkOf = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_780_000_000,
    model: 'bench-model',
    system_fingerprint: 'fp_bench',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  })}\n\n`

const chat: Frames = {
  whole: (text) =>
    JSON.stringify({
      id: 'chatcmpl-bench',
      object: 'chat.completion',
      created: 1_780_000_000,
      model: 'bench-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: text, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      service_tier: 'default',
    }),
  open: chunkOf({ role: 'assistant', content: '' }),
  piece: chunkOf({ content: ' token' }),
  close: `${chunkOf({}, 'stop')}data: ${JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_780_000_000,
    model: 'bench-model',
    choices: [],
    usage,
  })}\n\ndata: [DONE]\n\n`,
}

const frameOf = (data: { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'bench-model' }

const messages: Frames = {
  whole: (text) =>
    JSON.stringify({
      ...message,
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 24, output_tokens: 16 },
    }),
  open:
    frameOf({
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 24, output_tokens: 1 },
      },
    } as { type: string }) +
    frameOf({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as {
      type: string
    }),
  piece: frameOf({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' token' } } as {
    type: string
  }),
  close:
    frameOf({ type: 'content_block_stop', index: 0 } as { type: string }) +
    frameOf({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 16 },
    } as { type: string }) +
    frameOf({ type: 'message_stop' }),
}

server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const seen = (): Seen => ({ pieces, ...requests })
  serveParent(`http://127.0.0.1:${port}`, { seen, release }, () => server.close())
})
