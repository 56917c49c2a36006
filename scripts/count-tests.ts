import { readFileSync } from 'node:fs'

/** Prints `passed failed` of a JSON report of vitest; a suite that could not be loaded is one failure. */
const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}
const unloaded = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
console.log(`${report.numPassedTests} ${report.numFailedTests + unloaded.length}`)
