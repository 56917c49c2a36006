import {
  type Blueprint,
  checkConfig,
  type ConfigProblem,
  createGateway,
  type Inspection,
  type ResolvedConfig,
} from '@gantry/core'
import type { TypeReport } from './check-types.ts'
import { quietLogger } from './logger.ts'
import { withoutSetup } from './still.ts'

/** What `gantry check` found. */
export interface CheckReport {
  readonly path: string
  readonly ok: boolean
  readonly problems: readonly ConfigProblem[]
  /** Models without a price where requests are billed. */
  readonly unpriced: readonly string[]
  /** Models no key can use. */
  readonly unreachable: readonly string[]
  /** Absent where errors keep the gateway from being put together. */
  readonly inspection?: Inspection
  /** Only where types were asked for. */
  readonly types?: TypeReport
}

/** Checks a config, and puts it together without setting anything up: no store is opened, nothing listens. */
export async function inspectConfig(path: string, config: ResolvedConfig): Promise<CheckReport> {
  const blueprint = checkConfig(config)
  const { problems } = blueprint
  const ok = problems.every((problem) => problem.severity !== 'error')
  const report = {
    path,
    ok,
    problems,
    unpriced: modelsWith(blueprint, 'UNPRICED_MODEL'),
    unreachable: modelsWith(blueprint, 'UNREACHABLE_MODEL'),
  }
  if (!ok) return report
  const gateway = await createGateway(withoutSetup(config), { logger: quietLogger })
  try {
    return { ...report, inspection: gateway.inspect() }
  } finally {
    await gateway.close()
  }
}

function modelsWith({ models, problems }: Blueprint, code: string): readonly string[] {
  const paths = new Set(problems.filter((problem) => problem.code === code).map((problem) => problem.path))
  return [...models.keys()].filter((name) => paths.has(`models.${name}`) || paths.has(`models.${name}.price`))
}
