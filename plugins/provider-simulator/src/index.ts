export { simulator as default, simulator, startSimulator } from './simulator.ts'
export type { Simulator, SimulatorRequest } from './simulator.ts'
export type { SimulatorOptions, SimulatorProtocol, SimulatorSettings } from './options.ts'
