import { request } from 'node:http'
import { connect } from 'node:net'
import { type ErrorClass, GatewayError } from '@gantry/core'
import { UserError } from '../user-error.ts'
import { socketAt } from './path.ts'

const largestAnswer = 16 * 1024 * 1024

/** Whether somebody listens on a unix socket. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      else reject(error)
    })
  })
}

/** Whether a gateway answers on this control socket. Throws `UserError` for a socket that must not be trusted. */
export async function isLive(path: string): Promise<boolean> {
  return socketAt(path) && (await isListening(path))
}

/**
 * Sends one command to a running gateway and gives its output.
 * What the gateway refused is thrown as the `GatewayError` it threw; a gateway that does not answer is a `UserError`.
 */
export async function sendCommand(
  path: string,
  command: string,
  input: unknown,
  timeoutMs: number = 15_000,
): Promise<unknown> {
  let text: string
  try {
    text = await post(path, command, JSON.stringify(input ?? {}), timeoutMs)
  } catch (cause) {
    throw new UserError({
      message: `The running gateway did not answer on ${path}: ${(cause as Error).message}.`,
      fix: 'Try again; if it stays so, restart the gateway.',
      cause,
    })
  }
  const answer = JSON.parse(text) as {
    output?: unknown
    error?: { class: ErrorClass; message: string; param?: string }
  }
  if (answer.error) throw new GatewayError(answer.error)
  return answer.output
}

function post(path: string, command: string, body: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: path,
        path: `/${command}`,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > largestAnswer) outgoing.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
        response.once('error', reject)
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
