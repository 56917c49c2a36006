import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup, createAddressList } from '../address.ts'
import type { ServeLimits } from './limits.ts'

/** What is watched of one connection. */
interface Connection {
  /** Bytes that the client's side has taken. */
  taken: number
  /** Since when it takes nothing although something waits; 0 when it does. */
  stalledAt: number
}

/**
 * Counts connections, in all and by address, and cuts those whose client takes nothing for too long. Slow readers
 * are found by one sweep over all sockets, which costs a request nothing.
 */
export function guardConnections(server: Server, limits: ServeLimits): { stop(): void } {
  const connections = new Map<Socket, Connection>()
  const perAddress = new Map<string, number>()
  const isUncounted = createAddressList(limits.uncountedAddresses)
  server.maxConnections = limits.maxConnections

  server.on('connection', (socket) => {
    const address = socket.remoteAddress
    if (address !== undefined && !isUncounted(address) && !admit(socket, addressGroup(address))) return
    connections.set(socket, { taken: 0, stalledAt: 0 })
    socket.once('close', () => connections.delete(socket))
  })

  function admit(socket: Socket, group: string): boolean {
    const count = perAddress.get(group) ?? 0
    if (count >= limits.maxConnectionsPerAddress) {
      socket.destroy()
      return false
    }
    perAddress.set(group, count + 1)
    socket.once('close', () => {
      const left = (perAddress.get(group) ?? 1) - 1
      if (left === 0) perAddress.delete(group)
      else perAddress.set(group, left)
    })
    return true
  }

  function sweep(): void {
    const now = performance.now()
    for (const [socket, connection] of connections) {
      const waiting = socket.writableLength
      const taken = socket.bytesWritten - waiting
      if (waiting === 0 || taken !== connection.taken || connection.stalledAt === 0) {
        connection.taken = taken
        connection.stalledAt = waiting === 0 ? 0 : now
      } else if (now - connection.stalledAt >= limits.slowReaderMs) socket.destroy()
    }
  }

  const timer = setInterval(sweep, Math.max(10, Math.min(5_000, limits.slowReaderMs / 4)))
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
