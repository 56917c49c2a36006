import type { FunctionTool } from '../model/request.ts'
import type { Context } from './context.ts'
import type { Awaitable } from './codec.ts'
import type { Part } from '../model/part.ts'

/** A tool the gateway runs for the model. */
export interface GatewayTool<N extends string = string> {
  readonly name: N
  readonly definition: FunctionTool
  execute(argumentsText: string, context: Context): Awaitable<readonly Part[]>
}
