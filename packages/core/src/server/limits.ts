import { getHeapStatistics } from 'node:v8'

/** What the shell allows a request. Times in milliseconds. */
export interface ShellLimits {
  /** A body after decoding; before `server.maxBodyBytes` of the config, 32 MB when neither is set. */
  readonly maxBodyBytes: number
  /** Bodies of all requests together, with what they become when they are parsed; a quarter of the heap limit. */
  readonly maxInFlightBodyBytes: number
  /** How long a body may take before its rate counts: 30 s. */
  readonly bodyGraceMs: number
  /** Rate that buys a body more time: 1 KB/s. */
  readonly bodyBytesPerSecond: number
  /** Decoded bytes for each compressed one: 100. Counts from 256 KB on. */
  readonly maxInflation: number
  /** Nested objects and arrays of a JSON body: 64. */
  readonly maxJsonDepth: number
  /** Objects, arrays and members of a JSON body: 100,000. */
  readonly maxJsonNodes: number
  /** Values of a JSON body that follow another in their array or object: 2,000,000. */
  readonly maxJsonElements: number
  /** How long the rest of a refused body is read and thrown away, so that the client sees the answer: 1 s. */
  readonly lingerMs: number
  /** How much of it: 16 MB. */
  readonly lingerBytes: number
}

/** 32 MB: coding sessions with images are large. */
export const defaultMaxBodyBytes: number = 32 * 1024 * 1024

/** The defaults; `maxBodyBytes` is left to the config. */
export function shellLimits(limits: Partial<ShellLimits> = {}): Omit<ShellLimits, 'maxBodyBytes'> & {
  readonly maxBodyBytes?: number
} {
  return {
    maxInFlightBodyBytes: Math.floor(getHeapStatistics().heap_size_limit / 4),
    bodyGraceMs: 30_000,
    bodyBytesPerSecond: 1024,
    maxInflation: 100,
    maxJsonDepth: 64,
    maxJsonNodes: 100_000,
    maxJsonElements: 2_000_000,
    lingerMs: 1_000,
    lingerBytes: 16 * 1024 * 1024,
    ...limits,
  }
}

/** The limits with the body's: given outright, else configured, else the default. */
export function withBodyLimit(
  limits: ReturnType<typeof shellLimits>,
  configured: number | undefined,
): ShellLimits {
  return { ...limits, maxBodyBytes: limits.maxBodyBytes ?? configured ?? defaultMaxBodyBytes }
}

/** What the server allows a connection. Times in milliseconds. */
export interface ServeLimits {
  /** 10,000. */
  readonly maxConnections: number
  /** 100; an IPv6 /64 counts as one address. */
  readonly maxConnectionsPerAddress: number
  /** Addresses and networks that are not counted one by one: proxies. Loopback by default. */
  readonly uncountedAddresses: readonly string[]
  /** For all headers of a request: 10 s. */
  readonly headersTimeoutMs: number
  /** For a whole request, the body's own floor notwithstanding: 10 min. */
  readonly requestTimeoutMs: number
  /** Between two requests; longer than balancers keep theirs: 65 s. */
  readonly keepAliveMs: number
  /** How often headers that are late are looked for: 2 s. */
  readonly checkIntervalMs: number
  /** How long a client may take nothing of what waits for it: 60 s. */
  readonly slowReaderMs: number
  /** All headers together in bytes: 16 KB. */
  readonly maxHeaderBytes: number
  /** How long a connection that broke the protocol may still read its answer: 1 s. */
  readonly lingerMs: number
}

/** The defaults of the server. */
export const defaultServeLimits: ServeLimits = {
  maxConnections: 10_000,
  maxConnectionsPerAddress: 100,
  uncountedAddresses: ['loopback'],
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 600_000,
  keepAliveMs: 65_000,
  checkIntervalMs: 2_000,
  slowReaderMs: 60_000,
  maxHeaderBytes: 16 * 1024,
  lingerMs: 1_000,
}
