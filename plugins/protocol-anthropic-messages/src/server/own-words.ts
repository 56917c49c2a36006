import { GatewayError } from '@gantry/core'
import { pointerSteps } from '@gantry/core/codec'

/** A JSON pointer as Anthropic writes the place of a fault: `/messages/0/content` is `messages.0.content`. */
export function placeOf(pointer: string): string {
  return pointer.startsWith('/') ? pointerSteps(pointer).join('.') : pointer
}

/** An `invalid_request` at a place of the body, in the form that Anthropic's clients know: `max_tokens: Field required`. */
export function fault(pointer: string, words: string): GatewayError {
  const place = placeOf(pointer)
  return new GatewayError({
    class: 'invalid_request',
    message: place === '' ? words : `${place}: ${words}`,
    param: pointer,
  })
}

/** The same for a tag that is none of those there are. */
export function unknownTag(pointer: string, tag: string, known: Iterable<string>): GatewayError {
  const words = Array.from(known, (word) => `'${word}'`).join(', ')
  return fault(
    pointer,
    `Input tag '${tag.slice(0, 64)}' found using 'type' does not match any of the expected tags: ${words}`,
  )
}

/** An error of the readers, which begins with the pointer, in the vendor's form; any other as it is. */
export function inVendorWords(error: unknown): unknown {
  if (!GatewayError.is(error) || error.data.class !== 'invalid_request') return error
  const { param, message } = error.data
  if (!param?.startsWith('/') || !message.startsWith(`${param} `)) return error
  const said = message.slice(param.length + 1)
  const words = said.startsWith('is missing;') ? 'Field required' : `Input ${said}`
  return new GatewayError({ ...error.data, message: `${placeOf(param)}: ${words}` }, { cause: error })
}
