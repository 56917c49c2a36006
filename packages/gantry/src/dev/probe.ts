import { Worker } from 'node:worker_threads'
import { UserError } from '../user-error.ts'

/** How long an edited config may take to evaluate. */
const probeMs = 15_000

/** The built package has the worker beside this code. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? '../probe-worker.ts' : './probe-worker.js',
  import.meta.url,
)

/** What a probe found. */
export type Probe = { readonly ok: true } | { readonly ok: false; readonly message: string }

/**
 * Evaluates and checks an edited config in a thread of its own first: one that loops for ever, or throws where nobody
 * catches, must not stop the streams of the gateway that serves.
 */
export function probeConfig(path: string, timeoutMs: number = probeMs): Promise<Probe> {
  return new Promise((resolve) => {
    const worker = new Worker(workerFile, {
      workerData: { path },
      stdout: true,
      stderr: true,
    })
    const timer = setTimeout(() => done({ ok: false, message: tooSlow(path, timeoutMs) }), timeoutMs)
    const done = (probe: Probe): void => {
      clearTimeout(timer)
      worker.removeAllListeners()
      // Ends a thread that loops as well.
      void worker.terminate()
      resolve(probe)
    }
    worker.once('message', (probe: Probe) => done(probe))
    worker.once('error', (error) =>
      done({ ok: false, message: error instanceof Error ? error.message : String(error) }),
    )
    worker.once('exit', (code) =>
      done({ ok: false, message: `The config ended its own thread with ${code}.` }),
    )
  })
}

function tooSlow(path: string, timeoutMs: number): string {
  return new UserError({
    message: `${path} did not finish evaluating within ${timeoutMs / 1000} s.`,
    fix: 'Look for a loop, or for something it waits for at its top level.',
  }).message
}
