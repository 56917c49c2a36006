import { GatewayError } from '@gantry/core'
import { paramOf } from '../own.ts'

/**
 * An error of the readers in the words that OpenAI's clients know: the field as `input[0].content`, a code that says
 * whether it is missing or wrong. `param` stays the JSON pointer; the encoder writes it in the vendor's way.
 */
export function inOpenAiWords(error: unknown): unknown {
  if (!GatewayError.is(error) || error.data.class !== 'invalid_request') return error
  const { param, message, code } = error.data
  if (!param?.startsWith('/') || !message.startsWith(param) || code !== undefined) return error
  const field = paramOf(param)
  const said = message.slice(param.length)
  const isMissing = said.startsWith(' is missing;')
  return new GatewayError(
    {
      ...error.data,
      code: isMissing ? 'missing_required_parameter' : 'invalid_type',
      message: isMissing
        ? `Missing required parameter: '${field}'${said.slice(' is missing'.length)}`
        : `Invalid '${field}': it${said}`,
    },
    { cause: error },
  )
}
