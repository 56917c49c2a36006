import { GatewayError } from '../error.ts'

/** Bytes of one request in the sum of all. */
export interface Share {
  /** Adds bytes, or throws `overloaded` when all bodies together would be too large. */
  take(bytes: number): void
  /** Corrects the share to what is really held. */
  settle(bytes: number): void
  /** Gives everything back. Safe to call twice; a share that was given back takes nothing more. */
  release(): void
}

/** Bounds the bodies of all requests together: each alone may be allowed while their sum ends the process. */
export function createBudget(maxBytes: number): { readonly used: number; open(): Share } {
  let used = 0
  return {
    get used() {
      return used
    },
    open() {
      let mine = 0
      let released = false
      return {
        take(bytes) {
          if (released) return
          if (used + bytes > maxBytes) {
            throw new GatewayError({
              class: 'overloaded',
              message: 'The gateway holds too many request bodies at once. Try again soon.',
              retryAfterMs: 1_000,
            })
          }
          mine += bytes
          used += bytes
        },
        settle(bytes) {
          if (released) return
          used += bytes - mine
          mine = bytes
        },
        release() {
          released = true
          used -= mine
          mine = 0
        },
      }
    },
  }
}
