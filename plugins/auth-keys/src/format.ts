import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What keys start with unless the config says otherwise. */
export const defaultPrefix = 'sk-gantry'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 32
const checksumLength = 6
const wellFormed = /^[A-Za-z][A-Za-z0-9_-]{0,31}_[A-Za-z0-9]{38}$/

/** What a prefix may look like: a letter, then up to 31 letters, digits, `-` and `_`. */
export const prefixPattern: RegExp = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

/**
 * Makes a new key: `<prefix>_`, 32 random base62 characters (190 bits), then 6 base62 characters of the CRC-32
 * of all that precedes them. The checksum lets a scanner be exact and turns a typo away without a lookup.
 */
export function createSecret(prefix: string = defaultPrefix): string {
  const body = `${prefix}_${randomText(randomLength)}`
  return body + checksum(body)
}

/** Whether a text has the form of a key and its checksum fits. Any prefix is taken, so that a prefix can change. */
export function isWellFormed(secret: string): boolean {
  if (!wellFormed.test(secret)) return false
  const body = secret.slice(0, -checksumLength)
  return secret.slice(-checksumLength) === checksum(body)
}

/** Random base62 text, each character equally likely. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 248 = 4 * 62: taking more would make the first letters of the alphabet likelier.
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62)
    }
  }
  return text
}

/** CRC-32 of a text as six base62 digits, most significant first. */
export function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let index = 0; index < checksumLength; index++) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
