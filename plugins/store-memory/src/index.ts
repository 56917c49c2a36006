export { memory, memory as default, type MemorySlots } from './plugin.ts'
