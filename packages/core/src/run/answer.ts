import type { Loss } from '../model/index.ts'
import type { Target } from '../contract/index.ts'
import type { Runtime } from './runtime.ts'

/** What the head of an answer tells. */
export interface AnswerFacts {
  readonly target: Target
  readonly asked: string
  readonly losses: readonly Loss[]
}

const maxLossHeader = 1024

/** Headers of a good answer, our own under the configured prefix. */
export function answerHeaders(
  runtime: Runtime,
  facts: AnswerFacts,
  stream: boolean,
): { [name: string]: string } {
  const headers: { [name: string]: string } = stream
    ? {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
      }
    : { 'content-type': 'application/json; charset=utf-8' }
  const add = (name: string, value: string): void => {
    const full = runtime.headerName(name)
    if (full && value) headers[full] = headerSafe(value)
  }
  add('model', facts.target.model)
  if (facts.asked !== facts.target.model) add('asked-model', facts.asked)
  add('target', `${facts.target.provider}/${facts.target.model}`)
  add('loss', lossHeader(facts.losses))
  return headers
}

/** `how what pointer`, comma separated, cut at whole entries within 1 KB with the number that is left. */
export function lossHeader(losses: readonly Loss[]): string {
  let text = ''
  for (const [index, loss] of losses.entries()) {
    const one = headerSafe(`${loss.how} ${loss.what} ${loss.pointer}`)
    const more = `, and ${losses.length - index} more`
    if (text.length + one.length + 2 + more.length > maxLossHeader)
      return text ? `${text}${more}` : `${losses.length} losses`
    text = text ? `${text}, ${one}` : one
  }
  return text
}

/** Header values are visible ASCII here; anything else is percent-encoded, so that no name of a model can inject a line. */
function headerSafe(value: string): string {
  return value.replace(/[^\x20-\x7e]/gu, (char) => encodeURIComponent(char.isWellFormed() ? char : '\ufffd'))
}
