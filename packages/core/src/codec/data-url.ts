/** Media given inside a `data:` URL. */
export interface DataUrl {
  /** With its parameters (`text/plain;charset=utf-8`); absent when the URL names none. */
  readonly mediaType?: string
  /** Base64, as it stood when the URL was base64 already. */
  readonly data: string
}

/**
 * Reads a `data:` URL (RFC 2397); undefined for every other URL and for one without a comma.
 * Percent-encoded data is turned into base64; base64 data is passed on unchanged and is not checked.
 */
export function parseDataUrl(url: string): DataUrl | undefined {
  if (url.slice(0, 5).toLowerCase() !== 'data:') return undefined
  const comma = url.indexOf(',')
  if (comma < 0) return undefined
  const head = url.slice(5, comma)
  const body = url.slice(comma + 1)
  const isBase64 = /;\s*base64\s*$/i.test(head)
  const mediaType = (isBase64 ? head.slice(0, head.lastIndexOf(';')) : head).trim()
  const data = isBase64 ? unescapeBase64(body) : percentDecode(body).toString('base64')
  return mediaType === '' ? { data } : { mediaType, data }
}

/** Writes a base64 `data:` URL; without a media type it is `application/octet-stream`. */
export function toDataUrl(media: DataUrl): string {
  return `data:${media.mediaType ?? 'application/octet-stream'};base64,${media.data}`
}

/** `+`, `/` and `=` may arrive percent-encoded. */
function unescapeBase64(body: string): string {
  return body.includes('%') ? percentDecode(body).toString('latin1') : body
}

function percentDecode(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const value = byte === 0x25 ? hexByte(bytes[at + 1], bytes[at + 2]) : undefined
    if (value !== undefined) at += 2
    out[length++] = value ?? byte
  }
  return out.subarray(0, length)
}

function hexByte(high: number | undefined, low: number | undefined): number | undefined {
  const first = hexDigit(high)
  const second = hexDigit(low)
  return first === undefined || second === undefined ? undefined : first * 16 + second
}

function hexDigit(code: number | undefined): number | undefined {
  if (code === undefined) return undefined
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined
}
