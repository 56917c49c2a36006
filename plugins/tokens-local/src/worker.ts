import { parentPort, workerData } from 'node:worker_threads'
import { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base'
import { createJobCounter } from './count-job.ts'
import type { Job, Report, WorkerStart } from './messages.ts'

/** Words whose tokens the tokeniser remembers; its own default of 100,000 can take some hundred megabytes. */
const rememberedWords = 4096

/** Texts are counted as text, whatever of the vocabulary's special tokens they spell. */
const asText = { disallowedSpecial: new Set<string>() }

const { cacheBytes, stop } = workerData as WorkerStart
const report = (made: Report): void => parentPort?.postMessage(made, [])
const count = createJobCounter({
  cacheBytes,
  tokenise: (text) => countTokens(text, asText),
  isStopped: () => Atomics.load(stop, 0) !== 0,
  now: () => performance.now(),
})

setMergeCacheSize(rememberedWords)
parentPort?.on('message', (job: Job) => report(count(job)))
report('ready')
