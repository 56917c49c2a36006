import type { ClientContext } from '@gantry/core'
import { modelRules, type ModelRules } from '../models.ts'
import { createBreakpoints, type Breakpoints } from './cache.ts'
import { createLosses, type Losses } from './losses.ts'
import { createToolNames, type ToolNames } from './tool-names.ts'

/** What the encoders of one request share. */
export interface Scope {
  readonly rules: ModelRules
  readonly losses: Losses
  readonly names: ToolNames
  readonly breakpoints: Breakpoints
}

/** A fresh scope for one request to one target. */
export function createScope(context: ClientContext): Scope {
  const rules = modelRules(context.target)
  const losses = createLosses(context)
  return {
    rules,
    losses,
    names: createToolNames(rules.toolNameLength),
    breakpoints: createBreakpoints(losses),
  }
}
