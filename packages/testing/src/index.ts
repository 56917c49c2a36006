export * from './fixtures.ts'
export * from './random.ts'
export * from './fake/clock.ts'
export * from './fake/context.ts'
export * from './fake/logger.ts'
export {
  createFakeUpstream,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type UpstreamRequest,
} from './upstream/server.ts'
export { faults, type Faults } from './upstream/faults.ts'
export type { Ending, Piece, Replier, Reply, SeenRequest } from './upstream/reply.ts'
export * from './store/index.ts'
export { testProtocol, protocolChecks } from './protocol/suite.ts'
export type { ProtocolCheck, ProtocolException, ProtocolSuiteOptions } from './protocol/options.ts'
export { sseFrames, type FrameReader } from './protocol/streams.ts'
export type { WireRules } from './normalise/rules.ts'
export { chatRules } from './normalise/chat.ts'
export { anthropicRules } from './normalise/anthropic.ts'
export {
  createTestGateway,
  type TestGateway,
  type TestGatewayOptions,
  type Transport,
} from './gateway/test-gateway.ts'
export { describeMatrix, type MakeTestGateway } from './gateway/matrix.ts'
export type { BillRow } from './gateway/recorder.ts'
export { collectChecks, failingChecks, registerChecks, type Check, type Registrar } from './suite/check.ts'
export * from './fake/host.ts'
export * from './fake/run-hook.ts'
export { httpProvider } from './provider/http-provider.ts'
export { providerChecks, testProvider } from './provider/suite.ts'
export type { ProviderExchange, ProviderSuiteOptions } from './provider/options.ts'
export { pricingChecks, testPricing, type PricingCase, type PricingSuiteOptions } from './pricing/suite.ts'
export { totalOf } from './pricing/charge.ts'
export { pluginChecks, testPlugin } from './plugin/suite.ts'
export type { PluginRefusal, PluginSuiteOptions } from './plugin/options.ts'
export { plainConfig, plainEvents, plainRequest, type PlainConfigOptions } from './gateway/plain.ts'
export {
  createFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type ProxyFaults,
} from './proxy/fault-proxy.ts'
export * from './personality/index.ts'
