import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '../user-error.ts'

/** Longest path a unix socket may have everywhere (macOS: 104 bytes with the final zero). */
const longestSocketPath = 103

/** What decides where a gateway listens for commands. */
export interface SocketPlace {
  /** `server.controlSocket`, as configured. */
  readonly configured?: string | undefined
  /** The store's database file, where it has one. */
  readonly storeFile?: string | undefined
  /** The config's own path; names the socket where nothing else does. */
  readonly configPath: string
}

/**
 * Path of the control socket: the configured one, else beside the database, else in the run folder of this user.
 * A path too long for a socket gets a short name in the run folder, the same one each time.
 */
export function controlPath(place: SocketPlace): string {
  const folder = dirname(place.configPath)
  const wanted =
    place.configured !== undefined
      ? resolve(folder, place.configured)
      : place.storeFile === undefined
        ? undefined
        : `${resolve(folder, place.storeFile)}.sock`
  if (wanted !== undefined && Buffer.byteLength(wanted) <= longestSocketPath) return wanted
  const name = createHash('sha256')
    .update(wanted ?? place.configPath)
    .digest('hex')
    .slice(0, 16)
  return join(runFolder(), `${name}.sock`)
}

/** The folder for run-time files of this user; not yet made. */
export function runFolder(
  environment: { readonly [name: string]: string | undefined } = process.env,
): string {
  const given = environment['XDG_RUNTIME_DIR']
  return given ? join(given, 'gantry') : join(tmpdir(), `gantry-${userId()}`)
}

/** Makes the folder of a socket where it is missing, and refuses one that somebody else could have prepared. */
export function prepareFolder(folder: string): void {
  reach(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }))
  if (folder !== runFolder()) return
  const stats = lstatSync(folder)
  if (!stats.isDirectory()) throw unsafe(folder, 'is not a folder')
  if (stats.uid !== userId()) throw unsafe(folder, 'belongs to another user')
  if ((stats.mode & 0o077) !== 0) throw unsafe(folder, 'is open to other users')
}

/**
 * Whether a socket is there. Throws `UserError` for what must not be trusted: a symbolic link, another kind of file,
 * a socket of another user.
 */
export function socketAt(path: string): boolean {
  const stats = reach(path, () => lstatSync(path, { throwIfNoEntry: false }))
  if (!stats) return false
  if (stats.isSymbolicLink()) throw unsafe(path, 'is a symbolic link')
  if (!stats.isSocket()) throw unsafe(path, 'is not a socket')
  if (stats.uid !== userId()) {
    throw unsafe(
      path,
      'belongs to another user',
      'Run this as that user, or set server.controlSocket to another path.',
    )
  }
  return true
}

/** The error of a socket that cannot be where it should. */
export function unsafe(
  path: string,
  why: string,
  fix: string = 'Remove it, or set server.controlSocket to another path.',
): UserError {
  return new UserError({ message: `The control socket cannot be used: ${path} ${why}.`, fix })
}

function reach<T>(path: string, look: () => T): T {
  try {
    return look()
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw unsafe(
      path,
      `cannot be reached (${code})`,
      'Check the folder, or set server.controlSocket to another path.',
    )
  }
}

function userId(): number {
  return process.getuid?.() ?? 0
}
