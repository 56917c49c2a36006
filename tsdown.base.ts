import { defineConfig, type UserConfig } from 'tsdown'

const ci = Boolean(process.env['CI'])

/** The one build every package shares: ESM, declarations, no unused dependencies, checked as npm will see it. */
export function library(entry: string[]): UserConfig {
  return defineConfig({
    entry,
    format: 'esm',
    // A command is run, never imported: it has no types to publish.
    dts: { entry: entry.filter((file) => !file.endsWith('/bin.ts')) },
    clean: true,
    // `.js`, as `publishConfig.exports` says: the packages are ESM, so there is nothing to tell apart.
    fixedExtension: false,
    platform: 'node',
    target: 'node24',
    unused: { level: 'error' },
    publint: ci ? { strict: true } : false,
    attw: ci ? { profile: 'esm-only', level: 'error' } : false,
  }) as UserConfig
}
