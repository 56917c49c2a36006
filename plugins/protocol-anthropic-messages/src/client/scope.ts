import type { ClientContext, GenerateRequest } from '@gantry/core'
import { isKnownModel, modelRules, type ModelRules } from '../models.ts'
import { ownRequestNote, protocolName } from '../name.ts'
import { createBreakpoints, type Breakpoints } from './cache.ts'
import { createLosses, type Losses } from './losses.ts'
import { createToolNames, type ToolNames } from './tool-names.ts'

/** What the encoders of one request share. */
export interface Scope {
  /** A client of this wire wrote the request: its turns go out as it bounded them. */
  readonly own: boolean
  /** It also asked for this very model, or nobody knows what the model takes: that is between the two of them. */
  readonly verbatim: boolean
  /** Messages whose content is one text that their client wrote as a string. */
  readonly strings: Set<object>
  readonly rules: ModelRules
  readonly losses: Losses
  readonly names: ToolNames
  readonly breakpoints: Breakpoints
}

/** A fresh scope for one request to one target. */
export function createScope(request: GenerateRequest, context: ClientContext): Scope {
  const rules = modelRules(context.target)
  const losses = createLosses(context)
  const own = request.extra?.[protocolName]?.[ownRequestNote] === true
  return {
    own,
    verbatim: own && (request.model === context.target.model || !isKnownModel(context.target)),
    strings: new Set(),
    rules,
    losses,
    names: createToolNames(rules.toolNameLength),
    // How many a client of this wire may set is between it and the vendor.
    breakpoints: createBreakpoints(losses, own ? Number.POSITIVE_INFINITY : undefined),
  }
}
