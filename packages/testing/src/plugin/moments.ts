import type { Hooks } from '@gantry/core'

const response = 'a Response or nothing'

/** What each moment may answer, in run order. The type makes a new hook a compile error here. */
export const answers: { readonly [moment in keyof Hooks]: string } = {
  auth: response,
  route: response,
  'bill.reserve': response,
  'transform.request': 'nothing',
  'transform.event': 'a function or nothing',
  'bill.observe': '"stop" or nothing',
  'route.outcome': '"retry", "next", "stop" or nothing',
  'bill.settle': 'nothing',
  log: 'nothing',
}

/** Names of the moments, in run order. */
export const moments: readonly (keyof Hooks)[] = Object.keys(answers) as (keyof Hooks)[]

/** Moments at which nobody waits for a promise. */
export const synchronous: readonly (keyof Hooks)[] = ['transform.event', 'bill.observe', 'route.outcome']

/** Whether a moment may answer this. */
export function isAllowed(moment: keyof Hooks, answer: unknown): boolean {
  if (answer === undefined) return true
  if (moment === 'transform.event') return typeof answer === 'function'
  if (moment === 'bill.observe') return answer === 'stop'
  if (moment === 'route.outcome') return ['retry', 'next', 'stop'].some((one) => one === answer)
  return answers[moment] === response && answer instanceof Response
}
