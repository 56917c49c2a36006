import { type ConfigProblem, formatProblem, type Inspection } from '@gantry/core'
import { findConfig } from '../config/find.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { type CheckReport, inspectConfig } from './inspect.ts'
import { print, printJson, table } from './print.ts'
import { openSession } from './session.ts'

/** `gantry check`: what is wrong with a config, and what it will do. The exit code is 1 where it cannot boot. */
const check: Command = command({
  name: 'check',
  description: 'say what is wrong with a config, and what it will do',
  args: { ...jsonArgs, ...configArgs },
  async run({ args }) {
    const session = await openSession({ config: findConfig(args.config) })
    const report = await inspectConfig(session.path, session.config)
    if (args.json) printJson(report)
    else for (const line of reportLines(report)) print(line)
    if (!report.ok) process.exitCode = 1
  },
})

export default check

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
    '',
    verdict(report.problems),
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
    route.groups.join(', ') || '-',
  ])
  return [
    ...section('Hooks, in the order they run', table(['MOMENT', 'PLUGINS'], order)),
    ...section('Routes', table(['MODEL', 'CLIENT SPEAKS', 'TARGET', 'HOW', 'GROUPS'], ways)),
    ...section('Stores', table(['SLOT', 'STORE'], Object.entries(stores))),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

function verdict(problems: readonly ConfigProblem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  return `${count(errors, 'error')}, ${count(warnings, 'warning')}${errors === 0 ? ': it boots.' : '.'}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
