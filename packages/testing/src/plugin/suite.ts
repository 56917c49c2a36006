import { registerChecks, type Check } from '../suite/check.ts'
import { hookChecks } from './check-hooks.ts'
import { neighbourChecks } from './check-neighbours.ts'
import { shapeChecks } from './check-shape.ts'
import type { PluginSuiteOptions } from './options.ts'

/**
 * The conformance suite of any plugin, one vitest test a check: its shape, its life from setup to close, each hook by
 * itself, and the plugin in a gateway beside another one whose hooks throw, hang and answer the wrong type.
 */
export function testPlugin(name: string, options: PluginSuiteOptions): void {
  registerChecks(`plugin ${name}`, pluginChecks(options))
}

/** The checks that `testPlugin` registers, for another runner or to try the suite itself. */
export function pluginChecks(options: PluginSuiteOptions): readonly Check[] {
  return [...shapeChecks(options), ...hookChecks(options), ...neighbourChecks(options)]
}
