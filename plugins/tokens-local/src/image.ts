import type { ImagePart, MediaSource } from '@gantry/core'
import type { TokenRules } from './rules.ts'

interface Size {
  readonly width: number
  readonly height: number
}

/** What a picture is taken for that cannot be looked into: one behind a URL is never fetched. */
const unknown: Size = { width: 1024, height: 1024 }

/** How far into a JPEG its size is looked for, in base64 characters: thumbnails and profiles come first. */
const deepest = 128 * 1024

/**
 * Tokens of a picture by its size. Sources: platform.claude.com "Vision" (at most 1568 pixels a side, a token for 750),
 * platform.openai.com "Images and vision" (within 2048 by 2048, the short side at most 768, squares of 512; low detail
 * is the base alone), ai.google.dev "Tokens" (258).
 */
export function imageTokens({ source, detail }: ImagePart, rule: TokenRules['image']): number {
  if (rule === 'flat') return 258
  if (rule === 'tiles' && detail === 'low') return 85
  const size = sizeOf(source)
  if (rule === 'area') {
    const { width, height } = within(size, 1568)
    return Math.min(1600, Math.ceil((width * height) / 750))
  }
  const large = within(size, 2048)
  const shrink = Math.min(1, 768 / Math.min(large.width, large.height))
  const tiles = (side: number): number => Math.max(1, Math.ceil((side * shrink) / 512))
  return 85 + 170 * tiles(large.width) * tiles(large.height)
}

/** Width and height from the first bytes of a PNG, GIF, WebP or JPEG. */
export function readSize(base64: string): Size | undefined {
  const head = Buffer.from(base64.slice(0, 64), 'base64')
  if (head.length < 30) return undefined
  if (head.readUInt32BE(0) === 0x89504e47) return sized(head.readUInt32BE(16), head.readUInt32BE(20))
  const magic = head.toString('latin1', 0, 4)
  if (magic === 'GIF8') return sized(head.readUInt16LE(6), head.readUInt16LE(8))
  if (magic === 'RIFF') return webpSize(head)
  if (head.readUInt16BE(0) === 0xffd8) return jpegSize(Buffer.from(base64.slice(0, deepest), 'base64'))
  return undefined
}

// ---

function sizeOf(source: MediaSource): Size {
  return (source.kind === 'base64' && readSize(source.data)) || unknown
}

function within({ width, height }: Size, side: number): Size {
  const shrink = Math.min(1, side / Math.max(width, height))
  return { width: width * shrink, height: height * shrink }
}

function sized(width: number, height: number): Size | undefined {
  return width > 0 && height > 0 ? { width, height } : undefined
}

function webpSize(head: Buffer): Size | undefined {
  const kind = head.toString('latin1', 12, 16)
  if (kind === 'VP8 ') return sized(head.readUInt16LE(26) & 0x3fff, head.readUInt16LE(28) & 0x3fff)
  if (kind === 'VP8X') return sized(head.readUIntLE(24, 3) + 1, head.readUIntLE(27, 3) + 1)
  if (kind !== 'VP8L') return undefined
  const bits = head.readUInt32LE(21)
  return sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
}

/** Walks the segments up to the frame header; one that claims to be longer than the file ends the walk. */
function jpegSize(bytes: Buffer): Size | undefined {
  let at = 2
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1]!
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return sized(bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5))
    // Fill bytes, and markers without a length.
    if (marker === 0xff) at += 1
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
    else at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}
