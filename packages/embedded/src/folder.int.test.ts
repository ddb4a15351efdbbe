import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, expect, it } from 'vitest'
import { type Child, startChild } from '../../../test/faults/child.js'
import { failureOf } from '../../../test/faults/database.js'
import { embedded } from './embedded.js'

async function emptyFolder(context: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'millrace-folder-'))
  context.onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

/** A process that holds the folder, and is gone when the test is over. */
function holding(context: TestContext, folder: string, mode: 'once' | 'appending'): Child {
  const child = startChild('folder.child.mjs', [folder, mode])
  context.onTestFinished(async () => {
    child.process.kill('SIGKILL')
    await child.ended
  })
  return child
}

describe('data in a folder', () => {
  it('survives a restart, by options and by URL', async (context) => {
    const folder = await emptyFolder(context)
    const events = Array.from({ length: 5 }, (_, n) => ({ id: crypto.randomUUID(), type: 'Counted', data: { n } }))
    const first = embedded({ folder })
    await first.appendToStream('s', events)
    const [stored, log] = [await first.readStream('s').toArray(), await first.readAll().toArray()]
    await first.close()
    expect(existsSync(`${folder}.lock`)).toBe(false)
    const again = embedded(`pglite:${folder}`)
    expect(await again.readStream('s').toArray()).toEqual(stored)
    expect(await again.readAll().toArray()).toEqual(log)
    expect((await again.appendToStream('s', events, { expectedVersion: 'noStream' })).version).toBe(5)
    expect((await again.appendToStream('s', [{ type: 'Counted', data: {} }], { expectedVersion: 5 })).version).toBe(6)
    await again.close()
  })
  it('is there after kill -9 of the process that wrote it: every acknowledged event, once, in order', async (context) => {
    const folder = await emptyFolder(context)
    let acknowledged = 0
    for (const least of [5, 25]) {
      const child = holding(context, folder, 'appending')
      await child.said(`version ${least}\n`)
      child.process.kill('SIGKILL')
      expect(await child.ended).toBe('SIGKILL')
      acknowledged = Math.max(...[...child.stdout().matchAll(/version (\d+)\n/gu)].map(([, version]) => Number(version)))
      expect(acknowledged).toBeGreaterThanOrEqual(least)
    }
    const store = embedded({ folder })
    const versions = (await store.readStream('s').toArray()).map(({ version }) => version)
    expect(versions).toEqual(versions.map((_version, index) => index + 1))
    expect(versions.length).toBeGreaterThanOrEqual(acknowledged)
    expect((await store.readAll().toArray()).length).toBe(versions.length)
    await store.close()
  })
})

describe('the lock of a folder', () => {
  it('refuses a second process, naming the first, and lets it in when that has gone', async (context) => {
    const folder = await emptyFolder(context)
    const holder = holding(context, folder, 'once')
    await holder.said('open')
    const second = embedded({ folder })
    const error = await failureOf(second.open())
    expect([error.code, error.outcome]).toEqual(['configuration', 'not-applied'])
    expect(error.message).toContain(`pid ${holder.process.pid}`)
    const third = holding(context, folder, 'once')
    expect(await third.ended).toBe(3)
    expect(third.stdout()).toContain(`pid ${holder.process.pid}`)
    holder.process.kill('SIGKILL')
    await holder.ended
    expect((await second.getStreamState('s')).status).toBe('missing')
    await second.close()
  })
  it('refuses a second adapter of the same process, also by another name of the folder', async (context) => {
    const folder = await emptyFolder(context)
    const [first, second] = [embedded({ folder }), embedded({ folder: join(folder, '..', 'data') })]
    await first.open()
    const error = await failureOf(second.open())
    expect(error.message).toContain(`pid ${process.pid} (this process)`)
    await first.close()
    await second.open()
    await second.close()
  })
  it('of a process that died is replaced by one of many who come at once', async (context) => {
    const folder = await emptyFolder(context)
    const holder = holding(context, folder, 'once')
    await holder.said('open')
    holder.process.kill('SIGKILL')
    await holder.ended
    expect(JSON.parse(await readFile(`${folder}.lock`, 'utf8'))).toMatchObject({ pid: holder.process.pid })
    const stores = Array.from({ length: 6 }, () => embedded({ folder, timeoutMs: 30_000 }))
    const opened = await Promise.allSettled(stores.map((store) => store.open()))
    expect(opened.map(({ status }) => status).sort()).toEqual(['fulfilled', ...Array.from({ length: 5 }, () => 'rejected')])
    await Promise.all(stores.map((store) => store.close()))
    expect(existsSync(`${folder}.lock`)).toBe(false)
  })
  it('that cannot be read is not taken for nothing: an error that says what to do', async (context) => {
    const folder = await emptyFolder(context)
    await writeFile(`${folder}.lock`, 'no lock')
    const store = embedded({ folder })
    const error = await failureOf(store.open())
    expect(error.code).toBe('configuration')
    expect(error.message).toMatch(/data\.lock cannot be read.*Remove it if no process uses the folder/u)
    await rm(`${folder}.lock`)
    await store.open()
    await store.close()
  })
})
