/** What is to be counted: text in tokens, a PDF (base64) in pages. */
export interface Countable {
  readonly kind: 'text' | 'pdf'
  readonly text: string
}

/** To the worker: one request's pieces, and how many milliseconds they may take. */
export interface Job {
  readonly pieces: readonly Countable[]
  readonly budgetMs: number
}

/** How far a piece was read (in its characters), and what was found up to there. */
export interface Counted {
  readonly count: number
  readonly read: number
}

/** From the worker: that it is there, then an answer a job. Pieces it did not come to are missing at the end. */
export type Report = 'ready' | readonly Counted[]

/** What a worker is started with. */
export interface WorkerStart {
  readonly cacheBytes: number
  /** Anything but 0 in it stops the job under way. */
  readonly stop: Int32Array
}
