#!/usr/bin/env node
// Nothing is imported before the runtime is known to be new enough, because the imports would fail less clearly.
const { refuseRuntime } = await import('./cli/runtime-version.ts')
const refusal = refuseRuntime(process.version, process.versions['sqlite'])
if (refusal === undefined) {
  const { main } = await import('./cli/main.ts')
  await main(process.argv.slice(2))
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
}
