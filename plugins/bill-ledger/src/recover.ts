import type { Hold } from '@gantry/core'
import type { Bill } from './bill.ts'

/** Holds a sweep releases at once, at most. */
const sweepBatch = 500

/**
 * Resolves what an earlier life of this instance left open. Not sent: voided. Sent: by `onCrash`, where "observed" is
 * what the request had cost when its hold was last extended, 0 if it never was.
 */
export async function recover(bill: Bill): Promise<number> {
  const left = (await bill.ledger.open(bill.options.instance)).filter((hold) => hold.epoch !== bill.epoch)
  for (const hold of left) await resolve(bill, hold)
  if (left.length > 0) bill.host.logger.info('holds of an earlier run were resolved', { holds: left.length })
  return left.length
}

/** Releases holds whose time is over, batch by batch. Errors are logged: the next sweep tries again. */
export async function sweep(bill: Bill, now: number): Promise<void> {
  try {
    let expired: number
    do {
      expired = await bill.ledger.expire(now, sweepBatch)
      if (expired > 0) bill.host.logger.warn('holds expired without a settlement', { holds: expired })
    } while (expired === sweepBatch)
  } catch (cause) {
    bill.host.logger.warn('ended holds could not be released', { cause })
  }
}

async function resolve(bill: Bill, hold: Hold): Promise<void> {
  const { onCrash } = bill.options
  if (!hold.sent || onCrash === 'void') {
    await bill.ledger.void(hold.id, 'crash')
    return
  }
  await bill.ledger.settle({
    id: hold.id,
    amount: onCrash === 'charge-hold' ? hold.amount : (hold.observed ?? 0n),
    lines: [],
    usage: { tokens: {}, source: 'recovered', final: true },
    outcome: 'recovered',
    attributes: {},
  })
}
