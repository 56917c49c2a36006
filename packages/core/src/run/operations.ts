import type { Operation } from '../contract/index.ts'

/** Which phases an operation passes. Log is always written; `access` is a plain line without the log phase. */
export interface OperationPhases {
  readonly auth: boolean
  readonly route: boolean
  readonly bill: boolean
  readonly log: 'phase' | 'access'
}

/** The table of the design's second section, for the operations of the contract. */
export const operationPhases: { readonly [O in Operation]: OperationPhases } = {
  generate: { auth: true, route: true, bill: true, log: 'phase' },
  embed: { auth: true, route: true, bill: true, log: 'phase' },
  compact: { auth: true, route: true, bill: true, log: 'phase' },
  countTokens: { auth: true, route: true, bill: false, log: 'phase' },
  connect: { auth: true, route: false, bill: false, log: 'access' },
  stored: { auth: true, route: false, bill: false, log: 'access' },
  listModels: { auth: true, route: false, bill: false, log: 'access' },
}
