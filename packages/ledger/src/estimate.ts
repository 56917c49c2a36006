/** Bytes of UTF-8 text that count as one token where nobody counted. */
export const bytesPerToken = 3.5

/**
 * Tokens of text nobody counted: bytes / 3.5, rounded up. Takes bytes of text, reasoning and argument deltas,
 * never bytes on the wire: those were 19 to 766 times the text in recorded chat streams.
 */
export function estimateTokens(textBytes: number): number {
  return Number.isFinite(textBytes) && textBytes > 0 ? Math.ceil(textBytes / bytesPerToken) : 0
}
