/** One thing the target could not carry. */
export interface Loss {
  /** In the client's body (`at`), else in the model. */
  readonly pointer: string

  /** Dotted: `part.audio`, `tool.custom`, `sampling.seed`, `custody.signature`. */
  readonly what: string
  readonly how: 'dropped' | 'approximated' | 'lowered'
  readonly target: string
  readonly note?: string
}
