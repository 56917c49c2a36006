import { writeFileSync } from 'node:fs'
import { gradesSource } from './grades.ts'
import { conversionsPage } from './page.ts'

writeFileSync(new URL('../../docs/conversions.md', import.meta.url), conversionsPage())
writeFileSync(new URL('../../packages/gantry/src/cli/grades.ts', import.meta.url), gradesSource())
