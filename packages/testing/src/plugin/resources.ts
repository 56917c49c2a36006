import { AsyncLocalStorage, createHook } from 'node:async_hooks'

/** What can keep a process alive, as Node's async hooks call it. */
const kinds: { readonly [type: string]: string } = {
  Timeout: 'a timer',
  TCPSERVERWRAP: 'a server',
  PIPESERVERWRAP: 'a server',
  TCPWRAP: 'a connection',
  PIPEWRAP: 'a pipe',
  UDPWRAP: 'a UDP socket',
  FSEVENTWRAP: 'a file watcher',
  STATWATCHER: 'a file watcher',
  PROCESSWRAP: 'a child process',
  WORKER: 'a worker',
}

/**
 * What work began, itself or through what it called, and did not end, half a second after it is over. Timers that are
 * unreferenced do not count: they keep nothing alive.
 */
export async function leftBehind(work: () => Promise<void>): Promise<readonly string[]> {
  const inside = new AsyncLocalStorage<true>()
  const open = new Map<number, { readonly kind: string; readonly resource: object }>()
  const hook = createHook({
    init(id, type, _trigger, resource) {
      const kind = kinds[type]
      if (kind !== undefined && inside.getStore()) open.set(id, { kind, resource })
    },
    destroy: (id) => void open.delete(id),
  })
  const left = (): readonly string[] =>
    [...open.values()].filter(({ resource }) => isReferenced(resource)).map(({ kind }) => kind)
  hook.enable()
  try {
    await inside.run(true, work)
    for (let round = 0; round < 25 && left().length > 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return left()
  } finally {
    hook.disable()
  }
}

function isReferenced(resource: object): boolean {
  return !('hasRef' in resource && typeof resource.hasRef === 'function') || resource.hasRef() !== false
}
