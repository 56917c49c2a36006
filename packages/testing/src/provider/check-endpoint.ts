import type { HttpProvider, Target } from '@gantry/core'
import { captureContext } from '../fake/context.ts'
import type { Check } from '../suite/check.ts'
import { must, show } from '../suite/must.ts'
import type { ProviderSuiteOptions } from './options.ts'
import type { OpenProvider } from './suite.ts'

/** Checks of `endpoint`: where requests go and what they carry. A direct provider has none. */
export function endpointChecks(options: ProviderSuiteOptions, open: OpenProvider): readonly Check[] {
  const http = (use: (provider: HttpProvider, secrets: readonly string[]) => Promise<void>): Promise<void> =>
    open((provider, secrets) => ('endpoint' in provider ? use(provider, secrets) : undefined))
  const check = (name: string, use: Parameters<typeof http>[0]): Check => ({
    group: 'endpoint',
    name,
    run: () => http(use),
  })
  return [
    check('every protocol and credential has a base URL and headers that HTTP allows', async (provider) => {
      for (const target of targetsOf(provider)) {
        const { url, headers } = await ask(provider, target)
        checkUrl(url)
        checkHeaders(headers)
      }
    }),
    check('the same question has the same answer', async (provider) => {
      for (const target of targetsOf(provider)) {
        const [first, second] = [await ask(provider, target), await ask(provider, target)]
        must(show(first) === show(second), `It answers ${show(first)}, then ${show(second)}.`)
      }
    }),
    check('every credential is another one, and one that it does not have is refused', async (provider) => {
      const { credentials = 1, speaks } = provider
      const seen = new Set<string>()
      for (let credential = 0; credential < credentials; credential++) {
        seen.add(show(await ask(provider, { ...targetOf(speaks[0]), credential })))
      }
      must(seen.size === credentials, `${credentials} credentials give ${seen.size} different endpoints.`)
      if (credentials === 1) return
      await refused('a credential that it does not have', () =>
        ask(provider, { ...targetOf(speaks[0]), credential: credentials }),
      )
    }),
    check('no request can move it to another host', async (provider) => {
      const [protocol] = provider.speaks
      const host = new URL((await ask(provider, targetOf(protocol))).url).host
      for (const model of hostileModels) {
        const found = await ask(provider, { ...targetOf(protocol), model }).catch(() => undefined)
        must(!found || new URL(found.url).host === host, `The model ${show(model)} leads to ${found?.url}.`)
      }
      const asking = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-base-url': 'https://evil.example',
      }
      const found = await ask(provider, targetOf(protocol), asking)
      must(new URL(found.url).host === host, `A client's headers lead to ${found.url}.`)
    }),
    check("the client's own credentials stay here", async (provider) => {
      for (const target of targetsOf(provider)) {
        const found = show(await ask(provider, target, clientHeaders))
        must(!found.includes('canary'), `What a client sent goes out: ${found}`)
      }
    }),
    check('no secret stands in the URL', async (provider, secrets) => {
      for (const target of targetsOf(provider)) {
        const { url } = await ask(provider, target)
        must(!secrets.some((secret) => url.includes(secret)), 'The URL holds a secret: URLs are logged.')
      }
    }),
    ...(options.url === undefined && options.headers === undefined
      ? []
      : [
          check('it is what it is said to be', async (provider) => {
            const found = await ask(provider, { ...targetOf(provider.speaks[0]), credential: 0 })
            const { url = found.url, headers = found.headers } = options
            must(found.url === url, `Its base URL is ${found.url}, not ${url}.`)
            const wanted = show(Object.entries(headers).toSorted())
            const given = show(Object.entries(found.headers).toSorted())
            must(given === wanted, `Its headers are ${given}, not ${wanted}.`)
          }),
        ]),
  ]
}

// ---

const clientHeaders = {
  authorization: 'Bearer canary-client-key',
  'x-api-key': 'canary-client-key',
  cookie: 'session=canary',
  'proxy-authorization': 'Basic canary',
}

const hostileModels = [
  '../../../x',
  '@evil.example/x',
  'x?a=b#c',
  '//evil.example',
  'x\r\nhost: evil.example',
  '',
]

/** Headers that belong to the connection, or to core. */
const reserved = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'content-type',
  'cookie',
  'expect',
]

function targetOf(protocol: string): Target {
  return { provider: 'subject', protocol, model: 'model-a' }
}

function targetsOf({ speaks, credentials = 1 }: HttpProvider): readonly Target[] {
  return speaks.flatMap((protocol) => [
    targetOf(protocol),
    ...Array.from({ length: credentials }, (_, credential) => ({ ...targetOf(protocol), credential })),
  ])
}

async function ask(
  provider: HttpProvider,
  target: Target,
  headers: { readonly [name: string]: string } = {},
): Promise<Awaited<ReturnType<HttpProvider['endpoint']>>> {
  return provider.endpoint(target, captureContext({ headers, protocol: target.protocol }).context)
}

function checkUrl(text: string): void {
  must(URL.canParse(text), `The base URL ${show(text)} is no URL.`)
  const url = new URL(text)
  must(['https:', 'http:'].includes(url.protocol), `The base URL ${text} is not HTTP.`)
  must(!/[?#]/.test(text), `The base URL ${text} has a query or a fragment; core appends the codec's path.`)
  must(
    !text.endsWith('/'),
    `The base URL ${text} ends with a slash; core appends a path that begins with one.`,
  )
  must(url.username === '' && url.password === '', 'The base URL holds credentials; they belong in a header.')
}

function checkHeaders(headers: { readonly [name: string]: string }): void {
  for (const [name, value] of Object.entries(headers)) {
    must(name === name.toLowerCase(), `The header name ${name} has upper case.`)
    must(!reserved.includes(name), `The header ${name} is not the provider's to set.`)
    try {
      new Headers().append(name, value)
    } catch (cause) {
      throw new Error(`HTTP does not allow the header ${show(name)} with this value.`, { cause })
    }
  }
}

async function refused(what: string, work: () => Promise<unknown>): Promise<void> {
  let thrown: unknown
  try {
    await work()
  } catch (error) {
    thrown = error
  }
  must(thrown instanceof Error, `It does not refuse ${what} with an error.`)
}
