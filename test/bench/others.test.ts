import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findOthers, installOthers } from './others.ts'

it('pins exact versions, and names no registry', async () => {
  const read = (name: string): Promise<string> => readFile(new URL(`others/${name}`, import.meta.url), 'utf8')
  const manifest = JSON.parse(await read('package.json')) as { dependencies: object; overrides: object }
  for (const version of [...Object.values(manifest.dependencies), ...Object.values(manifest.overrides)]) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  }
  const lock = JSON.parse(await read('package-lock.json')) as {
    packages: { [path: string]: { resolved?: string } }
  }
  const locked = Object.entries(lock.packages)
  expect(locked[0]?.[1]).toMatchObject({ dependencies: manifest.dependencies })
  expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})

it('says why where it cannot install, and names no folder of the machine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-others-'))
  try {
    await writeFile(join(folder, 'file'), '')
    const others = await installOthers(join(folder, 'file'))
    expect(others).toEqual({ missing: expect.stringMatching(/^not installed: (?:ENOTDIR|EEXIST)$/) })
    expect(await findOthers(folder)).toEqual({ missing: 'not installed' })
    expect(await readdir(folder)).toEqual(['file'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
