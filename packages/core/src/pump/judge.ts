import type { FinishReason, GatewayErrorData } from '../model/index.ts'
import { upstreamError } from './fault.ts'

/** An answer without any part is judged by its finish: a refusal may be empty, a success may not. */
export function blankFault(
  reason: FinishReason | undefined,
  provider: string,
  message: string = 'The upstream answered without any output.',
): GatewayErrorData | undefined {
  if (reason !== undefined && reason !== 'error' && reason !== 'other') return undefined
  return upstreamError('upstream_failed', message, provider)
}
