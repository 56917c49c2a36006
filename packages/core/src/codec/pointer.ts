/** One step of a JSON pointer, escaped (RFC 6901): `~` is `~0`, `/` is `~1`. */
export function escapePointerStep(step: string | number): string {
  return String(step).replaceAll('~', '~0').replaceAll('/', '~1')
}

/** A JSON pointer below another: `pointerTo('/messages', 0, 'content')` is `/messages/0/content`. */
export function pointerTo(base: string, ...steps: readonly (string | number)[]): string {
  let pointer = base
  for (const step of steps) pointer += `/${escapePointerStep(step)}`
  return pointer
}

/** The steps of a JSON pointer, unescaped; the empty pointer has none. */
export function pointerSteps(pointer: string): readonly string[] {
  if (pointer === '') return []
  return pointer
    .slice(pointer.startsWith('/') ? 1 : 0)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
