import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { writeRelease } from '../../../bench/support/rf2-release.ts'
import { startServerProcess } from '../../support/server-process.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'vidimus-vocabularies-'))
const dataDir = join(folder, 'data')
after(() => rmSync(folder, { recursive: true, force: true }))

function vidimus(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const options = { cwd: root, env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir } }
    execFile(process.execPath, ['src/main.ts', ...args], options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
  })
}

const system = 'http://snomed.info/sct'
const indexes = () => readdirSync(join(dataDir, 'code-systems'))

/** Which versions an answer speaks of, and whether its displays are those of the newer one. */
function versionsIn(text: string): { date: string | undefined; isMarked: boolean[] } {
  const { expansion } = JSON.parse(text)
  const used = expansion.parameter.find((each: { name: string }) => each.name === 'used-codesystem')
  const isMarked = expansion.contains.map(({ display }: { display: string }) => display.endsWith(' of now'))
  return { date: /version\/(\d+)$/.exec(used.valueUri)?.[1], isMarked }
}

test('a release is imported beside a running server, which answers wholly from one version while the next one comes', async () => {
  const [first, second, broken] = ['first', 'second', 'broken'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeRelease(first, { concepts: 400, date: 20250301 })
  writeRelease(second, { concepts: 400, date: 20250901, mark: ' of now' })
  writeRelease(broken, { concepts: 400, date: 20260301 })
  rmSync(join(broken, 'Snapshot/Terminology/sct2_Relationship_Snapshot_INT_20260301.txt'))
  const server = await startServerProcess({ DATA_DIR: dataDir })
  const get = async (path: string) => {
    const reply = await fetch(`${server.url}/fhir/${path}`)
    return { status: reply.status, text: await reply.text() }
  }
  const page = `ValueSet/$expand?url=${encodeURIComponent(`${system}?fhir_vs=isa/404684003`)}&count=50`
  try {
    await server.ready()
    const dry = await vidimus('import', '--snomed', first, '--dry-run')
    assert.equal(dry.code, 0, dry.stderr)
    assert.match(dry.stdout, /nothing stored[\s\S]*Snapshot of 20250301[\s\S]*Concept 400/)
    assert.notEqual((await get(`CodeSystem/$lookup?system=${system}&code=404684003`)).status, 200)

    const imported = await vidimus('import', '--snomed', first)
    assert.equal(imported.code, 0, imported.stderr)
    assert.match(imported.stdout, /1 loaded/)
    assert.match((await get(`CodeSystem/$lookup?system=${system}&code=404684003`)).text, /"Finding of all kinds"/)
    assert.match((await vidimus('import', '--snomed', first)).stdout, /1 unchanged[\s\S]*was there already/)

    // Others ask all the time while the next one is imported.
    let isDone = false
    const coming = vidimus('import', '--snomed', second).finally(() => {
      isDone = true
    })
    const seen = new Set<string | undefined>()
    const ask = async () => {
      for (let last = false; !last; ) {
        last = isDone
        const reply = await get(page)
        assert.equal(reply.status, 200, reply.text)
        const { date, isMarked } = versionsIn(reply.text)
        seen.add(date)
        assert.ok(isMarked.length > 10 && isMarked.every((each) => each === (date === '20250901')), `mixed: ${date}`)
      }
    }
    await Promise.all([ask(), ask(), ask()])
    assert.equal((await coming).code, 0)
    assert.deepEqual([...seen].sort(), ['20250301', '20250901'])

    // Both are there, each under its version; neither hands out its concepts.
    const found = JSON.parse((await get(`CodeSystem?url=${system}`)).text)
    const stored = found.entry.map((each: { resource: Record<string, unknown> }) => each.resource)
    // Beside them stands what FHIR itself says of SNOMED CT, which has no version.
    const systems = stored.filter((each: { version?: string }) => each.version?.startsWith(system))
    assert.equal(systems.length, 2)
    for (const each of systems)
      assert.deepEqual([each.content, each.concept, each.count], ['not-present', undefined, 400])
    const old = `${system}/900000000000207008/version/20250301`
    const earlier = await get(`CodeSystem/$lookup?system=${system}&version=${old}&code=404684003`)
    assert.match(earlier.text, /"Finding of all kinds"/)

    const before = indexes()
    const refused = await vidimus('import', '--snomed', broken)
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /half a release: there is no file Relationship/)
    assert.deepEqual(indexes(), before)
    assert.equal(versionsIn((await get(page)).text).date, '20250901')
  } finally {
    await server.stop()
  }
})

test('options that do not go together are refused', async () => {
  const mixed = await vidimus('import', '--snomed', folder, '--examples')
  assert.equal(mixed.code, 2)
  assert.match(mixed.stderr, /--snomed does not go with --examples/)
  assert.match((await vidimus('import', folder, '--version', '1')).stderr, /--version goes with/)
})
