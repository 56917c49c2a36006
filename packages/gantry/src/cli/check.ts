import { resolve } from 'node:path'
import { type ConfigProblem, formatProblem, type Inspection } from '@gantry/core'
import { findConfig } from '../config/find.ts'
import { UserError } from '../user-error.ts'
import { checkTypes, typeLines, type TypeReport } from './check-types.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { grades } from './grades.ts'
import { type CheckReport, inspectConfig } from './inspect.ts'
import { print, printJson, table } from './print.ts'
import { openSession } from './session.ts'

/** `gantry check`: what is wrong with a config, and what it will do. The exit code is 1 where it cannot boot. */
const check: Command = command({
  name: 'check',
  description: 'say what is wrong with a config, and what it will do',
  args: {
    types: { type: 'boolean', description: "check the config's types, too, with your own TypeScript" },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const { config, types = false } = args
    const report = args.json ? await reportAnyway(config, types) : await readReport(config, types)
    if (args.json) printJson(report)
    else for (const line of reportLines(report)) print(line)
    if (!report.ok) process.exitCode = 1
  },
})

export default check

async function readReport(config: string | undefined, types: boolean): Promise<CheckReport> {
  const session = await openSession({ config: findConfig(config) })
  const report = await inspectConfig(session.path, session.config)
  if (!types) return report
  const checked = await checkTypes(session.path)
  return { ...report, ok: report.ok && checked.ok, types: checked }
}

/** A program that asked for JSON gets it also where there is no config, or none that can be read. */
async function reportAnyway(config: string | undefined, types: boolean): Promise<CheckReport> {
  try {
    return await readReport(config, types)
  } catch (error) {
    if (!UserError.is(error)) throw error
    const { message, details, fix } = error
    const problem: ConfigProblem = {
      code: 'NOT_CHECKED',
      severity: 'error',
      message: [message, ...details].join('\n'),
      ...(fix !== undefined && { fix }),
    }
    return { path: resolve(config ?? '.'), ok: false, problems: [problem], unpriced: [], unreachable: [] }
  }
}

/** The report for people. */
export function reportLines(report: CheckReport): readonly string[] {
  return [
    report.path,
    ...(report.inspection ? inspectionLines(report.inspection) : []),
    ...section('Unpriced models', report.unpriced),
    ...section('Unreachable models', report.unreachable),
    ...section(
      'Problems',
      report.problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`),
    ),
    ...(report.types
      ? section(`Types, by TypeScript ${report.types.version}`, typeSection(report.types))
      : []),
    '',
    verdict(report.problems, report.types),
  ]
}

function inspectionLines({ hooks, routes, stores }: Inspection): readonly string[] {
  const order = hooks
    .filter((one) => one.order.length > 0)
    .map((one) => [one.moment, one.order.map((hook) => hook.plugin).join(' → ')])
  const ways = routes.map((route) => [
    route.model,
    route.client,
    `${route.provider}/${route.targetModel}`,
    route.relays ? 'relays bytes' : (route.note ?? 'converts'),
    gradeOf(route),
    route.groups.join(', ') || '-',
  ])
  return [
    ...section('Hooks, in the order they run', table(['MOMENT', 'PLUGINS'], order)),
    ...section('Routes', table(['MODEL', 'CLIENT SPEAKS', 'TARGET', 'HOW', 'CARRIES', 'GROUPS'], ways)),
    ...section('Stores', table(['SLOT', 'STORE'], Object.entries(stores))),
  ]
}

/** What of the client's wire reaches the target; what is lost by name is in the page of conversions. */
function gradeOf({ client, upstream, relays }: Inspection['routes'][number]): string {
  if (relays || client === upstream) return 'everything'
  const grade = grades[`${client} ${upstream}`]
  if (!grade) return 'not graded'
  const { carried, lowered, approximated, dropped } = grade
  const all = carried + lowered + approximated + dropped
  return `${carried + lowered} of ${all} features, ${approximated} nearly`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

const mostTypeLines = 60

function typeSection(types: TypeReport): readonly string[] {
  const lines = typeLines(types)
  if (lines.length === 0) return ['no errors']
  if (lines.length <= mostTypeLines) return lines
  return [
    ...lines.slice(0, mostTypeLines),
    `and ${lines.length - mostTypeLines} more lines; --json has them all`,
  ]
}

function verdict(problems: readonly ConfigProblem[], types: TypeReport | undefined): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  const wrong = types && types.errors.length > 0 ? `, ${count(types.errors.length, 'type error')}` : ''
  return `${count(errors, 'error')}, ${count(warnings, 'warning')}${wrong}${errors === 0 ? ': it boots.' : '.'}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
