const bearer = /^bearer[ \t]+(\S+)[ \t]*$/i

/**
 * The key a request carries: `Authorization: Bearer` before `x-api-key` before `x-goog-api-key`.
 * An `Authorization` of another scheme (a proxy's Basic, say) is not a key and does not hide one.
 */
export function readCredential(headers: Headers): string | undefined {
  const authorization = headers.get('authorization')
  const token = authorization === null ? undefined : bearer.exec(authorization)?.[1]
  return token ?? trimmed(headers.get('x-api-key')) ?? trimmed(headers.get('x-goog-api-key'))
}

function trimmed(value: string | null): string | undefined {
  return value?.trim() || undefined
}
