import type { EncodedError, GatewayErrorData, Loss, Target } from '@gantry/core'
import type { Capture } from '../fixtures.ts'
import type { WireRules } from '../normalise/rules.ts'
import type { FrameReader } from './streams.ts'

/** What a conformance suite runs over. */
export interface ProtocolSuiteOptions {
  /** A folder of captures, or captures. */
  readonly fixtures: string | URL | readonly Capture[]
  /** What is known of the wire without the codec: `chatRules`, `anthropicRules`, or your own. */
  readonly rules: WireRules
  /** What does not hold, and why. An exception that matches nothing fails the suite. */
  readonly except?: readonly ProtocolException[]
  /** The target that requests are encoded for; the model is the request's own. */
  readonly target?: Partial<Target>
  /** Checks the protocol's own error envelope; throws when it is wrong. */
  readonly errorShape?: (
    encoded: EncodedError,
    error: GatewayErrorData,
    context: { readonly requestId: string },
  ) => void
  /** Losses that the same protocol may report: none by default. */
  readonly allowLoss?: (loss: Loss) => boolean
  /** Reads frames from bytes; server-sent events by default. */
  readonly reader?: FrameReader
  /** Seed of the random splits; 1 by default. */
  readonly seed?: number
  /** How many random splits each stream gets; 200 by default. */
  readonly randomSplits?: number
  /** Streams shorter than this are split at every byte; 8 KB by default. */
  readonly everySplitBelow?: number
}

/** One thing that a capture does not fulfil. */
export interface ProtocolException {
  /** Capture name, with `#1` for its second exchange; all of its exchanges without. */
  readonly capture: string
  /** Names of checks; all by default. */
  readonly checks?: readonly string[]
  readonly why: string
}

/** One thing that is checked. */
export interface ProtocolCheck {
  /** What it is about: a capture, or `errors`. */
  readonly group: string
  /** The rule, the same for every capture. */
  readonly name: string
  /** Throws when the rule is broken. */
  run(): void
}
