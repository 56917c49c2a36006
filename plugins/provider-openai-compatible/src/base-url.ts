/**
 * Checks a base URL and drops its trailing slashes. It holds the version (`https://api.example.com/v1`);
 * core appends the protocol's path. Throws an `Error` whose message says what to write instead.
 */
export function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) throw new Error('has to be a URL such as https://api.example.com/v1.')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new Error(`has to begin with https:// or http://, not ${url.protocol}//.`)
  }
  if (url.username || url.password) throw new Error('must not hold credentials: use apiKey or headers.')
  // `new URL` hides a lone `?` or `#`, and either would swallow the path that core appends.
  if (text.includes('?')) throw new Error('must not have a query: core appends a path to it.')
  if (text.includes('#')) throw new Error('must not have a fragment: core appends a path to it.')
  const path = trimSlashes(url.pathname)
  const endpoint = endpoints.find((known) => path.endsWith(known))
  if (endpoint) throw new Error(`has to be the base URL: leave out ${endpoint}, core appends it.`)
  return url.origin + path
}

const endpoints = ['/chat/completions', '/completions', '/responses', '/embeddings', '/messages', '/models']

// Not a regular expression: `/+$` is quadratic on a long run of slashes.
function trimSlashes(path: string): string {
  let end = path.length
  while (end > 0 && path[end - 1] === '/') end--
  return path.slice(0, end)
}
