export type { ByteBody } from './byte-body.ts'
export { WireError, type WireErrorKind } from './error.ts'
export { defaultMaxFrameBytes, type Frame, type OutputFrame } from './frame.ts'
export { createSseReader, type SseReader } from './sse-reader.ts'
export { createFrameSplitter, type FrameSplitter, type OnSegment } from './frame-splitter.ts'
export { encodeFrame } from './sse-writer.ts'
export { spliceJson, type Splice } from './json-splice.ts'
export { guardJson, type JsonLimits, type JsonSize } from './json-guard.ts'
export {
  anthropicUpstreamHeaders,
  clientHeaders,
  isSafeHeaderValue,
  openaiUpstreamHeaders,
  pickHeaders,
  safeHeaderValue,
  upstreamHeaders,
} from './headers.ts'
export { createOutbound, type Outbound, type OutboundRequest, type OutboundResponse } from './outbound.ts'
export { defaultTimeouts, type Timeouts } from './timeouts.ts'
