import type { GenerateRequest } from '../model/request.ts'
import type { Awaitable } from './codec.ts'

/** Counts the input of a request where no upstream is asked. */
export interface TokenCounter<N extends string = string> {
  readonly name: N

  /**
   * Tokens that `model` (its name at the provider) would read, a whole number; an estimate. Off the event loop, and
   * within seconds. A rejection, or anything that is no count, has core estimate by bytes.
   */
  count(request: GenerateRequest, model: string, signal: AbortSignal): Awaitable<number>
}
