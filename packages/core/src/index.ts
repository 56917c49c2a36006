export type * from './model/index.ts'
export type * from './contract/index.ts'
export * from './error.ts'
export * from './keys.ts'
export * from './define.ts'
export * from './config/problem.ts'
export * from './config/secret.ts'
export type * from './config/blueprint.ts'
export { didYouMean, nearest } from './config/nearest.ts'
export { createRedactor, type Redactor } from './redact.ts'
export {
  createGateway,
  checkConfig,
  type Gateway,
  type GatewayEventName,
  type GatewayOptions,
} from './gateway.ts'
export type { Inspection, InspectedRoute, HookEntry } from './run/inspect.ts'
export type { HookDeadlines } from './hooks/run.ts'
export type { PumpTimers } from './pump/types.ts'
export type * from './run/exchange.ts'
export { resolveConfig } from './config/resolve.ts'
export { planTargets } from './config/plan.ts'
export { compileGlob, compileGlobs, type Glob } from './config/glob.ts'
export {
  createShell,
  serve,
  type GatewayServer,
  type GatewaySockets,
  type Servable,
  type ServeLimits,
  type ServeOptions,
  type ShellLimits,
} from './server/index.ts'
export type { RequestTrace, TraceEntry } from './trace/types.ts'
