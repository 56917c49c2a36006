/** The name of this wire in the contract: in `speaks`, `extra`, `native` and `custody`. */
export const protocolName = 'anthropic-messages' as const

/**
 * The API version we speak. Newer ones refuse `temperature`, `top_p` and `top_k` even at their default values
 * (platform.claude.com, API versions, 2026-10-21), and a converted OpenAI request often has them.
 */
export const apiVersion: string = '2023-06-01'

/** Versions that a client may name in `anthropic-version`. */
export const apiVersions: readonly string[] = [apiVersion, '2026-10-21']

/**
 * Note on a request that our own server end decoded: `extra[name].$messages` is true. Towards an upstream of the same
 * wire such a request goes out as its client wrote it.
 */
export const ownRequestNote = '$messages'

/** Note on an answer that an upstream of this wire gave: what it did not say is not added. */
export const ownAnswerNote = '$answer'

/** Note on reasoning: the `thinking.type` as written, where the model knows only what it comes near to. */
export const thinkingNote = '$type'

/** Note on a function tool whose `type` the client wrote out. */
export const toolTypeNote = '$type'

/** Note on the form of the answer: it came in the older top-level `output_format`. */
export const olderFormatNote = '$output_format'

/** Note on a function tool: the tool of Anthropic's own definition that it stands for, which goes out in its place. */
export const definedNote = '$defined'
