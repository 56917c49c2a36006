/**
 * Cuts a text into what the simulator calls tokens: at most eight characters of a word with the space before it.
 * Joined they are the text again, and the cut takes linear time.
 */
export function pieces(text: string): string[] {
  return text.match(/\s{0,16}\S{1,8}|\s{1,16}/gu) ?? []
}

/** Tokens of a prompt: a quarter of its UTF-8 bytes, rounded up. */
export function promptTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** What one picture or document weighs in a prompt, whatever its size. */
export const mediaTokens = 256
