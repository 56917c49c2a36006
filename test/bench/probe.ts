import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import type { Handlers } from './ipc.ts'

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads, in microseconds. */
  readonly cpu: number
  /** Resident memory, in bytes. */
  readonly rss: number
}

/** What every server can be asked: its usage, and a CPU profile of the time between two questions. */
export function probe(): Handlers {
  let session: Session | undefined
  return {
    usage(): Usage {
      const { user, system } = process.cpuUsage()
      return { cpu: user + system, rss: process.memoryUsage.rss() }
    },
    async profile() {
      session = new Session()
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: 200 })
      await session.post('Profiler.start')
    },
    async profiled(file) {
      const result = await session?.post('Profiler.stop')
      session?.disconnect()
      if (result) await writeFile(String(file), JSON.stringify(result.profile))
    },
  }
}
