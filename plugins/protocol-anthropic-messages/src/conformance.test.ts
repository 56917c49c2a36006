import { anthropicRules, loadFixtures, testProtocol } from '@gantry/testing'
import { protocol } from './index.ts'
import { errorViolations } from './server/schema.test-support.ts'

const expectError: NonNullable<Parameters<typeof testProtocol>[1]['errorShape']> = (
  { status, headers, body },
  error,
  { requestId },
) => {
  const problems = [...errorViolations(body)]
  if (body['request_id'] !== requestId) problems.push('request_id is not the request id')
  if (headers?.['request-id'] !== requestId) problems.push('the header request-id is not the request id')
  if (headers?.['retry-after'] !== '2') problems.push('retry-after is not in whole seconds')
  if (status !== (error.class === 'overloaded' ? 529 : error.status)) problems.push(`status ${status}`)
  if (problems.length > 0) throw new Error(problems.join('; '))
}

const roundTrip = 'stream: decoded and encoded it is the same'

testProtocol(protocol, {
  fixtures: loadFixtures(new URL('../../../test/fixtures/anthropic', import.meta.url)),
  rules: anthropicRules,
  errorShape: expectError,
  except: [
    {
      capture: 'antsdk-incomplete_partial_json_response',
      checks: [roundTrip],
      why: 'It was recorded without the stop of its last block; ours ends what it began.',
    },
    {
      capture: 'vercel-anthropic-advisor-stop-reasons.stream',
      checks: [roundTrip],
      why: 'The input of a call stands in the start of its block, without a delta; ours always goes out as one.',
    },
    {
      capture: 'vercel-anthropic-programmatic-tool-calling.1.stream',
      checks: [roundTrip],
      why: 'The same.',
    },
  ],
})
