/** One SSE event, already framed. Structurally the `Frame` of core's contract. */
export interface Frame {
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/** A frame to write, or a comment (keep-alive). Structurally the `OutputFrame` of core's contract. */
export type OutputFrame = Frame | { readonly comment: string }

/** Largest frame in bytes that a reader holds before it gives up: a 40 MB line is an attack or a fault. */
export const defaultMaxFrameBytes: number = 16 * 1024 * 1024
