import type { ImagePart, MediaSource } from '@gantry/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { imageTokens, readSize } from './image.ts'

const base64 = (bytes: readonly number[]): string =>
  Buffer.concat([Buffer.from(bytes), Buffer.alloc(64)]).toString('base64')
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')]

const png = (width: number, height: number): string => {
  const head = Buffer.alloc(24)
  head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  head.writeUInt32BE(width, 16)
  head.writeUInt32BE(height, 20)
  return base64([...head])
}
const image = (source: MediaSource, detail?: string): ImagePart => ({
  type: 'image',
  source,
  ...(detail === undefined ? {} : { detail }),
})
const inline = (data: string): MediaSource => ({ kind: 'base64', data })

it('reads the size from the head of each format', () => {
  expect(readSize(png(640, 480))).toEqual({ width: 640, height: 480 })
  expect(readSize(base64([...ascii('GIF89a'), 0x80, 0x02, 0xe0, 0x01]))).toEqual({ width: 640, height: 480 })
  const riff = (kind: string, rest: readonly number[]): string =>
    base64([...ascii('RIFF'), 0, 0, 0, 0, ...ascii(`WEBP${kind}`), 0, 0, 0, 0, ...rest])
  expect(readSize(riff('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]))).toEqual({
    width: 640,
    height: 480,
  })
  expect(readSize(riff('VP8X', [0, 0, 0, 0, 0x7f, 0x02, 0, 0xdf, 0x01, 0]))).toEqual({
    width: 640,
    height: 480,
  })
  const bits = 639 | (479 << 14)
  const lossless = [0x2f, bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24]
  expect(readSize(riff('VP8L', lossless))).toEqual({ width: 640, height: 480 })
})

it('finds the size of a JPEG behind its other segments', () => {
  const frame = [0xff, 0xc2, 0, 17, 8, 0x01, 0xe0, 0x02, 0x80, 3]
  const segment = (marker: number, length: number): number[] => [
    0xff,
    marker,
    (length + 2) >> 8,
    (length + 2) & 255,
    ...Array<number>(length).fill(0),
  ]
  const jpeg = base64([0xff, 0xd8, ...segment(0xe1, 3000), 0xff, ...segment(0xc4, 40), ...frame])
  expect(readSize(jpeg)).toEqual({ width: 640, height: 480 })
  // A segment that is longer than the file, and a file without a frame.
  expect(readSize(base64([0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff]))).toBeUndefined()
  expect(readSize(base64([0xff, 0xd8, ...segment(0xe1, 10)]))).toBeUndefined()
})

it('knows no size of what is no picture, and fails at nothing', () => {
  expect(readSize('')).toBeUndefined()
  expect(
    readSize(Buffer.from('plain text that is long enough to be looked at').toString('base64')),
  ).toBeUndefined()
  expect(readSize(png(0, 480))).toBeUndefined()
  const heads = [[0xff, 0xd8], [0x89, 0x50, 0x4e, 0x47], ascii('GIF8'), ascii('RIFF0000WEBPVP8L'), []]
  fc.assert(
    fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, rest) => {
      for (const rule of ['area', 'tiles', 'flat'] as const) {
        const tokens = imageTokens(image(inline(Buffer.from([...head, ...rest]).toString('base64'))), rule)
        expect(tokens).toBeGreaterThan(0)
        expect(tokens).toBeLessThan(10_000)
      }
    }),
  )
})

it('counts by area, by squares, or the same for all', () => {
  expect(imageTokens(image(inline(png(750, 100))), 'area')).toBe(100)
  // Scaled down to 1568 pixels a side, and never more than 1600.
  expect(imageTokens(image(inline(png(3136, 200))), 'area')).toBe(Math.ceil((1568 * 100) / 750))
  expect(imageTokens(image(inline(png(4000, 4000))), 'area')).toBe(1600)
  // The vendor's own examples: 1024 by 1024, and 2048 by 4096.
  expect(imageTokens(image(inline(png(1024, 1024))), 'tiles')).toBe(765)
  expect(imageTokens(image(inline(png(2048, 4096))), 'tiles')).toBe(1105)
  expect(imageTokens(image(inline(png(4096, 8192)), 'low'), 'tiles')).toBe(85)
  expect(imageTokens(image(inline(png(10, 10))), 'flat')).toBe(258)
  // What lies behind a URL is taken for 1024 by 1024.
  expect(imageTokens(image({ kind: 'url', url: 'https://example.com/a.png' }), 'tiles')).toBe(765)
})
