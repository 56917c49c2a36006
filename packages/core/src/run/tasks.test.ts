import { expect, it } from 'vitest'
import { createTaskSet } from './tasks.ts'

it('drains work that was added while draining', async () => {
  const done: string[] = []
  const tasks = createTaskSet(() => {})
  const later = async (name: string, ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    done.push(name)
  }
  tasks.add(later('first', 10).then(() => tasks.add(later('second', 10))))
  expect(await tasks.drain(5000)).toBe(true)
  expect(done).toEqual(['first', 'second'])
  expect(tasks.size).toBe(0)
})

it('says when time ran out, and goes on', async () => {
  const tasks = createTaskSet(() => {})
  let finish = (): void => {}
  tasks.add(new Promise<void>((resolve) => (finish = resolve)))
  expect(await tasks.drain(20)).toBe(false)
  finish()
  expect(await tasks.drain(5000)).toBe(true)
})

it('reports a failure and counts it as done', async () => {
  const errors: unknown[] = []
  const tasks = createTaskSet((error) => errors.push(error))
  tasks.add(Promise.reject(new Error('lost')))
  expect(await tasks.drain(5000)).toBe(true)
  expect(errors).toEqual([new Error('lost')])
})
