import type { Fault } from './script.ts'
import { WireError } from './refusal.ts'

/** The vendor's words for a status that a prompt asked for. */
export function faultStatus(fault: Extract<Fault, { kind: 'status' }>, anthropic: boolean): WireError {
  const { status, code } = fault
  const own = anthropic && code ? messagesCodes[code] : undefined
  if (own) return new WireError(status, own, null, status === 400 ? 'invalid_request_error' : null)
  const words = anthropic ? messagesWords : chatWords
  const message =
    (code && chatCodes[code]) ?? words[status] ?? (status >= 500 ? words[500] : words[400]) ?? ''
  return new WireError(status, message, null, code ?? null)
}

const chatCodes: { readonly [code: string]: string } = {
  insufficient_quota:
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
  context_length_exceeded:
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens. Please reduce the length of the messages.",
}

/** What Anthropic says of the same troubles; it has no codes, so clients go by the words. */
const messagesCodes: { readonly [code: string]: string } = {
  insufficient_quota:
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  context_length_exceeded: 'prompt is too long: 208310 tokens > 200000 maximum',
}

const chatWords: { readonly [status: number]: string } = {
  400: 'Invalid request.',
  401: 'Incorrect API key provided: sim*****. You can find your API key at https://platform.openai.com/account/api-keys.',
  402: 'Insufficient Balance',
  403: 'You are not allowed to do this with this API key.',
  404: 'The model `unknown` does not exist or you do not have access to it.',
  408: 'Request timed out.',
  409: 'The resource is being changed by another request.',
  413: 'Request too large.',
  422: 'Unprocessable request.',
  429: 'Rate limit reached for requests. Please try again later.',
  500: 'The server had an error while processing your request. Sorry about that!',
  502: 'Bad gateway.',
  503: 'The engine is currently overloaded, please try again later.',
  504: 'Gateway timeout.',
}

const messagesWords: { readonly [status: number]: string } = {
  400: 'invalid request',
  401: 'invalid x-api-key',
  402: 'There is an issue with your billing or payment information.',
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'Not found',
  408: 'Request timed out',
  413: 'Request exceeds the maximum size',
  429: 'This request would exceed the rate limit of your organization.',
  500: 'Internal server error',
  504: 'The request timed out while processing.',
  529: 'Overloaded',
}
