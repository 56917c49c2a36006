import type { AnyPlugin, Logger, Outcome, PriceLine, SettleContext, Usage } from '@gantry/core'

/** What a request was charged: one row each time `bill.settle` ran. */
export interface BillRow {
  readonly id: string
  readonly model: string
  readonly outcome: Outcome
  readonly usage: Usage
  readonly lines: readonly PriceLine[]
}

/** What the phases at the end of a request saw. */
export interface Recorder {
  readonly plugin: AnyPlugin
  readonly requests: readonly SettleContext[]
  readonly bills: readonly BillRow[]
  /** Resolves when so many requests were logged; rejects after `timeoutMs`. */
  settled(count: number, timeoutMs: number): Promise<readonly SettleContext[]>
}

/** A plugin that runs after all others and keeps what it sees. */
export function createRecorder(logger: Logger | undefined): Recorder {
  const requests: SettleContext[] = []
  const bills: BillRow[] = []
  const waiting = new Set<() => void>()
  return {
    requests,
    bills,
    plugin: {
      name: 'test-recorder',
      enforce: 'post',
      ...(logger && { logger }),
      hooks: {
        'bill.settle': {
          order: 'post',
          handler: ({ id, model, outcome, usage, lines }) =>
            void bills.push({ id, model, outcome, usage, lines }),
        },
        log: {
          order: 'post',
          handler(context) {
            requests.push(context)
            for (const wake of waiting) wake()
          },
        },
      },
    },
    settled: (count, timeoutMs) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (requests.length < count) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(requests)
        }
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`${requests.length} of ${count} requests were logged within ${timeoutMs} ms.`))
        }, timeoutMs)
        waiting.add(check)
        check()
      }),
  }
}
