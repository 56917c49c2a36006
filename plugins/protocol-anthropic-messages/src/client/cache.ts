import type { CacheHint, CacheOptions } from '@gantry/core'
import { asObject, type Block } from '../json.ts'
import { protocolName } from '../name.ts'
import type { Losses } from './losses.ts'

/** Breakpoints in one request (platform.claude.com, "Prompt caching"). */
const maxBreakpoints = 4

/** Cache breakpoints of one request, in the order of the prompt. */
export interface Breakpoints {
  /** Puts the breakpoint of a part on the last block made of it, else on the block before it. */
  mark(blocks: readonly Block[], hint: CacheHint | undefined, pointer: string): void
  /** Keeps the last ones, which cover the longest prefixes, when there are too many. */
  limit(reserved: number): void
}

/** Starts without breakpoints. */
export function createBreakpoints(losses: Losses, max: number = maxBreakpoints): Breakpoints {
  const marked = new Map<Block, string>()
  return {
    mark(blocks, hint, pointer) {
      if (!hint) return
      const block = blocks.findLast(takesBreakpoint)
      if (!block) {
        losses.dropped(pointer, 'cache.breakpoint', 'there is no block that can hold it')
        return
      }
      marked.set(block, pointer)
      block['cache_control'] = cacheControl(hint)
    },
    limit(reserved) {
      const excess = Math.max(0, marked.size + reserved - max)
      for (const [block, pointer] of [...marked].slice(0, excess)) {
        delete block['cache_control']
        losses.dropped(pointer, 'cache.breakpoint', `at most ${max} in a request`)
      }
    },
  }
}

/**
 * Top-level `cache_control`: the client's own breakpoint, or automatic caching for a client that names a cache key
 * or a retention, because on its own wire that is all it can say. Here nothing is cached unless asked for.
 */
export function encodeCache(cache: CacheOptions | undefined, losses: Losses): Block | undefined {
  if (!cache) return undefined
  if (cache.resource !== undefined) losses.dropped('/cache/resource', 'cache.resource')
  if (cache.breakpoint) return cacheControl(cache.breakpoint)
  if (cache.mode !== undefined && cache.mode !== 'ephemeral') losses.dropped('/cache/mode', 'cache.mode')
  const wishes = (['key', 'retention', 'ttl'] as const).filter((name) => cache[name] !== undefined)
  if (wishes.length === 0) return undefined
  for (const name of wishes) {
    losses.approximated(`/cache/${name}`, `cache.${name}`, 'carried as automatic caching')
  }
  const long = cache.retention === '24h' || cache.ttl === '1h'
  return { type: 'ephemeral', ...(long && { ttl: '1h' }) }
}

function cacheControl(hint: CacheHint): Block {
  const own = asObject(hint.extra?.[protocolName])
  return { type: 'ephemeral', ...(hint.ttl !== undefined && { ttl: hint.ttl }), ...own }
}

function takesBreakpoint(block: Block): boolean {
  return block['type'] !== 'thinking' && block['type'] !== 'redacted_thinking'
}
