import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { databaseUrl, ownMongoForTests } from '../mongo.ts'
import { cacheFolder, installMongo } from './install.ts'
import { answersHello } from './ping.ts'

it('the test server lies where the environment says', () => {
  assert.equal(cacheFolder({ VIDIMUS_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a')
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), join('/b', 'vidimus'))
})

it('a connection string keeps its hosts and options with another database', () => {
  assert.equal(
    databaseUrl('mongodb://u:p@a:1,b:2/x?replicaSet=r&tls=true', 'y'),
    'mongodb://u:p@a:1,b:2/y?replicaSet=r&tls=true',
  )
  assert.equal(databaseUrl('mongodb+srv://a.example', 'y'), 'mongodb+srv://a.example/y')
  assert.throws(() => databaseUrl('http://a.example', 'y'), /no connection string/)
})

it('where it cannot be installed the reason is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-cache-'))
  try {
    const installed = await installMongo(join(folder, 'missing\0'))
    assert.ok('skip' in installed && installed.skip !== '', JSON.stringify(installed))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('the test server is killed, started again, stopped where it stands, and leaves nothing', async (t) => {
  const server = await ownMongoForTests()
  if ('skip' in server) return t.skip(server.skip)
  try {
    assert.ok(await answersHello(server.port))
    await server.kill()
    assert.ok(!(await answersHello(server.port)))
    await server.restart()
    assert.ok(await answersHello(server.port))
    server.pause()
    assert.ok(!(await answersHello(server.port, 300)))
    server.resume()
    assert.ok(await answersHello(server.port))
  } finally {
    await server.stop()
  }
  assert.ok(!existsSync(server.folder))
})
