import { parentPort, workerData } from 'node:worker_threads'
import { checkConfig, ConfigError } from '@gantry/core'
import { loadConfig } from './config/load.ts'
import { describeError } from './cli/errors.ts'
import type { Probe } from './dev/probe.ts'

async function probe(path: string): Promise<Probe> {
  try {
    const { config } = await loadConfig(path)
    const errors = checkConfig(config).problems.filter((problem) => problem.severity === 'error')
    if (errors.length > 0) throw new ConfigError(errors)
    return { ok: true }
  } catch (error) {
    return { ok: false, message: describeError(error, false) }
  }
}

const { path } = workerData as { path: string }
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread's port, not a window
parentPort?.postMessage(await probe(path))
