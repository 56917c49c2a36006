import type { Finish, GatewayErrorData, Usage } from '../model/index.ts'

/**
 * How one stream's upstream bytes become client bytes. Synchronous: the pump feeds it and drains what it wrote.
 * Two kinds exist, the byte relay and the converter; the pump treats them alike.
 */
export interface StreamLine {
  /** Takes upstream bytes. Throws what the pump turns into a failed attempt or an in-stream error. */
  push(chunk: Uint8Array): void
  /** The upstream closed. */
  end(): void
  /** The first valid output was seen: from here on bytes go to the client. */
  readonly committed: boolean
  /** The protocol's last frame was seen. */
  readonly complete: boolean
  /** Every choice has its reason: there is nothing left to stop. */
  readonly finished: boolean
  /** An error the upstream put into its stream. */
  readonly error: GatewayErrorData | undefined
  readonly usage: Usage | undefined
  readonly finish: Finish | undefined
  /** Bytes of text, reasoning and arguments delivered so far. */
  readonly outputBytes: number
  /** Frames seen that are more than pings. */
  readonly progress: number
  /** Opens the gate; what was held may be taken. */
  open(): void
  /** Removes and returns what is ready for the client. */
  take(): (string | Uint8Array)[]
  /** Writes an in-stream error in the client's protocol. */
  fail(error: GatewayErrorData): void
  /** Writes a keep-alive in the client's protocol. */
  keepAlive(): void
  /** Ends what is not finished yet with reason `length`, and the stream. */
  stop(usage: Usage): void
}
