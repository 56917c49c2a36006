export { routeFailover, routeFailover as default } from './plugin.ts'
export type { RouteFailoverOptions } from './options.ts'
