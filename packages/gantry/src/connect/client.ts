/** What a client has to know of a gateway. */
export interface GatewayAddress {
  /** Without `/v1` and without a slash at its end. */
  readonly url: string
  readonly key: string
  /** What the client asks for where its user chooses nothing. */
  readonly model: string
  /** All the client may offer. */
  readonly models: readonly string[]
  /** How the client shows the gateway. */
  readonly name: string
}

/** A file of the client, whole or what to add to it. */
export interface ClientFile {
  /** `~` is the user's home. */
  readonly path: string
  readonly text: string
}

/** What to put where so that a client uses the gateway. */
export interface ClientSetup {
  readonly files: readonly ClientFile[]
  /** Instead of the files, or beside them where the client wants both. */
  readonly environment: { readonly [name: string]: string }
  /** To open on the machine of the client. */
  readonly links: { readonly [app: string]: string }
  /** For the one who does it. */
  readonly notes: readonly string[]
  /** Paths of the routes the client cannot do without. */
  readonly needs: readonly string[]
}

/** A client whose settings are known. */
export type ClientName = 'codex' | 'claude-code' | 'cc-switch' | 'opencode'

/** Says what a client needs to use a gateway. */
export type Describe = (gateway: GatewayAddress) => ClientSetup

/** An environment variable in a line that any POSIX shell takes. */
export function exportLine(name: string, value: string): string {
  return `export ${name}=${/^[\w./:@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`
}
