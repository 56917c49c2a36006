import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeSnippets, runTests, snippetsOf, typecheck, writeSnippets, type Snippet } from './snippets.ts'

let snippets: readonly Snippet[]
const folders: string[] = []
const write = async (given: readonly Snippet[]): Promise<string> => {
  const folder = await writeSnippets(given)
  folders.push(folder)
  return folder
}
beforeAll(async () => {
  const page = await readFile(new URL('../../docs/plugins.md', import.meta.url), 'utf8')
  const readme = await readFile(new URL('../../packages/testing/README.md', import.meta.url), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? []
  expect(example).toContain("from './index.ts'")
  const text = example.replace('./index.ts', './provider-acme.ts')
  snippets = [...snippetsOf(page), { file: 'readme.test.ts', text, line: 0 }]
})
afterAll(async () => {
  for (const folder of folders) await removeSnippets(folder)
})

describe('docs/plugins.md', () => {
  it('has a snippet and a test for each kind of plugin', () => {
    const files = snippets.map(({ file }) => file)
    for (const kind of ['provider-acme', 'pricing-night', 'house-rule', 'store-map', 'protocol-note']) {
      expect(files).toContain(`${kind}.ts`)
      expect(files).toContain(`${kind}.test.ts`)
    }
  })

  it('keeps the tests short: a provider under 30 lines, a pricing rule under 15', () => {
    const linesOf = (file: string): number =>
      snippets
        .find((snippet) => snippet.file === file)
        ?.text.trimEnd()
        .split('\n').length ?? Infinity
    expect(linesOf('provider-acme.test.ts')).toBeLessThan(30)
    expect(linesOf('pricing-night.test.ts')).toBeLessThan(15)
  })

  it('compiles', { timeout: 120_000 }, async () => {
    const { code, output } = await typecheck(await write(snippets))
    expect(output).toBe('')
    expect(code).toBe(0)
  })

  it('passes its tests', { timeout: 120_000 }, async () => {
    const { code, output, passed, ms } = await runTests(await write(snippets))
    expect(code, output).toBe(0)
    expect(passed).toBeGreaterThan(100)
    console.log(`${passed} tests of docs/plugins.md in ${Math.round(ms)} ms`)
  })

  it('has a package.json that is JSON', () => {
    const { text = '' } = snippets.find(({ file }) => file === 'package.json') ?? {}
    expect(JSON.parse(text)).toMatchObject({
      type: 'module',
      peerDependencies: { '@gantry/core': expect.any(String) },
    })
  })
})

describe('a page that is wrong is noticed', () => {
  const changed = (file: string, from: string, to: string): readonly Snippet[] =>
    snippets.map((snippet) => {
      if (snippet.file !== file) return snippet
      expect(snippet.text).toContain(from)
      return { ...snippet, text: snippet.text.replace(from, to) }
    })

  it('a snippet that does not compile', { timeout: 120_000 }, async () => {
    const { code, output } = await typecheck(await write(changed('pricing-night.ts', '500_000n', '0.5')))
    expect(code).not.toBe(0)
    expect(output).toContain('pricing-night.ts')
  })

  it('a snippet that compiles and is wrong', { timeout: 120_000 }, async () => {
    const pair = changed('pricing-night.ts', '500_000n', '900_000n').filter(({ file }) =>
      file.startsWith('pricing-night'),
    )
    const { code, output, passed } = await runTests(await write(pair))
    expect(code).toBe(1)
    expect(output).toContain('It comes to')
    expect(passed).toBeGreaterThan(0)
  })

  it('a block without a file name, and two of one', () => {
    expect(() => snippetsOf('# Page\n\n```ts\nconst a = 1\n```\n')).toThrow('line 3 has no file name')
    expect(() => snippetsOf('```ts a.ts\n```\n\n```ts a.ts\n```\n')).toThrow(
      'Two code blocks are the file a.ts',
    )
    expect(snippetsOf('```sh\nls\n```\n')).toEqual([])
  })
})
