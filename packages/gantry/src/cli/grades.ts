// Written by `pnpm docs:conversions` from the codecs; do not edit. A test compares it with them.

/** How many of the features of one wire another carries. */
export interface Grade {
  readonly carried: number
  readonly lowered: number
  readonly approximated: number
  readonly dropped: number
}

/** Grades by `client upstream`; wires of other packages have none. */
export const grades: { readonly [pair: string]: Grade | undefined } = {
  'openai-chat openai-responses': { carried: 27, lowered: 3, approximated: 0, dropped: 10 },
  'openai-chat anthropic-messages': { carried: 16, lowered: 4, approximated: 5, dropped: 15 },
  'openai-responses openai-chat': { carried: 27, lowered: 1, approximated: 0, dropped: 19 },
  'openai-responses anthropic-messages': { carried: 18, lowered: 5, approximated: 4, dropped: 20 },
  'anthropic-messages openai-chat': { carried: 21, lowered: 0, approximated: 5, dropped: 15 },
  'anthropic-messages openai-responses': { carried: 21, lowered: 4, approximated: 4, dropped: 12 },
}
