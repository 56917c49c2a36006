import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { toErrorData } from '@gantry/core'
import { UserError } from '../user-error.ts'
import { isListening } from './client.ts'
import { prepareFolder, socketAt, unsafe } from './path.ts'

const largestBody = 64 * 1024

/** Runs one command; the input is whatever JSON the other side sent. */
export type CommandHandler = (command: string, input: unknown) => Promise<unknown>

/** A control socket that listens. */
export interface ControlServer {
  readonly path: string
  /** Stops listening and removes the socket. */
  close(): Promise<void>
}

/**
 * Listens for commands on a unix socket only this user may open: `POST /<command>` with a JSON body, JSON back.
 * A socket that nobody listens on any more is removed first; one that somebody does listen on is an error.
 */
export async function openControl(path: string, handle: CommandHandler): Promise<ControlServer> {
  prepareFolder(dirname(path))
  if (socketAt(path)) {
    if (await isListening(path)) {
      throw new UserError({
        message: `Another gateway is running here already: it answers on ${path}.`,
        fix: 'Stop it first, or give this one another store or server.controlSocket.',
      })
    }
    rmSync(path)
  }
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    void answer(request, response, handle)
  })
  server.maxConnections = 16
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = `cannot be listened on (${error.code ?? error.message})`
      reject(unsafe(path, why, 'Check the folder, or set server.controlSocket to another path.'))
    })
    // The socket is made inside `listen`, so no other user can open it in the moment before chmod.
    const before = process.umask(0o177)
    try {
      server.listen({ path }, resolve)
    } finally {
      process.umask(before)
    }
  })
  chmodSync(path, 0o600)
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: CommandHandler,
): Promise<void> {
  let status = 200
  let body: unknown
  try {
    const input = await readBody(request)
    body = { output: await handle((request.url ?? '/').slice(1), input) }
  } catch (error) {
    const data = toErrorData(error)
    status = data.status
    // Whoever may open the socket owns the gateway: the real message helps, and leaks nothing they do not have.
    const message = error instanceof Error ? error.message : data.message
    body = { error: { class: data.class, message, param: data.param } }
  }
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST') throw new UserError({ message: 'The control socket takes POST.' })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new UserError({ message: 'The command is too large.' })
    chunks.push(chunk)
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
