import { Pool } from 'undici'
import { serveParent } from './ipc.ts'

/** One slice of load, closed loop. */
export interface LoadRequest {
  readonly url: string
  readonly key: string
  readonly body: string
  readonly stream: boolean
  readonly concurrency: number
  /** No request begins after this time. */
  readonly milliseconds: number
  /** At most this many requests begin. */
  readonly requests?: number
}

/** What came of it. */
export interface LoadResult {
  readonly requests: number
  /** Requests that were not answered as they should; the first is described. */
  readonly failed: number
  readonly failure?: string
  /** Milliseconds of each request to its end, of a stream to its first byte; sorted. */
  readonly latencies: readonly number[]
}

/** The whole of a body is looked at for what an answer of the upstream has to hold. */
async function runLoad(load: LoadRequest): Promise<LoadResult> {
  const pool = new Pool(load.url, { connections: load.concurrency, pipelining: 1 })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${load.key}` }
  const end = performance.now() + load.milliseconds
  const mark = load.stream ? 'data: [DONE]' : '"content":"xxxx'
  const latencies: number[] = []
  const most = load.requests ?? Infinity
  let begun = 0
  let failed = 0
  let failure: string | undefined

  async function one(): Promise<void> {
    const start = performance.now()
    let first = 0
    const chunks: Buffer[] = []
    const response = await pool.request({
      path: '/v1/chat/completions',
      method: 'POST',
      headers,
      body: load.body,
    })
    for await (const chunk of response.body) {
      if (first === 0) first = performance.now()
      chunks.push(chunk as Buffer)
    }
    latencies.push((load.stream ? first : performance.now()) - start)
    const bytes = Buffer.concat(chunks)
    if (response.statusCode === 200 && bytes.includes(mark)) return
    failed++
    failure ??= `${response.statusCode} ${bytes.toString().slice(0, 300)}`
  }

  async function worker(): Promise<void> {
    while (begun < most && performance.now() < end) {
      begun++
      try {
        await one()
      } catch (error) {
        failed++
        failure ??= String(error)
        if (failed > 100) return
      }
    }
  }

  await Promise.all(Array.from({ length: load.concurrency }, worker))
  await pool.close()
  const sorted = latencies.toSorted((a, b) => a - b)
  return { requests: begun, failed, ...(failure === undefined ? {} : { failure }), latencies: sorted }
}

serveParent({}, { run: (input) => runLoad(input as LoadRequest) }, () => {})
