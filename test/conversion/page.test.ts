import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { gradesSource } from './grades.ts'
import { fatesOf } from './losses.ts'
import { conversionsPage } from './page.ts'
import { wires } from './reading.ts'

it('docs/conversions.md says what the codecs do (pnpm docs:conversions writes it)', () => {
  const page = readFileSync(new URL('../../docs/conversions.md', import.meta.url), 'utf8')
  expect(page).toBe(conversionsPage())
})

it('`gantry check` grades routes by what the codecs do (pnpm docs:conversions writes it)', () => {
  const source = new URL('../../packages/gantry/src/cli/grades.ts', import.meta.url)
  expect(readFileSync(source, 'utf8')).toBe(gradesSource())
})

it('every feature that is lost is lost by name, at a place', () => {
  for (const from of wires) {
    for (const to of wires) {
      for (const { feature, losses } of fatesOf(from, to)) {
        for (const { what, pointer, target } of losses) {
          expect(what, feature).toMatch(/^[a-z]\w*(\.\w+)*$/)
          expect(pointer, feature).toMatch(/^(\/|$)/)
          expect(target).toBe(to)
        }
      }
    }
  }
})
