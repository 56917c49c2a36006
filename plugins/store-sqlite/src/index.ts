export { sqlite, sqlite as default, type SqliteOptions, type SqliteSlots, storeFileOf } from './plugin.ts'
