import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { testStore } from '@gantry/testing'
import { sqlite } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-sqlite-'))
let files = 0

afterAll(() => rmSync(folder, { recursive: true }))

testStore('sqlite', () => sqlite(join(folder, `${++files}.db`)))
