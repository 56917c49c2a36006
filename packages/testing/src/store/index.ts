export * from './subject.ts'
export * from './test-store.ts'
