import type { GatewayErrorData, GenerateRequest, Part } from '../model/index.ts'
import type { AttemptState } from './attempt-context.ts'

/** Codes of decoders for opaque state that its issuer does not take back: expired, or of another key or region. */
const staleCodes: readonly (string | undefined)[] = ['invalid_encrypted_content', 'invalid_signature']

/** Whether an upstream refused a request for opaque state in it alone: it answers the same one without. */
export function isStale(error: GatewayErrorData): boolean {
  return error.source === 'upstream' && staleCodes.includes(error.code)
}

/** Whether there is anything to leave out. */
export function holdsState({ turns }: GenerateRequest): boolean {
  return turns.some(({ parts }) => parts.some(isState))
}

/** A compaction is all that is left of what it stands for: without it the answer would be to another conversation. */
function isState(part: Part): boolean {
  return part.custody !== undefined && part.type !== 'compaction'
}

/** Leaves the opaque state of the conversation out of this attempt, and reports it. What can be read stays. */
export function leaveStateOut(state: Pick<AttemptState, 'request' | 'target' | 'report' | 'replace'>): void {
  const { request, target } = state
  const turns = request.turns.map((turn) => {
    if (!turn.parts.some(isState)) return turn
    const parts: Part[] = []
    for (const part of turn.parts) {
      const { custody, ...rest } = part
      if (!custody || !isState(part)) {
        parts.push(part)
        continue
      }
      state.report({
        pointer: part.at ?? '',
        what: `custody.${custody.format}`,
        how: 'dropped',
        target: target.protocol,
        note: 'its issuer does not take it back',
      })
      if (rest.type !== 'reasoning' || rest.segments.length > 0) parts.push(rest)
    }
    return { ...turn, parts }
  })
  const kept = turns.filter(
    (turn, index) => turn.parts.length > 0 || request.turns[index]?.parts.length === 0,
  )
  state.replace({ ...request, turns: kept } satisfies GenerateRequest)
}
