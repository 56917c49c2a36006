import type { ClientContext, GenerateRequest, Target } from '@gantry/core'
import { isOwnRequest } from '../own.ts'
import { createLosses, type Losses } from './losses.ts'
import { modelRules, type ModelRules } from './models.ts'
import { createNames, type Names } from './names.ts'
import { quirksOf, type ResponsesQuirks } from './quirks.ts'

/** What the encoders of one request share. */
export interface Scope {
  readonly target: Target
  /** A client of this wire wrote the request: it goes out as it came. */
  readonly own: boolean
  readonly quirks: ResponsesQuirks
  /** By the model's name, the host's quirks over it. */
  readonly rules: ModelRules
  readonly losses: Losses
  readonly names: Names
}

/** A fresh scope for one request to one target. */
export function createScope(request: GenerateRequest, context: ClientContext): Scope {
  const quirks = quirksOf(context.target)
  const { reasoning, effort, sampling } = quirks
  return {
    target: context.target,
    own: isOwnRequest(request),
    quirks,
    rules: {
      ...modelRules(context.target.model),
      ...(reasoning !== undefined && { reasoning }),
      ...(effort && { effort }),
      ...(sampling !== undefined && { sampling }),
    },
    losses: createLosses(context),
    names: createNames(quirks),
  }
}
