/** Any JSON value as parsed. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object; absent keys read as undefined. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** Fields a decoder did not model, by origin protocol; emitted only to that protocol. Keys that begin with `$` are the codec's own notes on spelling; nobody else reads or emits them. */
export interface Extra {
  readonly [protocol: string]: JsonObject
}

/** The exact origin object of a thing few protocols share. */
export interface Native {
  readonly protocol: string
  readonly value: JsonObject
}
