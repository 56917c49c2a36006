export { createShell } from './shell.ts'
export { serve, type GatewayServer, type Servable, type ServeOptions } from './serve.ts'
export type { ServeLimits, ShellLimits } from './limits.ts'
