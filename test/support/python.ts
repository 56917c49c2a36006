import { spawn } from 'node:child_process'
import type { CommandResult } from './gateway.ts'

const interpreter: string | undefined = process.env['GANTRY_TEST_PYTHON']
const required: readonly string[] = (process.env['GANTRY_TEST_REQUIRE'] ?? '').split(/[,\s]+/)

/** Whether tests with Python's SDK are left out here. Where `GANTRY_TEST_REQUIRE` names it, it is a failure instead. */
export const pythonMissing: boolean = interpreter === undefined && !required.includes('python-openai')

if (pythonMissing)
  console.info('left out: python-openai (GANTRY_TEST_PYTHON names no interpreter with the SDK)')

/** Runs one of the scripts in `test/python`. */
export function python(
  script: string,
  environment: { readonly [name: string]: string },
): Promise<CommandResult> {
  if (interpreter === undefined)
    throw new Error('GANTRY_TEST_REQUIRE names python-openai, but GANTRY_TEST_PYTHON is not set')
  const child = spawn(interpreter, [new URL(`../python/${script}`, import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  })
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
