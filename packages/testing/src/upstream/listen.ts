import type { AddressInfo, Server } from 'node:net'

/** Listens on a free port of loopback and answers its number; rejects when there is none. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}
