import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Handlers } from './ipc.ts'

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads, in microseconds. */
  readonly cpu: number
  /** Most resident memory it ever had, in bytes. */
  readonly peak: number
}

/** What a process still needs after its garbage is collected, in bytes. */
export interface Kept {
  /** Resident memory. */
  readonly rss: number
  /** Of JavaScript: heap and buffers. */
  readonly heap: number
}

/** What every server can be asked: its usage, its memory, and a CPU profile of the time between two questions. */
export function probe(): Handlers {
  let session: Session | undefined
  return {
    usage(): Usage {
      const { user, system } = process.cpuUsage()
      return { cpu: user + system, peak: process.resourceUsage().maxRSS * 1024 }
    },
    kept(): Kept {
      collectGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rss, heap: heapUsed + external }
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

/** Twice: what a finaliser of the first lets go is collected by the second. The flag is set late, so that it slows nothing down before. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NonNullable<typeof gc>
  for (let round = 0; round < 2; round++) {
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }
}
