import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'

/** Tells when one of some files changed in content. */
export interface FileWatcher {
  /** Watches these from now on. */
  follow(files: readonly string[]): void
  close(): void
}

/** Editors write in several steps; what is seen within this time is one edit. */
const settleMs = 80

/** Some file systems report nothing (network folders, containers); contents are compared now and then as well. */
const pollMs = 1000

/**
 * Watches folders, not files: editors replace a file by renaming another over it, and a deleted file comes back.
 * Contents are compared by hash, so that touching a file, or saving it unchanged, is no edit.
 */
export function createFileWatcher(onChange: (changed: readonly string[]) => void): FileWatcher {
  const watchers = new Map<string, FSWatcher>()
  const hashes = new Map<string, string | undefined>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const look = (): void => {
    timer = undefined
    const changed: string[] = []
    for (const [file, before] of hashes) {
      const now = hashOf(file)
      if (now === before) continue
      hashes.set(file, now)
      changed.push(file)
    }
    if (changed.length > 0) onChange(changed)
  }
  const soon = (): void => {
    if (closed) return
    clearTimeout(timer)
    timer = setTimeout(look, settleMs)
  }
  const poll = setInterval(() => {
    if (timer === undefined) look()
  }, pollMs)
  poll.unref()

  return {
    follow(files) {
      const folders = new Set(files.map((file) => dirname(file)))
      for (const [folder, watcher] of watchers) {
        if (folders.has(folder)) continue
        watcher.close()
        watchers.delete(folder)
      }
      for (const folder of folders) {
        if (watchers.has(folder)) continue
        try {
          const watcher = watch(folder, soon)
          watcher.on('error', () => {
            watcher.close()
            watchers.delete(folder)
          })
          watchers.set(folder, watcher)
        } catch {
          // A folder that is not there (yet) is looked for by the poll.
        }
      }
      const wanted = new Set(files)
      for (const file of hashes.keys()) if (!wanted.has(file)) hashes.delete(file)
      for (const file of files) if (!hashes.has(file)) hashes.set(file, hashOf(file))
    },
    close() {
      closed = true
      clearTimeout(timer)
      clearInterval(poll)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
  }
}

function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex')
  } catch {
    return undefined
  }
}
