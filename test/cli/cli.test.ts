import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { type RanCommand, runCommand } from '../support/run-command.ts'
import { startServerProcess } from '../support/server-process.ts'
import { overShared } from '../support/shared.ts'

const root = resolve(import.meta.dirname, '../..')
const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-cli-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

const environmentOf = (environment: Record<string, string>) => ({
  PATH: process.env.PATH ?? '',
  DATA_DIR: dataDir,
  ...environment,
})

const vidimus = (args: string[], environment: Record<string, string> = {}, input = '') =>
  runCommand(args, environmentOf(environment), input)

/** The same in a process of its own, as a user starts it. */
function started(args: string[], environment: Record<string, string> = {}, input = ''): Promise<RanCommand> {
  return new Promise((done) => {
    const options = { cwd: root, env: environmentOf(environment) }
    const child = execFile(process.execPath, ['src/main.ts', ...args], options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

test('demo prints the verdicts and leaves the codes behind; evaluate tells one in detail', async () => {
  const demo = await started(['demo'])
  assert.equal(demo.code, 0, demo.stderr)
  const verdict = (name: string) =>
    new RegExp(`^${name} +(accepted|rejected|undetermined|unverified) +(\\w+)`, 'm').exec(demo.stdout)?.slice(1)
  // First which variants of each kind end how.
  assert.match(demo.stdout, /^KIND +FORMAT +ACCEPTED +REJECTED +UNDETERMINED +UNVERIFIED\n/)
  assert.match(demo.stdout, /^vaccination +hcert-dcc +genuine +unmet +incomplete +expired, changed, forged$/m)
  for (const format of ['shc', 'icao-vds-nc', 'divoc', 'hcert-link', 'hcert-dvc', 'hcert-icvp'])
    assert.match(demo.stdout, new RegExp(`^[\\w-]+ +${format} .*genuine`, 'm'))
  const whyLink = /^link +undetermined .*$/m.exec(demo.stdout)?.[0] ?? ''
  assert.equal(whyLink.split('which was not followed').length, 2, whyLink)
  assert.deepEqual(verdict('vaccination'), ['accepted', 'VERIFIED'])
  assert.deepEqual(verdict('vaccination-expired'), ['unverified', 'EXPIRED'])
  for (const name of ['card', 'seal', 'dvc']) {
    assert.deepEqual(verdict(name), ['accepted', 'VERIFIED'])
    assert.deepEqual(verdict(`${name}-unmet`), ['rejected', 'VERIFIED'])
    assert.deepEqual(verdict(`${name}-unknown`), ['undetermined', 'VERIFIED'])
  }
  assert.equal(verdict('divoc')?.[1], 'VERIFIED')
  for (const name of ['card-changed', 'seal-forged'])
    assert.deepEqual(verdict(name), ['unverified', 'INVALID_SIGNATURE'])
  assert.deepEqual(verdict('vaccination-forged'), ['unverified', 'INVALID_SIGNATURE'])

  // All four decisions of every kind that a rule can decide.
  for (const name of ['vaccination', 'test', 'recovery', 'ddcc-vaccination', 'ddcc-test', 'icvp', 'polio', 'flat']) {
    const decisions = ['', '-unmet', '-incomplete', '-changed'].map((variant) => verdict(`${name}${variant}`)?.[0])
    assert.deepEqual(decisions, ['accepted', 'rejected', 'undetermined', 'unverified'], name)
  }

  const file = join(dataDir, 'demo/vaccination.txt')
  const shown = await vidimus(['evaluate', file])
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /^ACCEPTED/)
  for (const check of ['recognise', 'signature', 'validity-period'])
    assert.match(shown.stdout, new RegExp(`✓ +${check}`))
  assert.match(shown.stdout, /Rules\n.*Complete primary series: true[\s\S]*"totalDoses":2/)

  const care = await vidimus(['evaluate', file, '--use', 'care'])
  assert.equal(care.code, 0, care.stderr)
  assert.match(care.stdout, /– No dose due: true \(for information\)/)
  const misspelt = await vidimus(['evaluate', file, '--use', 'cair'])
  assert.equal(misspelt.code, 2)
  assert.match(misspelt.stderr, /entry, transit, venue, care/)

  const json = await started(
    ['evaluate', '-', '--json'],
    {},
    readFileSync(join(dataDir, 'demo/vaccination-forged.txt'), 'utf8'),
  )
  assert.equal(json.code, 4)
  assert.equal(JSON.parse(json.stdout).resourceType, 'Parameters')
  assert.equal(
    (await vidimus(['evaluate', file, '--plan', 'http://vidimus.org/fhir/PlanDefinition/single-dose-schedule'])).code,
    1,
  )
})

test('private demonstration keys are readable by their owner only', async () => {
  const keys = await vidimus(['keys', '--json'])
  assert.equal(keys.code, 0, keys.stderr)
  assert.deepEqual(
    JSON.parse(keys.stdout).map(({ use, state }: { use: string; state?: string }) => [use, state]),
    [
      ['signing', 'current'],
      ['demonstration', undefined],
      ['demonstration', undefined],
    ],
  )
  const folder = join(dataDir, 'demo/keys')
  for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file)
})

test('trust list names the lists and their state', async () => {
  const { code, stdout } = await started(['trust', 'list', '--json'])
  assert.equal(code, 0)
  assert.deepEqual(
    JSON.parse(stdout).map((list: { name: string; usable: boolean; keys: number }) => [
      list.name,
      list.usable,
      list.keys,
    ]),
    [
      ['demo', true, 2],
      ['demo-cards', true, 1],
      ['demo-divoc', true, 1],
    ],
  )
  const absent = await vidimus(['trust', 'list'], { TRUST_LISTS: '/nowhere/certificates' })
  assert.equal(absent.code, 1)
  assert.match(absent.stdout, /not usable: .*there is no such file or folder; what it withdraws is not known/)
})

test('trust list names what was left out and why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-trust-'))
  try {
    const bad = join(folder, 'bad.json')
    const lists = [
      { name: 'demo', kind: 'certificates', location: join(dataDir, 'demo/trust') },
      { name: 'bad', kind: 'distrusted', location: bad },
    ]
    const list = (content: object) => {
      writeFileSync(bad, JSON.stringify(content))
      return vidimus(['trust', 'list'], { TRUST_LISTS: JSON.stringify(lists) })
    }
    const withdrawn = await list({ participants: ['XA'] })
    assert.equal(withdrawn.code, 0, withdrawn.stderr)
    assert.match(withdrawn.stdout, /withdraws 1/)
    assert.match(withdrawn.stdout, /^demo: left out DSC .* of XXA, SCA .* of XXA: distrusted by bad$/m)
    const unread = await list({ participant: ['XA'] })
    assert.equal(unread.code, 1)
    assert.match(unread.stdout, /not usable: .*there is no member "participant"/)
    assert.match(unread.stdout, /^demo +certificates +0 +2 +no key counts/m)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('wrong use ends with status 2 and says what is wrong', async () => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [['evaluate', '/nowhere'], {}, /nowhere/],
    [['frobnicate'], {}, /unknown command/],
    [['serve'], { PORT: 'eighty', NETWORK: 'maybe' }, /PORT[\s\S]*NETWORK/],
    [['serve'], { STORAGE_URL: 'mysql://localhost/x' }, /mongodb/],
    // A file that is no store.
    [['serve'], { STORAGE_URL: `sqlite:${join(root, 'package.json')}` }, /package\.json is not usable/],
    [['map', 'format', join(root, 'package.json')], {}, /line 1, column 1/],
  ]
  const ran = await Promise.all(cases.map(([args, environment]) => started(args, environment)))
  for (const [at, { code, stderr, stdout }] of ran.entries()) {
    const [args, , message] = cases[at] ?? [[], {}, /./]
    assert.equal(code, 2, `${args.join(' ')}: ${stdout}${stderr}`)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /^\s+at /m)
  }
})

test('import reports a folder: what was loaded, what failed and why; a second import changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-import-'))
  try {
    const valueSet = { resourceType: 'ValueSet', id: 'one', url: 'http://example.org/one', status: 'draft' }
    writeFileSync(join(folder, 'one.json'), JSON.stringify(valueSet))
    writeFileSync(join(folder, 'two.json'), '{"resourceType":')
    const first = await started(['import', folder, '--json'])
    assert.equal(first.code, 1)
    const [report] = JSON.parse(first.stdout)
    assert.equal(report.counts.loaded, 1)
    assert.equal(report.counts.failed, 1)
    assert.match(JSON.stringify(report.entries), /two\.json/)
    const again = await vidimus(['import', join(folder, 'one.json'), '--json'])
    assert.equal(again.code, 0, again.stderr)
    assert.equal(JSON.parse(again.stdout)[0].counts.unchanged, 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const packages = resolve(root, '../shared/igs')
overShared.test('every WHO package can be imported', async () => {
  const files = readdirSync(packages).filter((file) => file.endsWith('.tgz'))
  assert.ok(files.length >= 3)
  const { stdout } = await vidimus(['import', ...files.map((file) => join(packages, file)), '--json'])
  for (const report of JSON.parse(stdout))
    assert.ok(
      report.counts.loaded > 0 && report.counts.failed === 0,
      `${report.name}: ${JSON.stringify(report.counts)}`,
    )
})

test('import: other content under a published version ends with status 1; what is not fit to be active is a draft', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-import-'))
  try {
    const file = (name: string, content: object) => {
      writeFileSync(join(folder, name), JSON.stringify(content))
      return join(folder, name)
    }
    const compose = { include: [{ system: 'http://example.org/s', concept: [{ code: 'a' }] }] }
    const published = {
      resourceType: 'ValueSet',
      id: 'pub',
      url: 'http://example.org/pub',
      version: '1',
      status: 'active',
      compose,
    }
    assert.equal((await vidimus(['import', file('a.json', published)])).code, 0)
    const other = await vidimus(['import', file('b.json', { ...published, title: 'Other' })])
    assert.equal(other.code, 1)
    assert.match(other.stdout, /conflict: http:\/\/example\.org\/pub\|1 was published.* It differs in title/)
    const broken = {
      ...published,
      id: 'broken',
      url: 'http://example.org/broken',
      compose: { include: [{ version: '1' }] },
    }
    const draft = await vidimus(['import', file('c.json', broken)])
    assert.equal(draft.code, 0, draft.stderr)
    assert.match(
      draft.stdout,
      /1 as drafts, not fit to be active[\s\S]*draft +c\.json .*used for nothing\n +.*neither system nor valueSet/,
    )
    const again = JSON.parse((await vidimus(['import', join(folder, 'c.json'), '--json'])).stdout)
    assert.deepEqual([again[0].entries[0].status, again[0].entries[0].isDraft], ['unchanged', true])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('maps are checked, formatted and run without a server', async () => {
  const map = join(root, 'igs/maps/core-data-set-to-bundle.fml')
  const checked = await vidimus(['map', 'check', '--strict', map])
  assert.equal(checked.code, 0, checked.stdout)
  const formatted = await started(['map', 'format', map])
  assert.match(formatted.stdout, /group CoreDataSetToBundle/)
  const source = join(dataDir, 'source.json')
  writeFileSync(source, JSON.stringify({ name: 'Ada Specimen', birthDate: '1985-03-14', vaccination: { dose: 1 } }))
  const ran = await vidimus(['map', 'run', source, map])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(JSON.parse(ran.stdout).resourceType, 'Bundle')
})

test('map check names elements that R4 does not have; errors name the file; decimals keep their text', async () => {
  const file = join(dataDir, 'wrong.fml')
  const header = `map "http://example.org/StructureMap/wrong" = wrong
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
group main(source src : Patient, target tgt) {
`
  writeFileSync(file, `${header}  src.nme as n -> tgt.name = n;\n}\n`)
  const { stdout, code } = await vidimus(['map', 'check', file])
  assert.equal(code, 1)
  assert.match(
    stdout,
    /wrong\.fml: error: line 4, column 3: .*Patient has no element 'nme'; the nearest name is 'name'/,
  )
  writeFileSync(file, `${header}  src.nme as -> tgt.name;\n  src..x;\n}\n`)
  const broken = await vidimus(['map', 'check', file])
  assert.equal(broken.code, 1)
  assert.match(broken.stdout, /wrong\.fml: error: line 4, [\s\S]*wrong\.fml: error: line 5, /)
  const source = join(dataDir, 'decimal.json')
  writeFileSync(source, '{"a":1.10}')
  assert.match((await vidimus(['map', 'run', source, file])).stderr, /wrong\.fml: line 4, /)
  writeFileSync(file, `${header}  src.a as a -> tgt.b = a;\n}\n`)
  assert.match((await vidimus(['map', 'run', source, file])).stdout, /"b": 1\.10/)
})

test('map check, format and run read standard input for -', async () => {
  const fml = `map "http://example.org/StructureMap/piped" = piped
group main(source src, target tgt) {
  src.a as a -> tgt.b = a "r";
}
`
  const checked = await vidimus(['map', 'check', '-'], {}, fml)
  assert.match(checked.stdout, /^-: (no remarks|usable)/)
  assert.equal(checked.code, 0)
  const wrong = await vidimus(['map', 'check', '-'], {}, fml.replace('= a "r"', '= x "r"'))
  assert.match(wrong.stdout, /-: error: line 3, column 3: .*'x'/)
  assert.equal(wrong.code, 1)
  const formatted = await started(['map', 'format', '-'], {}, fml)
  assert.match(formatted.stdout, /^group main\(source src, target tgt\) \{$/m)
  assert.notEqual((await vidimus(['map', 'format', '--write', '-'], {}, fml)).code, 0)
  const file = join(dataDir, 'piped.fml')
  writeFileSync(file, fml)
  assert.match((await vidimus(['map', 'run', '-', file], {}, '{"a":1.10}')).stdout, /"b": 1\.10/)
})

test('map check finds what map run would stumble over', async () => {
  const file = join(dataDir, 'checked.fml')
  const models = 'http://vidimus.org/fhir/StructureDefinition'
  const cases: [model: string, rule: string, code: number, said: RegExp][] = [
    [
      'DDCCCoreDataSetVS',
      'src -> tgt.vaccination as v, v.dosse = 1 "r";',
      1,
      /error: line 4, .*vaccination has no element 'dosse'/,
    ],
    [
      'DDCCCoreDataSetVS',
      'src.a as a where (a.isInteger()) -> tgt.name = a "r";',
      1,
      /error: line 4, .*isInteger\(\), which is no function/,
    ],
    ['DDCCCoreDataSetVS', 'src.a as a -> other.name = a "r";', 1, /error: line 4, .*target 'other' is not bound/],
    [
      'DDCCCoreDataSetVS',
      "src.a as a -> tgt.sex = translate(a, 'http://example.org/none', 'code') \"r\";",
      1,
      /error: ConceptMap http:\/\/example.org\/none/,
    ],
    [
      'DDCCCoreDataSetXX',
      'src.a as a -> tgt.name = a "r";',
      1,
      /error: StructureDefinition .*DDCCCoreDataSetXX is not known/,
    ],
    ['DDCCCoreDataSetVS', 'src.a as a -> tgt.name = a "r";', 0, /no remarks/],
  ]
  for (const [model, rule, code, said] of cases) {
    const head = `map "http://example.org/StructureMap/checked" = checked\nuses "${models}/${model}" alias Data as target`
    writeFileSync(file, `${head}\ngroup main(source src, target tgt : Data) {\n  ${rule}\n}\n`)
    const checked = await vidimus(['map', 'check', file])
    assert.match(checked.stdout, said, rule)
    assert.equal(checked.code, code, checked.stdout)
    assert.equal(/usable|no remarks/.test(checked.stdout), code === 0)
  }
})

test('serve listens, answers, logs nothing personal and ends on SIGTERM', async () => {
  const server = await startServerProcess({ DATA_DIR: dataDir })
  try {
    assert.equal((await fetch(`${server.url}/health`)).status, 200)
    const metadata = await fetch(`${server.url}/fhir/metadata`)
    assert.equal(metadata.status, 200)
    const credential = readFileSync(join(dataDir, 'demo/vaccination.txt'), 'utf8').trim()
    const body = JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'credential', valueString: credential }],
    })
    const reply = await fetch(`${server.url}/fhir/$evaluate`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/fhir+json' },
    })
    assert.match(await reply.text(), /"accepted"/)
    const write = await fetch(`${server.url}/fhir/ValueSet/x`, {
      method: 'PUT',
      body: '{"resourceType":"ValueSet","id":"x","status":"draft"}',
      headers: { 'content-type': 'application/fhir+json' },
    })
    assert.equal(write.status, 401)
    assert.equal((await fetch(`${server.url}/fhir/ValueSet?name=Ada`)).status, 200)
  } finally {
    await server.stop()
  }
  assert.equal(server.process.exitCode, 0)
  assert.doesNotMatch(server.output(), /Specimen|HC1:|Ada/)
  assert.match(server.output(), /"route":/)
})
